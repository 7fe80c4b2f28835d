/**
 * Data keys of studies: one AES-256 key per study, wrapped by the key ring, in a small SQLite file. Destroying a study's
 * key makes its instances unreadable in every segment at once. What is encrypted with a key is left to the archive.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LeadglassError } from '../error.ts';
import type { KeyRing } from './key-ring.ts';

export interface StudyKey {
  /** Stands in segments in place of the UID; never given to another study. */
  readonly id: number;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface StudyKeysOptions {
  /** `<data>/keys/study-keys.sqlite` */
  readonly path: string;
  readonly ring: KeyRing;
  readonly limits: { readonly studyKeysCachedMax: number };
  /** How long to wait for another program that holds the file (a backup); 5 s when not given. */
  readonly busyMs?: number;
}

export class StudyKeys implements Disposable {
  readonly #database: DatabaseSync;
  readonly #ring: KeyRing;
  readonly #cachedMax: number;
  /** Least recently used first. */
  readonly #byStudy = new Map<string, StudyKey>();
  readonly #selectByStudy: StatementSync;
  readonly #selectById: StatementSync;
  readonly #insert: StatementSync;
  readonly #destroy: StatementSync;

  constructor({ path, ring, limits, busyMs = 5000 }: StudyKeysOptions) {
    this.#ring = ring;
    this.#cachedMax = limits.studyKeysCachedMax;
    // SQLite would make the file readable for all, and gives the same mode to the files beside it.
    closeSync(openSync(path, 'a', 0o600));
    this.#database = new DatabaseSync(path, { timeout: busyMs });
    // FULL: an inserted key survives a power cut before anything is encrypted with it. secure_delete: a destroyed key's
    // bytes are overwritten in the file. AUTOINCREMENT: an id is never used twice.
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      CREATE TABLE IF NOT EXISTS study_key (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study_instance_uid TEXT NOT NULL UNIQUE,
        wrapped BLOB NOT NULL
      ) STRICT;
    `);
    this.#selectByStudy = this.#database.prepare('SELECT id, wrapped FROM study_key WHERE study_instance_uid = ?');
    this.#selectById = this.#database.prepare('SELECT study_instance_uid, wrapped FROM study_key WHERE id = ?');
    this.#insert = this.#database.prepare('INSERT INTO study_key (study_instance_uid, wrapped) VALUES (?, ?)');
    this.#destroy = this.#database.prepare('DELETE FROM study_key WHERE study_instance_uid = ?');
  }

  /**
   * The key of a study; with `create` a new one is made when there is none, durable when this returns.
   * @throws LeadglassError CORRUPT when the wrapped key was changed or belongs to another master key
   */
  keyFor(studyInstanceUid: string, options: { readonly create: true }): StudyKey;
  keyFor(studyInstanceUid: string, options?: { readonly create?: boolean }): StudyKey | undefined;
  keyFor(studyInstanceUid: string, options: { readonly create?: boolean } = {}): StudyKey | undefined {
    const cached = this.#byStudy.get(studyInstanceUid);
    if (cached !== undefined) return this.#remember(studyInstanceUid, cached);
    const row = this.#selectByStudy.get(studyInstanceUid);
    if (row !== undefined) {
      const key = this.#ring.unwrap(bytesOf(row['wrapped']), purposeOf(studyInstanceUid));
      return this.#remember(studyInstanceUid, { id: Number(row['id']), key });
    }
    if (options.create !== true) return undefined;
    const key = randomBytes(32);
    const { lastInsertRowid } = this.#insert.run(studyInstanceUid, this.#ring.wrap(key, purposeOf(studyInstanceUid)));
    return this.#remember(studyInstanceUid, { id: Number(lastInsertRowid), key });
  }

  /** The key with this id and its study, for reading segments without the index; undefined when it was destroyed. */
  keyById(id: number): { readonly studyInstanceUid: string; readonly key: Buffer } | undefined {
    const row = this.#selectById.get(id);
    if (row === undefined) return undefined;
    const studyInstanceUid = String(row['study_instance_uid']);
    return { studyInstanceUid, key: this.#ring.unwrap(bytesOf(row['wrapped']), purposeOf(studyInstanceUid)) };
  }

  /**
   * Destroys the key of a study for good: the row is overwritten in the file and the write-ahead log emptied. Key buffers
   * handed out before are not changed, since somebody may be reading with them.
   * @returns false when there was none
   * @throws LeadglassError OUT_OF_RESOURCES when a reader keeps the log from being emptied; calling again is safe
   */
  destroy(studyInstanceUid: string): boolean {
    this.#byStudy.delete(studyInstanceUid);
    const { changes } = this.#destroy.run(studyInstanceUid);
    // The log still holds the page with the key; TRUNCATE writes the pages back and empties it.
    const row = this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    if (Number(row?.['busy'] ?? 0) !== 0) {
      throw new LeadglassError(
        'OUT_OF_RESOURCES',
        'Cannot finish destroying a study key: another program reads the key file; stop it and try again',
      );
    }
    return Number(changes) > 0;
  }

  close(): void {
    this.#byStudy.clear();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #remember(studyInstanceUid: string, key: StudyKey): StudyKey {
    this.#byStudy.delete(studyInstanceUid);
    this.#byStudy.set(studyInstanceUid, key);
    const oldest = this.#byStudy.keys().next();
    if (this.#byStudy.size > this.#cachedMax && oldest.done !== true) this.#byStudy.delete(oldest.value);
    return key;
  }
}

function purposeOf(studyInstanceUid: string): string {
  return `study-key ${studyInstanceUid}`;
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new LeadglassError('CORRUPT', 'Cannot read a study key: the key file holds no bytes for it');
}
