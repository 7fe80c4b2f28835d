/** The doors of devices without TLS: one for each exception that stands, opened and closed in step with the openings. */
import { type DimseDoor, type DimseDoorOptions, startDimseDoor } from '../doors/dimse/dimse-door.ts';
import type { DoorView } from '../doors/control/control-services.ts';
import { asLeadglassError } from '../error.ts';
import { plainPorts } from '../guard/opening.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import type { Log } from '../log.ts';

export interface PlainDoorsOptions {
  readonly policy: PolicyStore;
  readonly host: string;
  readonly door: Pick<DimseDoorOptions, 'certificateFacts' | 'services' | 'limits'>;
  readonly reviewMs: number;
  readonly log: Log;
}

export class PlainDoors implements AsyncDisposable {
  readonly #options: PlainDoorsOptions;
  readonly #doors = new Map<number, DimseDoor>();
  readonly #timer: NodeJS.Timeout;
  #arranging: Promise<void> = Promise.resolve();

  constructor(options: PlainDoorsOptions) {
    this.#options = options;
    // An exception that ends takes its door with it; closing one by hand does so at once.
    this.#timer = setInterval(() => void this.arrange(), options.reviewMs).unref();
  }

  get views(): readonly DoorView[] {
    return [...this.#doors.values()].map(({ name, address, port }) => ({
      name,
      protocol: 'DICOM WITHOUT TLS',
      address,
      port,
    }));
  }

  /** Opens and closes doors so that they match the openings; one arrangement after the other. */
  arrange(): Promise<void> {
    const arrange = (): Promise<void> => this.#arrange();
    this.#arranging = this.#arranging.then(arrange, arrange);
    return this.#arranging;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#arranging;
    await Promise.all([...this.#doors.values()].map((door) => door.stop()));
  }

  async #arrange(): Promise<void> {
    const wanted = plainPorts(this.#options.policy.openings(), Date.now());
    for (const [port, door] of this.#doors) {
      if (wanted.has(port)) continue;
      this.#doors.delete(port);
      this.#options.log.info('door.closed', { door: door.name });
      await door.stop();
    }
    for (const [port, { name }] of wanted) {
      if (!this.#doors.has(port)) await this.#open(port, name);
    }
  }

  async #open(port: number, name: string): Promise<void> {
    const { door, host, log } = this.#options;
    try {
      this.#doors.set(port, await startDimseDoor({ ...door, name: `plain ${name}`, host, port }));
      log.warn('door.plain-open', { opening: name, port });
    } catch (thrown) {
      const error = asLeadglassError(thrown);
      log.error('door.plain-failed', { opening: name, port, message: error.message });
    }
  }
}
