/**
 * The accepting side: reads the A-ASSOCIATE-RQ within ARTIM, refuses what PS3.8 itself refuses, and leaves the rest (who
 * may connect, which contexts) to the caller, who accepts, rejects or aborts.
 */
import type { Duplex } from 'node:stream';
import { implementationClassUid, implementationVersionName } from '../dicom/implementation.ts';
import { LeadglassError } from '../error.ts';
import type {
  Abort,
  AssociateAccept,
  AssociateReject,
  AssociateRequest,
  PresentationContextResult,
  UserInformation,
} from './association-types.ts';
import { Association } from './association.ts';
import { dicomApplicationContext, writeAssociateAccept, writeAssociateReject } from './pdu.ts';
import { ProtocolMachine, type EndReason, type MachineOptions, type MachineUser } from './protocol-machine.ts';

export type AcceptedUserInformation = Partial<
  Pick<
    UserInformation,
    'roleSelections' | 'extendedNegotiations' | 'asynchronousOperationsWindow' | 'userIdentityResponse'
  >
>;

export interface AcceptAnswer {
  readonly contexts: readonly PresentationContextResult[];
  /** What is left out is not sent; our maximum length and implementation are added. */
  readonly userInformation?: AcceptedUserInformation;
}

/** A request that waits for an answer (Sta3). */
export interface IncomingAssociation {
  readonly request: AssociateRequest;
  /** Resolved when it is over before or after the answer: peer hung up, abort, reject, or the end of the association. */
  readonly ended: Promise<EndReason>;
  /** Resolved when the socket is gone. */
  readonly closed: Promise<void>;
  /** @throws LeadglassError PEER_FAILED when the peer is gone meanwhile */
  accept(answer: AcceptAnswer): Association;
  /** Resolved when the connection is closed, at most ARTIM later. */
  reject(reject: AssociateReject): Promise<void>;
  abort(abort?: Abort): void;
}

/**
 * Waits for the A-ASSOCIATE-RQ on a fresh connection; a TLS socket must have finished its handshake. Call it in the same
 * turn in which the socket was given, so that no byte and no end is missed.
 * @throws LeadglassError after the peer got its answer by the table: TIMED_OUT, MALFORMED, LIMIT_EXCEEDED, PEER_FAILED,
 * or a rejection (`rejectionOf(error)`). `detail` names what spoke, when it was not DICOM.
 */
export function acceptAssociation(socket: Duplex, options: MachineOptions): Promise<IncomingAssociation> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingAssociation>();
  const user = new AcceptorUser(resolve, reject, options.limits.peerPduLengthBytesMin);
  const machine = new ProtocolMachine(socket, 'acceptor', user, options);
  user.machine = machine;
  machine.fire('connection indicated');
  return promise;
}

class AcceptorUser implements MachineUser {
  machine: ProtocolMachine | undefined;
  association: Association | undefined;
  readonly #indicated: (incoming: IncomingAssociation) => void;
  readonly #failed: (error: LeadglassError) => void;
  readonly #peerPduLengthBytesMin: number;
  readonly #ended = Promise.withResolvers<EndReason>();

  constructor(
    indicated: (incoming: IncomingAssociation) => void,
    failed: (error: LeadglassError) => void,
    peerPduLengthBytesMin: number,
  ) {
    this.#indicated = indicated;
    this.#failed = failed;
    this.#peerPduLengthBytesMin = peerPduLengthBytesMin;
  }

  unacceptable(request: AssociateRequest): AssociateReject | undefined {
    // PS3.8 table 9-11: only bit 0 of the version is tested.
    if ((request.protocolVersion & 1) === 0) return { result: 1, source: 2, reason: 2 };
    if (request.applicationContextName !== dicomApplicationContext) return { result: 1, source: 1, reason: 2 };
    // Table 9-11: a title of spaces only shall not be used.
    if (request.calledAeTitle === '') return { result: 1, source: 1, reason: 7 };
    if (request.callingAeTitle === '') return { result: 1, source: 1, reason: 3 };
    const { maximumLength } = request.userInformation;
    if (maximumLength !== 0 && maximumLength < this.#peerPduLengthBytesMin) return { result: 1, source: 3, reason: 2 };
    return undefined;
  }

  associateIndication(request: AssociateRequest, echoed: Uint8Array): void {
    const { machine } = this;
    if (machine === undefined) return;
    this.#indicated({
      request,
      ended: this.#ended.promise,
      closed: machine.transport.closed,
      accept: (answer) => this.#accept(machine, request, echoed, answer),
      reject: (reject) => {
        if (machine.allows('A-ASSOCIATE reject')) {
          machine.fire('A-ASSOCIATE reject', { pdu: writeAssociateReject(reject), reject });
        }
        return machine.transport.closed;
      },
      abort: (abort = { source: 0, reason: 0 }) => {
        if (machine.allows('A-ABORT request')) machine.fire('A-ABORT request', { abort });
      },
    });
  }

  #accept(machine: ProtocolMachine, request: AssociateRequest, echoed: Uint8Array, answer: AcceptAnswer): Association {
    const { userInformation = {} } = answer;
    const accept: AssociateAccept = {
      protocolVersion: 1,
      calledAeTitle: request.calledAeTitle,
      callingAeTitle: request.callingAeTitle,
      applicationContextName: dicomApplicationContext,
      presentationContexts: answer.contexts,
      userInformation: {
        roleSelections: [],
        extendedNegotiations: [],
        commonExtendedNegotiations: [],
        ...userInformation,
        maximumLength: machine.limits.pduLengthBytesMax,
        implementationClassUid,
        implementationVersionName,
      },
    };
    const pdu = writeAssociateAccept(accept, echoed);
    if (!machine.allows('A-ASSOCIATE accept')) {
      throw new LeadglassError('PEER_FAILED', 'Cannot accept the association: the peer is gone');
    }
    // Before the state changes, so that no byte of the peer passes the closed gate.
    const association = new Association(machine, { request, accept });
    this.association = association;
    machine.fire('A-ASSOCIATE accept', { pdu });
    return association;
  }

  // Only a requestor gets these two.
  checkAccept(): void {}
  associateConfirmation(): void {}

  fragment(fragment: Parameters<MachineUser['fragment']>[0]): void | Promise<void> {
    return this.association?.takeFragment(fragment);
  }

  releaseIndication(): void {
    this.association?.takeReleaseIndication();
  }

  releaseCollisionConfirmed(): void {
    this.association?.takeCollisionConfirmation();
  }

  ended(reason: EndReason): void {
    this.#ended.resolve(reason);
    // Without effect once the request was indicated.
    if (reason.kind !== 'released') this.#failed(reason.error);
    this.association?.takeEnd(reason);
  }
}
