/** One request on its way through the pool: what it is, what it may cost, and its one answer. */
import { LeadglassError } from '../../error.ts';
import type { FrameFacts } from '../frame.ts';
import type { Job, Outcome } from './protocol.ts';

export interface Budget {
  /** Memory it counts for while it is under way. */
  readonly memoryBytes: number;
  /** Time in a worker. */
  readonly runMs: number;
}

export interface TicketFacts {
  readonly owner: string;
  readonly budget: Budget;
  /** Reads the frame when its turn has come. */
  readonly load: () => Promise<Job>;
  readonly signal: AbortSignal | undefined;
}

export class Ticket {
  readonly owner: string;
  readonly budget: Budget;
  readonly load: () => Promise<Job>;
  readonly answer: Promise<Outcome>;
  /** Set when `load` is done, until the job is handed to a worker. */
  job: Job | undefined;
  #settled = false;
  readonly #resolve: (frame: Outcome) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #whenAborted: () => void;

  /** `given` is called when the caller gives up; the ticket has its answer then. */
  constructor({ owner, budget, load, signal }: TicketFacts, given: (ticket: Ticket) => void) {
    this.owner = owner;
    this.budget = budget;
    this.load = load;
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#whenAborted = () => {
      this.fail(cancelled());
      given(this);
    };
    signal?.addEventListener('abort', this.#whenAborted, { once: true });
  }

  /** It has its answer: nothing more needs to be done for it. */
  get settled(): boolean {
    return this.#settled;
  }

  succeed(frame: Outcome): void {
    this.#settle();
    this.#resolve(frame);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.job = undefined;
    this.#signal?.removeEventListener('abort', this.#whenAborted);
  }
}

/** What a frame of these facts may cost. `frameLengthBytes` is its native length. */
export function budgetOf(
  facts: FrameFacts,
  frameLengthBytes: number,
  limits: {
    readonly memoryPerFrameByte: number;
    readonly memoryPerFrame: number;
    readonly frameMsMax: number;
    readonly frameMsPerMegasample: number;
  },
): Budget {
  const megasamples = (facts.rows * facts.columns * facts.samplesPerPixel) / 1e6;
  return {
    memoryBytes: limits.memoryPerFrame + limits.memoryPerFrameByte * frameLengthBytes,
    runMs: limits.frameMsMax + limits.frameMsPerMegasample * megasamples,
  };
}

export function cancelled(): LeadglassError {
  return new LeadglassError('CANCELLED', 'The conversion of a frame was cancelled');
}
