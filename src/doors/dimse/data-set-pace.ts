/**
 * How fast the data sets of one association must come. A PDU that drips is ended by the upper layer's idle time; a peer that sends
 * a whole PDU of one byte now and then is never idle, and would hold its association and what it occupies for ever.
 */
import { LeadglassError } from '../../error.ts';

export interface DataSetPaceLimits {
  readonly dataSetPaceMs: number;
  /** A data set that does not end within `dataSetPaceMs` must have brought so many bytes in that time. */
  readonly dataSetPaceBytesMin: number;
}

/** One for each association: the data sets of an association come one after the other, so one timer is enough for all. */
export class DataSetPace implements Disposable {
  readonly #limits: DataSetPaceLimits;
  readonly #tooSlow: (error: LeadglassError) => void;
  readonly #timer: NodeJS.Timeout;
  /** `begun` since the timer last ran, so that there was no whole period yet; `running` before that. */
  #state: 'none' | 'begun' | 'running' = 'none';
  #bytes = 0;
  /** Chunks that wait for our own disk: then the peer cannot send, and is not to blame. */
  #waiting = 0;

  constructor(limits: DataSetPaceLimits, tooSlow: (error: LeadglassError) => void) {
    this.#limits = limits;
    this.#tooSlow = tooSlow;
    this.#timer = setInterval(() => this.#look(), limits.dataSetPaceMs).unref();
  }

  begin(): void {
    this.#state = 'begun';
    this.#bytes = 0;
  }

  /** Some bytes came; `taken` is what their sender has to wait for. */
  came(lengthBytes: number, taken: Promise<void> | undefined): void {
    this.#bytes += lengthBytes;
    if (taken === undefined) return;
    this.#waiting += 1;
    const settled = (): void => {
      this.#waiting -= 1;
    };
    taken.then(settled, settled);
  }

  end(): void {
    this.#state = 'none';
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { dataSetPaceMs, dataSetPaceBytesMin } = this.#limits;
    const isTooSlow = this.#state === 'running' && this.#waiting === 0 && this.#bytes < dataSetPaceBytesMin;
    if (isTooSlow) {
      const words = `${this.#bytes} bytes in ${dataSetPaceMs} ms, expected at least ${dataSetPaceBytesMin}`;
      this.#tooSlow(new LeadglassError('TIMED_OUT', `The data set came too slowly: ${words}`));
    }
    if (this.#state === 'begun') this.#state = 'running';
    this.#bytes = 0;
  }
}
