/**
 * Performs the actions of the state machine (PS3.8 9.2, tables 9-6 to 9-9) on a transport: timers, PDUs out, indications
 * to its user. It decides nothing itself: each event is looked up in state-machine.ts. Messages and presentation contexts
 * are for association.ts.
 */
import type { Duplex } from 'node:stream';
import { LeadglassError, asLeadglassError } from '../error.ts';
import type { Abort, AssociateAccept, AssociateReject, AssociateRequest, PdvFragment } from './association-types.ts';
import { systemClock, type UpperLayerClock } from './clock.ts';
import { describeAbort, rejectionError } from './describe.ts';
import {
  PduType,
  echoedFields,
  readAbort,
  readAssociateAccept,
  readAssociateReject,
  readAssociateRequest,
  writeAbort,
  writeAssociateReject,
  writeReleaseRequest,
  writeReleaseResponse,
} from './pdu.ts';
import { PduReader, type CollectedPduType } from './pdu-reader.ts';
import { AbortReason, abortOf, protocolError } from './protocol-error.ts';
import { stateAfter, transitions, type Action, type ProtocolEvent, type State } from './state-machine.ts';
import { Transport, connectionError } from './transport.ts';
import type { UpperLayerLimits } from './upper-layer-limits.ts';

/** How an association ended. */
export type EndReason =
  /** Both sides agreed to end. */
  | { readonly kind: 'released' }
  /** An A-ABORT, by the peer or by a call of `abort` here. */
  | { readonly kind: 'aborted'; readonly by: 'local' | 'peer'; readonly abort: Abort; readonly error: LeadglassError }
  /** The peer closed the connection in the middle. */
  | { readonly kind: 'closed'; readonly error: LeadglassError }
  /** The peer broke the protocol or a limit, the socket failed, or our own receiver did. */
  | { readonly kind: 'failed'; readonly error: LeadglassError };

export interface MachineOptions {
  readonly limits: UpperLayerLimits;
  readonly clock?: UpperLayerClock;
}

/** Who gets the indications and confirmations. All calls come after the state has changed. */
export interface MachineUser {
  /** AE-6: undefined when the request is acceptable by the service-provider. Pure. */
  unacceptable(request: AssociateRequest): AssociateReject | undefined;
  associateIndication(request: AssociateRequest, echoed: Uint8Array): void;
  /** AE-3, before the state changes. Throws a protocol error if the answer does not fit the request. */
  checkAccept(accept: AssociateAccept): void;
  associateConfirmation(accept: AssociateAccept): void;
  /** A thrown or rejected protocol error is answered as an invalid PDU, any other by an abort. */
  fragment(fragment: PdvFragment): void | Promise<void>;
  releaseIndication(): void;
  /** AR-10: as acceptor in a release collision, our own request was confirmed. */
  releaseCollisionConfirmed(): void;
  /** Called once, as soon as it is known; the connection may still be closing. */
  ended(reason: EndReason, rejection?: AssociateReject): void;
}

interface Facts {
  readonly pdu?: Uint8Array;
  readonly request?: AssociateRequest;
  readonly echoed?: Uint8Array;
  readonly accept?: AssociateAccept;
  readonly reject?: AssociateReject;
  readonly abort?: Abort;
  readonly error?: LeadglassError;
}

const pduEvents: Readonly<Record<CollectedPduType, ProtocolEvent>> = {
  [PduType.associateRequest]: 'A-ASSOCIATE-RQ',
  [PduType.associateAccept]: 'A-ASSOCIATE-AC',
  [PduType.associateReject]: 'A-ASSOCIATE-RJ',
  [PduType.releaseRequest]: 'A-RELEASE-RQ',
  [PduType.releaseResponse]: 'A-RELEASE-RP',
  [PduType.abort]: 'A-ABORT',
};

/** PS3.8 table 9-21: service-provider (presentation), local limit exceeded. */
const localLimitExceeded: AssociateReject = { result: 1, source: 3, reason: 2 };
const noReasonGiven: AssociateReject = { result: 1, source: 1, reason: 1 };

export class ProtocolMachine {
  readonly role: 'requestor' | 'acceptor';
  readonly limits: UpperLayerLimits;
  readonly transport: Transport;
  readonly #user: MachineUser;
  readonly #clock: UpperLayerClock;
  readonly #reader: PduReader;
  #state: State = 'Sta1';
  #stopArtim: (() => void) | undefined;
  /** The one timer of ours that runs besides ARTIM: for Sta5, for Sta7 and its collisions, or for idleness. */
  #stopOwnTimer: (() => void) | undefined;
  #ended = false;
  #transportGone = false;
  #holds = 0;
  #busy = 0;
  #pumping = false;
  #completedSeen = 0;
  lastActivityAt: number;

  constructor(socket: Duplex, role: 'requestor' | 'acceptor', user: MachineUser, options: MachineOptions) {
    this.role = role;
    this.limits = options.limits;
    this.#user = user;
    this.#clock = options.clock ?? systemClock;
    this.#reader = new PduReader(options.limits);
    this.lastActivityAt = this.#clock.now();
    this.transport = new Transport(socket, {
      chunk: (bytes) => this.#chunk(bytes),
      closed: (error) => this.#transportClosed(error),
    });
  }

  get state(): State {
    return this.#state;
  }

  /** Is there a transition for this event now? */
  allows(event: ProtocolEvent): boolean {
    return transitions[event][this.#state] !== undefined;
  }

  /**
   * An event happens.
   * @throws LeadglassError PEER_FAILED when the local user asks for what this state does not allow
   */
  fire(event: ProtocolEvent, facts: Facts = {}): void {
    const action = transitions[event][this.#state];
    if (action === undefined) {
      throw new LeadglassError('PEER_FAILED', `Cannot do ${event}: the association is not in a state for it`, {
        detail: `state ${this.#state}`,
      });
    }
    this.#perform(action, event, facts);
  }

  /** Ends the association because of an error here or of the peer's; nothing happens when it is ending already. */
  fail(error: LeadglassError): void {
    if (abortOf(error) !== undefined && this.allows('invalid PDU')) this.fire('invalid PDU', { error });
    else if (this.allows('A-ABORT request')) this.fire('A-ABORT request', { error });
  }

  /** Sends whole P-DATA-TF PDUs. Rejected when the association ends before the system took them. */
  async transmit(parts: readonly Uint8Array[]): Promise<void> {
    this.fire('P-DATA request');
    const written = this.transport.write(parts);
    if (this.transport.bytesSent > this.limits.associationBytesMax) this.#tooManyBytes('sent');
    await written;
    this.lastActivityAt = this.#clock.now();
  }

  /** Stops the delivery of fragments until the returned function is called. */
  hold(): () => void {
    if (this.#ended) return () => {};
    this.#holds += 1;
    this.transport.pause();
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      if (this.#ended) return;
      this.#holds -= 1;
      this.lastActivityAt = this.#clock.now();
      this.#pump();
      if (this.#holds === 0) this.transport.resume();
    };
  }

  /** While somebody works for the peer, its silence is no idleness. Call the returned function when done. */
  busy(): () => void {
    this.#busy += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#busy -= 1;
      this.lastActivityAt = this.#clock.now();
    };
  }

  #chunk(bytes: Uint8Array): void {
    if (this.#state === 'Sta1') return; // closing: nothing counts any more
    if (this.transport.bytesReceived > this.limits.associationBytesMax) this.#tooManyBytes('received');
    this.#reader.push(bytes);
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#holds === 0 && this.#state !== 'Sta1' && this.#takeNext());
    } finally {
      this.#pumping = false;
    }
    if (this.#reader.pdusCompleted === this.#completedSeen) return;
    this.#completedSeen = this.#reader.pdusCompleted;
    this.lastActivityAt = this.#clock.now();
  }

  /** False when more bytes are needed. */
  #takeNext(): boolean {
    try {
      const event = this.#reader.next();
      if (event === undefined) return false;
      if (event.kind === 'pdu') this.#pduCame(event.type, event.body);
      else this.#fragmentCame(event.fragment);
    } catch (error) {
      this.fail(asLeadglassError(error));
    }
    return true;
  }

  #fragmentCame(fragment: PdvFragment): void {
    const action = transitions['P-DATA-TF'][this.#state];
    if (action !== 'DT-2' && action !== 'AR-6') {
      this.fire('P-DATA-TF');
      return;
    }
    const taken = this.#user.fragment(fragment);
    if (taken === undefined) return;
    const release = this.hold();
    taken.then(release, (error: unknown) => {
      this.fail(asLeadglassError(error));
      release();
    });
  }

  #pduCame(type: CollectedPduType, body: Uint8Array): void {
    const event = pduEvents[type];
    if (type === PduType.associateRequest && this.#state === 'Sta2') {
      this.#requestCame(body);
    } else if (type === PduType.associateAccept && this.#state === 'Sta5') {
      const accept = readAssociateAccept(body, this.limits);
      this.#user.checkAccept(accept);
      this.fire(event, { accept });
    } else if (type === PduType.associateReject && this.#state === 'Sta5') {
      this.fire(event, { reject: readAssociateReject(body) });
    } else if (type === PduType.abort) {
      this.fire(event, { abort: readAbort(body) });
    } else {
      this.fire(event);
    }
  }

  #requestCame(body: Uint8Array): void {
    try {
      this.fire('A-ASSOCIATE-RQ', { request: readAssociateRequest(body, this.limits), echoed: echoedFields(body) });
    } catch (error) {
      // Well-formed but too much of it: not acceptable to the service-provider (AE-6), which tells the peer more than an abort.
      if (!(error instanceof LeadglassError) || error.code !== 'LIMIT_EXCEEDED') throw error;
      this.fire('A-ASSOCIATE-RQ', { reject: localLimitExceeded, error });
    }
  }

  #transportClosed(error: Error | undefined): void {
    if (this.#transportGone && error === undefined) return;
    this.#transportGone = true;
    if (!this.allows('connection closed')) return;
    const text = this.#state === 'Sta4' ? 'Cannot connect' : 'The peer closed the connection';
    this.fire('connection closed', {
      error: error === undefined ? new LeadglassError('PEER_FAILED', text) : connectionError(text, error),
    });
    this.transport.end(); // for sockets that may stay half-open
  }

  #perform(action: Action, event: ProtocolEvent, facts: Facts): void {
    const [first, second] = stateAfter[action];
    switch (action) {
      case 'AE-1':
      case 'DT-1':
      case 'AR-7':
      case 'DT-2':
      case 'AR-6':
      case 'AA-6':
        this.#state = first;
        return;
      case 'AE-2':
        this.#state = first;
        this.#startOwnTimer(this.limits.acceptTimeoutMs, 'Waited too long for the answer to A-ASSOCIATE-RQ');
        this.#send(facts.pdu);
        return;
      case 'AE-3':
        this.#state = first;
        this.#startIdleTimer();
        if (facts.accept !== undefined) this.#user.associateConfirmation(facts.accept);
        return;
      case 'AE-4':
        this.#state = first;
        this.#end({ kind: 'failed', error: rejectionError(facts.reject ?? noReasonGiven) }, facts);
        this.#close();
        return;
      case 'AE-5':
        this.#state = first;
        this.#startArtim();
        return;
      case 'AE-6':
        this.#associateRequested(facts);
        return;
      case 'AE-7':
        this.#state = first;
        this.#startIdleTimer();
        this.#send(facts.pdu);
        return;
      case 'AE-8':
        this.#state = first;
        this.#send(facts.pdu);
        this.#startArtim();
        this.#end({ kind: 'failed', error: rejectionError(facts.reject ?? noReasonGiven) }, facts);
        return;
      case 'AR-1':
        this.#state = first;
        this.#startOwnTimer(this.limits.releaseTimeoutMs, 'Waited too long for the answer to A-RELEASE-RQ');
        this.#send(writeReleaseRequest());
        return;
      case 'AR-2':
        this.#state = first;
        this.#user.releaseIndication();
        return;
      case 'AR-3':
        this.#state = first;
        this.#end({ kind: 'released' });
        this.#close();
        return;
      case 'AR-4':
        this.#state = first;
        this.#send(writeReleaseResponse());
        this.#startArtim();
        this.#end({ kind: 'released' });
        return;
      case 'AR-5':
        this.#state = first;
        this.#stopTimers();
        return;
      case 'AR-8':
        this.#state = this.role === 'requestor' ? first : (second ?? first);
        this.#user.releaseIndication();
        return;
      case 'AR-9':
        this.#state = first;
        this.#send(writeReleaseResponse());
        return;
      case 'AR-10':
        this.#state = first;
        this.#user.releaseCollisionConfirmed();
        return;
      case 'AA-1':
        this.#abort(facts.abort ?? { source: 0, reason: 0 }, facts.error ?? this.#unexpected(event, facts));
        return;
      case 'AA-2':
        this.#state = first;
        this.#stopTimers();
        this.#end(this.#endOf(event, facts));
        this.transport.destroy(); // the peer had its time, or is leaving itself
        return;
      case 'AA-3':
        this.#state = first;
        this.#end(this.#endOf(event, facts));
        this.#close();
        return;
      case 'AA-4':
      case 'AA-5':
        this.#state = first;
        this.#end(this.#endOf(event, facts));
        this.#stopTimers();
        return;
      case 'AA-7':
        this.#state = first;
        this.#send(writeAbort({ source: 2, reason: AbortReason.unexpectedPdu }));
        return;
      case 'AA-8': {
        const error = facts.error ?? this.#unexpected(event, facts) ?? new LeadglassError('PEER_FAILED', event);
        this.#abort(abortOf(error) ?? { source: 2, reason: AbortReason.notSpecified }, error);
        return;
      }
    }
  }

  // AE-6
  #associateRequested(facts: Facts): void {
    this.#stopTimers();
    const { request, echoed } = facts;
    const reject = facts.reject ?? (request === undefined ? undefined : this.#user.unacceptable(request));
    if (request !== undefined && echoed !== undefined && reject === undefined) {
      this.#state = 'Sta3';
      this.#user.associateIndication(request, echoed);
      return;
    }
    const answer = reject ?? localLimitExceeded;
    this.#state = 'Sta13';
    this.#send(writeAssociateReject(answer));
    this.#startArtim();
    const error = facts.error ?? rejectionError(answer);
    this.#end({ kind: 'failed', error }, { reject: answer });
  }

  /** AA-1 and AA-8: the PDU goes out, the peer gets its time to close. */
  #abort(abort: Abort, error: LeadglassError | undefined): void {
    this.#state = 'Sta13';
    this.#stopTimers();
    this.#send(writeAbort(abort));
    this.transport.end(); // so that a peer which does not know A-ABORT sees an end too
    this.#startArtim();
    this.#end(
      error === undefined
        ? { kind: 'aborted', by: 'local', abort, error: new LeadglassError('CANCELLED', 'The association was aborted') }
        : { kind: 'failed', error },
    );
  }

  #endOf(event: ProtocolEvent, facts: Facts): EndReason {
    if (event === 'A-ABORT' || event === 'A-ABORT request') {
      const abort = facts.abort ?? { source: 0, reason: 0 };
      if (event === 'A-ABORT') {
        const text = `The association was ${describeAbort(abort)} of the peer`;
        const error = new LeadglassError('PEER_FAILED', text, { cause: abort });
        return { kind: 'aborted', by: 'peer', abort, error };
      }
      if (facts.error !== undefined) return { kind: 'failed', error: facts.error };
      return {
        kind: 'aborted',
        by: 'local',
        abort,
        error: new LeadglassError('CANCELLED', 'The association was aborted'),
      };
    }
    if (event === 'ARTIM expired') {
      const text = `Waited too long for A-ASSOCIATE-RQ: more than ${this.limits.artimMs} ms`;
      return { kind: 'failed', error: new LeadglassError('TIMED_OUT', text) };
    }
    const error = facts.error ?? new LeadglassError('PEER_FAILED', 'The peer closed the connection');
    return { kind: error.cause === undefined ? 'closed' : 'failed', error };
  }

  /** An error for a PDU that may not come now; undefined for requests of the local user. */
  #unexpected(event: ProtocolEvent, facts: Facts): LeadglassError | undefined {
    if (event === 'A-ABORT request' || facts.error !== undefined) return facts.error;
    return protocolError(`Cannot take ${event}: it was not expected now`, {
      code: 'PEER_FAILED',
      reason: AbortReason.unexpectedPdu,
      detail: `state ${this.#state}`,
    });
  }

  #end(reason: EndReason, facts: Facts = {}): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopOwnTimer?.();
    this.#stopOwnTimer = undefined;
    // What still comes is looked at only to see the connection close.
    this.#holds = 0;
    this.transport.resume();
    this.#user.ended(reason, facts.reject);
  }

  #close(): void {
    this.#stopTimers();
    this.transport.end();
    // A peer that keeps its half open does not keep our socket.
    const stop = this.#clock.after(this.limits.artimMs, () => this.transport.destroy());
    void this.transport.closed.then(stop);
  }

  #send(pdu: Uint8Array | undefined): void {
    if (pdu === undefined) return;
    // A failing write also closes the socket, which is the event that counts.
    this.transport.write([pdu]).catch(() => {});
  }

  #startArtim(): void {
    this.#stopArtim?.();
    this.#stopArtim = this.#clock.after(this.limits.artimMs, () => this.fire('ARTIM expired'));
  }

  #startOwnTimer(ms: number, text: string): void {
    this.#stopOwnTimer?.();
    this.#stopOwnTimer = this.#clock.after(ms, () =>
      this.fail(new LeadglassError('TIMED_OUT', `${text}: more than ${ms} ms`)),
    );
  }

  #startIdleTimer(): void {
    this.lastActivityAt = this.#clock.now();
    this.#watchIdle(this.limits.associationIdleMs);
  }

  #watchIdle(ms: number): void {
    this.#stopOwnTimer?.();
    this.#stopOwnTimer = this.#clock.after(ms, () => {
      // Waiting for our own disk or query is not the peer's fault; a peer that does not read is.
      const ours = this.transport.writesPending === 0 && (this.#busy > 0 || this.#holds > 0);
      if (ours) this.lastActivityAt = this.#clock.now();
      const left = this.lastActivityAt + this.limits.associationIdleMs - this.#clock.now();
      if (left > 0) this.#watchIdle(left);
      else this.fail(new LeadglassError('TIMED_OUT', `The peer was idle for ${this.limits.associationIdleMs} ms`));
    });
  }

  #stopTimers(): void {
    this.#stopArtim?.();
    this.#stopArtim = undefined;
    this.#stopOwnTimer?.();
    this.#stopOwnTimer = undefined;
  }

  #tooManyBytes(direction: string): void {
    const text = `The association ${direction} more than ${this.limits.associationBytesMax} bytes`;
    this.fail(new LeadglassError('LIMIT_EXCEEDED', `${text}; open a new one`));
  }
}
