/**
 * The index as the store sees it: one transaction per group of instances that became durable together, and the look-ups
 * that storing, retrieving and removing need. Queries are in find.ts. What arrived but is not in the tables yet
 * (write-behind.ts) is brought in before anybody reads them.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { normalizeDepartment } from '../../../guard/scope.ts';
import type { CommitFacts, Extent } from '../store/commit-record.ts';
import type { Position } from '../store/segment-log.ts';
import { bytesIn } from './columns.ts';
import { dateOf, encodeHead, headOfLevel, integerOf, mergeHeads, nameColumns, textOf } from './head.ts';
import { addNameWords, dropNameWords } from './name-words.ts';

/** One complete instance as the segments know it. */
export interface IndexEntry {
  readonly instance: number;
  readonly sequence: number;
  readonly keyId: number;
  readonly salt: Uint8Array;
  readonly extents: readonly Extent[];
  readonly commitAt: Position;
  readonly facts: CommitFacts;
  /** The wanted attributes (attributes.ts isWanted). */
  readonly head: DataSet;
  /** It just arrived; absent for one that compaction moved or that was read from the segments. */
  readonly isNew?: true;
}

/** What is known of a SOP Instance UID. */
export interface KnownInstance {
  readonly instance: number;
  readonly transferSyntaxUid: string;
  readonly sha256: Uint8Array;
}

export interface LogPosition extends Position {
  /** The last number given to a commit or note. */
  readonly sequence: number;
  /** The last local number given to an instance. */
  readonly instance: number;
}

interface StudyRow {
  readonly id: number;
  readonly patientId: string;
  readonly issuer: string;
}

export class ArchiveIndex {
  /** Called before the tables are read or written from outside of a transaction. */
  settle: () => void = () => undefined;
  #database: DatabaseSync;
  #inTransaction = false;
  /** Studies whose removal is requested: asked for with every instance, and few. */
  #hidden: Set<string> | undefined;
  readonly #statements = new Map<string, StatementSync>();
  /** Rows of the current group, so that its second instance of a series asks nothing. Cleared with each transaction. */
  readonly #studies = new Map<string, StudyRow>();
  readonly #series = new Map<string, number>();
  readonly #added = new Map<number, Map<string, number>>();
  readonly #sources = new Set<string>();
  readonly #notRemoved = new Set<number>();
  readonly #transfers = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get database(): DatabaseSync {
    if (!this.#inTransaction) this.settle();
    return this.#database;
  }

  /** Goes on with another file, once `swap` has put it in place. */
  replaceDatabase(swap: () => DatabaseSync): void {
    this.#statements.clear();
    this.#transfers.clear();
    this.hiddenChanged();
    this.#database.close();
    this.#database = swap();
  }

  /** A cached prepared statement. The text comes from our source, values only ever as bound parameters. */
  statement(sql: string): StatementSync {
    if (!this.#inTransaction) this.settle();
    return this.#prepared(sql);
  }

  /** For what cannot be changed by anything that still waits to be brought in. */
  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  get position(): LogPosition {
    const row = this.statement('SELECT segment, offset, sequence, instance FROM log_position').get();
    if (row === undefined) return { segment: 0, offset: 0, sequence: 0, instance: 0 };
    return {
      segment: Number(row['segment']),
      offset: Number(row['offset']),
      sequence: Number(row['sequence']),
      instance: Number(row['instance']),
    };
  }

  /** Runs `work` in one transaction that also moves the position. */
  transaction(position: LogPosition, work: () => void): void {
    this.statement('BEGIN IMMEDIATE').run();
    this.#inTransaction = true;
    try {
      work();
      this.#writeCounts();
      this.statement('INSERT OR REPLACE INTO log_position VALUES (1, ?, ?, ?, ?)').run(
        position.segment,
        position.offset,
        position.sequence,
        position.instance,
      );
      this.statement('COMMIT').run();
    } catch (error) {
      // A full disk has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#transfers.clear(); // ids of rows that are gone again
      this.hiddenChanged();
      throw error;
    } finally {
      this.#inTransaction = false;
      this.#notRemoved.clear();
      this.#studies.clear();
      this.#series.clear();
      this.#added.clear();
      this.#sources.clear();
    }
  }

  /**
   * Inside `transaction`: one more instance, or one kept aside. Applying the same entry again changes nothing but its place;
   * `isNew` says that this cannot be the case.
   */
  apply(entry: IndexEntry, { isNew = false }: { readonly isNew?: boolean } = {}): void {
    const uid = textOf(entry.head, Tags.SOPInstanceUID);
    if (!isNew && this.#moved(entry)) return;
    if (this.#isRemoved(entry.keyId)) return;
    const known = this.instanceByUid(uid);
    if (entry.facts.result === 'conflict' || known !== undefined) {
      // After a power cut the same bytes may have been sent and written twice: the first stays, the second is free space.
      if (known !== undefined && isSame(known, entry.facts)) return;
      this.#insertConflict(entry, uid, known?.instance);
      return;
    }
    this.insertInstance(entry, uid);
  }

  /** Makes the row of the instance and, where needed, those of its series, study and patient. */
  insertInstance(entry: IndexEntry, uid: string): void {
    const { head, facts } = entry;
    const study = this.#studyOf(entry);
    const series = this.#seriesOf(study.id, head);
    const sopClass = textOf(head, Tags.SOPClassUID);
    this.statement('INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      entry.instance,
      series,
      uid,
      sopClass,
      integerOf(head, Tags.InstanceNumber),
      facts.transferSyntaxUid,
      facts.lengthBytes,
      facts.sha256,
      entry.salt,
      packExtents(entry.extents),
      entry.commitAt.segment,
      entry.commitAt.offset,
      facts.part10Head === undefined ? 0 : 1,
      this.#transferOf(facts.transferId),
      facts.receivedAtMs,
      encodeHead(headOfLevel(head, 'IMAGE')),
    );
    const added = this.#added.get(series) ?? new Map<string, number>();
    added.set(sopClass, (added.get(sopClass) ?? 0) + 1);
    this.#added.set(series, added);
    this.#rememberSource(study.id, facts.receivedFrom);
    if (textOf(head, Tags.PatientID) !== study.patientId || textOf(head, Tags.IssuerOfPatientID) !== study.issuer) {
      this.statement('INSERT OR IGNORE INTO patient_mismatch VALUES (?, ?, ?, ?, ?, ?)').run(
        entry.instance,
        study.id,
        textOf(head, Tags.PatientID),
        textOf(head, Tags.IssuerOfPatientID),
        textOf(head, Tags.PatientName),
        facts.receivedAtMs,
      );
    }
  }

  /** Of the tables alone: what waits to be brought in is asked first by whoever stores (archive.ts). */
  instanceByUid(uid: string): KnownInstance | undefined {
    const row = this.#prepared('SELECT id, transfer_syntax, sha256 FROM instance WHERE uid = ?').get(uid);
    if (row === undefined) return undefined;
    return {
      instance: Number(row['id']),
      transferSyntaxUid: String(row['transfer_syntax']),
      sha256: bytesIn(row, 'sha256'),
    };
  }

  /** Those kept aside under a UID, waiting for a person. */
  conflictsByUid(uid: string): readonly KnownInstance[] {
    const rows = this.statement(
      "SELECT instance, transfer_syntax, sha256 FROM conflict WHERE uid = ? AND state = 'waiting'",
    ).all(uid);
    return rows.map((row) => ({
      instance: Number(row['instance']),
      transferSyntaxUid: String(row['transfer_syntax']),
      sha256: bytesIn(row, 'sha256'),
    }));
  }

  /** Where the commit record of an undecided conflict stands. */
  conflictCommit(instance: number): Position | undefined {
    const row = this.statement(
      "SELECT commit_segment, commit_offset FROM conflict WHERE instance = ? AND state = 'waiting'",
    ).get(instance);
    return row === undefined
      ? undefined
      : { segment: Number(row['commit_segment']), offset: Number(row['commit_offset']) };
  }

  /** Where an instance that was kept aside is now; empty when the tables do not know it. */
  conflictPlace(instance: number): Partial<Pick<IndexEntry, 'extents' | 'commitAt'>> {
    const row = this.statement('SELECT extents, commit_segment, commit_offset FROM conflict WHERE instance = ?').get(
      instance,
    );
    if (row === undefined) return {};
    return {
      extents: unpackExtents(bytesIn(row, 'extents')),
      commitAt: { segment: Number(row['commit_segment']), offset: Number(row['commit_offset']) },
    };
  }

  /** Where the bytes of a stored instance are now. */
  extentsOf(instance: number): readonly Extent[] | undefined {
    const row = this.statement('SELECT extents FROM instance WHERE id = ?').get(instance);
    return row === undefined ? undefined : unpackExtents(bytesIn(row, 'extents'));
  }

  devicesOf(studyInstanceUid: string): readonly string[] {
    const rows = this.statement(
      'SELECT device FROM study_source WHERE study = (SELECT id FROM study WHERE uid = ?)',
    ).all(studyInstanceUid);
    return rows.map((row) => String(row['device']));
  }

  /** Is a removal of this study requested? Decisions never wait to be brought in. */
  isHidden(studyInstanceUid: string): boolean {
    if (this.#hidden === undefined) {
      const rows = this.#prepared('SELECT uid FROM study WHERE hidden <> 0').all();
      this.#hidden = new Set(rows.map((row) => String(row['uid'])));
    }
    return this.#hidden.has(studyInstanceUid);
  }

  /** Inside `transaction`: a removal was requested, undone or finished. */
  hiddenChanged(): void {
    this.#hidden = undefined;
  }

  /** Inside `transaction`: numbers of instances per series go down, empty series, studies and patients vanish. */
  removeInstance(instance: number): void {
    this.#writeCounts();
    const row = this.statement(
      'SELECT i.series, i.sop_class, s.study FROM instance i JOIN series s ON s.id = i.series WHERE i.id = ?',
    ).get(instance);
    if (row === undefined) return;
    const series = Number(row['series']);
    this.statement('DELETE FROM instance WHERE id = ?').run(instance);
    this.statement('DELETE FROM patient_mismatch WHERE instance = ?').run(instance);
    this.statement('UPDATE series SET instances = instances - 1 WHERE id = ?').run(series);
    const sopClass = String(row['sop_class']);
    this.statement('UPDATE series_class SET instances = instances - 1 WHERE series = ? AND sop_class = ?').run(
      series,
      sopClass,
    );
    this.statement('DELETE FROM series_class WHERE series = ? AND instances <= 0').run(series);
    this.statement('DELETE FROM series WHERE id = ? AND instances <= 0').run(series);
    this.#dropEmptyStudy(Number(row['study']));
    this.#studies.clear();
    this.#series.clear();
  }

  /** Inside `transaction`: everything of a study goes, also what is kept aside under its key. */
  removeStudy(keyId: number): void {
    this.#writeCounts();
    for (const { id } of this.statement('SELECT id FROM study WHERE key_id = ?').all(keyId)) {
      const study = Number(id);
      this.statement('DELETE FROM instance WHERE series IN (SELECT id FROM series WHERE study = ?)').run(study);
      this.statement('DELETE FROM series_class WHERE series IN (SELECT id FROM series WHERE study = ?)').run(study);
      this.statement('DELETE FROM series WHERE study = ?').run(study);
      this.#dropEmptyStudy(study);
    }
    this.statement('DELETE FROM conflict WHERE key_id = ?').run(keyId);
    this.#notRemoved.clear();
    this.hiddenChanged();
    this.#studies.clear();
    this.#series.clear();
  }

  /** What still waits to be brought in stays in the segments. */
  close(): void {
    this.settle = () => undefined;
    this.#statements.clear();
    this.#database.close();
  }

  #dropEmptyStudy(study: number): void {
    const left = this.statement('SELECT count(*) AS n FROM series WHERE study = ?').get(study)?.['n'];
    if (left !== 0) return;
    const patient = this.statement('SELECT patient FROM study WHERE id = ?').get(study)?.['patient'];
    this.statement('DELETE FROM patient_mismatch WHERE study = ?').run(study);
    this.statement('DELETE FROM study_source WHERE study = ?').run(study);
    dropNameWords(this, study);
    this.statement('DELETE FROM study WHERE id = ?').run(study);
    if (typeof patient === 'number') {
      this.statement('DELETE FROM patient WHERE id = ? AND NOT EXISTS (SELECT 1 FROM study WHERE patient = ?)').run(
        patient,
        patient,
      );
    }
  }

  /** True when this instance is here already: compaction moved it, or the tail is read a second time. */
  #moved(entry: IndexEntry): boolean {
    const extents = packExtents(entry.extents);
    const { segment, offset } = entry.commitAt;
    for (const [table, column] of [
      ['instance', 'id'],
      ['conflict', 'instance'],
    ] as const) {
      const known = this.statement(`SELECT 1 FROM ${table} WHERE ${column} = ?`).get(entry.instance);
      if (known === undefined) continue;
      this.statement(`UPDATE ${table} SET extents = ?, commit_segment = ?, commit_offset = ? WHERE ${column} = ?`).run(
        extents,
        segment,
        offset,
        entry.instance,
      );
      return true;
    }
    return false;
  }

  /** Was the study with this key removed for good? Decisions never wait to be brought in. */
  isRemoved(keyId: number): boolean {
    return this.#prepared('SELECT 1 FROM removed_study WHERE key_id = ?').get(keyId) !== undefined;
  }

  #isRemoved(keyId: number): boolean {
    if (this.#notRemoved.has(keyId)) return false;
    const isRemoved = this.isRemoved(keyId);
    if (!isRemoved) this.#notRemoved.add(keyId);
    return isRemoved;
  }

  #studyOf(entry: IndexEntry): StudyRow {
    const { head, facts } = entry;
    const uid = textOf(head, Tags.StudyInstanceUID);
    const cached = this.#studies.get(uid);
    if (cached !== undefined) return cached;
    const row = this.statement('SELECT id, patient_id, issuer FROM study WHERE uid = ?').get(uid);
    let study: StudyRow;
    if (row === undefined) {
      study = this.#insertStudy(entry, uid);
    } else {
      study = { id: Number(row['id']), patientId: String(row['patient_id']), issuer: String(row['issuer']) };
      this.statement('UPDATE study SET last_received_ms = max(last_received_ms, ?) WHERE id = ?').run(
        facts.receivedAtMs,
        study.id,
      );
    }
    this.#studies.set(uid, study);
    return study;
  }

  #insertStudy(entry: IndexEntry, uid: string): StudyRow {
    const { head, facts } = entry;
    const patientId = textOf(head, Tags.PatientID);
    const issuer = textOf(head, Tags.IssuerOfPatientID);
    const name = nameColumns(textOf(head, Tags.PatientName));
    const names = [name.alphabetic, name.ideographic, name.phonetic];
    const birthDate = dateOf(head, Tags.PatientBirthDate);
    const sex = textOf(head, Tags.PatientSex);
    // Patient ID is type 2 and may be empty: two studies without one are never taken for the same person.
    const identity = patientId === '' ? `study\0${uid}` : `patient\0${issuer}\0${patientId}`;
    this.statement(
      'INSERT INTO patient VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING',
    ).run(identity, patientId, issuer, ...names, birthDate, sex, encodeHead(headOfLevel(head, 'PATIENT')));
    const patient = Number(this.statement('SELECT id FROM patient WHERE identity = ?').get(identity)?.['id']);
    const { lastInsertRowid } = this.statement(
      `INSERT INTO study (uid, patient, key_id, first_received_ms, last_received_ms, patient_id, issuer, name,
         name_ideographic, name_phonetic, birth_date, sex, date, time, accession, study_id, description, head)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      uid,
      patient,
      entry.keyId,
      facts.receivedAtMs,
      facts.receivedAtMs,
      patientId,
      issuer,
      ...names,
      birthDate,
      sex,
      dateOf(head, Tags.StudyDate),
      textOf(head, Tags.StudyTime),
      textOf(head, Tags.AccessionNumber),
      textOf(head, Tags.StudyID),
      textOf(head, Tags.StudyDescription),
      encodeHead(mergeHeads([headOfLevel(head, 'PATIENT'), headOfLevel(head, 'STUDY')])),
    );
    addNameWords(this, Number(lastInsertRowid), names);
    return { id: Number(lastInsertRowid), patientId, issuer };
  }

  #seriesOf(study: number, head: DataSet): number {
    const uid = textOf(head, Tags.SeriesInstanceUID);
    const cacheKey = `${study} ${uid}`;
    const cached = this.#series.get(cacheKey);
    if (cached !== undefined) return cached;
    const row = this.statement('SELECT id FROM series WHERE study = ? AND uid = ?').get(study, uid);
    const id = row === undefined ? this.#insertSeries(study, uid, head) : Number(row['id']);
    this.#series.set(cacheKey, id);
    return id;
  }

  #insertSeries(study: number, uid: string, head: DataSet): number {
    const { lastInsertRowid } = this.statement(
      `INSERT INTO series (study, uid, modality, number, description, body_part, department, date, time, pps_date, pps_time, head)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      study,
      uid,
      textOf(head, Tags.Modality),
      integerOf(head, Tags.SeriesNumber),
      textOf(head, Tags.SeriesDescription),
      textOf(head, Tags.BodyPartExamined),
      normalizeDepartment(textOf(head, Tags.InstitutionalDepartmentName)),
      dateOf(head, Tags.SeriesDate),
      textOf(head, Tags.SeriesTime),
      dateOf(head, Tags.PerformedProcedureStepStartDate),
      textOf(head, Tags.PerformedProcedureStepStartTime),
      encodeHead(headOfLevel(head, 'SERIES')),
    );
    return Number(lastInsertRowid);
  }

  #insertConflict(entry: IndexEntry, uid: string, against: number | undefined): void {
    const { facts } = entry;
    this.statement(
      `INSERT OR IGNORE INTO conflict (instance, against, uid, study_uid, key_id, sha256, transfer_syntax, length, salt, extents,
         commit_segment, commit_offset, received_from, received_ms, transfer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      entry.instance,
      against ?? null,
      uid,
      textOf(entry.head, Tags.StudyInstanceUID),
      entry.keyId,
      facts.sha256,
      facts.transferSyntaxUid,
      facts.lengthBytes,
      entry.salt,
      packExtents(entry.extents),
      entry.commitAt.segment,
      entry.commitAt.offset,
      facts.receivedFrom,
      facts.receivedAtMs,
      this.#transferOf(facts.transferId),
    );
  }

  #transferOf(name: string): number {
    const cached = this.#transfers.get(name);
    if (cached !== undefined) return cached;
    this.statement('INSERT OR IGNORE INTO transfer (name) VALUES (?)').run(name);
    const id = Number(this.statement('SELECT id FROM transfer WHERE name = ?').get(name)?.['id']);
    if (this.#transfers.size >= 1000) this.#transfers.clear();
    this.#transfers.set(name, id);
    return id;
  }

  #rememberSource(study: number, device: string): void {
    const key = `${study} ${device}`;
    if (this.#sources.has(key)) return;
    this.#sources.add(key);
    this.statement('INSERT OR IGNORE INTO study_source VALUES (?, ?)').run(study, device);
  }

  /** One update per series and SOP class for the whole group. */
  #writeCounts(): void {
    for (const [series, classes] of this.#added) {
      let total = 0;
      for (const [sopClass, count] of classes) {
        total += count;
        this.statement(
          `INSERT INTO series_class VALUES (?, ?, ?)
           ON CONFLICT (series, sop_class) DO UPDATE SET instances = instances + excluded.instances`,
        ).run(series, sopClass, count);
      }
      this.statement('UPDATE series SET instances = instances + ? WHERE id = ?').run(total, series);
    }
    this.#added.clear();
  }
}

export function isSame(
  known: KnownInstance,
  facts: { readonly transferSyntaxUid: string; readonly sha256: Uint8Array },
): boolean {
  return known.transferSyntaxUid === facts.transferSyntaxUid && Buffer.compare(known.sha256, facts.sha256) === 0;
}

/** Extents as 12 bytes each: segment, offset, body length. */
function packExtents(extents: readonly Extent[]): Uint8Array {
  const bytes = Buffer.alloc(extents.length * 12);
  let at = 0;
  for (const extent of extents) {
    at = bytes.writeUInt32LE(extent.segment, at);
    at = bytes.writeUInt32LE(extent.offset, at);
    at = bytes.writeUInt32LE(extent.bodyBytes, at);
  }
  return bytes;
}

export function unpackExtents(packed: Uint8Array): readonly Extent[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 12) }, (_, index) => ({
    segment: bytes.readUInt32LE(index * 12),
    offset: bytes.readUInt32LE(index * 12 + 4),
    bodyBytes: bytes.readUInt32LE(index * 12 + 8),
  }));
}
