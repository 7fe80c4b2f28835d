/**
 * What every request of a peer must fulfil before a handler sees it (PS3.7 9.1, 10.1 and PS3.8 annex E): the right data set
 * type, the right role, the SOP class of its presentation context. Pure.
 */
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { CommandField, commandName, type DimseRequest } from './command-set.ts';
import type { Answer, DimseService } from './handlers.ts';
import { Statuses } from './status.ts';

/** Whether a data set follows: always, never, or as the service's SOP class says. */
const dataSetRule = {
  [CommandField.CStoreRq]: 'always',
  [CommandField.CFindRq]: 'always',
  [CommandField.CGetRq]: 'always',
  [CommandField.CMoveRq]: 'always',
  [CommandField.CEchoRq]: 'never',
  [CommandField.NEventReportRq]: 'perhaps',
  [CommandField.NGetRq]: 'never',
  [CommandField.NSetRq]: 'always',
  [CommandField.NActionRq]: 'perhaps',
  [CommandField.NCreateRq]: 'perhaps',
  [CommandField.NDeleteRq]: 'never',
} as const satisfies Record<DimseRequest['commandField'], 'always' | 'never' | 'perhaps'>;

/** Undefined when all is well, else how to refuse. `role` is ours in the association. */
export function brokenRule(
  request: DimseRequest,
  context: AcceptedContext,
  role: 'acceptor' | 'requestor',
): Answer | undefined {
  const name = commandName(request.commandField);
  const rule = dataSetRule[request.commandField];
  if (rule !== 'perhaps' && request.hasDataSet !== (rule === 'always')) {
    const errorComment = `${name}: a data set ${rule === 'always' ? 'must' : 'must not'} follow`;
    return { status: Statuses.MistypedArgument, errorComment };
  }
  if (!peerMaySend(request, context, role)) {
    return { status: Statuses.SopClassNotSupported, errorComment: `${name}: not in the role that was negotiated` };
  }
  if (sopClassOf(request) !== context.abstractSyntax) {
    // PS3.7 9.1.1.1.9: the composite services know 0122 for this, 10.1.x know 0118.
    const isComposite = request.commandField < CommandField.NEventReportRq;
    return {
      status: isComposite ? Statuses.SopClassNotSupported : Statuses.NoSuchSopClass,
      errorComment: `${name}: SOP class is not that of the context`,
    };
  }
  return undefined;
}

/** PS3.7 D.3.3.4. Operations come from the SCU; an N-EVENT-REPORT is a notification and comes from the SCP. */
function peerMaySend(request: DimseRequest, context: AcceptedContext, role: 'acceptor' | 'requestor'): boolean {
  const fromScp = request.commandField === CommandField.NEventReportRq;
  if (role === 'acceptor') return fromScp ? context.requestorScp : context.requestorScu;
  // The acceptor is what the requestor is not: SCP where the requestor is SCU.
  return fromScp ? context.requestorScu : context.requestorScp;
}

export function sopClassOf(request: DimseRequest): string {
  return 'requestedSopClassUid' in request ? request.requestedSopClassUid : request.affectedSopClassUid;
}

const services = {
  [CommandField.CEchoRq]: 'echo',
  [CommandField.CStoreRq]: 'store',
  [CommandField.CFindRq]: 'find',
  [CommandField.CGetRq]: 'retrieve',
  [CommandField.CMoveRq]: 'retrieve',
  [CommandField.NEventReportRq]: 'commit',
  [CommandField.NGetRq]: 'commit',
  [CommandField.NSetRq]: 'commit',
  [CommandField.NActionRq]: 'commit',
  [CommandField.NCreateRq]: 'commit',
  [CommandField.NDeleteRq]: 'commit',
} as const satisfies Record<DimseRequest['commandField'], DimseService>;

export function serviceOf(request: DimseRequest): DimseService {
  return services[request.commandField];
}
