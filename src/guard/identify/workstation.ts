/**
 * At which enrolled workstation does a browser stand? TLS has proven with each connection that it holds the key of the certificate
 * that it showed. Certificates of others (a modality's, a health card) say nothing here; one of a workstation must be good, since
 * a reading station whose certificate has ended must not become a browser without bounds.
 */
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { Opening } from '../opening.ts';
import type { DeviceCertificate } from '../policy-rows.ts';
import type { PolicyStore } from '../policy-store.ts';
import type { WorkstationPlace } from '../principal.ts';
import type { OpeningRules } from '../purposes.ts';
import type { RefusalReason } from '../refusal.ts';
import { isWorkstationPurpose } from '../workstations.ts';
import { chooseOpening, readAeTitle } from './ae-title.ts';
import { type CertificateRules, normalizeFingerprint, reasonAgainstCertificate } from './certificate.ts';
import type { PeerFacts } from './peer-facts.ts';

export interface WorkstationFacts {
  readonly store: PolicyStore;
  readonly nowMs: number;
  readonly certificateRules: CertificateRules;
  readonly openingRules: OpeningRules;
}

/** A workstation that stands now, with the opening by which people may sit there. */
export interface StandingWorkstation {
  readonly place: WorkstationPlace;
  readonly opening: Opening;
  /** Last moment at which its certificate is good; infinite where a passkey says which it is. */
  readonly notAfterMs: number;
}

/** Undefined: a browser that belongs to no workstation. */
export function workstationOf(
  facts: Pick<PeerFacts, 'address' | 'localPort' | 'certificate'>,
  { store, nowMs, certificateRules: rules, openingRules }: WorkstationFacts,
): StandingWorkstation | { readonly reason: RefusalReason } | undefined {
  const { certificate } = facts;
  if (certificate === undefined) return undefined;
  const known = store.certificatesByFingerprint(normalizeFingerprint(certificate.fingerprint256));
  const ofWorkstations = known.filter(({ device }) => isWorkstation(store, device));
  const [own, other] = ofWorkstations;
  if (own === undefined) return undefined;
  // One purpose: a certificate that stands for two workstations, or for a modality as well, bounds nothing.
  if (other !== undefined || known.length > 1) return { reason: 'device-ambiguous' };
  const weakness = reasonAgainstCertificate(certificate, [own], { nowMs, rules });
  if (weakness !== undefined) return { reason: weakness };
  const standing = standingOf(own.device, facts, { store, nowMs, openingRules });
  return 'reason' in standing ? standing : { ...standing, notAfterMs: certificate.notAfterMs };
}

/** The workstation of this name, where a passkey has said which it is. */
export function workstationNamed(
  name: string,
  facts: Pick<PeerFacts, 'address' | 'localPort'>,
  options: WorkstationFacts,
): StandingWorkstation | { readonly reason: RefusalReason } {
  const device = readAeTitle(name);
  if (device === undefined) return { reason: 'device-unknown' };
  const standing = standingOf(device, facts, options);
  return 'reason' in standing ? standing : { ...standing, notAfterMs: Number.POSITIVE_INFINITY };
}

function standingOf(
  name: AeTitle,
  { address, localPort }: Pick<PeerFacts, 'address' | 'localPort'>,
  { store, nowMs, openingRules: rules }: Pick<WorkstationFacts, 'store' | 'nowMs' | 'openingRules'>,
): Omit<StandingWorkstation, 'notAfterMs'> | { readonly reason: RefusalReason } {
  const device = store.device(name);
  if (device === undefined || !isWorkstationPurpose(device.purpose)) return { reason: 'device-unknown' };
  const facts = { door: 'web', address, ...(localPort === undefined ? {} : { localPort }) } as const;
  const choice = chooseOpening(device, store.openingsOf(device.name), { facts, nowMs, rules });
  if ('reason' in choice) return choice;
  const { opening } = choice;
  return { place: { device: device.name, purpose: device.purpose, openingId: opening.id }, opening };
}

function isWorkstation(store: PolicyStore, device: DeviceCertificate['device']): boolean {
  const purpose = store.device(device)?.purpose;
  return purpose !== undefined && isWorkstationPurpose(purpose);
}
