/** Things of a fixed number, mostly memory, that are lent and come back: who comes when all are lent waits, in turn. */
export class Lending<T> {
  readonly #free: T[];
  #waiting: PromiseWithResolvers<T>[] = [];
  readonly #make: () => T;
  #unmade: number;

  /** @param more made when the first ones are all lent, at most so many */
  constructor(free: readonly T[], more?: { readonly make: () => T; readonly most: number }) {
    this.#free = [...free];
    this.#unmade = more?.most ?? 0;
    this.#make = (): T => {
      if (more === undefined) throw new RangeError('nothing more is made');
      return more.make();
    };
  }

  /** Undefined when there is none for you now: those who wait come first. */
  tryTake(): T | undefined {
    if (this.#waiting.length > 0) return undefined;
    // The last one given back is taken first: its memory is still in the processor's cache.
    const one = this.#free.pop();
    if (one !== undefined || this.#unmade === 0) return one;
    this.#unmade -= 1;
    return this.#make();
  }

  async take(): Promise<T> {
    const one = this.tryTake();
    if (one !== undefined) return one;
    const waiting = Promise.withResolvers<T>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Nobody uses it any more. */
  give(one: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(one);
    else next.resolve(one);
  }

  /** Whoever waits, waits in vain. */
  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
