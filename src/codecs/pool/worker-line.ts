/** The main thread's end of one worker: hands it a job, waits no longer than the job may take, and looks at its answer. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { LeadglassError } from '../../error.ts';
import type { CodecLimits } from '../frame.ts';
import { frameIn } from './answer.ts';
import type { Job, JobMessage } from './protocol.ts';
import type { Ticket } from './ticket.ts';

export interface WorkerEvents {
  /** It can take a job; `done` is the ticket that has just got its answer. */
  idle(line: WorkerLine, done: Ticket | undefined): void;
  /** It has to be ended: it took too long, answered what nobody asked, or had nothing to do. */
  unfit(line: WorkerLine): void;
}

export class WorkerLine {
  readonly number: number;
  /** The worker's end; to be transferred to it. */
  readonly far: MessagePort;
  /** It has taken jobs, or could have. */
  wasReady = false;
  state: 'starting' | 'idle' | 'busy' | 'ending' = 'starting';
  readonly #near: MessagePort;
  readonly #limits: CodecLimits;
  readonly #events: WorkerEvents;
  #ticket: Ticket | undefined;
  #job: Job | undefined;
  #jobs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(number: number, startMsMax: number, limits: CodecLimits, events: WorkerEvents) {
    this.number = number;
    this.#limits = limits;
    this.#events = events;
    const { port1, port2 } = new MessageChannel();
    this.#near = port1;
    this.far = port2;
    this.#near.on('message', (message: unknown) => this.#heard(message));
    this.#timer = setTimeout(() => this.#giveUp(), startMsMax);
  }

  /** Hands over the job of a ticket; its bytes are transferred and gone here. @throws when they have gone before */
  run(ticket: Ticket, job: Job): void {
    const buffer = (job.kind === 'encode' ? job.request.pixels : job.request.bytes).buffer;
    const message: JobMessage = { id: this.#jobs + 1, job };
    this.#near.postMessage(message, [buffer]);
    this.#jobs += 1;
    this.state = 'busy';
    this.#ticket = ticket;
    // The facts are needed to look at the answer; the bytes have gone.
    this.#job = job;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), ticket.budget.runMs);
  }

  /** Ends the worker when nothing has come for so long. */
  rest(idleMs: number): void {
    this.state = 'idle';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), idleMs);
  }

  /** The worker has ended; `reason` is Node's code for it. Gives the ticket that it was working on. */
  ended(reason: string | undefined): Ticket | undefined {
    const ticket = this.#ticket;
    this.close();
    if (ticket?.settled === false) ticket.fail(endedError(reason));
    return ticket;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#near.close();
    this.#ticket = undefined;
    this.state = 'ending';
  }

  /** The ticket that it is working on, also while it is being ended. */
  get ticket(): Ticket | undefined {
    return this.#ticket;
  }

  #heard(message: unknown): void {
    const kind = field(message, 'kind');
    if (this.state === 'starting' && kind === 'ready') {
      this.wasReady = true;
      this.#events.idle(this, undefined);
      return;
    }
    if (this.state !== 'busy' || field(message, 'id') !== this.#jobs || this.#job === undefined) {
      if (this.state !== 'ending') this.#giveUp();
      return;
    }
    const ticket = this.#ticket;
    const job = this.#job;
    this.#job = undefined;
    let isFit = true;
    try {
      const frame = frameIn(message, job, this.#limits);
      if (ticket?.settled === false) ticket.succeed(frame);
    } catch (error) {
      isFit = !(error instanceof LeadglassError && error.code === 'INTERNAL');
      if (ticket?.settled === false) ticket.fail(error);
    }
    if (!isFit) return this.#giveUp();
    this.#ticket = undefined;
    this.#events.idle(this, ticket);
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    const wasBusy = this.state === 'busy';
    this.state = 'ending';
    if (wasBusy && this.#ticket?.settled === false) {
      const seconds = Math.round(this.#ticket.budget.runMs / 1000);
      this.#ticket.fail(
        new LeadglassError('TIMED_OUT', `Cannot convert the frame: it took longer than ${seconds} s`, {
          field: 'Pixel Data',
        }),
      );
    }
    this.#events.unfit(this);
  }
}

function endedError(reason: string | undefined): LeadglassError {
  if (reason === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new LeadglassError(
      'LIMIT_EXCEEDED',
      'Cannot convert the frame: it needs more memory than a codec may have',
      {
        field: 'Pixel Data',
      },
    );
  }
  return new LeadglassError('INTERNAL', 'Cannot convert the frame: its decoder has ended', {
    field: 'Pixel Data',
    detail: `a codec worker ended: ${reason ?? 'no reason'}`,
  });
}

function field(message: unknown, name: 'kind' | 'id'): unknown {
  return typeof message === 'object' && message !== null ? Reflect.get(message, name) : undefined;
}
