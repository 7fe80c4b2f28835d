/** What the wizard has gathered so far, what is missing of it, and the call that it becomes. Pure. */
import type { CallInput } from '../../../../src/doors/control/control-calls.ts';

export type Purpose = CallInput<'deviceAdd'>['purpose'];
export type Operation = NonNullable<CallInput<'deviceAdd'>['operations']>[number];
export type Door = 'dimse' | 'web';
export type Proof = 'key' | 'csr' | 'certificate' | 'plain';

export interface DeviceDraft {
  readonly aeTitle: string;
  readonly purpose: Purpose;
  readonly reason: string;
  readonly until: string;
  readonly doors: readonly Door[];
  readonly proof: Proof;
  /** Of a request or a certificate. */
  readonly pem: string;
  readonly risk: string;
  /** As typed: separated by commas, spaces or lines. */
  readonly addresses: string;
  /** Undefined: what the purpose usually needs. */
  readonly operations: readonly Operation[] | undefined;
  readonly modalities: string;
  readonly ownStudiesOnly: boolean;
  readonly privateSopClasses: boolean;
}

export const emptyDraft: DeviceDraft = {
  aeTitle: '',
  purpose: 'acquisition',
  reason: '',
  until: '',
  doors: ['dimse'],
  proof: 'key',
  pem: '',
  risk: '',
  addresses: '',
  operations: undefined,
  modalities: '',
  ownStudiesOnly: false,
  privateSopClasses: false,
};

export type Fault =
  | 'missing'
  | 'ae-title'
  | 'past'
  | 'no-door'
  | 'not-request'
  | 'not-certificate'
  | 'plain-needs-address'
  | 'plain-too-long';
export type Faults = Partial<Record<keyof DeviceDraft, Fault>>;

/** A browser at which people sit. */
export function isWorkstationDraft({ purpose }: Pick<DeviceDraft, 'purpose'>): boolean {
  return purpose.startsWith('workstation-');
}

/** PS3.5 6.2 AE: at most 16 characters, no backslash, no control; outer spaces are trimmed before. */
const aeTitle = /^[\x20-\x5b\x5d-\x7e]{1,16}$/;

/** Plain exceptions last so long at most. */
export const plainDaysMax = 90;

export function faultsOfDevice({ aeTitle: title, reason }: DeviceDraft): Faults {
  return {
    ...(title.trim() === '' ? { aeTitle: 'missing' } : aeTitle.test(title.trim()) ? {} : { aeTitle: 'ae-title' }),
    ...(reason.trim() === '' ? { reason: 'missing' } : {}),
  };
}

/** @param today and plainEnd as YYYY-MM-DD */
export function faultsOfConnection(
  draft: DeviceDraft,
  { today, plainEnd }: { readonly today: string; readonly plainEnd: string },
): Faults {
  const { doors, proof, pem, risk, until } = draft;
  const isPlain = proof === 'plain';
  const faults: { -readonly [K in keyof Faults]: Fault } = {};
  if (!isPlain && doors.length === 0 && !isWorkstationDraft(draft)) faults.doors = 'no-door';
  if (proof === 'csr' && !pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) faults.pem = 'not-request';
  if (proof === 'certificate' && !pem.includes('-----BEGIN CERTIFICATE-----')) faults.pem = 'not-certificate';
  if (isPlain && risk.trim() === '') faults.risk = 'missing';
  if (isPlain && listOf(draft.addresses).length === 0) faults.addresses = 'plain-needs-address';
  if (until === '') faults.until = 'missing';
  else if (until < today) faults.until = 'past';
  else if (isPlain && until > plainEnd) faults.until = 'plain-too-long';
  return faults;
}

/** A list as typed. @param between what its entries are separated by */
export function listOf(text: string, between = /[\s,;]+/): string[] {
  return text
    .split(between)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** @param publicPem the public half of a key that this browser made */
export function deviceAddOf(draft: DeviceDraft, publicPem: string | undefined): CallInput<'deviceAdd'> {
  const modalities = listOf(draft.modalities).map((word) => word.toUpperCase());
  const isWorkstation = isWorkstationDraft(draft);
  // Typed for another purpose before; the server's own terms for a workstation are the only ones.
  const scope = isWorkstation
    ? {}
    : {
        ...(modalities.length === 0 ? {} : { modalities }),
        ...(draft.ownStudiesOnly ? { ownStudiesOnly: true } : {}),
      };
  return {
    aeTitle: draft.aeTitle.trim(),
    purpose: draft.purpose,
    reason: draft.reason.trim(),
    until: draft.until,
    credential: credentialOf(draft, publicPem),
    addresses: listOf(draft.addresses),
    scope,
    privateSopClasses: draft.privateSopClasses && !isWorkstation,
    ...(draft.proof === 'plain' || isWorkstation ? {} : { doors: [...draft.doors] }),
    ...(draft.operations === undefined || isWorkstation ? {} : { operations: [...draft.operations] }),
  };
}

function credentialOf(draft: DeviceDraft, publicPem: string | undefined): CallInput<'deviceAdd'>['credential'] {
  switch (draft.proof) {
    case 'key':
      return { kind: 'public-key', pem: publicPem ?? '' };
    case 'csr':
      return { kind: 'csr', pem: draft.pem };
    case 'certificate':
      return { kind: 'certificate', pem: draft.pem };
    case 'plain':
      return { kind: 'plain', risk: draft.risk.trim() };
  }
}
