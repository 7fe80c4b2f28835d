/**
 * Devices, certificates, openings, releases and their use in `guard.sqlite`. Only remembers and tells who changed; what may be
 * written is decided in device-service.ts, what follows from it in policy.ts.
 */
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import * as v from 'valibot';
import { type AeTitle, parseAeTitle } from '../dicom/ae-title.ts';
import { type Uid, parseUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { type Opening, type OpeningTerms, openingTermsSchema } from './opening.ts';
import { Emergencies, emergencySchema } from './emergency-table.ts';
import { personOpeningSchema, PersonOpenings } from './person-opening-table.ts';
import { programSchema, Programs } from './program-table.ts';
import type { ReleasedStudy } from './policy.ts';
import type { Purpose } from './principal.ts';
import { waitingChangeSchema, WaitingChanges } from './waiting-change.ts';

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

const schema = `
  CREATE TABLE device (
    name TEXT PRIMARY KEY, purpose TEXT NOT NULL, reason TEXT NOT NULL, owner TEXT NOT NULL, created_at INTEGER NOT NULL,
    revoked_at INTEGER, revoked_by TEXT, revoked_reason TEXT
  ) STRICT;
  CREATE TABLE certificate (
    fingerprint TEXT NOT NULL, device TEXT NOT NULL REFERENCES device (name), origin TEXT NOT NULL CHECK (origin IN ('own', 'pinned')),
    subject TEXT NOT NULL, serial_number TEXT NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,
    added_at INTEGER NOT NULL, revoked_at INTEGER, revoked_reason TEXT,
    PRIMARY KEY (fingerprint, device)
  ) STRICT;
  CREATE TABLE opening (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, device TEXT NOT NULL REFERENCES device (name),
    terms TEXT NOT NULL, created_at INTEGER NOT NULL,
    closed_at INTEGER, closed_by TEXT, closed_reason TEXT
  ) STRICT;
  CREATE UNIQUE INDEX opening_name ON opening (name) WHERE closed_at IS NULL;
  CREATE INDEX opening_device ON opening (device);
  CREATE TABLE release (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL REFERENCES device (name), study_instance_uid TEXT NOT NULL,
    reason TEXT NOT NULL, owner TEXT NOT NULL, created_at INTEGER NOT NULL, valid_until INTEGER NOT NULL, withdrawn_at INTEGER
  ) STRICT;
  CREATE INDEX release_device ON release (device) WHERE withdrawn_at IS NULL;
  CREATE TABLE usage (
    opening INTEGER PRIMARY KEY REFERENCES opening (id), last_used_at INTEGER NOT NULL, use_count INTEGER NOT NULL
  ) STRICT;
`;
/** Version 2. A row is there as long as its token is good: to end it is to delete it. */
const tokenSchema = `
  CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, device TEXT NOT NULL REFERENCES device (name),
    opening INTEGER NOT NULL REFERENCES opening (id), created_at INTEGER NOT NULL, not_after INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX token_device ON token (device);
`;
/** What each version added to the one before; an older database gets what it lacks. */
const schemaSteps = [schema, tokenSchema, personOpeningSchema, emergencySchema, waitingChangeSchema, programSchema];
const schemaVersion = schemaSteps.length;

function prepareStatements(database: DatabaseSync) {
  return {
    addDevice: database.prepare('INSERT INTO device (name, purpose, reason, owner, created_at) VALUES (?, ?, ?, ?, ?)'),
    device: database.prepare('SELECT * FROM device WHERE name = ?'),
    devices: database.prepare('SELECT * FROM device ORDER BY name'),
    revokeDevice: database.prepare(
      'UPDATE device SET revoked_at = ?, revoked_by = ?, revoked_reason = ? WHERE name = ? AND revoked_at IS NULL',
    ),
    reviveDevice: database.prepare(
      'UPDATE device SET purpose = ?, reason = ?, owner = ?, created_at = ?, revoked_at = NULL, revoked_by = NULL, revoked_reason = NULL WHERE name = ? AND revoked_at IS NOT NULL',
    ),
    addCertificate: database.prepare(
      'INSERT INTO certificate (fingerprint, device, origin, subject, serial_number, not_before, not_after, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    certificatesByFingerprint: database.prepare('SELECT * FROM certificate WHERE fingerprint = ? ORDER BY device'),
    certificatesOfDevice: database.prepare('SELECT * FROM certificate WHERE device = ? ORDER BY added_at, fingerprint'),
    revokeCertificate: database.prepare(
      'UPDATE certificate SET revoked_at = ?, revoked_reason = ? WHERE fingerprint = ? AND device = ? AND revoked_at IS NULL',
    ),
    revokedCertificates: database.prepare('SELECT * FROM certificate WHERE revoked_at IS NOT NULL ORDER BY revoked_at'),
    addOpening: database.prepare('INSERT INTO opening (name, device, terms, created_at) VALUES (?, ?, ?, ?)'),
    opening: database.prepare('SELECT * FROM opening WHERE id = ?'),
    openingByName: database.prepare(
      'SELECT * FROM opening WHERE name = ? ORDER BY closed_at IS NULL DESC, id DESC LIMIT 1',
    ),
    openings: database.prepare('SELECT * FROM opening ORDER BY name, id'),
    openingsOfDevice: database.prepare('SELECT * FROM opening WHERE device = ? ORDER BY id'),
    closeOpening: database.prepare(
      'UPDATE opening SET closed_at = ?, closed_by = ?, closed_reason = ? WHERE id = ? AND closed_at IS NULL',
    ),
    addRelease: database.prepare(
      'INSERT INTO release (device, study_instance_uid, reason, owner, created_at, valid_until) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    release: database.prepare('SELECT * FROM release WHERE id = ?'),
    releasesOfDevice: database.prepare('SELECT * FROM release WHERE device = ? AND withdrawn_at IS NULL ORDER BY id'),
    releasesOfStudy: database.prepare('SELECT * FROM release WHERE study_instance_uid = ? ORDER BY id LIMIT ?'),
    withdrawRelease: database.prepare('UPDATE release SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL'),
    addToken: database.prepare(
      'INSERT INTO token (hash, device, opening, created_at, not_after) VALUES (?, ?, ?, ?, ?)',
    ),
    tokenByHash: database.prepare('SELECT * FROM token WHERE hash = ?'),
    token: database.prepare('SELECT * FROM token WHERE id = ?'),
    tokensOfDevice: database.prepare('SELECT * FROM token WHERE device = ? ORDER BY id'),
    endTokens: database.prepare('DELETE FROM token WHERE device = ?'),
    forgetTokens: database.prepare('DELETE FROM token WHERE not_after < ?'),
    countUse: database.prepare(
      'INSERT INTO usage (opening, last_used_at, use_count) VALUES (?, ?, ?) ON CONFLICT (opening) DO UPDATE SET last_used_at = max(last_used_at, excluded.last_used_at), use_count = use_count + excluded.use_count',
    ),
    copyUses: database.prepare('INSERT INTO usage SELECT ?, last_used_at, use_count FROM usage WHERE opening = ?'),
    usage: database.prepare('SELECT * FROM usage WHERE opening = ?'),
    latestTime: database.prepare(
      'SELECT max(coalesce((SELECT max(last_used_at) FROM usage), 0), coalesce((SELECT max(created_at) FROM opening), 0), coalesce((SELECT max(created_at) FROM person_opening), 0)) AS latest',
    ),
  };
}

type Row = Record<string, SQLOutputValue>;

export class PolicyStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** The openings of people. */
  readonly personOpenings: PersonOpenings;
  /** Those of them that were made in an emergency. */
  readonly emergencies: Emergencies;
  /** What waits for a second person. */
  readonly waiting: WaitingChanges;
  /** The programs that may act for people. */
  readonly programs: Programs;
  readonly #listeners = new Set<(device: AeTitle) => void>();
  readonly #personListeners = new Set<(account: string) => void>();
  /** Devices changed inside the open transaction; told after it is durable. */
  #changed: Set<AeTitle> | undefined;
  readonly #changedPersons = new Set<string>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.waiting = new WaitingChanges(database);
    this.programs = new Programs(database);
    this.personOpenings = new PersonOpenings(database, (account) => {
      if (this.#changed === undefined) this.#tellOf(account);
      else this.#changedPersons.add(account);
    });
    this.emergencies = new Emergencies(database, this.personOpenings);
  }

  /**
   * Opens or makes the database; `:memory:` in tests.
   * @throws LeadglassError CORRUPT when it is not ours or of a newer version.
   */
  static open(path: string): PolicyStore {
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, allowExtension: false });
    try {
      // A change of the policy is acknowledged only when it survives a power cut.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;');
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (version >= 0 && version < schemaVersion) {
        const steps = schemaSteps.slice(version).join('');
        database.exec(`BEGIN; ${steps} PRAGMA user_version = ${schemaVersion}; COMMIT;`);
      } else if (version !== schemaVersion) {
        throw new LeadglassError(
          'CORRUPT',
          `Cannot open the policy: its version is ${version}, this program knows ${schemaVersion}`,
        );
      }
      return new PolicyStore(database);
    } catch (error) {
      database.close();
      if (error instanceof LeadglassError) throw error;
      throw new LeadglassError('CORRUPT', 'Cannot open the policy: guard.sqlite is not readable', { cause: error });
    }
  }

  /** Calls `listener` with each device whose device record, certificates, openings or releases changed. */
  onChange(listener: (device: AeTitle) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Calls `listener` with each account whose openings changed. */
  onPersonChange(listener: (account: string) => void): Disposable {
    this.#personListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#personListeners.delete(listener) };
  }

  /** All of it or nothing; listeners are told afterwards. */
  transaction<T>(work: () => T): T {
    if (this.#changed !== undefined) return work();
    const changed = new Set<AeTitle>();
    this.#changed = changed;
    let result: T;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      result = work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#changedPersons.clear();
      throw error;
    } finally {
      this.#changed = undefined;
    }
    for (const device of changed) for (const listener of this.#listeners) listener(device);
    for (const account of this.#takeChangedPersons()) this.#tellOf(account);
    return result;
  }

  #tellOf(account: string): void {
    for (const listener of this.#personListeners) listener(account);
  }

  #takeChangedPersons(): readonly string[] {
    const accounts = [...this.#changedPersons];
    this.#changedPersons.clear();
    return accounts;
  }

  // ── devices and certificates ──────────────────────────────────────────────────────────────────────────────────────

  addDevice(device: Omit<Device, 'revoked'>): void {
    this.#write(device.name, () => {
      this.#statements.addDevice.run(device.name, device.purpose, device.reason, device.owner, device.createdAtMs);
    });
  }

  /** A device that was revoked is enrolled anew; its old certificates stay revoked, its old openings closed. */
  reviveDevice(device: Omit<Device, 'revoked'>): void {
    this.#write(device.name, () => {
      this.#statements.reviveDevice.run(device.purpose, device.reason, device.owner, device.createdAtMs, device.name);
    });
  }

  device(name: AeTitle): Device | undefined {
    const row = this.#statements.device.get(name);
    return row === undefined ? undefined : deviceOf(row);
  }

  devices(): readonly Device[] {
    return this.#statements.devices.all().map(deviceOf);
  }

  /** True when it was not revoked before. */
  revokeDevice(name: AeTitle, { atMs, by, reason }: NonNullable<Device['revoked']>): boolean {
    return this.#write(name, () => this.#statements.revokeDevice.run(atMs, by, reason, name).changes === 1);
  }

  addCertificate(certificate: Omit<DeviceCertificate, 'revoked'>): void {
    this.#write(certificate.device, () => {
      const { fingerprint256, device, origin, subject, serialNumber, notBeforeMs, notAfterMs, addedAtMs } = certificate;
      this.#statements.addCertificate.run(
        fingerprint256,
        device,
        origin,
        subject,
        serialNumber,
        notBeforeMs,
        notAfterMs,
        addedAtMs,
      );
    });
  }

  /** One certificate may stand for several AE titles of one physical device, each enrolled by itself, when that was said. */
  certificatesByFingerprint(fingerprint256: string): readonly DeviceCertificate[] {
    return this.#statements.certificatesByFingerprint.all(fingerprint256).map(certificateOf);
  }

  certificatesOf(device: AeTitle): readonly DeviceCertificate[] {
    return this.#statements.certificatesOfDevice.all(device).map(certificateOf);
  }

  revokedCertificates(): readonly DeviceCertificate[] {
    return this.#statements.revokedCertificates.all().map(certificateOf);
  }

  revokeCertificate(
    device: AeTitle,
    fingerprint256: string,
    { atMs, reason }: { atMs: number; reason: string },
  ): boolean {
    return this.#write(
      device,
      () => this.#statements.revokeCertificate.run(atMs, reason, fingerprint256, device).changes === 1,
    );
  }

  // ── openings ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @returns the new opening's number. */
  addOpening(terms: OpeningTerms, createdAtMs: number): number {
    const checked = v.parse(openingTermsSchema, terms);
    return this.#write(checked.device, () =>
      Number(
        this.#statements.addOpening.run(checked.name, checked.device, JSON.stringify(checked), createdAtMs)
          .lastInsertRowid,
      ),
    );
  }

  opening(id: number): Opening | undefined {
    const row = this.#statements.opening.get(id);
    return row === undefined ? undefined : openingOf(row);
  }

  /** The one of this name that is not closed, else the last that was. */
  openingByName(name: string): Opening | undefined {
    const row = this.#statements.openingByName.get(name);
    return row === undefined ? undefined : openingOf(row);
  }

  openings(): readonly Opening[] {
    return this.#statements.openings.all().map(openingOf);
  }

  openingsOf(device: AeTitle): readonly Opening[] {
    return this.#statements.openingsOfDevice.all(device).map(openingOf);
  }

  /** True when it was not closed before. */
  closeOpening(opening: Opening, { atMs, by, reason }: { atMs: number; by: string; reason: string }): boolean {
    return this.#write(
      opening.device,
      () => this.#statements.closeOpening.run(atMs, by, reason, opening.id).changes === 1,
    );
  }

  // ── tokens ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param hash SHA-256 of the token */
  addToken(hash: Uint8Array, { device, openingId, createdAtMs, notAfterMs }: Omit<DeviceToken, 'id'>): number {
    return this.#write(device, () =>
      Number(this.#statements.addToken.run(hash, device, openingId, createdAtMs, notAfterMs).lastInsertRowid),
    );
  }

  tokenByHash(hash: Uint8Array): DeviceToken | undefined {
    const row = this.#statements.tokenByHash.get(hash);
    return row === undefined ? undefined : tokenOf(row);
  }

  /** Undefined when it was ended, or never was. */
  token(id: number): DeviceToken | undefined {
    const row = this.#statements.token.get(id);
    return row === undefined ? undefined : tokenOf(row);
  }

  tokensOf(device: AeTitle): readonly DeviceToken[] {
    return this.#statements.tokensOfDevice.all(device).map(tokenOf);
  }

  /** @returns how many there were. */
  endTokens(device: AeTitle): number {
    return this.#write(device, () => Number(this.#statements.endTokens.run(device).changes));
  }

  /** Those that were good until before this moment, of all devices. */
  forgetTokens(beforeMs: number): void {
    this.#statements.forgetTokens.run(beforeMs);
  }

  // ── releases ──────────────────────────────────────────────────────────────────────────────────────────────────────

  addRelease(release: Omit<Release, 'id' | 'withdrawnAtMs'>): number {
    return this.#write(release.device, () => {
      const { device, studyInstanceUid, reason, owner, createdAtMs, validUntilMs } = release;
      return Number(
        this.#statements.addRelease.run(device, studyInstanceUid, reason, owner, createdAtMs, validUntilMs)
          .lastInsertRowid,
      );
    });
  }

  release(id: number): Release | undefined {
    const row = this.#statements.release.get(id);
    return row === undefined ? undefined : releaseOf(row);
  }

  /** Those that were not withdrawn, ended ones included. */
  releasesTo(device: AeTitle): readonly Release[] {
    return this.#statements.releasesOfDevice.all(device).map(releaseOf);
  }

  /** To whom a study was ever released, withdrawn and ended ones included, oldest first. */
  releasesOf(studyInstanceUid: Uid, rowsMax: number): readonly Release[] {
    return this.#statements.releasesOfStudy.all(studyInstanceUid, rowsMax).map(releaseOf);
  }

  withdrawRelease(release: Release, atMs: number): boolean {
    return this.#write(release.device, () => this.#statements.withdrawRelease.run(atMs, release.id).changes === 1);
  }

  // ── use ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds counted uses; called now and then, not per use. A crash loses the counts since the last call, nothing else. */
  addUses(uses: ReadonlyMap<number, Usage>): void {
    if (uses.size === 0) return;
    this.transaction(() => {
      for (const [opening, { lastUsedAtMs, useCount }] of uses) {
        this.#statements.countUse.run(opening, lastUsedAtMs, useCount);
      }
    });
  }

  /** An opening that has just been made goes on counting where the one stood that it replaces. */
  continueUses(newId: number, replacedId: number): void {
    this.#statements.copyUses.run(newId, replacedId);
  }

  usage(openingId: number): Usage | undefined {
    const row = this.#statements.usage.get(openingId);
    return row === undefined
      ? undefined
      : { lastUsedAtMs: integer(row, 'last_used_at'), useCount: integer(row, 'use_count') };
  }

  /** The latest moment that the policy knows of, to notice a clock that went backwards between two starts; 0 if none. */
  latestTimeMs(): number {
    return Number(this.#statements.latestTime.get()?.['latest'] ?? 0);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #write<T>(device: AeTitle, work: () => T): T {
    return this.transaction(() => {
      const result = work();
      this.#changed?.add(device);
      return result;
    });
  }
}

// Rows become typed values by the same parse functions as anything from outside: an edited database opens nothing.

function deviceOf(row: Row): Device {
  const revokedAtMs = row['revoked_at'];
  return {
    name: aeTitle(row, 'name'),
    purpose: parse(openingTermsSchema.entries.purpose, row['purpose']),
    reason: text(row, 'reason'),
    owner: text(row, 'owner'),
    createdAtMs: integer(row, 'created_at'),
    ...(typeof revokedAtMs === 'number'
      ? { revoked: { atMs: revokedAtMs, by: text(row, 'revoked_by'), reason: text(row, 'revoked_reason') } }
      : {}),
  };
}

function certificateOf(row: Row): DeviceCertificate {
  const revokedAtMs = row['revoked_at'];
  return {
    fingerprint256: text(row, 'fingerprint'),
    device: aeTitle(row, 'device'),
    origin: parse(v.picklist(['own', 'pinned']), row['origin']),
    subject: text(row, 'subject'),
    serialNumber: text(row, 'serial_number'),
    notBeforeMs: integer(row, 'not_before'),
    notAfterMs: integer(row, 'not_after'),
    addedAtMs: integer(row, 'added_at'),
    ...(typeof revokedAtMs === 'number' ? { revoked: { atMs: revokedAtMs, reason: text(row, 'revoked_reason') } } : {}),
  };
}

function openingOf(row: Row): Opening {
  let json: unknown;
  try {
    json = JSON.parse(text(row, 'terms'));
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read the policy: the terms of an opening are not JSON', { cause });
  }
  const terms = parse(openingTermsSchema, json);
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

function tokenOf(row: Row): DeviceToken {
  return {
    id: integer(row, 'id'),
    device: aeTitle(row, 'device'),
    openingId: integer(row, 'opening'),
    createdAtMs: integer(row, 'created_at'),
    notAfterMs: integer(row, 'not_after'),
  };
}

function releaseOf(row: Row): Release {
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

function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new LeadglassError('CORRUPT', 'Cannot read the policy: a row is not what it should be', {
    detail: result.issues.map((issue) => `${v.getDotPath(issue) ?? ''} ${issue.message}`).join('; '),
  });
}
const text = (row: Row, column: string): string => parse(v.string(), row[column]);
const integer = (row: Row, column: string): number => parse(v.pipe(v.number(), v.safeInteger()), row[column]);
const aeTitle = (row: Row, column: string): AeTitle => parseAeTitle(text(row, column), column);
const uid = (row: Row, column: string): Uid => parseUid(text(row, column), column);
