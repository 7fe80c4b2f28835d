/**
 * One connection from its first byte to its end: the association request goes to the guard, what the opening allows is
 * negotiated, and every request of the peer is one admitted operation.
 */
import type { Socket } from 'node:net';
import type { Backend } from '../../backends/backend.ts';
import type { QueryLimits } from '../../dicom/query.ts';
import type { DimseLimits } from '../../dimse/dimse-limits.ts';
import { MessageExchange } from '../../dimse/message-exchange.ts';
import { serve } from '../../dimse/provider.ts';
import { asLeadglassError } from '../../error.ts';
import type { Guard } from '../../guard/guard.ts';
import type { CertificateFacts } from '../../guard/identify/peer-facts.ts';
import { RefusedError } from '../../guard/refusal.ts';
import type { GuardSession } from '../../guard/session.ts';
import type { Log } from '../../log.ts';
import type { TranscodeServices } from '../../transcoding/transcode-instance.ts';
import { acceptAssociation, type IncomingAssociation } from '../../upper-layer/acceptor.ts';
import { negotiate } from '../../upper-layer/negotiation.ts';
import type { Association } from '../../upper-layer/association.ts';
import type { UpperLayerLimits } from '../../upper-layer/upper-layer-limits.ts';
import { DataSetPace, type DataSetPaceLimits } from './data-set-pace.ts';
import { type CommitmentReports, type HandlerFacts, handlersFor } from './handlers.ts';
import type { HeldInstances } from './held-instances.ts';
import type { MoveConnector } from './move-route.ts';
import { declinedProposals, extendedNegotiation, negotiationPolicy } from './negotiation-policy.ts';
import type { RetrieveLimits } from './retrieve-service.ts';

export interface ConnectionLimits extends RetrieveLimits, DataSetPaceLimits {
  readonly upperLayer: UpperLayerLimits;
  readonly dimse: DimseLimits;
  readonly query: QueryLimits;
  readonly retrieveUidsMax: number;
}

/** What every connection of every DIMSE door shares. */
export interface ConnectionServices {
  readonly guard: Guard;
  readonly backend: Backend;
  /** Our AE title, as Retrieve AE Title in answers. */
  readonly aeTitle: string;
  readonly connectToMoveDestination: MoveConnector;
  readonly commitmentReports: CommitmentReports;
  /** Of all retrieves under way, whatever their door. */
  readonly heldInstances: HeldInstances;
  /** For receivers that do not take an instance as it is stored. */
  readonly transcoding: TranscodeServices;
  readonly limits: ConnectionLimits;
  readonly log: Log;
}

export interface ConnectionFacts {
  readonly door: 'dimse-tls' | 'dimse-plain';
  readonly localPort: number;
  readonly address: string;
  readonly certificate?: CertificateFacts;
  /** Called when the guard knows who it is: the connection counts as a device's from then on. */
  readonly identified: () => void;
}

export interface Connection {
  /** Resolves when association and session have ended. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends when the peer is between two operations, by an abort (PS3.8 has no other way for an acceptor). */
  stop(): void;
  abort(): void;
}

export function serveConnection(socket: Socket, facts: ConnectionFacts, services: ConnectionServices): Connection {
  let association: Association | undefined;
  let isStopping = false;
  const run = async (): Promise<void> => {
    const incoming = await acceptAssociation(socket, { limits: services.limits.upperLayer });
    const session = await admitted(incoming, facts, services);
    if (session === undefined) return;
    facts.identified();
    let reason = 'failed';
    try {
      const extensions = extendedNegotiation(incoming.request.userInformation.extendedNegotiations);
      association = await accepted(incoming, session, { services, extensions });
      if (isStopping) association.abort();
      reason = await conversed(association, session, { services, extensions });
    } finally {
      await session.end(reason);
    }
  };
  const ended = run().catch((thrown: unknown) => {
    const error = asLeadglassError(thrown);
    socket.destroy();
    const level = error.code === 'INTERNAL' ? 'error' : 'info';
    services.log[level]('association.failed', { code: error.code, message: error.message, detail: error.detail });
  });
  return {
    ended,
    stop: () => {
      isStopping = true;
      association?.abort();
      if (association === undefined) socket.destroy();
    },
    abort: () => {
      association?.abort();
      socket.destroy();
    },
  };
}

/** Asks the guard who this is; undefined after a refusal that was answered. */
async function admitted(
  incoming: IncomingAssociation,
  { door, localPort, address, certificate }: ConnectionFacts,
  { guard, log }: ConnectionServices,
): Promise<GuardSession | undefined> {
  const { request } = incoming;
  const { userIdentity } = request.userInformation;
  try {
    const principal = await guard.identify({
      door,
      localPort,
      address,
      calledAeTitle: request.calledAeTitle,
      callingAeTitle: request.callingAeTitle,
      ...(certificate === undefined ? {} : { certificate }),
      ...(userIdentity === undefined ? {} : { userIdentity }),
    });
    return guard.session(principal);
  } catch (thrown) {
    if (thrown instanceof RefusedError) {
      log.info('association.refused', { address, reason: thrown.reason });
      await incoming.reject(thrown.rejection);
      return undefined;
    }
    const error = asLeadglassError(thrown);
    log.error('association.not-admitted', { address, code: error.code, detail: error.detail });
    // PS3.8 9.3.4: transient, presentation related, temporary congestion: the peer may come back.
    await incoming.reject({ result: 2, source: 3, reason: 1 });
    return undefined;
  }
}

async function accepted(
  incoming: IncomingAssociation,
  session: GuardSession,
  { services: { limits }, extensions }: HandlerFacts,
): Promise<Association> {
  const { request } = incoming;
  const { userInformation } = request;
  const { contexts, roleSelections } = negotiate(request, negotiationPolicy(session));
  await session.declined(declinedProposals(request.presentationContexts, contexts));
  const window = userInformation.asynchronousOperationsWindow;
  return incoming.accept({
    contexts,
    userInformation: {
      roleSelections,
      extendedNegotiations: extensions.answers,
      ...(window === undefined
        ? {}
        : {
            asynchronousOperationsWindow: {
              invoked: bounded(window.invoked, limits.dimse.operationsMax),
              performed: bounded(window.performed, limits.dimse.operationsMax),
            },
          }),
      // PS3.7 D.3.3.7.2: an answer when asked and accepted, of zero length for types 1, 2 and 5; types 3 and 4 never come here.
      ...(userInformation.userIdentity?.positiveResponseRequested === true
        ? { userIdentityResponse: new Uint8Array(0) }
        : {}),
    },
  });
}

/** PS3.7 D.3.3.3: 0 is unlimited; we answer what we do. */
function bounded(offered: number, most: number): number {
  return offered === 0 ? most : Math.min(offered, most);
}

/** Serves until the end; returns how it ended, for the ledger. */
async function conversed(association: Association, session: GuardSession, facts: HandlerFacts): Promise<string> {
  const { services } = facts;
  const exchange = new MessageExchange(association, services.limits.dimse);
  using pace = new DataSetPace(services.limits, (error) => exchange.fail(error));
  const onRevoked = (): void => association.abort();
  if (session.revoked.aborted) onRevoked();
  session.revoked.addEventListener('abort', onRevoked, { once: true });
  try {
    const end = await serve(exchange, handlersFor(session, facts, pace));
    await association.closed;
    const revoked: unknown = session.revoked.reason;
    if (revoked instanceof RefusedError) return revoked.reason;
    if (end.kind !== 'released') {
      services.log.info('association.ended', { how: end.kind, code: end.error?.code, detail: end.error?.detail });
    }
    return end.kind;
  } finally {
    session.revoked.removeEventListener('abort', onRevoked);
  }
}
