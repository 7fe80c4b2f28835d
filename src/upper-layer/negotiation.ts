/**
 * Which presentation contexts and roles come out of a request and a policy (PS3.8 9.3.3, PS3.7 D.3.3.4), and what both
 * sides then have agreed on. Pure; who may ask for what is decided by the caller's policy.
 */
import type { Uid } from '../dicom/uid.ts';
import type {
  AcceptedContext,
  AssociateAccept,
  AssociateRequest,
  PresentationContextProposal,
  PresentationContextResult,
  RoleSelection,
} from './association-types.ts';
import { protocolError } from './protocol-error.ts';

export interface Roles {
  readonly requestorScu: boolean;
  readonly requestorScp: boolean;
}

export interface NegotiationPolicy {
  /**
   * The transfer syntaxes that are taken for this abstract syntax, the preferred one first; `'unsupported'` answers
   * abstract-syntax-not-supported, `'refused'` answers user-rejection.
   */
  transferSyntaxes(abstractSyntax: Uid): readonly Uid[] | 'unsupported' | 'refused';
  /** What the requestor may be for this SOP class. */
  roles(sopClassUid: Uid): Roles;
  /** Whose order decides among several possible transfer syntaxes; ours when left out. */
  readonly preference?: 'ours' | 'theirs';
  /** Taken before all others for a requestor who only receives: what can always be sent in. */
  readonly alwaysSendable?: ReadonlySet<Uid>;
}

export interface Negotiated {
  /** One for each proposed context, in the same order. */
  readonly contexts: readonly PresentationContextResult[];
  /** One for each proposed role selection whose SOP class came to be accepted. */
  readonly roleSelections: readonly RoleSelection[];
}

/** PS3.7 D.3.3.4: without role selection the requestor is SCU and nothing else. */
const defaultRoles: Roles = { requestorScu: true, requestorScp: false };

/** Answers every proposed context. A context that would leave the requestor without any role is refused. */
export function negotiate(request: AssociateRequest, policy: NegotiationPolicy): Negotiated {
  const proposedRoles = roleMap(request.userInformation.roleSelections);
  const accepted = new Set<Uid>();
  const contexts = request.presentationContexts.map((context) => {
    const roles = agreedRoles(proposedRoles.get(context.abstractSyntax), policy.roles(context.abstractSyntax));
    const result = negotiateContext(context, roles, policy);
    if (result.result === 0) accepted.add(context.abstractSyntax);
    return result;
  });
  const roleSelections = request.userInformation.roleSelections
    .filter((role) => accepted.has(role.sopClassUid))
    .map((role) => {
      const roles = agreedRoles(role, policy.roles(role.sopClassUid));
      return { sopClassUid: role.sopClassUid, scu: roles.requestorScu, scp: roles.requestorScp };
    });
  return { contexts, roleSelections };
}

function negotiateContext(
  context: PresentationContextProposal,
  roles: Roles,
  policy: NegotiationPolicy,
): PresentationContextResult {
  const { id, transferSyntaxes } = context;
  // A rejected context still carries a transfer syntax, which is not significant (PS3.8 table 9-18).
  const [transferSyntax] = transferSyntaxes;
  if (transferSyntax === undefined) throw new RangeError('A presentation context has at least one transfer syntax');
  const taken = policy.transferSyntaxes(context.abstractSyntax);
  if (taken === 'unsupported') return { id, result: 3, transferSyntax };
  if (taken === 'refused' || (!roles.requestorScu && !roles.requestorScp)) return { id, result: 1, transferSyntax };
  const [first, second] = policy.preference === 'theirs' ? [transferSyntaxes, taken] : [taken, transferSyntaxes];
  const possible = first.filter((uid) => second.includes(uid));
  const receivesOnly = !roles.requestorScu;
  const sendable = receivesOnly ? possible.find((uid) => policy.alwaysSendable?.has(uid)) : undefined;
  const chosen = sendable ?? possible[0];
  return chosen === undefined ? { id, result: 4, transferSyntax } : { id, result: 0, transferSyntax: chosen };
}

/** An answer never grants what was not proposed. */
function agreedRoles(proposed: RoleSelection | undefined, allowed: Roles): Roles {
  const asked = proposed === undefined ? defaultRoles : { requestorScu: proposed.scu, requestorScp: proposed.scp };
  return {
    requestorScu: asked.requestorScu && allowed.requestorScu,
    requestorScp: asked.requestorScp && allowed.requestorScp,
  };
}

function roleMap(roles: readonly RoleSelection[]): ReadonlyMap<Uid, RoleSelection> {
  return new Map(roles.map((role) => [role.sopClassUid, role]));
}

/**
 * What both sides agreed on, by context ID. A proposed context that was not answered counts as not accepted.
 * @throws LeadglassError MALFORMED, with the A-ABORT as cause, when the answer names a context or a transfer syntax that
 * was not proposed
 */
export function acceptedContexts(
  request: AssociateRequest,
  accept: AssociateAccept,
): ReadonlyMap<number, AcceptedContext> {
  const proposals = new Map(request.presentationContexts.map((context) => [context.id, context]));
  const proposedRoles = roleMap(request.userInformation.roleSelections);
  const answeredRoles = roleMap(accept.userInformation.roleSelections);
  const contexts = new Map<number, AcceptedContext>();
  for (const { id, result, transferSyntax } of accept.presentationContexts) {
    const proposal = proposals.get(id);
    if (proposal === undefined) {
      throw protocolError(`Cannot take A-ASSOCIATE-AC: presentation context ${id} was not proposed`);
    }
    if (result !== 0) continue;
    if (!proposal.transferSyntaxes.includes(transferSyntax)) {
      throw protocolError(`Cannot take A-ASSOCIATE-AC: the transfer syntax of context ${id} was not proposed`);
    }
    const { abstractSyntax } = proposal;
    const answer = answeredRoles.get(abstractSyntax);
    const roles =
      answer === undefined
        ? defaultRoles
        : agreedRoles(proposedRoles.get(abstractSyntax), { requestorScu: answer.scu, requestorScp: answer.scp });
    contexts.set(id, { id, abstractSyntax, transferSyntax, ...roles });
  }
  return contexts;
}
