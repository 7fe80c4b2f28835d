/**
 * From what a peer showed to the device that it is: certificate, AE titles, address, opening and user identity together. Every
 * single one must fit; the first that does not is the reason. Recording and counting is left to guard.ts.
 */
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { Device } from '../policy-rows.ts';
import type { PolicyStore } from '../policy-store.ts';
import type { PersonOpening } from '../person-opening.ts';
import type { DeviceUser, PeerPrincipal } from '../principal.ts';
import type { OpeningRules } from '../purposes.ts';
import type { RefusalReason } from '../refusal.ts';
import { addressKey } from './address.ts';
import { chooseOpening, readAeTitle } from './ae-title.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './certificate.ts';
import type { PeerFacts } from './peer-facts.ts';
import { chosenOpening } from './person.ts';
import { type AccountChecker, checkUserIdentity, type UserProof } from './user-identity.ts';

export interface IdentifyOptions {
  readonly store: PolicyStore;
  readonly calledAeTitles: readonly AeTitle[];
  readonly accounts: AccountChecker;
  readonly certificateRules: CertificateRules;
  readonly openingRules: OpeningRules;
  readonly userNameCharactersMax: number;
  /** Too many failures came from this address or device: no passcode or token is even looked at. */
  readonly secretsBlocked: boolean;
}

export type Identification =
  | {
      readonly principal: PeerPrincipal;
      /** Last moment at which the certificate, token, session or passcode is good. */
      readonly proofNotAfterMs?: number;
      /** What is said afterwards, where it is not what ends first by its kind. */
      readonly proofEnd?: RefusalReason;
    }
  | {
      readonly reason: RefusalReason;
      /** Whose name was said or whose session was shown, when it is an account of ours. */
      readonly account?: string;
    };

export async function identifyDevice(
  facts: PeerFacts,
  nowMs: number,
  options: IdentifyOptions,
): Promise<Identification> {
  const { store } = options;
  const callingAeTitle = readAeTitle(facts.callingAeTitle);
  const isPlain = facts.door === 'dimse-plain';
  const fingerprint = facts.certificate === undefined ? '' : normalizeFingerprint(facts.certificate.fingerprint256);
  let device: Device | undefined;
  if (isPlain) {
    device = callingAeTitle === undefined ? undefined : store.device(callingAeTitle);
    if (device === undefined) return { reason: 'device-unknown' };
  } else {
    const enrolled = store.certificatesByFingerprint(fingerprint);
    const weakness = reasonAgainstCertificate(facts.certificate, enrolled, { nowMs, rules: options.certificateRules });
    if (weakness !== undefined) return { reason: weakness };
    const own = enrolled.find((certificate) => certificate.device === callingAeTitle);
    if (own === undefined) return { reason: 'calling-ae-title' };
    if (own.revoked !== undefined) return { reason: 'certificate-revoked' };
    device = store.device(own.device);
    if (device === undefined) return { reason: 'device-unknown' };
  }
  const choice = chooseOpening(device, store.openingsOf(device.name), { facts, nowMs, rules: options.openingRules });
  if ('reason' in choice) return choice;
  // Last of the names: only who has proven the rest is told that the called AE title is not ours.
  const calledAeTitle = readAeTitle(facts.calledAeTitle);
  if (calledAeTitle === undefined || !options.calledAeTitles.includes(calledAeTitle)) {
    return { reason: 'called-ae-title' };
  }
  const identity = await checkUserIdentity(facts.userIdentity, {
    isPlain,
    device: device.name,
    address: facts.address,
    accounts: options.accounts,
    secretsBlocked: options.secretsBlocked,
    userNameCharactersMax: options.userNameCharactersMax,
  });
  if ('reason' in identity) return identity;
  const { user } = identity;
  const whose = user === undefined ? [] : store.personOpenings.of(user.account);
  const personal = user && chosenOpening(whose, { session: user, address: facts.address, nowMs });
  return {
    ...endOfProof(facts.certificate?.notAfterMs, user),
    principal: {
      kind: 'device',
      device: device.name,
      openingId: choice.opening.id,
      purpose: choice.opening.purpose,
      address: addressKey(facts.address),
      ...(isPlain ? {} : { certificateFingerprint: fingerprint }),
      ...(identity.userName === undefined ? {} : { userName: identity.userName }),
      ...(user === undefined ? {} : { person: deviceUser(user, personal) }),
    },
  };
}

/** Certificate and passcode have an end each; the first is the association's. */
function endOfProof(
  certificateNotAfterMs: number | undefined,
  user: UserProof | undefined,
): Pick<Extract<Identification, { principal: PeerPrincipal }>, 'proofNotAfterMs' | 'proofEnd'> {
  const userNotAfterMs = user && user.endsAtMs - 1;
  if (userNotAfterMs !== undefined && userNotAfterMs < (certificateNotAfterMs ?? Number.POSITIVE_INFINITY)) {
    return { proofNotAfterMs: userNotAfterMs, proofEnd: 'user-identity-over' };
  }
  return certificateNotAfterMs === undefined ? {} : { proofNotAfterMs: certificateNotAfterMs };
}

export function deviceUser({ id, account, role }: UserProof, opening: PersonOpening | undefined): DeviceUser {
  return { account, role, passcodeId: id, ...(opening === undefined ? {} : { openingId: opening.id }) };
}
