/** The requesting side: sends the A-ASSOCIATE-RQ, waits for the answer, checks that it answers what was asked. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { implementationClassUid, implementationVersionName } from '../dicom/implementation.ts';
import type { LeadglassError } from '../error.ts';
import type {
  AssociateAccept,
  AssociateRequest,
  PresentationContextProposal,
  UserInformation,
} from './association-types.ts';
import { Association } from './association.ts';
import { acceptedContexts } from './negotiation.ts';
import { dicomApplicationContext, writeAssociateRequest } from './pdu.ts';
import { ProtocolMachine, type EndReason, type MachineOptions, type MachineUser } from './protocol-machine.ts';
import { protocolError } from './protocol-error.ts';

export interface AssociateRequestFacts {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly presentationContexts: readonly PresentationContextProposal[];
  readonly userInformation?: Partial<
    Pick<
      UserInformation,
      | 'roleSelections'
      | 'extendedNegotiations'
      | 'commonExtendedNegotiations'
      | 'asynchronousOperationsWindow'
      | 'userIdentity'
    >
  >;
}

/** A request with our version, application context and implementation. */
export function buildAssociateRequest(
  facts: AssociateRequestFacts,
  limits: { readonly pduLengthBytesMax: number },
): AssociateRequest {
  return {
    protocolVersion: 1,
    calledAeTitle: facts.calledAeTitle,
    callingAeTitle: facts.callingAeTitle,
    applicationContextName: dicomApplicationContext,
    presentationContexts: facts.presentationContexts,
    userInformation: {
      roleSelections: [],
      extendedNegotiations: [],
      commonExtendedNegotiations: [],
      ...facts.userInformation,
      maximumLength: limits.pduLengthBytesMax,
      implementationClassUid,
      implementationVersionName,
    },
  };
}

/**
 * Requests an association on a socket that is connected or connecting. The maximum length that is announced is always
 * `limits.pduLengthBytesMax`, since that is what is read.
 * @throws LeadglassError a rejection (`rejectionOf(error)`), TIMED_OUT, PEER_FAILED, MALFORMED
 */
export function requestAssociation(
  socket: Duplex,
  request: AssociateRequest,
  options: MachineOptions,
): Promise<Association> {
  const { promise, resolve, reject } = Promise.withResolvers<Association>();
  const sent: AssociateRequest = {
    ...request,
    userInformation: { ...request.userInformation, maximumLength: options.limits.pduLengthBytesMax },
  };
  const user = new RequestorUser(sent, resolve, reject, options.limits.peerPduLengthBytesMin);
  const machine = new ProtocolMachine(socket, 'requestor', user, options);
  user.machine = machine;
  machine.fire('A-ASSOCIATE request');
  whenConnected(socket, () => {
    if (machine.allows('connection confirmed')) {
      machine.fire('connection confirmed', { pdu: writeAssociateRequest(sent) });
    }
  });
  return promise;
}

/** Runs at once when the socket is ready; for TLS that is after the handshake, so that nothing goes to a wrong peer. */
function whenConnected(socket: Duplex, run: () => void): void {
  // Not in the type declarations: true from the start of a client's handshake to its end.
  if (Reflect.get(socket, 'secureConnecting') === true) socket.once('secureConnect', run);
  else if (socket instanceof Socket && socket.connecting) socket.once('connect', run);
  else run();
}

class RequestorUser implements MachineUser {
  machine: ProtocolMachine | undefined;
  association: Association | undefined;
  readonly #request: AssociateRequest;
  readonly #confirmed: (association: Association) => void;
  readonly #failed: (error: LeadglassError) => void;
  readonly #peerPduLengthBytesMin: number;

  constructor(
    request: AssociateRequest,
    confirmed: (association: Association) => void,
    failed: (error: LeadglassError) => void,
    peerPduLengthBytesMin: number,
  ) {
    this.#request = request;
    this.#confirmed = confirmed;
    this.#failed = failed;
    this.#peerPduLengthBytesMin = peerPduLengthBytesMin;
  }

  checkAccept(accept: AssociateAccept): void {
    acceptedContexts(this.#request, accept);
    const { maximumLength } = accept.userInformation;
    if (maximumLength !== 0 && maximumLength < this.#peerPduLengthBytesMin) {
      throw protocolError(
        `Cannot take A-ASSOCIATE-AC: maximum length was ${maximumLength}, at least ${this.#peerPduLengthBytesMin} is needed`,
      );
    }
  }

  associateConfirmation(accept: AssociateAccept): void {
    if (this.machine === undefined) return;
    this.association = new Association(this.machine, { request: this.#request, accept });
    this.#confirmed(this.association);
  }

  // Only an acceptor gets these two.
  unacceptable(): undefined {}
  associateIndication(): void {}

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
    // Without effect once the association was confirmed.
    if (reason.kind !== 'released') this.#failed(reason.error);
    this.association?.takeEnd(reason);
  }
}
