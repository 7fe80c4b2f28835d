/**
 * A person at the web door, by the session in which the two factors were shown. Who the factors belong to is known to whoever keeps
 * the accounts (src/people); what the person may do is said by the openings here.
 */
import { holdsFor, type PersonOpening } from '../person-opening.ts';
import type { PersonPrincipal, ProgramAccess, WorkstationPlace } from '../principal.ts';
import type { RefusalReason } from '../refusal.ts';
import type { Role } from '../roles.ts';
import { addressAllowed, addressKey } from './address.ts';
import type { PeerFacts } from './peer-facts.ts';
import { type StandingWorkstation, type WorkstationFacts, workstationNamed, workstationOf } from './workstation.ts';

/** A session of somebody who has shown two factors, as it is now. */
export interface PersonSession {
  readonly id: number;
  readonly account: string;
  readonly role: Role;
  /** Last moment at which it is good, whatever is done in it. */
  readonly endsAtMs: number;
  /** Until then a second factor counts as just shown. */
  readonly freshUntilMs: number;
  /** Name of the workstation at which it was begun. */
  readonly workstation?: string;
  /** That is known by a passkey that lives in the workstation, shown when the session began; no certificate is asked for. */
  readonly isByPasskey?: true;
}

/** Whoever keeps accounts. */
export interface PersonSessions {
  /** The session with this secret; undefined when there is none, it has ended, or its account is disabled. */
  bySecret(secret: string): PersonSession | undefined;
  /** The same, but it is no use of the session. */
  lookUp(secret: string): PersonSession | undefined;
  /** By its number, for a look again; no use either. */
  byId(id: number): PersonSession | undefined;
  /** Calls `listener` with each account whose sessions ended or changed. */
  onChange(listener: (account: string) => void): Disposable;
}

/** The sessions of an installation without accounts: nobody has one. */
export const noPersons: PersonSessions = {
  bySecret: () => undefined,
  lookUp: () => undefined,
  byId: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

export interface PersonFacts extends Omit<WorkstationFacts, 'nowMs'> {
  readonly persons: PersonSessions;
}

export function identifyPerson(
  facts: PeerFacts & { readonly session: string },
  nowMs: number,
  options: PersonFacts,
):
  | { readonly principal: PersonPrincipal; readonly proofNotAfterMs: number }
  | { readonly reason: RefusalReason; readonly account?: string } {
  const { store, persons } = options;
  // Whoever has a session's secret at the wrong place must not keep it alive: no use of it until the place is right.
  const place = placeOf(persons.lookUp(facts.session), facts, { ...options, nowMs });
  if (place !== undefined && 'reason' in place) return place;
  const session = persons.bySecret(facts.session);
  if (session === undefined || session.endsAtMs <= nowMs) return { reason: 'session-unknown' };
  const { address } = facts;
  const own = store.personOpenings.of(session.account);
  const opening = chosenOpening(own, { session, address, nowMs, emergencySessionId: session.id });
  return {
    principal: personPrincipal(session, opening, address, { workstation: place?.place }),
    proofNotAfterMs: Math.min(session.endsAtMs - 1, place?.notAfterMs ?? Number.POSITIVE_INFINITY),
  };
}

/**
 * The workstation at which a session is used; undefined when it was begun at none and is used at none. Where it was begun and where it
 * is used are the same: a stolen cookie is good nowhere else, and no session comes to a workstation from outside.
 */
export function placeOf(
  session: PersonSession | undefined,
  facts: Pick<PeerFacts, 'address' | 'localPort' | 'certificate'>,
  options: WorkstationFacts,
): StandingWorkstation | { readonly reason: RefusalReason; readonly account?: string } | undefined {
  const place = workstationOf(facts, options) ?? placeByPasskey(session, facts, options);
  const whose = session === undefined ? {} : { account: session.account };
  if (place !== undefined && 'reason' in place) return { ...place, ...whose };
  if (session !== undefined && session.workstation !== place?.place.device) {
    return { reason: 'workstation-differs', ...whose };
  }
  return place;
}

/**
 * The same for a program that acts for a person, wherever it runs: browsers lend no certificate to pages of others. What was let to it
 * at a workstation stays within that workstation's bounds; one whose certificate it does show bounds it as well.
 */
export function placeOfProgram(
  session: PersonSession,
  facts: Pick<PeerFacts, 'address' | 'localPort' | 'certificate'>,
  options: WorkstationFacts,
): ReturnType<typeof placeOf> {
  const { workstation: name } = session;
  if (name !== undefined) return placeOf({ ...session, isByPasskey: true }, facts, options);
  return workstationOf(facts, options);
}

function placeByPasskey(
  session: PersonSession | undefined,
  facts: Pick<PeerFacts, 'address' | 'localPort'>,
  options: WorkstationFacts,
): ReturnType<typeof workstationOf> {
  if (session?.isByPasskey !== true || session.workstation === undefined) return undefined;
  return workstationNamed(session.workstation, facts, options);
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
  const fits = (opening: PersonOpening): boolean => holdsFor(opening, { role: session.role, address, nowMs });
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
  {
    access,
    workstation,
  }: { readonly access?: ProgramAccess; readonly workstation?: WorkstationPlace | undefined } = {},
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
    ...(workstation === undefined ? {} : { workstation }),
  };
}
