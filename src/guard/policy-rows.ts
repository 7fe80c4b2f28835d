/**
 * What the rows of `guard.sqlite` are that tell of devices. They become typed values by the same parse functions as anything from outside: an
 * edited database opens nothing.
 */
import * as v from 'valibot';
import { type AeTitle, parseAeTitle } from '../dicom/ae-title.ts';
import { type Uid, parseUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { type Opening, openingTermsSchema } from './opening.ts';
import type { ReleasedStudy } from './policy.ts';
import type { Purpose } from './principal.ts';
import { parsedRow, type Row } from './row.ts';

export interface Device {
  readonly name: AeTitle;
  readonly purpose: Purpose;
  readonly reason: string;
  readonly owner: string;
  readonly createdAtMs: number;
  readonly revoked?: { readonly atMs: number; readonly by: string; readonly reason: string };
}

/** A certificate that one device may show. */
export interface DeviceCertificate {
  /** SHA-256 in lower-case hex. */
  readonly fingerprint256: string;
  readonly device: AeTitle;
  /** `own`: issued by our authority, the chain must verify; `pinned`: of somebody else, exactly this one is trusted. */
  readonly origin: 'own' | 'pinned';
  readonly subject: string;
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly addedAtMs: number;
  readonly revoked?: { readonly atMs: number; readonly reason: string };
}

export interface Release extends ReleasedStudy {
  readonly id: number;
  readonly device: AeTitle;
  readonly reason: string;
  readonly owner: string;
  readonly createdAtMs: number;
  readonly withdrawnAtMs?: number;
}

/** A device's short-lived proof for the web door, bound to one opening. Of the token itself only its hash is known. */
export interface DeviceToken {
  readonly id: number;
  readonly device: AeTitle;
  readonly openingId: number;
  readonly createdAtMs: number;
  /** Last moment at which it is good. */
  readonly notAfterMs: number;
}

export interface Usage {
  readonly lastUsedAtMs: number;
  readonly useCount: number;
}

export function deviceOf(row: Row): Device {
  const revokedAtMs = row['revoked_at'];
  return {
    name: aeTitle(row, 'name'),
    purpose: parsed(openingTermsSchema.entries.purpose, row['purpose']),
    reason: text(row, 'reason'),
    owner: text(row, 'owner'),
    createdAtMs: integer(row, 'created_at'),
    ...(typeof revokedAtMs === 'number'
      ? { revoked: { atMs: revokedAtMs, by: text(row, 'revoked_by'), reason: text(row, 'revoked_reason') } }
      : {}),
  };
}

export function certificateOf(row: Row): DeviceCertificate {
  const revokedAtMs = row['revoked_at'];
  return {
    fingerprint256: text(row, 'fingerprint'),
    device: aeTitle(row, 'device'),
    origin: parsed(v.picklist(['own', 'pinned']), row['origin']),
    subject: text(row, 'subject'),
    serialNumber: text(row, 'serial_number'),
    notBeforeMs: integer(row, 'not_before'),
    notAfterMs: integer(row, 'not_after'),
    addedAtMs: integer(row, 'added_at'),
    ...(typeof revokedAtMs === 'number' ? { revoked: { atMs: revokedAtMs, reason: text(row, 'revoked_reason') } } : {}),
  };
}

export function openingOf(row: Row): Opening {
  let json: unknown;
  try {
    json = JSON.parse(text(row, 'terms'));
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read the policy: the terms of an opening are not JSON', { cause });
  }
  const terms = parsed(openingTermsSchema, json);
  const closedAtMs = row['closed_at'];
  return {
    ...terms,
    id: integer(row, 'id'),
    createdAtMs: integer(row, 'created_at'),
    ...(typeof closedAtMs === 'number'
      ? { closed: { atMs: closedAtMs, by: text(row, 'closed_by'), reason: text(row, 'closed_reason') } }
      : {}),
  };
}

export function tokenOf(row: Row): DeviceToken {
  return {
    id: integer(row, 'id'),
    device: aeTitle(row, 'device'),
    openingId: integer(row, 'opening'),
    createdAtMs: integer(row, 'created_at'),
    notAfterMs: integer(row, 'not_after'),
  };
}

export function releaseOf(row: Row): Release {
  const withdrawnAtMs = row['withdrawn_at'];
  return {
    id: integer(row, 'id'),
    device: aeTitle(row, 'device'),
    studyInstanceUid: uid(row, 'study_instance_uid'),
    reason: text(row, 'reason'),
    owner: text(row, 'owner'),
    createdAtMs: integer(row, 'created_at'),
    validUntilMs: integer(row, 'valid_until'),
    ...(typeof withdrawnAtMs === 'number' ? { withdrawnAtMs } : {}),
  };
}

export function usageOf(row: Row): Usage {
  return { lastUsedAtMs: integer(row, 'last_used_at'), useCount: integer(row, 'use_count') };
}

const parsed = <S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> =>
  parsedRow(schema, value, 'a row');
const text = (row: Row, column: string): string => parsed(v.string(), row[column]);
const integer = (row: Row, column: string): number => parsed(v.pipe(v.number(), v.safeInteger()), row[column]);
const aeTitle = (row: Row, column: string): AeTitle => parseAeTitle(text(row, column), column);
const uid = (row: Row, column: string): Uid => parseUid(text(row, column), column);
