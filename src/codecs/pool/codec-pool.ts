/**
 * Decodes and encodes frames outside the event loop, in a bounded number of worker threads. Callers take turns; a frame is
 * read only when its turn has come; one that runs too long, wants too much memory or crashes its decoder fails alone.
 *
 * Rights: `start` starts the supervisor, the only thread that may start others, and gives the calling thread's own right to
 * do so away (`process.permission.drop('worker')`). Call it once, before anything listens.
 */
import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { LeadglassError } from '../../error.ts';
import { canDecode, canEncode, familyOf } from '../capabilities.ts';
import { checkDrawing, type DrawnPicture, drawnBytesMax } from '../draw-frame.ts';
import { type DecodedFrame, type EncodedFrame, type FrameFacts, frameBytes, unsupportedFrame } from '../frame.ts';
import { FairQueue } from './fair-queue.ts';
import { type DecodeOrder, decodeJob, type DrawOrder, drawJob, type EncodeOrder, encodeJob } from './orders.ts';
import type { Job, Outcome, SupervisorNews, SupervisorOrder, SupervisorSetup, WorkerLimits } from './protocol.ts';
import { giveUpRight } from './rights.ts';
import { type Budget, budgetOf, cancelled, Ticket } from './ticket.ts';
import { WorkerLine } from './worker-line.ts';

export interface PoolLimits extends WorkerLimits {
  readonly memoryBytesMax: number;
  readonly memoryPerFrameByte: number;
  readonly memoryPerFrame: number;
  readonly frameMsMax: number;
  readonly frameMsPerMegasample: number;
  readonly startMsMax: number;
  readonly idleMs: number;
  readonly waitingMax: number;
  readonly waitingPerOwnerMax: number;
}

export interface PoolOptions {
  readonly limits: PoolLimits;
  /** Default: one less than the machine has cores, at least two: on two cores the event loop is not busy all the time. */
  readonly workersMax?: number;
  /** Another module than worker.ts, for tests of what workers may do. */
  readonly workerModule?: URL;
  /** The supervisor has ended: nothing is converted any more, and only a new start of the program helps. */
  readonly failed?: (reason: string) => void;
}

export interface Caller {
  /** Who takes turns with others: a device, a person. */
  readonly owner: string;
  readonly signal?: AbortSignal;
}

export class CodecPool {
  readonly #limits: PoolLimits;
  readonly #workersMax: number;
  readonly #supervisor: Worker;
  readonly #orders: MessagePort;
  readonly #failed: ((reason: string) => void) | undefined;
  readonly #queue = new FairQueue<Ticket>();
  /** Loaded, waiting for a worker. */
  readonly #ready: Ticket[] = [];
  readonly #lines = new Map<number, WorkerLine>();
  #started = 0;
  #isAwake = false;
  /** Taken from the queue and not answered yet. */
  #underWay = 0;
  #memoryBytes = 0;
  #closed = false;
  #failure: string | undefined;

  private constructor(
    options: PoolOptions,
    { supervisor, orders }: { readonly supervisor: Worker; readonly orders: MessagePort },
  ) {
    this.#limits = options.limits;
    this.#workersMax = options.workersMax ?? Math.max(2, availableParallelism() - 1);
    this.#failed = options.failed;
    this.#supervisor = supervisor;
    this.#orders = orders;
    orders.on('message', ({ worker, reason }: SupervisorNews) => this.#workerEnded(worker, reason));
    orders.unref();
    supervisor.on('error', (error) => this.#end(String(error)));
    supervisor.on('exit', () => this.#end('it has ended'));
  }

  /**
   * Starts the supervisor, without waiting for it; workers start with the first requests, and only then are the codecs read
   * and compiled. The calling thread cannot start threads afterwards.
   */
  static start(options: PoolOptions): CodecPool {
    const { port1: orders, port2 } = new MessageChannel();
    const setup: SupervisorSetup = {
      supervisorModule: new URL('supervisor.ts', import.meta.url).href,
      workerModule: (options.workerModule ?? new URL('worker.ts', import.meta.url)).href,
      limits: options.limits,
      orders: port2,
    };
    const supervisor = new Worker(new URL('supervisor-asleep.mjs', import.meta.url), {
      name: 'codec supervisor',
      workerData: setup,
      transferList: [port2],
      env: {},
      // It holds compiled modules, which are not in its heap, and names of workers.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    // Until its first request nobody waits for it: it must not keep a program running that is done.
    supervisor.unref();
    giveUpRight('worker');
    return new CodecPool(options, { supervisor, orders });
  }

  /**
   * Why frames cannot be converted at present, in words of Node for the administrator: no worker starts (until one does), or the
   * supervisor has ended (until the program is started anew).
   */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** For `status` and tests. */
  get figures(): { readonly waiting: number; readonly underWay: number; readonly workers: number } {
    return { waiting: this.#queue.size, underWay: this.#underWay, workers: this.#lines.size };
  }

  /**
   * One native frame of an encoded one. `bytes` are handed over: a view of a whole ArrayBuffer is detached, any other copied.
   * @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED; TIMED_OUT; OUT_OF_RESOURCES when too many wait already;
   * CANCELLED by the signal or the end of the pool; and what `bytes` throws
   */
  async decode(order: DecodeOrder, caller: Caller): Promise<DecodedFrame> {
    if (familyOf(order.transferSyntaxUid) === undefined)
      throw unsupportedFrame('its transfer syntax is not decoded here');
    const frame = await this.#enter(this.#cost(order.facts), caller, () => decodeJob(order));
    if ('pixels' in frame) return frame;
    throw new LeadglassError('INTERNAL', 'A decoder gave an encoded frame');
  }

  /** One encoded frame of a native one; as `decode`. */
  async encode(order: EncodeOrder, caller: Caller): Promise<EncodedFrame> {
    if (!canEncode(order.transferSyntaxUid)) throw unsupportedFrame('its wanted transfer syntax is not encoded here');
    const frame = await this.#enter(this.#cost(order.facts), caller, () => encodeJob(order));
    if ('lossy' in frame) return frame;
    throw new LeadglassError('INTERNAL', 'An encoder gave a decoded frame');
  }

  /** One picture of a stored frame; as `decode`. */
  async draw(order: DrawOrder, caller: Caller): Promise<DrawnPicture> {
    const { transferSyntaxUid, image } = order;
    if (transferSyntaxUid !== undefined && !canDecode(transferSyntaxUid)) {
      throw unsupportedFrame('its transfer syntax is not decoded here');
    }
    checkDrawing(order);
    // Pictures on the way count as frames do.
    const { memoryBytes, runMs } = this.#cost(image.frame);
    const drawnBytes = drawnBytesMax(order);
    const { masks = [] } = order.options;
    const maskBytes = masks.reduce((sum, { pixels }) => sum + pixels.length, 0);
    const budget = {
      memoryBytes: memoryBytes + 2 * drawnBytes + maskBytes,
      // Each mask is as large as the picture once more.
      runMs: runMs + (this.#limits.frameMsPerMegasample * drawnBytes * (1 + masks.length / 8)) / 1e6,
    };
    const picture = await this.#enter(budget, caller, () => drawJob(order));
    if ('width' in picture) return picture;
    throw new LeadglassError('INTERNAL', 'A renderer gave a frame');
  }

  /** Ends everything; requests that have no answer yet are cancelled. */
  async close(): Promise<void> {
    this.#end(undefined);
    await this.#supervisor.terminate();
  }

  async #enter(budget: Budget, { owner, signal }: Caller, load: () => Promise<Job>): Promise<Outcome> {
    if (this.#closed) throw this.#ended();
    if (signal?.aborted === true) throw cancelled();
    const { waitingMax, waitingPerOwnerMax } = this.#limits;
    if (this.#queue.size >= waitingMax || this.#queue.sizeOf(owner) >= waitingPerOwnerMax) {
      throw new LeadglassError('OUT_OF_RESOURCES', 'Too many frames wait to be converted: ask again later');
    }
    const ticket = new Ticket({ owner, budget, load, signal }, (given) => {
      this.#queue.remove(given.owner, given);
    });
    this.#queue.push(owner, ticket);
    this.#pump();
    return await ticket.answer;
  }

  #cost(facts: FrameFacts): Budget {
    return budgetOf(facts, frameBytes(facts, this.#limits), this.#limits);
  }

  /** Takes from the queue what may be under way: one frame in each worker, and one that is read meanwhile. */
  #pump(): void {
    while (!this.#closed && this.#underWay < 2 * this.#workersMax) {
      const next = this.#queue.peek();
      if (next === undefined) return;
      const fits = this.#memoryBytes + next.budget.memoryBytes <= this.#limits.memoryBytesMax;
      if (!fits && this.#underWay > 0) return;
      this.#queue.take();
      this.#underWay += 1;
      this.#memoryBytes += next.budget.memoryBytes;
      void this.#load(next);
    }
  }

  async #load(ticket: Ticket): Promise<void> {
    try {
      ticket.job = await ticket.load();
    } catch (error) {
      if (!ticket.settled) ticket.fail(error);
    }
    if (ticket.settled) return this.#leave(ticket);
    this.#ready.push(ticket);
    this.#dispatch();
  }

  /** The ticket has its answer, and no worker is at it any more. */
  #leave(ticket: Ticket): void {
    this.#underWay -= 1;
    this.#memoryBytes -= ticket.budget.memoryBytes;
    this.#pump();
  }

  #dispatch(): void {
    while (this.#ready.length > 0 && !this.#closed) {
      const idle = [...this.#lines.values()].find(({ state }) => state === 'idle');
      if (idle === undefined) {
        const coming = [...this.#lines.values()].filter(({ state }) => state === 'starting').length;
        if (this.#lines.size < this.#workersMax && coming < this.#ready.length) this.#startWorker();
        return;
      }
      const ticket = this.#ready.shift();
      if (ticket?.job === undefined) {
        if (ticket !== undefined) this.#leave(ticket); // cancelled meanwhile
        continue;
      }
      const { job } = ticket;
      ticket.job = undefined;
      try {
        idle.run(ticket, job);
      } catch (cause) {
        ticket.fail(
          new LeadglassError('INTERNAL', 'Cannot convert the frame: its bytes were handed over before', { cause }),
        );
        this.#leave(ticket);
      }
    }
  }

  #startWorker(): void {
    this.#started += 1;
    const line = new WorkerLine(this.#started, this.#limits.startMsMax, this.#limits, {
      idle: (free, done) => {
        this.#failure = undefined;
        free.rest(this.#limits.idleMs);
        if (done !== undefined) this.#leave(done);
        this.#dispatch();
      },
      unfit: (unfit) => this.#order({ order: 'stop', worker: unfit.number }),
    });
    this.#lines.set(line.number, line);
    // A worker that has ended has no port any more; until its end is told, requests may wait for the place that it leaves.
    this.#orders.ref();
    this.#order({ order: 'start', worker: line.number, port: line.far });
  }

  #order(order: SupervisorOrder): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    if (!this.#isAwake) this.#supervisor.postMessage('wake');
    this.#isAwake = true;
    this.#orders.postMessage(order, order.order === 'start' ? [order.port] : []);
  }

  #workerEnded(number: number, reason: string | undefined): void {
    const line = this.#lines.get(number);
    if (line === undefined) return;
    this.#lines.delete(number);
    if (this.#lines.size === 0) this.#orders.unref();
    const neverReady = !line.wasReady;
    if (neverReady && !this.#closed) this.#failure = reason ?? 'a codec worker ended before it was ready';
    const ticket = line.ended(reason);
    if (ticket !== undefined) this.#leave(ticket);
    // Else nobody would ever be told that workers do not start.
    const unlucky = neverReady ? this.#ready.shift() : undefined;
    if (unlucky !== undefined) {
      if (!unlucky.settled)
        unlucky.fail(new LeadglassError('INTERNAL', 'No decoder could be started', { detail: reason ?? '' }));
      this.#leave(unlucky);
    }
    this.#dispatch();
  }

  #end(reason: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure = reason;
    for (const line of this.#lines.values()) {
      const { ticket } = line;
      line.close();
      if (ticket?.settled === false) ticket.fail(this.#ended());
    }
    for (const ticket of this.#ready) if (!ticket.settled) ticket.fail(this.#ended());
    for (let ticket = this.#queue.take(); ticket !== undefined; ticket = this.#queue.take()) ticket.fail(this.#ended());
    if (reason !== undefined) this.#failed?.(reason);
  }

  #ended(): LeadglassError {
    if (this.#failure === undefined) {
      return new LeadglassError('CANCELLED', 'Frames are not converted any more: the server stops');
    }
    return new LeadglassError(
      'BACKEND_UNAVAILABLE',
      'Cannot convert or draw frames: the codecs of this server have failed; ask for them as they are stored',
      { detail: this.#failure },
    );
  }
}
