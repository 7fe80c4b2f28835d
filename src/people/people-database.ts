/**
 * `people.sqlite`: opens it, brings it to this version, runs transactions. A file of its own and not tables of guard.sqlite: it
 * holds secrets (hashes, wrapped keys), so it is readable for us alone and overwrites what it deletes, and nobody who only
 * needs openings has it open.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { LeadglassError } from '../error.ts';
import { passcodeSchema } from './passcode-table.ts';

export type Row = Record<string, SQLOutputValue>;

/** Version 1. Rows of accounts are never deleted; what belongs to one goes when it is used up, ended or replaced. */
const schema = `
  CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT, handle BLOB NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
    role TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'disabled')), until INTEGER,
    created_at INTEGER NOT NULL, created_by TEXT NOT NULL, enrolled_at INTEGER,
    disabled_at INTEGER, disabled_by TEXT, disabled_reason TEXT
  ) STRICT;
  CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account (id),
    at INTEGER NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_account ON history (account, id);
  CREATE TABLE invitation (
    account INTEGER PRIMARY KEY REFERENCES account (id), hash BLOB NOT NULL UNIQUE, kind TEXT NOT NULL CHECK (kind IN ('enrol', 'reset')),
    issued_at INTEGER NOT NULL, issued_by TEXT NOT NULL, not_after INTEGER NOT NULL, confirmed_by TEXT
  ) STRICT;
  CREATE TABLE password (
    account INTEGER PRIMARY KEY REFERENCES account (id), hash TEXT NOT NULL, set_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE one_time_code (
    account INTEGER PRIMARY KEY REFERENCES account (id), wrapped BLOB NOT NULL, added_at INTEGER NOT NULL, last_step INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE recovery_code (
    account INTEGER NOT NULL REFERENCES account (id), hash BLOB NOT NULL, PRIMARY KEY (account, hash)
  ) STRICT;
  CREATE TABLE passkey (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account (id), credential TEXT NOT NULL UNIQUE,
    public_key BLOB NOT NULL, counter INTEGER NOT NULL, transports TEXT NOT NULL, name TEXT NOT NULL, is_synced INTEGER NOT NULL,
    added_at INTEGER NOT NULL, used_at INTEGER, suspended_at INTEGER
  ) STRICT;
  CREATE INDEX passkey_account ON passkey (account);
  CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, account INTEGER NOT NULL REFERENCES account (id),
    method TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, stepped_up_at INTEGER NOT NULL,
    address TEXT NOT NULL, user_agent TEXT NOT NULL
  ) STRICT;
  CREATE INDEX session_account ON session (account);
  CREATE TABLE browser (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, account INTEGER NOT NULL REFERENCES account (id),
    used_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX browser_account ON browser (account);
  CREATE TABLE failure (
    lane TEXT PRIMARY KEY, is_stranger INTEGER NOT NULL, failures INTEGER NOT NULL, last_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX failure_stranger ON failure (last_at) WHERE is_stranger = 1;
  CREATE TABLE sign_in (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account (id), at INTEGER NOT NULL,
    succeeded INTEGER NOT NULL, address TEXT NOT NULL, user_agent TEXT NOT NULL, browser INTEGER
  ) STRICT;
  CREATE INDEX sign_in_account ON sign_in (account, id);
  CREATE TABLE nobody (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
`;
/** Version 2: the networks from which a second factor was shown in a session, as JSON. Older sessions have none and ask once. */
const networksSchema = `ALTER TABLE session ADD COLUMN networks TEXT NOT NULL DEFAULT '[]';`;
/** Version 3: who people are at the hospital's provider. What belongs to a session goes with it. */
const providerSchema = `
  CREATE TABLE provider_identity (
    account INTEGER PRIMARY KEY REFERENCES account (id), issuer TEXT NOT NULL, subject TEXT NOT NULL, linked_at INTEGER NOT NULL,
    department TEXT, UNIQUE (issuer, subject)
  ) STRICT;
  CREATE TABLE provider_session (
    session INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE, issuer TEXT NOT NULL, sid TEXT NOT NULL,
    PRIMARY KEY (session, issuer, sid)
  ) STRICT;
  CREATE INDEX provider_session_sid ON provider_session (issuer, sid);
  CREATE TABLE logout_token (issuer TEXT NOT NULL, id TEXT NOT NULL, not_after INTEGER NOT NULL, PRIMARY KEY (issuer, id)) STRICT;
  CREATE INDEX logout_token_end ON logout_token (not_after);
  ALTER TABLE session ADD COLUMN not_after INTEGER;
`;
/** Version 4. Of passkeys of before nobody knows whether they can be on several devices: they count as such. */
const workstationSchema = `
  ALTER TABLE session ADD COLUMN workstation TEXT;
  ALTER TABLE session ADD COLUMN passkey INTEGER;
  ALTER TABLE passkey ADD COLUMN is_single INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE passkey ADD COLUMN workstation TEXT;
`;
/** Each brings the file to the next version. */
const schemaSteps = [schema, networksSchema, providerSchema, workstationSchema, passcodeSchema];
const schemaVersion = schemaSteps.length;

export class PeopleDatabase implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens or makes the file, mode 0600; `:memory:` in tests.
   * @throws LeadglassError CORRUPT when it is not ours or of a newer version
   */
  static open(path: string): PeopleDatabase {
    // SQLite would make it readable for all, and gives the same mode to the files beside it.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, allowExtension: false });
    try {
      database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;',
      );
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (version < 0 || version > schemaVersion) {
        throw new LeadglassError(
          'CORRUPT',
          `Cannot open the accounts: their version is ${version}, this program knows ${schemaVersion}`,
        );
      }
      if (version < schemaVersion) {
        const steps = schemaSteps.slice(version).join('');
        database.exec(`BEGIN; ${steps} PRAGMA user_version = ${schemaVersion}; COMMIT;`);
      }
      return new PeopleDatabase(database);
    } catch (error) {
      database.close();
      if (error instanceof LeadglassError) throw error;
      throw new LeadglassError('CORRUPT', 'Cannot open the accounts: people.sqlite is not readable', { cause: error });
    }
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /** All of it or nothing, durable when this returns; inside another one it is a part of that. */
  transaction<T>(work: () => T): T {
    if (this.#database.isTransaction) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
