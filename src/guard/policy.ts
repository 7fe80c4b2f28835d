/**
 * The policy: may this principal do this operation now, and on which part of the data? A pure function of what it is given;
 * everything that it does not expressly allow is refused.
 */
import type { Uid } from '../dicom/uid.ts';
import { type MoveDestination, type Opening, type OpeningOperation, reasonNotOpen } from './opening.ts';
import type { Operation, OperationKind, Retrieve, Store } from './operation.ts';
import { withinUser } from './device-user-policy.ts';
import { decideForPerson, type PersonGrant } from './person-policy.ts';
import type { DevicePrincipal, Principal } from './principal.ts';
import { type PurposeBounds, purposeBounds } from './purposes.ts';
import type { RefusalReason } from './refusal.ts';
import type { Scope } from './scope.ts';

/** A study that was released to an exchange partner. */
export interface ReleasedStudy {
  readonly studyInstanceUid: Uid;
  /** First moment at which it is not released any more. */
  readonly validUntilMs: number;
}

/** What the guard knows about a device at the moment of a use. */
export interface DeviceGrant {
  readonly holder: 'device';
  readonly opening: Opening;
  /** The device, or the certificate or token that it came with, was revoked. */
  readonly revoked: false | 'device-revoked' | 'certificate-revoked' | 'token-ended';
  /** Only for exchange. */
  readonly released: readonly ReleasedStudy[];
  /** What the person at the device was given; absent where nobody said who they are. */
  readonly user?: PersonGrant;
}

export type Grant = DeviceGrant | PersonGrant;

/** What the policy needs to know of SOP classes (PS3.4 B.5); the tables are in src/dicom. */
export interface SopClassFacts {
  isStorage(uid: Uid): boolean;
  isEvidence(uid: Uid): boolean;
}

export type Decision =
  | {
      readonly allowed: true;
      readonly scope: Scope;
      readonly moveDestination?: MoveDestination;
      /** Studies that were asked for by UID but are outside the scope: the answer is empty, the ledger says why. */
      readonly outside?: readonly Uid[];
    }
  | { readonly allowed: false; readonly reason: RefusalReason };

const refuse = (reason: RefusalReason): Decision => ({ allowed: false, reason });

/** Whoever may open the control socket administers; what a door offers of it is the door's affair. */
const operatorMay: Record<OperationKind, boolean> = {
  verify: true,
  store: true,
  find: true,
  retrieve: true,
  commit: true,
  remove: true,
  resolve: true,
  administer: true,
};
/** Leadglass's own jobs keep house; none of them reads or writes images in its own name. */
const systemMay: Record<OperationKind, boolean> = {
  verify: false,
  store: false,
  find: false,
  retrieve: false,
  commit: false,
  remove: false,
  resolve: false,
  administer: true,
};

/** The decision for one operation at one moment. `grant` is what a device or a person was given; other principals have none. */
export function decide(
  principal: Principal,
  operation: Operation,
  { grant, nowMs, sopClasses }: { readonly grant?: Grant; readonly nowMs: number; readonly sopClasses: SopClassFacts },
): Decision {
  switch (principal.kind) {
    case 'operator':
      return operatorMay[operation.kind] ? { allowed: true, scope: {} } : refuse('operation');
    case 'system':
      return systemMay[operation.kind] ? { allowed: true, scope: {} } : refuse('operation');
    case 'device': {
      if (grant?.holder !== 'device') return refuse('no-opening');
      const decision =
        reasonAgainst(principal, grant, nowMs) ?? decideForDevice(operation, grant, { nowMs, sopClasses });
      return withinUser(decision, principal, operation, { grant: grant.user, nowMs, sopClasses });
    }
    case 'person':
      if (grant?.holder !== 'person') return refuse('no-opening');
      return decideForPerson(principal, operation, { grant, nowMs, sopClasses });
  }
}

/** Does the opening stand, and is it this principal's? */
function reasonAgainst(
  principal: DevicePrincipal,
  { opening, revoked }: DeviceGrant,
  nowMs: number,
): Decision | undefined {
  if (opening.id !== principal.openingId || opening.device !== principal.device) return refuse('no-opening');
  if (opening.purpose !== principal.purpose) return refuse('no-opening');
  if (revoked !== false) return refuse(revoked);
  const notOpen = reasonNotOpen(opening, nowMs);
  return notOpen === undefined ? undefined : refuse(notOpen);
}

function decideForDevice(
  operation: Operation,
  grant: DeviceGrant,
  { nowMs, sopClasses }: { readonly nowMs: number; readonly sopClasses: SopClassFacts },
): Decision {
  const { opening } = grant;
  const bounds: PurposeBounds = purposeBounds[opening.purpose];
  const word = openingWord(operation);
  if (word === undefined || !bounds.operations.includes(word)) return refuse('purpose');
  if (!opening.operations.includes(word)) return refuse('operation');
  switch (operation.kind) {
    case 'verify':
      return { allowed: true, scope: {} };
    case 'store':
      return decideStore(operation, opening, sopClasses);
    case 'find':
      return { allowed: true, scope: readingScope(grant, bounds, nowMs) };
    case 'retrieve':
      return decideRetrieve(operation, opening, readingScope(grant, bounds, nowMs));
    case 'commit': {
      const scope = readingScope(grant, { ...bounds, releasedOnly: false }, nowMs);
      return { allowed: true, scope: bounds.commitsOwnOnly ? { ...scope, receivedFrom: opening.device } : scope };
    }
    case 'remove':
      return { allowed: true, scope: readingScope(grant, bounds, nowMs) };
    case 'resolve':
    case 'administer':
      return refuse('purpose');
  }
}

/** Does the opening hold this kind of operation at all? For negotiation; `decide` has the word on each use. */
export function openingOffers(
  opening: Opening,
  operation: OpeningOperation,
  { sopClassUid, sopClasses }: { readonly sopClassUid?: Uid | undefined; readonly sopClasses: SopClassFacts },
): boolean {
  const bounds: PurposeBounds = purposeBounds[opening.purpose];
  if (!bounds.operations.includes(operation) || !opening.operations.includes(operation)) return false;
  if (operation !== 'store' || sopClassUid === undefined) return true;
  if (bounds.stores === 'evidence') return sopClasses.isEvidence(sopClassUid);
  return sopClasses.isStorage(sopClassUid) || opening.privateSopClasses;
}

/** The word of an opening for an operation; undefined for what no opening can ever name. */
function openingWord(operation: Operation): OpeningOperation | undefined {
  switch (operation.kind) {
    case 'verify':
    case 'store':
    case 'find':
    case 'commit':
      return operation.kind;
    case 'remove':
      // A device can ask that a study be hidden; to destroy it, or to bring it back, is a person's decision at this machine.
      return operation.step === 'request' ? 'remove' : undefined;
    case 'retrieve':
      return retrieveWords[operation.via];
    case 'resolve':
    case 'administer':
      return undefined;
  }
}

/** To fetch back where one asks is one right, whatever the door; nobody fetches into the server's own files by an opening. */
const retrieveWords = { get: 'get', web: 'get', move: 'move', export: undefined } as const satisfies Record<
  Retrieve['via'],
  OpeningOperation | undefined
>;

/** With these a device reaches studies that are here. */
const reachingWords: ReadonlySet<OpeningOperation> = new Set<OpeningOperation>(['find', 'get', 'move', 'remove']);

function decideStore(operation: Store, opening: Opening, sopClasses: SopClassFacts): Decision {
  if (!openingOffers(opening, 'store', { sopClassUid: operation.sopClassUid, sopClasses })) return refuse('sop-class');
  // What a device may send is bounded by content. Who sent the study before counts only for a device that reads or removes its own
  // studies: one instance sent to a study of others would make that its own. Backends take the first instance of a new study.
  const reads = opening.operations.some((word) => reachingWords.has(word));
  const content = contentScope(opening);
  const isOwnOnly = opening.scope.ownStudiesOnly === true && reads;
  const isPartOnly = reads && (content.modalities !== undefined || content.departments !== undefined);
  return {
    allowed: true,
    scope: {
      ...content,
      ...(isOwnOnly ? { receivedFrom: opening.device } : {}),
      ...(isPartOnly ? { joinsReachedOnly: true } : {}),
    },
  };
}

function decideRetrieve(operation: Retrieve, opening: Opening, scope: Scope): Decision {
  const inside = scope.studyInstanceUids;
  const outside =
    inside === undefined ? [] : (operation.keys.studyInstanceUids ?? []).filter((uid) => !inside.includes(uid));
  const allowed = { allowed: true, scope, ...(outside.length > 0 ? { outside } : {}) } as const;
  if (operation.via !== 'move') return allowed;
  const moveDestination = opening.moveDestinations.find(({ aeTitle }) => aeTitle === operation.destination);
  if (moveDestination === undefined) return refuse('destination');
  return { ...allowed, moveDestination };
}

/** What find, retrieve, commit and remove reach. */
function readingScope({ opening, released }: DeviceGrant, bounds: PurposeBounds, nowMs: number): Scope {
  return {
    ...contentScope(opening),
    ...(opening.scope.ownStudiesOnly === true ? { receivedFrom: opening.device } : {}),
    ...(bounds.releasedOnly
      ? {
          studyInstanceUids: released
            .filter(({ validUntilMs }) => nowMs < validUntilMs)
            .map(({ studyInstanceUid }) => studyInstanceUid),
        }
      : {}),
  };
}

function contentScope({ scope: { ownStudiesOnly: _ownStudiesOnly, ...content } }: Opening): Scope {
  return content;
}
