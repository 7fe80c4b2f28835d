/**
 * A person at a DIMSE device: what is done must be allowed to both. What the person may is asked of the policy of people, in its own
 * words; a fresh second factor is never there, since a passcode is shown by a program.
 */
import { knownUid, type Uid } from '../dicom/uid.ts';
import type { Operation } from './operation.ts';
import type { OpeningOperation } from './opening.ts';
import { decideForPerson, type PersonGrant } from './person-policy.ts';
import type { Decision, SopClassFacts } from './policy.ts';
import type { DevicePrincipal, DeviceUser } from './principal.ts';
import { type PersonOperation, type RoleBounds, roleBounds } from './roles.ts';
import { scopeWithin } from './scope.ts';

interface UseFacts {
  readonly grant: PersonGrant | undefined;
  readonly nowMs: number;
  readonly sopClasses: SopClassFacts;
}

/** The device's decision, narrowed to what its user may. */
export function withinUser(
  ofDevice: Decision,
  principal: DevicePrincipal,
  operation: Operation,
  facts: UseFacts,
): Decision {
  const { person } = principal;
  if (person === undefined || !ofDevice.allowed) return ofDevice;
  const ofPerson = decideForUser({ ...person, address: principal.address }, operation, facts);
  return ofPerson.allowed ? { ...ofDevice, scope: scopeWithin(ofDevice.scope, ofPerson.scope) } : ofPerson;
}

function decideForUser(
  { passcodeId, address, ...person }: DeviceUser & { readonly address: string },
  operation: Operation,
  { grant, nowMs, sopClasses }: UseFacts,
): Decision {
  if (operation.kind === 'verify') return { allowed: true, scope: {} };
  // What is de-identified is made for the web door; over DIMSE nothing leaves but as it is stored.
  if (person.role === 'researcher') return { allowed: false, reason: 'role' };
  if (grant === undefined) return { allowed: false, reason: 'no-opening' };
  const principal = { ...person, kind: 'person', sessionId: passcodeId, address, freshUntilMs: 0 } as const;
  const decisions = inWordsOfPeople(operation).map((one) =>
    decideForPerson(principal, one, { grant, nowMs, sopClasses }),
  );
  return decisions.find(({ allowed }) => !allowed) ?? decisions[0] ?? { allowed: false, reason: 'operation' };
}

/** Nobody but the sender's own record names it; a policy does not look at it. */
const anyTransferSyntax = knownUid('1.2.840.10008.1.2');

/** To fetch and to have sent to a named workstation are one right of a person; who may store may ask whether it is safe. */
function inWordsOfPeople(operation: Operation): readonly Operation[] {
  if (operation.kind === 'retrieve' && (operation.via === 'get' || operation.via === 'move')) {
    return [{ ...operation, via: 'web' }];
  }
  if (operation.kind !== 'commit') return [operation];
  return operation.references.map((reference) => ({
    kind: 'store',
    ...reference,
    transferSyntaxUid: anyTransferSyntax,
  }));
}

const words: Partial<Record<OpeningOperation, PersonOperation>> = {
  store: 'store',
  commit: 'store',
  find: 'find',
  get: 'get',
  move: 'get',
};

/** Could this ever be admitted to that person? For negotiation; each use is decided by itself. */
export function userOffers(
  { role }: DeviceUser,
  grant: PersonGrant | undefined,
  operation: OpeningOperation,
  { sopClassUid, sopClasses }: { readonly sopClassUid?: Uid | undefined; readonly sopClasses: SopClassFacts },
): boolean {
  if (operation === 'verify') return true;
  const bounds: RoleBounds = roleBounds[role];
  const word = words[operation];
  const opening = grant?.opening;
  if (word === undefined || opening === undefined || role === 'researcher') return false;
  if (!bounds.operations.includes(word) || !opening.operations.includes(word)) return false;
  if (operation !== 'store' || sopClassUid === undefined) return true;
  return bounds.stores === 'evidence' ? sopClasses.isEvidence(sopClassUid) : sopClasses.isStorage(sopClassUid);
}
