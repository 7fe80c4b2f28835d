/**
 * The policy of people, beside that of devices in policy.ts: what a program was let do, then role, then opening, then a fresh
 * second factor.
 */
import type { Operation } from './operation.ts';
import { type Opening, reasonNotOpen } from './opening.ts';
import type { PersonOpening } from './person-opening.ts';
import type { Decision, SopClassFacts } from './policy.ts';
import type { PersonPrincipal } from './principal.ts';
import type { RefusalReason } from './refusal.ts';
import { isReadingCommand, type PersonOperation, type RoleBounds, roleBounds, roleCommands } from './roles.ts';
import { reasonAtWorkstation } from './workstation-policy.ts';

/** What the guard knows about a person at the moment of a use; without an opening the role alone counts. */
export interface PersonGrant {
  readonly holder: 'person';
  readonly opening?: PersonOpening;
  /** Of the workstation at which the person sits: by which people may sit there. */
  readonly workstation?: Opening;
  /** The house lets this role work at enrolled workstations only. */
  readonly needsWorkstation?: true;
}

const refuse = (reason: RefusalReason): Decision => ({ allowed: false, reason });
const everything: Decision = { allowed: true, scope: {} };

export function decideForPerson(
  principal: PersonPrincipal,
  operation: Operation,
  facts: { readonly grant: PersonGrant; readonly nowMs: number; readonly sopClasses: SopClassFacts },
): Decision {
  // What the person may do and what the workstation may: first what it takes away, for every operation alike.
  const away = reasonOfPlace(principal, operation, facts);
  if (away !== undefined) return refuse(away);
  const isFresh = facts.nowMs < principal.freshUntilMs;
  if (!programMay(principal, operation)) return refuse('token-scope');
  switch (operation.kind) {
    case 'administer':
      if (!roleCommands(principal.role, operation.command)) return refuse('role');
      if (operation.command === 'study release') return decideOnRelease(principal, { ...facts, isFresh });
      return isFresh || isReadingCommand(operation.command) ? everything : refuse('step-up');
    case 'resolve':
      if (!roleCommands(principal.role, 'conflict resolve')) return refuse('role');
      return isFresh ? everything : refuse('step-up');
    case 'verify':
    case 'commit':
      // Of DIMSE: people come through the web door.
      return refuse('role');
    case 'find':
    case 'store':
    case 'retrieve':
    case 'remove':
      return decideOnImages(principal, operation, { ...facts, isFresh });
  }
}

/** To let a study go to another house is bounded by one's own opening, as every use of images is. */
function decideOnRelease(
  principal: PersonPrincipal,
  {
    grant: { opening },
    nowMs,
    isFresh,
  }: { readonly grant: PersonGrant; readonly nowMs: number; readonly isFresh: boolean },
): Decision {
  if (opening === undefined) return refuse('no-opening');
  const reason = reasonAgainst(principal, opening, nowMs);
  if (reason !== undefined) return refuse(reason);
  if (!opening.operations.includes('release')) return refuse('operation');
  return isFresh ? { allowed: true, scope: opening.scope } : refuse('step-up');
}

/** What no person lets a program do, it cannot do: commands, decisions, and whatever wants a fresh second factor. */
function programMay({ access }: PersonPrincipal, operation: Operation): boolean {
  if (access === undefined) return true;
  switch (operation.kind) {
    case 'find':
    case 'store':
      return access.operations.includes(operation.kind);
    case 'retrieve':
      return operation.via === 'web' && access.operations.includes('get');
    case 'remove':
    case 'verify':
    case 'commit':
    case 'resolve':
    case 'administer':
      return false;
  }
}

function reasonOfPlace(
  { workstation }: PersonPrincipal,
  operation: Operation,
  { grant, nowMs, sopClasses }: Parameters<typeof decideForPerson>[2],
): RefusalReason | undefined {
  if (workstation === undefined) return grant.needsWorkstation === true ? 'workstation-missing' : undefined;
  return reasonAtWorkstation(workstation, operation, {
    opening: grant.workstation,
    word: isOnImages(operation) ? personWord(operation) : undefined,
    nowMs,
    sopClasses,
  });
}

type OnImages = Extract<Operation, { readonly kind: 'find' | 'store' | 'retrieve' | 'remove' }>;

function isOnImages(operation: Operation): operation is OnImages {
  return ['find', 'store', 'retrieve', 'remove'].includes(operation.kind);
}

function decideOnImages(
  principal: PersonPrincipal,
  operation: OnImages,
  facts: {
    readonly grant: PersonGrant;
    readonly nowMs: number;
    readonly sopClasses: SopClassFacts;
    readonly isFresh: boolean;
  },
): Decision {
  const bounds: RoleBounds = roleBounds[principal.role];
  const word = personWord(operation);
  if (word === undefined || !bounds.operations.includes(word)) return refuse('role');
  const { opening } = facts.grant;
  if (opening === undefined) return refuse('no-opening');
  const reason = reasonAgainst(principal, opening, facts.nowMs);
  if (reason !== undefined) return refuse(reason);
  if (!opening.operations.includes(word)) return refuse('operation');
  if ((word === 'export' || word === 'remove') && !facts.isFresh) return refuse('step-up');
  const { scope } = opening;
  // An opening without a project would show originals; objectionsToPerson lets none be made.
  if (principal.role === 'researcher' && scope.deIdentified === undefined) return refuse('role');
  if (operation.kind !== 'store') return { allowed: true, scope };
  const { sopClasses } = facts;
  const { sopClassUid } = operation;
  const isTaken = bounds.stores === 'evidence' ? sopClasses.isEvidence(sopClassUid) : sopClasses.isStorage(sopClassUid);
  if (!isTaken) return refuse('sop-class');
  // Whoever reads a part of the data must not make a study readable by sending something into it (as for devices).
  const isPart = scope.modalities !== undefined || scope.departments !== undefined;
  return { allowed: true, scope: isPart ? { ...scope, joinsReachedOnly: true } : scope };
}

function reasonAgainst(principal: PersonPrincipal, opening: PersonOpening, nowMs: number): RefusalReason | undefined {
  if (opening.account !== principal.account || opening.id !== principal.openingId) return 'no-opening';
  // Whoever changes the role gets new openings; an old one says nothing about the new role.
  if (opening.role !== principal.role) return 'role';
  return reasonNotOpen(opening, nowMs);
}

/** The word of a person's opening for an operation; undefined for what no person can ever be given. */
function personWord(operation: OnImages): PersonOperation | undefined {
  switch (operation.kind) {
    case 'find':
    case 'store':
      return operation.kind;
    case 'remove':
      // As for devices: to destroy a study, or to bring it back, is decided at this machine.
      return operation.step === 'request' ? 'remove' : undefined;
    case 'retrieve':
      return operation.via === 'web' ? 'get' : operation.via === 'export' ? 'export' : undefined;
  }
}
