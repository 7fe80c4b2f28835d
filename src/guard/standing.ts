/**
 * How somebody who was identified stands now: with the right that they came with, with one that replaced it, or with none. Asked when a
 * session begins, when the policy or an account changes, and when time has passed.
 */
import { chooseOpening } from './identify/ae-title.ts';
import type { AccessTokens } from './identify/access-token.ts';
import type { CertificateRules } from './identify/certificate.ts';
import { deviceUser } from './identify/device.ts';
import { chosenOpening, personPrincipal, type PersonSessions, placeOf, placeOfProgram } from './identify/person.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import type { AccountChecker } from './identify/user-identity.ts';
import type { PersonGrant } from './person-policy.ts';
import type { DeviceGrant, Grant } from './policy.ts';
import type { PolicyStore } from './policy-store.ts';
import type { DevicePrincipal, DeviceUser, PeerPrincipal, PersonPrincipal } from './principal.ts';
import type { OpeningRules } from './purposes.ts';
import type { RefusalReason } from './refusal.ts';
import type { Role } from './roles.ts';

export interface StandingFacts {
  readonly store: PolicyStore;
  readonly persons: PersonSessions;
  readonly accessTokens: AccessTokens;
  readonly accounts: AccountChecker;
  readonly facts: PeerFacts;
  readonly nowMs: number;
  readonly rules: OpeningRules;
  readonly certificateRules: CertificateRules;
  /** Roles that work at enrolled workstations only. */
  readonly workstationRoles: readonly Role[];
}

export type Standing =
  | { readonly principal: PeerPrincipal; readonly grant: Grant }
  | { readonly reason: RefusalReason };

/** A policy that cannot be read gives nothing; the next identification says what is wrong with it. */
export function standingOf(principal: PeerPrincipal, facts: StandingFacts): Standing {
  try {
    return principal.kind === 'device' ? deviceStanding(principal, facts) : personStanding(principal, facts);
  } catch {
    return { reason: 'no-opening' };
  }
}

/** What is said when the certificate, token or session that somebody came with has ended; when that is, the session knows. */
export function expiredReason(principal: PeerPrincipal): RefusalReason {
  if (principal.kind === 'person') return principal.access === undefined ? 'session-over' : 'token-expired';
  return principal.tokenId === undefined ? 'certificate-expired' : 'token-expired';
}

function deviceStanding(principal: DevicePrincipal, all: StandingFacts): Standing {
  const { store, facts, nowMs, rules } = all;
  const grant = deviceGrant(principal, store);
  if (grant !== undefined && grant.revoked !== false) return { reason: grant.revoked };
  const device = store.device(principal.device);
  if (grant === undefined || device === undefined) return { reason: 'no-opening' };
  // A token is bound to the very opening that it was made for; what replaces that one needs a new token.
  const own = store
    .openingsOf(principal.device)
    .filter(({ id }) => principal.tokenId === undefined || id === principal.openingId);
  const choice = chooseOpening(device, own, { facts, nowMs, rules });
  if ('reason' in choice) return choice;
  const { opening } = choice;
  // What was negotiated was negotiated for the old purpose.
  if (opening.purpose !== principal.purpose) return { reason: 'purpose' };
  const standing = { ...principal, openingId: opening.id };
  if (principal.person === undefined) return { principal: standing, grant: { ...grant, opening } };
  const user = userStanding(principal.person, all);
  if ('reason' in user) return user;
  return { principal: { ...standing, person: user.person }, grant: { ...grant, opening, user: user.grant } };
}

/** Who sits at the device: with the passcode that was shown still good, and the role still the same. */
function userStanding(
  { passcodeId, account, role }: DeviceUser,
  { store, accounts, facts, nowMs }: StandingFacts,
): { readonly person: DeviceUser; readonly grant: PersonGrant } | { readonly reason: RefusalReason } {
  const proof = accounts.byId(passcodeId);
  if (proof === undefined || proof.account !== account || proof.endsAtMs <= nowMs) {
    return { reason: 'user-identity-over' };
  }
  // What was negotiated was negotiated for the old role.
  if (proof.role !== role) return { reason: 'role' };
  const { address } = facts;
  const opening = chosenOpening(store.personOpenings.of(account), { session: proof, address, nowMs });
  return {
    person: deviceUser(proof, opening),
    grant: { holder: 'person', ...(opening === undefined ? {} : { opening }) },
  };
}

function deviceGrant(
  { device, openingId, certificateFingerprint, tokenId }: DevicePrincipal,
  store: PolicyStore,
): DeviceGrant | undefined {
  const opening = store.opening(openingId);
  if (opening === undefined) return undefined;
  const certificate =
    certificateFingerprint === undefined
      ? undefined
      : store.certificatesByFingerprint(certificateFingerprint).find((one) => one.device === device);
  const isCertificateGone =
    certificateFingerprint !== undefined && (certificate === undefined || certificate.revoked !== undefined);
  const isTokenGone = tokenId !== undefined && store.token(tokenId) === undefined;
  const isDeviceGone = store.device(device)?.revoked !== undefined;
  return {
    holder: 'device',
    opening,
    revoked: isDeviceGone ? 'device-revoked' : isTokenGone ? 'token-ended' : isCertificateGone && 'certificate-revoked',
    released: opening.purpose === 'exchange' ? store.releasesTo(device) : [],
  };
}

/** Without an opening a person is still somebody: the role may administer, and images are refused one by one. */
function personStanding(principal: PersonPrincipal, all: StandingFacts): Standing {
  const { store, persons, accessTokens, facts, nowMs, rules: openingRules, certificateRules, workstationRoles } = all;
  const { access } = principal;
  const session = access === undefined ? persons.byId(principal.sessionId) : accessTokens.byId(access.tokenId)?.session;
  if (session === undefined || session.account !== principal.account || session.endsAtMs <= nowMs) {
    return { reason: access === undefined ? 'session-over' : 'token-ended' };
  }
  const place = (access === undefined ? placeOf : placeOfProgram)(session, facts, {
    store,
    nowMs,
    openingRules,
    certificateRules,
  });
  if (place !== undefined && 'reason' in place) return { reason: place.reason };
  const { address } = facts;
  const own = store.personOpenings.of(session.account);
  // What is opened in an emergency is for the eyes at the console, not for a program of theirs.
  const emergency = access === undefined ? { emergencySessionId: principal.sessionId } : {};
  const opening = chosenOpening(own, { session, address, nowMs, ...emergency });
  return {
    principal: personPrincipal(session, opening, address, {
      workstation: place?.place,
      ...(access === undefined ? {} : { access }),
    }),
    grant: {
      holder: 'person',
      ...(opening === undefined ? {} : { opening }),
      ...(place === undefined ? {} : { workstation: place.opening }),
      ...(place === undefined && workstationRoles.includes(session.role) ? { needsWorkstation: true } : {}),
    },
  };
}
