/**
 * A person at the web door, by the session in which the two factors were shown. Who the factors belong to is known to whoever keeps
 * the accounts (src/people); what the person may do is said by the openings here.
 */
import { openingState } from '../opening.ts';
import { objectionsToPerson, type PersonOpening } from '../person-opening.ts';
import type { PolicyStore } from '../policy-store.ts';
import type { PersonPrincipal, ProgramAccess } from '../principal.ts';
import type { RefusalReason } from '../refusal.ts';
import type { Role } from '../roles.ts';
import { addressAllowed, addressKey } from './address.ts';
import type { PeerFacts } from './peer-facts.ts';

/** A session of somebody who has shown two factors, as it is now. */
export interface PersonSession {
  readonly id: number;
  readonly account: string;
  readonly role: Role;
  /** Last moment at which it is good, whatever is done in it. */
  readonly endsAtMs: number;
  /** Until then a second factor counts as just shown. */
  readonly freshUntilMs: number;
}

/** Whoever keeps accounts. */
export interface PersonSessions {
  /** The session with this secret; undefined when there is none, it has ended, or its account is disabled. */
  bySecret(secret: string): PersonSession | undefined;
  /** The same by its number, for a look again; it is no use of the session. */
  byId(id: number): PersonSession | undefined;
  /** Calls `listener` with each account whose sessions ended or changed. */
  onChange(listener: (account: string) => void): Disposable;
}

/** The sessions of an installation without accounts: nobody has one. */
export const noPersons: PersonSessions = {
  bySecret: () => undefined,
  byId: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

export function identifyPerson(
  facts: PeerFacts & { readonly session: string },
  nowMs: number,
  { store, persons }: { readonly store: PolicyStore; readonly persons: PersonSessions },
): { readonly principal: PersonPrincipal; readonly proofNotAfterMs: number } | { readonly reason: RefusalReason } {
  const session = persons.bySecret(facts.session);
  if (session === undefined || session.endsAtMs <= nowMs) return { reason: 'session-unknown' };
  const { address } = facts;
  const own = store.personOpenings.of(session.account);
  const opening = chosenOpening(own, { session, address, nowMs, emergencySessionId: session.id });
  return { principal: personPrincipal(session, opening, address), proofNotAfterMs: session.endsAtMs - 1 };
}

/**
 * The newest that fits, an emergency of this very session before all others: while it lasts, its session sees that patient and
 * nobody else. Else the newest at all, whose state then says why nothing is allowed.
 * @param emergencySessionId the session at the console; whoever comes by another way has none, and no emergency of the person is theirs
 */
export function chosenOpening(
  openings: readonly PersonOpening[],
  {
    session,
    address,
    nowMs,
    emergencySessionId,
  }: {
    readonly session: Pick<PersonSession, 'role'>;
    readonly address: string;
    readonly nowMs: number;
    readonly emergencySessionId?: number;
  },
): PersonOpening | undefined {
  const isOfSession = ({ emergency }: PersonOpening): boolean =>
    emergency === undefined || emergency.sessionId === emergencySessionId;
  const newest = openings.filter(isOfSession).toSorted(byEmergencyAndAge);
  const fits = (opening: PersonOpening): boolean =>
    openingState(opening, nowMs) === 'open' &&
    opening.role === session.role &&
    objectionsToPerson(opening).length === 0 &&
    addressAllowed(opening.addresses, address);
  const usual = newest.filter(({ emergency }) => emergency === undefined);
  return newest.find(fits) ?? usual.find((opening) => addressAllowed(opening.addresses, address));
}

function byEmergencyAndAge(a: PersonOpening, b: PersonOpening): number {
  return Number(b.emergency !== undefined) - Number(a.emergency !== undefined) || b.id - a.id;
}

export function personPrincipal(
  { id, account, role, freshUntilMs }: PersonSession,
  opening: PersonOpening | undefined,
  address: string,
  access?: ProgramAccess,
): PersonPrincipal {
  return {
    kind: 'person',
    account,
    role,
    sessionId: id,
    address: addressKey(address),
    // A program has no fingers to show a second factor with.
    freshUntilMs: access === undefined ? freshUntilMs : 0,
    ...(access === undefined ? {} : { access }),
    ...(opening === undefined ? {} : { openingId: opening.id }),
  };
}
