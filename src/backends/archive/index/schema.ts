/**
 * The index's tables. SQLite in WAL mode with synchronous=NORMAL: a power cut may take the last transactions, never the
 * file's soundness, and `log_position` says from where the segments are to be read again.
 */
import { DatabaseSync } from 'node:sqlite';
import { LeadglassError } from '../../../error.ts';
import { ensureNameWords } from './name-words.ts';

/** Raised when tables change; another version is rebuilt from the segments. */
export const schemaVersion = 1;
const sqliteBusy = 5;

const tables = `
CREATE TABLE log_position (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  sequence INTEGER NOT NULL, instance INTEGER NOT NULL) STRICT;
CREATE TABLE patient (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, patient_id TEXT NOT NULL, issuer TEXT NOT NULL,
  name TEXT NOT NULL, name_ideographic TEXT NOT NULL, name_phonetic TEXT NOT NULL, birth_date TEXT NOT NULL,
  sex TEXT NOT NULL, head BLOB NOT NULL) STRICT;
-- The patient as this study has it: names may differ between studies of one Patient ID, and a scope that reaches one of them
-- must not show the other's. It also lets the commonest query touch one table and one index.
CREATE TABLE study (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, patient INTEGER NOT NULL REFERENCES patient,
  key_id INTEGER NOT NULL, hidden INTEGER NOT NULL DEFAULT 0, removal_sequence INTEGER NOT NULL DEFAULT 0,
  removal_requested_ms INTEGER, first_received_ms INTEGER NOT NULL, last_received_ms INTEGER NOT NULL,
  patient_id TEXT NOT NULL, issuer TEXT NOT NULL, name TEXT NOT NULL, name_ideographic TEXT NOT NULL,
  name_phonetic TEXT NOT NULL, birth_date TEXT NOT NULL, sex TEXT NOT NULL,
  date TEXT NOT NULL, time TEXT NOT NULL, accession TEXT NOT NULL, study_id TEXT NOT NULL, description TEXT NOT NULL,
  head BLOB NOT NULL) STRICT;
CREATE INDEX study_patient ON study (patient);
CREATE INDEX study_patient_id ON study (patient_id);
CREATE INDEX study_accession ON study (accession);
CREATE INDEX study_study_id ON study (study_id);
CREATE INDEX study_date ON study (date);
CREATE INDEX study_name ON study (name);
CREATE INDEX study_name_ideographic ON study (name_ideographic) WHERE name_ideographic <> '';
CREATE INDEX study_name_phonetic ON study (name_phonetic) WHERE name_phonetic <> '';
CREATE INDEX study_key ON study (key_id);
CREATE TABLE study_source (study INTEGER NOT NULL, device TEXT NOT NULL, PRIMARY KEY (study, device)) STRICT, WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, study INTEGER NOT NULL REFERENCES study, uid TEXT NOT NULL,
  modality TEXT NOT NULL, number INTEGER, description TEXT NOT NULL, body_part TEXT NOT NULL, department TEXT NOT NULL,
  date TEXT NOT NULL, time TEXT NOT NULL, pps_date TEXT NOT NULL, pps_time TEXT NOT NULL,
  instances INTEGER NOT NULL DEFAULT 0, head BLOB NOT NULL, UNIQUE (study, uid)) STRICT;
CREATE INDEX series_uid ON series (uid);
CREATE INDEX series_modality ON series (modality);
CREATE TABLE series_class (series INTEGER NOT NULL, sop_class TEXT NOT NULL, instances INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (series, sop_class)) STRICT, WITHOUT ROWID;
CREATE TABLE transfer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- id is the local number of the instance in the segments.
CREATE TABLE instance (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series, uid TEXT NOT NULL UNIQUE,
  sop_class TEXT NOT NULL, number INTEGER, transfer_syntax TEXT NOT NULL, length INTEGER NOT NULL, sha256 BLOB NOT NULL,
  salt BLOB NOT NULL, extents BLOB NOT NULL, commit_segment INTEGER NOT NULL, commit_offset INTEGER NOT NULL,
  part10 INTEGER NOT NULL, transfer INTEGER NOT NULL, received_ms INTEGER NOT NULL, head BLOB NOT NULL) STRICT;
CREATE INDEX instance_series ON instance (series, number);
CREATE INDEX instance_transfer ON instance (transfer);
-- Kept aside because the UID was known with other bytes. state: waiting, kept (became the instance), dropped.
CREATE TABLE conflict (id INTEGER PRIMARY KEY, instance INTEGER NOT NULL UNIQUE, against INTEGER, uid TEXT NOT NULL,
  study_uid TEXT NOT NULL, key_id INTEGER NOT NULL, sha256 BLOB NOT NULL, transfer_syntax TEXT NOT NULL,
  length INTEGER NOT NULL, salt BLOB NOT NULL, extents BLOB NOT NULL, commit_segment INTEGER NOT NULL,
  commit_offset INTEGER NOT NULL, received_from TEXT NOT NULL, received_ms INTEGER NOT NULL, transfer INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting') STRICT;
CREATE INDEX conflict_uid ON conflict (uid);
-- The same study arrived under another patient: stored with the study, reported to a person.
CREATE TABLE patient_mismatch (instance INTEGER PRIMARY KEY, study INTEGER NOT NULL, patient_id TEXT NOT NULL,
  issuer TEXT NOT NULL, name TEXT NOT NULL, received_ms INTEGER NOT NULL) STRICT;
CREATE TABLE removed_study (key_id INTEGER PRIMARY KEY, finished_ms INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
`;

/**
 * Opens the index file, or makes a new one.
 * @throws LeadglassError BACKEND_UNAVAILABLE when another process has it open; CORRUPT when the file is no sound index of this version: rebuild it from the segments
 */
export function openIndexFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  try {
    // Nobody else opens the file: without locks a look-up is twice as fast, and a second server on the folder is refused.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY');
    // 64 MiB of page cache; the file is mapped for reading; checkpoints come every 16 MiB, so that they stay rare and short.
    database.exec('PRAGMA cache_size = -65536; PRAGMA mmap_size = 2147418112; PRAGMA wal_autocheckpoint = 4000');
    const found = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (found === 0) {
      database.exec(`BEGIN; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`);
    } else if (found !== schemaVersion) {
      throw new LeadglassError(
        'CORRUPT',
        `Cannot open the index: its version is ${String(found)}, expected ${schemaVersion}; run leadglass index rebuild`,
      );
    }
    // Not of the first version; making them changes nothing else.
    database.exec('CREATE INDEX IF NOT EXISTS study_hidden ON study (hidden) WHERE hidden <> 0');
    // What a scope does not reach must be found out without a walk through series, those of its study or all of a modality: the
    // time would tell of it. One for each form of scope, so that series also come in the order of their numbers without sorting.
    database.exec(
      'CREATE INDEX IF NOT EXISTS series_study_modality ON series (study, modality);' +
        'CREATE INDEX IF NOT EXISTS series_study_department ON series (study, department);' +
        'CREATE INDEX IF NOT EXISTS series_study_both ON series (study, modality, department)',
    );
    ensureNameWords(database);
    return database;
  } catch (error) {
    database.close();
    if (error instanceof LeadglassError) throw error;
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) {
      throw new LeadglassError(
        'BACKEND_UNAVAILABLE',
        'Cannot open the index: another Leadglass uses it; stop that first',
        {
          cause: error,
        },
      );
    }
    throw new LeadglassError('CORRUPT', 'Cannot open the index: not a sound file; run leadglass index rebuild', {
      cause: error,
    });
  }
}
