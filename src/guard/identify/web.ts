/**
 * Who asks at the web door: a device by its client certificate, or by a token that was made for one of its openings. No AE
 * title is said here, so the certificate must stand for one device alone. Or a person, by a session of two factors or by the access
 * token of a program.
 */
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { Opening } from '../opening.ts';
import type { DeviceToken } from '../policy-rows.ts';
import type { PolicyStore } from '../policy-store.ts';
import type { OpeningRules } from '../purposes.ts';
import type { RefusalReason } from '../refusal.ts';
import { type AccessTokens, identifyByAccessToken } from './access-token.ts';
import { addressKey } from './address.ts';
import { chooseOpening } from './ae-title.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './certificate.ts';
import type { Identification } from './device.ts';
import type { PeerFacts } from './peer-facts.ts';
import { identifyPerson, type PersonSessions } from './person.ts';
import { tokenHash } from './token.ts';

export interface WebIdentifyOptions {
  readonly store: PolicyStore;
  readonly persons: PersonSessions;
  readonly accessTokens: AccessTokens;
  readonly certificateRules: CertificateRules;
  readonly openingRules: OpeningRules;
}

type Found = { readonly device: AeTitle; readonly opening: Opening };
type Proof<P> = (Found & P) | { readonly reason: RefusalReason };

/** A certificate that is shown must be good, also beside a token: nothing that was shown is overlooked. */
export async function identifyAtWeb(
  facts: PeerFacts,
  nowMs: number,
  options: WebIdentifyOptions,
): Promise<Identification> {
  const { session } = facts;
  if (session !== undefined) {
    // A browser sends its certificate by itself; a token beside a session is somebody who mixes up two.
    if (facts.token !== undefined) return { reason: 'credentials-differ' };
    return identifyPerson({ ...facts, session }, nowMs, options);
  }
  // What has not the form of a device's token can only be a person's. As beside a session, a certificate then says
  // nothing unless it is a workstation's.
  const { token } = facts;
  if (token !== undefined && tokenHash(token) === undefined) {
    return identifyByAccessToken({ ...facts, token }, nowMs, options);
  }
  const byCertificate = facts.certificate === undefined ? undefined : certificateProof(facts, nowMs, options);
  if (byCertificate !== undefined && 'reason' in byCertificate) return byCertificate;
  const byToken = facts.token === undefined ? undefined : tokenProof(facts, facts.token, nowMs, options);
  if (byToken !== undefined && 'reason' in byToken) return byToken;
  if (byCertificate !== undefined && byToken !== undefined && byCertificate.device !== byToken.device) {
    return { reason: 'credentials-differ' };
  }
  // A token was made for one opening; where there is one, it says which.
  const found = byToken ?? byCertificate;
  if (found === undefined) return { reason: 'credential-missing' };
  const ends = [byToken?.token.notAfterMs, facts.certificate?.notAfterMs].filter((end) => end !== undefined);
  return {
    proofNotAfterMs: Math.min(...ends),
    principal: {
      kind: 'device',
      device: found.device,
      openingId: found.opening.id,
      purpose: found.opening.purpose,
      address: addressKey(facts.address),
      ...(byCertificate === undefined ? {} : { certificateFingerprint: byCertificate.fingerprint }),
      ...(byToken === undefined ? {} : { tokenId: byToken.token.id }),
    },
  };
}

function certificateProof(
  facts: PeerFacts,
  nowMs: number,
  options: WebIdentifyOptions,
): Proof<{ readonly fingerprint: string }> {
  const { store, certificateRules } = options;
  const fingerprint = normalizeFingerprint(facts.certificate?.fingerprint256 ?? '');
  const enrolled = store.certificatesByFingerprint(fingerprint);
  const weakness = reasonAgainstCertificate(facts.certificate, enrolled, { nowMs, rules: certificateRules });
  if (weakness !== undefined) return { reason: weakness };
  const holders = enrolled.filter(({ revoked }) => revoked === undefined);
  const choices = holders.map(({ device }) => ({ device, ...openingFor(device, facts, nowMs, options) }));
  const fitting = choices.filter((choice) => 'opening' in choice);
  const [first] = fitting;
  if (first === undefined) return { reason: choices.find((choice) => 'reason' in choice)?.reason ?? 'device-unknown' };
  return fitting.length === 1 ? { ...first, fingerprint } : { reason: 'device-ambiguous' };
}

function tokenProof(
  facts: PeerFacts,
  text: string,
  nowMs: number,
  options: WebIdentifyOptions,
): Proof<{ readonly token: DeviceToken }> {
  const hash = tokenHash(text);
  const token = hash === undefined ? undefined : options.store.tokenByHash(hash);
  if (token === undefined || nowMs > token.notAfterMs) return { reason: 'token-unknown' };
  const choice = openingFor(token.device, facts, nowMs, options, token.openingId);
  return 'reason' in choice ? choice : { device: token.device, opening: choice.opening, token };
}

/** @param only the one opening that may be chosen */
function openingFor(
  name: AeTitle,
  facts: PeerFacts,
  nowMs: number,
  { store, openingRules: rules }: WebIdentifyOptions,
  only?: number,
): ReturnType<typeof chooseOpening> {
  const device = store.device(name);
  if (device === undefined) return { reason: 'device-unknown' };
  const openings = store.openingsOf(name).filter(({ id }) => only === undefined || id === only);
  return chooseOpening(device, openings, { facts, nowMs, rules });
}
