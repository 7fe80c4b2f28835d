/**
 * How much memory conversions under way hold outside of the codecs: converted frames that wait for a receiver. One that
 * reads slowly must hold its own share only, and what does not fit waits, for a while.
 */
import { LeadglassError } from '../error.ts';

export interface ConversionMemoryLimits {
  readonly heldBytesMax: number;
  readonly heldBytesPerOwnerMax: number;
  readonly memoryWaitMs: number;
}

export interface Wish {
  /** Who gets it: a device, a person. */
  readonly owner: string;
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting extends Wish {
  readonly turn: PromiseWithResolvers<Disposable>;
}

export class ConversionMemory {
  readonly #limits: ConversionMemoryLimits;
  readonly #byOwner = new Map<string, number>();
  #waiting: Waiting[] = [];
  #held = 0;

  constructor(limits: ConversionMemoryLimits) {
    this.#limits = limits;
  }

  /** Held by all together. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Resolves when there is room; to be disposed when it is not needed any more. Who holds nothing may take more than its
   * share, and the first one more than there is: the largest frame has to go through.
   * @throws LeadglassError OUT_OF_RESOURCES when there was no room for so long, CANCELLED by the signal
   */
  async take(wish: Wish): Promise<Disposable> {
    if (wish.signal?.aborted === true) throw cancelled();
    if (this.#fits(wish)) return this.#grant(wish);
    const waiting: Waiting = { ...wish, turn: Promise.withResolvers<Disposable>() };
    const giveUp = (error: LeadglassError): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.turn.reject(error);
    };
    const whenAborted = (): void => giveUp(cancelled());
    const timer = setTimeout(() => giveUp(exhausted()), this.#limits.memoryWaitMs);
    wish.signal?.addEventListener('abort', whenAborted, { once: true });
    this.#waiting.push(waiting);
    try {
      return await waiting.turn.promise;
    } finally {
      clearTimeout(timer);
      wish.signal?.removeEventListener('abort', whenAborted);
    }
  }

  /** What `take` gives, if it can be had at once. */
  tryTake(wish: Wish): Disposable | undefined {
    return this.#waiting.length === 0 && this.#fits(wish) ? this.#grant(wish) : undefined;
  }

  #fits({ owner, bytes }: Wish): boolean {
    const own = this.#byOwner.get(owner) ?? 0;
    if (own > 0 && own + bytes > this.#limits.heldBytesPerOwnerMax) return false;
    return this.#held === 0 || this.#held + bytes <= this.#limits.heldBytesMax;
  }

  #grant({ owner, bytes }: Wish): Disposable {
    this.#add(owner, bytes);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#add(owner, -bytes);
        this.#serve();
      },
    };
  }

  #add(owner: string, bytes: number): void {
    this.#held += bytes;
    const own = (this.#byOwner.get(owner) ?? 0) + bytes;
    if (own > 0) this.#byOwner.set(owner, own);
    else this.#byOwner.delete(owner);
  }

  /** In the order they came, except that an owner who holds its share lets others pass. */
  #serve(): void {
    for (const waiting of [...this.#waiting]) {
      if (!this.#fits(waiting)) continue;
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.turn.resolve(this.#grant(waiting));
    }
  }
}

function exhausted(): LeadglassError {
  return new LeadglassError('OUT_OF_RESOURCES', 'Too many images are being converted at once; ask again later');
}

function cancelled(): LeadglassError {
  return new LeadglassError('CANCELLED', 'The conversion of an image was cancelled');
}
