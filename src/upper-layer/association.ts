/**
 * An established association as its users see it: whole messages out, one after the other; fragments in, with
 * back-pressure; release and abort. Made by acceptor.ts or requestor.ts. Command sets and services are for src/dimse.
 */
import { LeadglassError, asLeadglassError } from '../error.ts';
import type { Abort, AcceptedContext, AssociateAccept, AssociateRequest, PdvFragment } from './association-types.ts';
import { MessageWriter, type MessageBytes } from './message-writer.ts';
import { acceptedContexts } from './negotiation.ts';
import type { EndReason, ProtocolMachine } from './protocol-machine.ts';
import { protocolError } from './protocol-error.ts';

export interface AssociationSink {
  /**
   * A part of a message. While a returned promise is pending nothing more is read from the peer; `data` may be used until
   * it settles. Throwing ends the association: a protocol error (protocol-error.ts) as one of the peer, others as ours.
   */
  fragment(fragment: PdvFragment): void | Promise<void>;
  /** The peer asks to release; answer by `respondRelease` once all is sent. */
  releaseRequested(): void;
  /** Called once, at once, also while a promise of `fragment` is pending; nothing is delivered afterwards. */
  ended(reason: EndReason): void;
}

interface AssociationFacts {
  readonly request: AssociateRequest;
  readonly accept: AssociateAccept;
}

export class Association {
  readonly request: AssociateRequest;
  readonly accept: AssociateAccept;
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  /** Resolved when the association is over; the connection may still be closing. Never rejected. */
  readonly ended: Promise<EndReason>;
  readonly #machine: ProtocolMachine;
  readonly #writer: MessageWriter;
  readonly #resolveEnded: (reason: EndReason) => void;
  readonly #openGate: () => void;
  #endReason: EndReason | undefined;
  #sink: AssociationSink | undefined;
  /** The message that is coming in, between its first and its last fragment. */
  #incoming: { readonly contextId: number; readonly isCommand: boolean } | undefined;
  /** The end of the queue of outgoing messages and release PDUs. */
  #tail: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<(error: LeadglassError) => void>();
  #respondAfterCollision = false;

  /** Only for acceptor.ts and requestor.ts; nothing is delivered before `receive`. */
  constructor(machine: ProtocolMachine, facts: AssociationFacts) {
    this.#machine = machine;
    this.request = facts.request;
    this.accept = facts.accept;
    this.contexts = acceptedContexts(facts.request, facts.accept);
    const { promise, resolve } = Promise.withResolvers<EndReason>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    const peer = machine.role === 'acceptor' ? facts.request : facts.accept;
    const { sentPduLengthBytesMax } = machine.limits;
    // PS3.8 D.1: 0 is no maximum.
    const announced = peer.userInformation.maximumLength || sentPduLengthBytesMax;
    this.#writer = new MessageWriter((parts) => machine.transmit(parts), Math.min(announced, sentPduLengthBytesMax));
    this.#openGate = machine.hold();
  }

  get role(): 'requestor' | 'acceptor' {
    return this.#machine.role;
  }

  get bytesReceived(): number {
    return this.#machine.transport.bytesReceived;
  }

  get bytesSent(): number {
    return this.#machine.transport.bytesSent;
  }

  /** When the last whole PDU came or was taken, in milliseconds of the clock that was given (performance.now). */
  get lastActivityAt(): number {
    return this.#machine.lastActivityAt;
  }

  /** Resolved when the socket is gone, at most ARTIM after `ended`. */
  get closed(): Promise<void> {
    return this.#machine.transport.closed;
  }

  /** Starts the delivery. Once only. */
  receive(sink: AssociationSink): void {
    if (this.#sink !== undefined) throw new LeadglassError('INTERNAL', 'An association is received by one sink only');
    this.#sink = sink;
    if (this.#endReason === undefined) this.#openGate();
    else sink.ended(this.#endReason);
  }

  /**
   * Sends one message: a command set and, when given, its data set. Concurrent calls queue; messages never mix.
   * Bytes must not change before the promise settles; a source's chunks are not copied, so each must be its own.
   * @returns resolved when the system has taken all of it
   * @throws LeadglassError PEER_FAILED and others when the association ends before; what the source threw when it failed:
   * if something was sent by then, the association is aborted, since half a message cannot be taken back
   */
  sendMessage(contextId: number, command: Uint8Array, data?: MessageBytes): Promise<void> {
    return this.#enqueue(() => this.#write(contextId, command, data));
  }

  /** A command set alone. */
  sendCommand(contextId: number, command: Uint8Array): Promise<void> {
    return this.#enqueue(() => this.#write(contextId, command, undefined));
  }

  /** A data set alone, for a caller that sends nothing else meanwhile; usually `sendMessage` is right. */
  sendData(contextId: number, data: MessageBytes): Promise<void> {
    return this.#enqueue(() => this.#write(contextId, undefined, data));
  }

  /**
   * Asks for release after everything queued, and waits for the peer's answer.
   * @throws LeadglassError why it ended otherwise
   */
  async release(): Promise<void> {
    if (this.#sink === undefined) this.receive(new DiscardingSink(this));
    await this.#enqueue(async () => {
      // The peer may have asked first; then answering it is the release.
      if (this.#machine.allows('A-RELEASE request')) this.#machine.fire('A-RELEASE request');
    });
    const reason = await this.ended;
    if (reason.kind !== 'released') throw reason.error;
  }

  /** Answers the peer's release request after everything queued. */
  async respondRelease(): Promise<void> {
    await this.#enqueue(async () => {
      // PS3.8 9.2.3: as acceptor in a collision, the peer's answer comes before ours.
      if (this.#machine.state === 'Sta10') this.#respondAfterCollision = true;
      else this.#machine.fire('A-RELEASE response');
    });
  }

  /** Ends at once. Without effect when it is over. */
  abort(abort: Abort = { source: 0, reason: 0 }): void {
    if (this.#machine.allows('A-ABORT request')) this.#machine.fire('A-ABORT request', { abort });
  }

  /** Ends at once because of this error: as the peer's when it is a protocol error, else as ours. */
  fail(error: LeadglassError): void {
    this.#machine.fail(error);
  }

  /** While work for the peer goes on, its silence does not count as idle. Call the returned function when done. */
  busy(): () => void {
    return this.#machine.busy();
  }

  /** For the machine's user. */
  takeFragment(fragment: PdvFragment): void | Promise<void> {
    this.#checkFragment(fragment);
    return this.#sink?.fragment(fragment);
  }

  /** For the machine's user. */
  takeReleaseIndication(): void {
    this.#sink?.releaseRequested();
  }

  /** For the machine's user. */
  takeCollisionConfirmation(): void {
    if (this.#respondAfterCollision) this.#machine.fire('A-RELEASE response');
  }

  /** For the machine's user. */
  takeEnd(reason: EndReason): void {
    this.#endReason = reason;
    // At a release nothing of ours is under way but the release itself; what is queued behind it fails in its turn.
    if (reason.kind !== 'released') {
      for (const reject of this.#waiting) reject(reason.error);
      this.#waiting.clear();
    }
    this.#resolveEnded(reason);
    this.#sink?.ended(reason);
  }

  /** PS3.8 Annex E.1: the fragments of one message come in one context and are not mixed with others. */
  #checkFragment(fragment: PdvFragment): void {
    const { presentationContextId: contextId, isCommand } = fragment;
    if (this.#incoming === undefined) {
      if (!this.contexts.has(contextId)) {
        throw protocolError(`Cannot take P-DATA-TF: presentation context ${contextId} was not accepted`);
      }
      this.#incoming = { contextId, isCommand };
    } else if (this.#incoming.contextId !== contextId || this.#incoming.isCommand !== isCommand) {
      throw protocolError('Cannot take P-DATA-TF: the fragments of two messages are mixed');
    }
    if (fragment.isLast) this.#incoming = undefined;
  }

  async #write(contextId: number, command: Uint8Array | undefined, data: MessageBytes | undefined): Promise<void> {
    if (!this.contexts.has(contextId)) {
      throw new LeadglassError('BAD_REQUEST', `Cannot send: presentation context ${contextId} was not accepted`);
    }
    try {
      await this.#writer.write(contextId, command, data);
    } catch (thrown) {
      const error = this.#endReason === undefined ? asLeadglassError(thrown) : this.#endError(this.#endReason);
      if (this.#writer.started) this.#machine.fail(error);
      throw error;
    }
  }

  /** Runs after everything queued before; rejected at once when the association ends, even while a source hangs. */
  #enqueue(run: () => Promise<void>): Promise<void> {
    if (this.#endReason !== undefined) return Promise.reject(this.#endError(this.#endReason));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(reject);
    this.#tail = this.#tail
      .then(() => {
        if (this.#endReason !== undefined) throw this.#endError(this.#endReason);
        return run();
      })
      .then(resolve, reject)
      .finally(() => this.#waiting.delete(reject));
    return promise;
  }

  #endError(reason: EndReason): LeadglassError {
    return reason.kind === 'released'
      ? new LeadglassError('PEER_FAILED', 'Cannot send: the association was released')
      : reason.error;
  }
}

/** For an association that only sent: what the peer still says is not looked at. */
class DiscardingSink implements AssociationSink {
  readonly #association: Association;

  constructor(association: Association) {
    this.#association = association;
  }

  fragment(): void {}

  releaseRequested(): void {
    // A failure is the association's end, which its users see.
    this.#association.respondRelease().catch(() => {});
  }

  ended(): void {}
}
