/**
 * The messages on one association, both ways (PS3.7 section 8): puts command sets and data sets together from fragments,
 * gives requests of ours their message ids and brings the responses back to them, hands requests of the peer to a server.
 * Knows no service: those are in provider.ts and client.ts.
 */
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { AcceptedContext, PdvFragment } from '../upper-layer/association-types.ts';
import { ByteCollector } from './byte-collector.ts';
import {
  commandName,
  CommandField,
  type DimseMessage,
  type DimseRequest,
  type DimseResponse,
  isResponse,
  readCommandSet,
  type RefusedCommand,
  type ResponseOf,
  responseFieldOf,
  writeCommandSet,
  writeRefusal,
} from './command-set.ts';
import type { DimseAssociation, EndReason } from './dimse-association.ts';
import type { DimseLimits } from './dimse-limits.ts';
import { Drain } from './drain.ts';
import { statusClass } from './status.ts';

/** Takes the bytes of one data set. What it throws ends the association. */
export interface DataReceiver {
  /** The chunk may be kept only until this returns, or until the returned promise settles. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** All bytes came; also called, alone, for a message without a data set. */
  end(): void | Promise<void>;
  /** The association ended before. */
  abort(reason: LeadglassError): void;
}

/** Who answers the peer's requests. */
export interface ExchangeServer {
  request(message: DimseRequest, context: AcceptedContext): DataReceiver;
  cancel(messageId: number): void;
  /** The peer wants to release: resolves when everything under way is answered. */
  settle(): Promise<void>;
}

export interface RequestOptions<R extends DimseRequest> {
  readonly contextId: number;
  readonly data?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Sends C-CANCEL when it fires; the final response is waited for nevertheless. */
  readonly cancel?: AbortSignal;
  /** Each pending response; nothing more is read from the peer until a returned promise has settled. */
  readonly onPending?: (answer: Answered<R>) => void | Promise<void>;
}

export interface Answered<R extends DimseRequest> {
  readonly response: ResponseOf<R>;
  /** Encoded in the context's transfer syntax. */
  readonly dataSet?: Uint8Array;
}

/** A request as the caller gives it; the exchange adds message id and data set type. */
export type RequestContent<R extends DimseRequest> = Omit<R, 'messageId' | 'hasDataSet'>;

interface Outstanding {
  readonly contextId: number;
  readonly responseField: number;
  readonly answered: (response: DimseResponse, dataSet: Uint8Array | undefined) => void | Promise<void>;
  readonly failed: (error: LeadglassError) => void;
}

type Incoming =
  | { readonly awaits: 'command'; contextId?: number; collector?: ByteCollector }
  | { readonly awaits: 'data'; readonly contextId: number; readonly receiver: DataReceiver };

const nobody: ExchangeServer = {
  request: (message) => {
    throw new LeadglassError(
      'PEER_FAILED',
      `Cannot take ${commandName(message.commandField)}: we are no provider here`,
    );
  },
  cancel: () => undefined,
  settle: () => Promise.resolve(),
};

export class MessageExchange {
  readonly association: DimseAssociation;
  readonly limits: DimseLimits;
  /** Requests of ours that may wait for their answers at once; 1 unless a window was negotiated (PS3.7 D.3.3.3). */
  readonly invokedMax: number;
  /** The same for the peer's requests. */
  readonly performedMax: number;
  readonly ended: Promise<EndReason>;
  readonly #end: (reason: EndReason) => void;
  #server: ExchangeServer = nobody;
  #incoming: Incoming = { awaits: 'command' };
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #waiting: { readonly go: () => void; readonly failed: (error: LeadglassError) => void }[] = [];
  /** Requests that are outstanding or wait for their turn. */
  #invoked = 0;
  #lastMessageId = 0;
  #failure: LeadglassError | undefined;
  #over: LeadglassError | undefined;

  constructor(association: DimseAssociation, limits: DimseLimits) {
    this.association = association;
    this.limits = limits;
    const window = association.accept.userInformation.asynchronousOperationsWindow;
    // Both numbers are the requestor's (PS3.7 D.3.3.3): what it may invoke, what it is willing to perform.
    const byRequestor = boundedWindow(window?.invoked, limits.operationsMax);
    const byAcceptor = boundedWindow(window?.performed, limits.operationsMax);
    this.invokedMax = association.role === 'requestor' ? byRequestor : byAcceptor;
    this.performedMax = association.role === 'requestor' ? byAcceptor : byRequestor;
    const { promise, resolve } = Promise.withResolvers<EndReason>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Starts to receive; requests of the peer go to `server`. */
  start(server: ExchangeServer = nobody): void {
    this.#server = server;
    this.association.receive({
      fragment: (fragment) => this.#fragment(fragment),
      releaseRequested: () => {
        void this.#releaseRequested();
      },
      ended: (reason) => this.#ended(reason),
    });
  }

  /** True once nothing can be sent any more. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /**
   * Sends a request once the window has room, and waits for its final response.
   * @throws LeadglassError PEER_FAILED or TIMED_OUT when the association ended first; CANCELLED when that came before the
   *   request was sent; what the data's source threw, which mostly ends the association too, since a data set cannot be
   *   taken back
   */
  async request<R extends DimseRequest>(content: RequestContent<R>, options: RequestOptions<R>): Promise<Answered<R>> {
    const { contextId, data, cancel, onPending } = options;
    await this.#slot();
    let messageId = 0;
    let timer: NodeJS.Timeout | undefined;
    let idleAgain: (() => void) | undefined;
    let isCancelled = false;
    const onCancel = (): void => {
      if (isCancelled || !this.#outstanding.has(messageId)) return;
      isCancelled = true;
      // From here on pending responses do not buy the peer more time.
      watch();
      const message = { commandField: CommandField.CCancelRq, hasDataSet: false, messageIdBeingRespondedTo: messageId };
      void this.send(contextId, message);
    };
    const watch = (): void => {
      clearTimeout(timer);
      const { responseMsMax } = this.limits;
      timer = setTimeout(() => {
        this.fail(
          new LeadglassError(
            'TIMED_OUT',
            `${commandName(content.commandField)} was not answered in ${responseMsMax} ms`,
          ),
        );
      }, responseMsMax);
    };
    try {
      if (isAborted(cancel)) throw new LeadglassError('CANCELLED', 'Cancelled before the request was sent');
      messageId = this.#nextMessageId();
      const { promise, resolve, reject } = Promise.withResolvers<Answered<R>>();
      let pendingCount = 0;
      this.#outstanding.set(messageId, {
        contextId,
        responseField: responseFieldOf(content.commandField),
        failed: reject,
        answered: async (response, dataSet) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its Command Field was compared with the request's
          const answer = { response, ...(dataSet === undefined ? {} : { dataSet }) } as unknown as Answered<R>;
          if (statusClass(response.status) !== 'pending') {
            this.#outstanding.delete(messageId);
            resolve(answer);
            return;
          }
          pendingCount += 1;
          if (onPending === undefined || pendingCount > this.limits.pendingResponsesMax) {
            throw new LeadglassError(
              'PEER_FAILED',
              `${commandName(content.commandField)} got ${pendingCount} pending responses, expected at most ${onPending === undefined ? 0 : this.limits.pendingResponsesMax}`,
            );
          }
          if (isCancelled) return onPending(answer);
          clearTimeout(timer);
          await onPending(answer);
          // It may have become cancelled meanwhile, with a timer of its own; it may have ended, and needs none.
          if (!isCancelled && this.#outstanding.has(messageId)) watch();
        },
      });
      // Handled below in any case; a failure while the request is still being sent must not count as unhandled.
      promise.catch(() => undefined);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a content with these two is the request
      const message = { ...content, messageId, hasDataSet: data !== undefined } as unknown as R;
      await this.send(contextId, message, data);
      if (this.#outstanding.has(messageId)) {
        // The answer's own time limit is the one that counts.
        idleAgain = this.association.busy();
        watch();
        if (isAborted(cancel)) onCancel();
        else cancel?.addEventListener('abort', onCancel, { once: true });
      }
      return await promise;
    } finally {
      clearTimeout(timer);
      idleAgain?.();
      cancel?.removeEventListener('abort', onCancel);
      this.#outstanding.delete(messageId);
      this.#invoked -= 1;
      this.#waiting.shift()?.go();
    }
  }

  /**
   * Sends one message; resolves when the socket took it. A source that throws ends the association, unless nothing was sent.
   * @throws LeadglassError what ended the association; what the source threw
   */
  async send(contextId: number, message: DimseMessage, data?: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    await this.#sendBytes(contextId, writeCommandSet(message), data);
  }

  /** Ends the association by A-ABORT because of this error, which then is the reason of its end. */
  fail(error: LeadglassError): void {
    if (this.#over !== undefined) return;
    this.#failure ??= error;
    // PS3.8 9.3.8: the DIMSE user aborts; the reason is not significant then.
    this.association.abort({ source: 0, reason: 0 });
    this.#close(this.#failure);
  }

  async #sendBytes(
    contextId: number,
    command: Uint8Array,
    data?: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    try {
      await this.association.sendMessage(contextId, command, data);
    } catch (error) {
      // The association may have ended while this waited for the socket; then that is the reason. If not, a source failed
      // before anything of the message was sent, and the next one can follow.
      throw this.#over ?? error;
    }
  }

  #slot(): Promise<void> | undefined {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#invoked += 1;
    if (this.#invoked <= this.invokedMax) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({
      go: resolve,
      failed: (error) => {
        this.#invoked -= 1;
        reject(error);
      },
    });
    return promise;
  }

  #nextMessageId(): number {
    do this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    while (this.#outstanding.has(this.#lastMessageId));
    return this.#lastMessageId;
  }

  #fragment(fragment: PdvFragment): void | Promise<void> {
    if (this.#over !== undefined) return undefined;
    try {
      const done = fragment.isCommand ? this.#command(fragment) : this.#data(fragment);
      return done?.catch((error: unknown) => this.fail(asLeadglassError(error)));
    } catch (error) {
      this.fail(asLeadglassError(error));
      return undefined;
    }
  }

  #command(fragment: PdvFragment): void | Promise<void> {
    const incoming = this.#incoming;
    if (incoming.awaits !== 'command') throw unexpected('a command set where the rest of a data set was due');
    // PS3.8 annex E: all fragments of a message go in one context.
    incoming.contextId ??= fragment.presentationContextId;
    if (incoming.contextId !== fragment.presentationContextId) throw unexpected('a command set in two contexts');
    const context = this.association.contexts.get(fragment.presentationContextId);
    if (context === undefined) throw unexpected('a message in a presentation context that was not accepted');
    if (fragment.isLast && incoming.collector === undefined) return this.#commandSet(fragment.data, context);
    incoming.collector ??= new ByteCollector(this.limits.commandSetBytesMax, 'the command set');
    incoming.collector.add(fragment.data);
    return fragment.isLast ? this.#commandSet(incoming.collector.take(), context) : undefined;
  }

  #commandSet(bytes: Uint8Array, context: AcceptedContext): void | Promise<void> {
    const command = readCommandSet(bytes, this.limits);
    const receiver = this.#receiverOf(command, context);
    if (command.hasDataSet) {
      this.#incoming = { awaits: 'data', contextId: context.id, receiver };
      return undefined;
    }
    this.#incoming = { awaits: 'command' };
    return receiver.end();
  }

  #receiverOf(command: DimseMessage | RefusedCommand, context: AcceptedContext): DataReceiver {
    if ('refused' in command) {
      return new Drain(this.limits.drainedBytesMax, () => this.#sendBytes(context.id, writeRefusal(command)));
    }
    if (command.commandField === CommandField.CCancelRq) {
      if (command.hasDataSet) throw unexpected('a C-CANCEL-RQ with a data set');
      return new Drain(0, () => this.#server.cancel(command.messageIdBeingRespondedTo));
    }
    if (!isResponse(command)) return this.#server.request(command, context);
    return this.#responseReceiver(command, context);
  }

  #responseReceiver(response: DimseResponse, context: AcceptedContext): DataReceiver {
    const outstanding = this.#outstanding.get(response.messageIdBeingRespondedTo);
    if (outstanding === undefined || outstanding.responseField !== response.commandField) {
      throw unexpected(`${commandName(response.commandField)} to a message that was not sent`);
    }
    if (outstanding.contextId !== context.id) {
      throw unexpected(`${commandName(response.commandField)} in another presentation context than its request`);
    }
    const collector = new ByteCollector(this.limits.identifierBytesMax, 'the data set of a response');
    return {
      write: (chunk) => collector.add(chunk),
      end: () => outstanding.answered(response, response.hasDataSet ? collector.take() : undefined),
      abort: () => undefined,
    };
  }

  #data(fragment: PdvFragment): void | Promise<void> {
    const incoming = this.#incoming;
    if (incoming.awaits !== 'data') throw unexpected('a data set where a command set was due');
    if (incoming.contextId !== fragment.presentationContextId) {
      throw unexpected('a data set in another presentation context than its command set');
    }
    const { receiver } = incoming;
    const written = fragment.data.length === 0 ? undefined : receiver.write(fragment.data);
    if (!fragment.isLast) return written;
    if (written === undefined) return this.#dataEnd(receiver);
    return written.then(() => this.#dataEnd(receiver));
  }

  #dataEnd(receiver: DataReceiver): void | Promise<void> {
    // The association may have ended while the last chunk was written; then the receiver was told so.
    if (this.#over !== undefined) return undefined;
    this.#incoming = { awaits: 'command' };
    return receiver.end();
  }

  async #releaseRequested(): Promise<void> {
    if (this.#incoming.awaits === 'data') {
      this.fail(unexpected('a release in the middle of a data set'));
      return;
    }
    // Nobody will answer what we asked: the peer sends nothing after A-RELEASE-RQ but A-RELEASE-RP.
    for (const { failed } of this.#outstanding.values()) {
      failed(new LeadglassError('PEER_FAILED', 'The peer released the association before it had answered'));
    }
    await this.#server.settle();
    if (this.#over !== undefined) return;
    await this.association.respondRelease().catch((error: unknown) => this.fail(asLeadglassError(error)));
  }

  #ended(reason: EndReason): void {
    this.#close(this.#failure ?? endError(reason));
    this.#end(this.#failure === undefined ? reason : { kind: 'failed', error: this.#failure });
  }

  #close(error: LeadglassError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    if (this.#incoming.awaits === 'data') this.#incoming.receiver.abort(error);
    this.#incoming = { awaits: 'command' };
    for (const { failed } of this.#waiting.splice(0)) failed(error);
    for (const { failed } of this.#outstanding.values()) failed(error);
  }
}

function boundedWindow(negotiated: number | undefined, max: number): number {
  if (negotiated === undefined) return 1;
  // 0 stands for unlimited.
  return negotiated === 0 ? max : Math.min(negotiated, max);
}

/** Why an operation that waits for something from the peer will not get it. */
export function endError(reason: EndReason): LeadglassError {
  if (reason.kind !== 'released') return reason.error;
  return new LeadglassError('PEER_FAILED', 'The association was released before the operation was answered');
}

/** A function, since the compiler takes the answer of a property for lasting, and this one changes. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function unexpected(what: string): LeadglassError {
  return new LeadglassError('PEER_FAILED', `Cannot go on with the association: got ${what}`);
}
