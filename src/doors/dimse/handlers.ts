/** From a DIMSE request to one admitted operation and its answer: what each service of the provider does for a session. */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { parseQuery } from '../../dicom/query.ts';
import { parseAeTitle } from '../../dicom/ae-title.ts';
import type { DimseHandlers } from '../../dimse/handlers.ts';
import { Statuses } from '../../dimse/status.ts';
import { storeOnAssociation } from '../../dimse/store-on-association.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import { underAdmission } from '../../guard/admission.ts';
import type { GuardSession } from '../../guard/session.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';
import { ArrivingInstance } from './arriving-instance.ts';
import { requestCommitment } from './commitment-service.ts';
import type { ConnectionServices } from './connection.ts';
import type { DataSetPace } from './data-set-pace.ts';
import { moveRoute } from './move-route.ts';
import { type extendedNegotiation, type QueryRetrieveClass, queryRetrieveClasses } from './negotiation-policy.ts';
import { readRetrieveIdentifier, type RetrieveIdentifier } from './retrieve-identifier.ts';
import { retrieve } from './retrieve-service.ts';
import { errorComment, toDimseStatus } from './to-dimse-status.ts';

export type { CommitmentReports } from './commitment-service.ts';

export interface HandlerFacts {
  readonly services: ConnectionServices;
  readonly extensions: ReturnType<typeof extendedNegotiation>;
}

/** `pace`: of the association that these serve. */
export function handlersFor(session: GuardSession, facts: HandlerFacts, pace: DataSetPace): DimseHandlers {
  const { services } = facts;
  const { backend, limits, log } = services;
  return {
    errorStatus: (error, service) => ({ status: toDimseStatus(error, service), errorComment: errorComment(error) }),
    onError: (error, service) => {
      const fields = { service, code: error.code, message: error.message, detail: error.detail };
      if (error.code === 'INTERNAL') log.error('association.operation-failed', fields);
      else log.info('association.operation-failed', fields);
    },
    echo: () => underAdmission(session, { kind: 'verify' }, async () => Statuses.Success),
    store: storeHandler(session, services, pace),
    find: findHandler(session, facts),
    get: getHandler(session, facts),
    move: moveHandler(session, facts),
    nAction: (request, context, information, exchange) =>
      requestCommitment(session, {
        request,
        context,
        information,
        exchange,
        backend,
        reports: services.commitmentReports,
        limits: limits.dimse,
      }),
  };
}

type Handler<N extends keyof DimseHandlers> = NonNullable<DimseHandlers[N]>;

function storeHandler(session: GuardSession, { backend }: ConnectionServices, pace: DataSetPace): Handler<'store'> {
  return ({ affectedSopClassUid, affectedSopInstanceUid }, context) => {
    const arriving = new ArrivingInstance(session, {
      backend,
      operation: {
        kind: 'store',
        sopClassUid: affectedSopClassUid,
        sopInstanceUid: affectedSopInstanceUid,
        transferSyntaxUid: context.transferSyntax,
      },
    });
    pace.begin();
    return {
      write: (chunk) => {
        const taken = arriving.write(chunk);
        pace.came(chunk.length, taken ?? undefined);
        return taken;
      },
      abort: (reason) => {
        pace.end();
        arriving.abort(asLeadglassError(reason));
      },
      end: async () => {
        pace.end();
        const { result, isBeyondScope } = await arriving.end();
        if (result !== 'conflict' || isBeyondScope === true) return { status: Statuses.Success };
        // Safe, but not what this UID stands for here: success would promise that it can be fetched. Beyond its scope the sender
        // can fetch nothing anyhow, and another answer than to a new UID would tell it that this one is known.
        const conflict = new LeadglassError('CONFLICT', 'UID is known with other content: kept aside, ask the archive');
        return { status: toDimseStatus(conflict, 'store'), errorComment: errorComment(conflict) };
      },
    };
  };
}

function findHandler(session: GuardSession, { services, extensions }: HandlerFacts): Handler<'find'> {
  const { backend, limits, aeTitle } = services;
  return async function* ({ affectedSopClassUid }, context, identifier, cancel) {
    const { model } = serviceOf(context);
    const query = parseQuery(identifier, {
      model,
      ...extensions.of(affectedSopClassUid),
      limits: limits.query,
    });
    await using admission = await session.admit({ kind: 'find', query });
    try {
      for await (const match of backend.find(admission.pass)) {
        if (cancel.aborted) break;
        if (!admission.pass.stillValid()) throw new LeadglassError('NOT_AUTHORIZED', 'The opening was closed');
        match.setText(Tags.QueryRetrieveLevel, 'CS', query.level);
        // PS3.4 C.4.1.1.3.2: where to fetch it, and that it is at hand.
        match.setText(Tags.RetrieveAETitle, 'AE', aeTitle);
        match.setText(Tags.InstanceAvailability, 'CS', 'ONLINE');
        yield { identifier: match };
      }
      admission.succeeded();
    } catch (error) {
      admission.failed(asLeadglassError(error));
      throw error;
    }
  };
}

function getHandler(session: GuardSession, facts: HandlerFacts): Handler<'get'> {
  return async (_request, context, identifier, cancel, progress, exchange) => {
    const { level, keys } = askedFor(identifier, context, facts);
    return underAdmission(session, { kind: 'retrieve', via: 'get', level, keys }, (admission) =>
      retrieve({
        ...retrieving(facts.services),
        admission,
        cancel,
        progress,
        route: async () => ({
          contexts: [...exchange.association.contexts.values()].filter(({ requestorScp }) => requestorScp),
          send: (instance) => storeOnAssociation(exchange, instance),
        }),
      }),
    );
  };
}

function moveHandler(session: GuardSession, facts: HandlerFacts): Handler<'move'> {
  const { services } = facts;
  return async ({ moveDestination, messageId }, context, identifier, cancel, progress, exchange) => {
    const { level, keys } = askedFor(identifier, context, facts);
    const destination = parseAeTitle(moveDestination, 'Move Destination');
    const operation = { kind: 'retrieve', via: 'move', level, keys, destination } as const;
    try {
      return await underAdmission(session, operation, async (admission) => {
        const route = moveRoute({
          connect: services.connectToMoveDestination,
          destination: admission.moveDestination,
          originator: { aeTitle: exchange.association.request.callingAeTitle, messageId },
        });
        await using _closing = route;
        return await retrieve({
          ...retrieving(services),
          admission,
          cancel,
          progress,
          route: (instances) => route.open(instances),
        });
      });
    } catch (thrown) {
      const error = asLeadglassError(thrown);
      if ('reason' in error && error.reason === 'destination') return destinationUnknown;
      throw error;
    }
  };
}

/** To the peer a destination that no opening names does not exist (PS3.4 table C.4-2: A801). */
const destinationUnknown = {
  remaining: 0,
  completed: 0,
  failed: 0,
  warning: 0,
  failedSopInstanceUids: [],
  status: Statuses.MoveDestinationUnknown,
  errorComment: 'Move destination unknown',
} as const;

function serviceOf({ abstractSyntax }: AcceptedContext): QueryRetrieveClass {
  const service = queryRetrieveClasses.get(abstractSyntax);
  if (service === undefined) throw new LeadglassError('UNSUPPORTED', 'This SOP class is not a query or retrieve');
  return service;
}

/** The request's SOP class is its context's; the provider has seen to it. */
function askedFor(
  identifier: DataSet,
  context: AcceptedContext,
  { services, extensions }: HandlerFacts,
): RetrieveIdentifier {
  return readRetrieveIdentifier(identifier, {
    model: serviceOf(context).model,
    relational: extensions.of(context.abstractSyntax).relational,
    uidsMax: services.limits.retrieveUidsMax,
  });
}

/** What every retrieve takes from the door. */
function retrieving({ backend, limits, heldInstances, transcoding, log }: ConnectionServices) {
  return { backend, limits, held: heldInstances, transcoding, log };
}
