/**
 * The data set of one C-STORE on its way into a receiver: back-pressure while all is well; once something failed, the rest is
 * read and dropped, so that the peer, which listens only when it has sent everything, gets its answer.
 */
import type { LeadglassError } from '../error.ts';
import { Drain } from './drain.ts';
import type { Answer, StoreReceiver } from './handlers.ts';
import type { DataReceiver } from './message-exchange.ts';

export class StoreData implements DataReceiver {
  /** The receiver's answer; rejects with what failed; undefined when the association ended before the data set did. */
  readonly answer: Promise<Answer | undefined>;
  /** Resolves when no more bytes come, whatever the reason. */
  readonly arrived: Promise<void>;
  readonly #arrive: () => void;
  readonly #settle: (answer: Promise<Answer> | undefined) => void;
  readonly #drain: Drain;
  #receiver: StoreReceiver | undefined;
  #opening: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;

  constructor(open: () => StoreReceiver | Promise<StoreReceiver>, drainedBytesMax: number) {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.answer = promise;
    const arrival = Promise.withResolvers<void>();
    this.arrived = arrival.promise;
    this.#arrive = arrival.resolve;
    this.#settle = (answer) => {
      this.#arrive();
      resolve(answer);
    };
    // Awaited only after `arrived`.
    promise.catch(() => undefined);
    this.#drain = new Drain(drainedBytesMax, () => undefined);
    try {
      const receiver = open();
      if (receiver instanceof Promise) this.#opening = this.#open(receiver);
      else this.#receiver = receiver;
    } catch (error) {
      this.#fail(error);
    }
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.write(chunk));
    const receiver = this.#receiver;
    if (receiver === undefined || this.#failure !== undefined) return this.#drain.write(chunk);
    try {
      return receiver.write(chunk)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  end(): void | Promise<void> {
    // Only a data set without a single byte gets here before its receiver is open.
    if (this.#opening !== undefined) return this.#opening.then(() => this.end());
    this.#isEnded = true;
    this.#settle(this.#receiverAnswer());
    return undefined;
  }

  abort(reason: LeadglassError): void {
    this.#fail(reason);
    this.#settle(undefined);
  }

  async #open(receiver: Promise<StoreReceiver>): Promise<void> {
    try {
      const opened = await receiver;
      // Opened too late: the association has ended meanwhile.
      if (this.#failure === undefined) this.#receiver = opened;
      else opened.abort(this.#failure.error);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#opening = undefined;
    }
  }

  async #receiverAnswer(): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#receiver === undefined) throw new Error('the receiver was neither opened nor refused');
    return this.#receiver.end();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#isEnded) return;
    this.#failure = { error };
    this.#receiver?.abort(error);
  }
}
