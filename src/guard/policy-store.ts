/**
 * Devices, certificates, openings, releases and their use in `guard.sqlite`. Only remembers and tells who changed; what may be
 * written is decided in device-service.ts, what follows from it in policy.ts.
 */
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import type { AeTitle } from '../dicom/ae-title.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { Emergencies } from './emergency-table.ts';
import { type Opening, type OpeningTerms, openingTermsSchema } from './opening.ts';
import { PersonOpenings } from './person-opening-table.ts';
import {
  certificateOf,
  type Device,
  type DeviceCertificate,
  deviceOf,
  type DeviceToken,
  openingOf,
  type Release,
  releaseOf,
  tokenOf,
  type Usage,
  usageOf,
} from './policy-rows.ts';
import { prepareStatements, schemaSteps } from './policy-sql.ts';
import { Programs } from './program-table.ts';
import { WaitingChanges } from './waiting-change.ts';

const schemaVersion = schemaSteps.length;

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
    return row === undefined ? undefined : usageOf(row);
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
