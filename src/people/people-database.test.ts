import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PeopleDatabase } from './people-database.ts';

/** As version 1 wrote it, as far as what came later touches it. */
const versionOne = `
  CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT, handle BLOB NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
    role TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'disabled')), until INTEGER,
    created_at INTEGER NOT NULL, created_by TEXT NOT NULL, enrolled_at INTEGER,
    disabled_at INTEGER, disabled_by TEXT, disabled_reason TEXT
  ) STRICT;
  CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, account INTEGER NOT NULL REFERENCES account (id),
    method TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, stepped_up_at INTEGER NOT NULL,
    address TEXT NOT NULL, user_agent TEXT NOT NULL
  ) STRICT;
  CREATE TABLE passkey (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account (id), credential TEXT NOT NULL UNIQUE
  ) STRICT;
  INSERT INTO account (handle, email, display_name, role, state, created_at, created_by) VALUES (x'01', 'a@b.example', 'A', 'physician', 'active', 1, 'operator root');
  INSERT INTO session (hash, account, method, created_at, used_at, stepped_up_at, address, user_agent) VALUES (x'02', 1, 'passkey', 1, 1, 1, '', '');
  PRAGMA user_version = 1;
`;

test('a file of version 1 gets what single sign-on and workstations need, and keeps who was there', (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-people-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'people.sqlite');
  const before = new DatabaseSync(path);
  before.exec(versionOne);
  before.close();
  using database = PeopleDatabase.open(path);
  assert.equal(database.prepare('SELECT not_after FROM session').get()?.['not_after'], null);
  assert.equal(database.prepare('SELECT workstation, passkey FROM session').get()?.['workstation'], null);
  assert.deepEqual(database.prepare('SELECT is_single, workstation FROM passkey').all(), []);
  const link = database.prepare('INSERT INTO provider_session (session, issuer, sid) VALUES (1, ?, ?)');
  link.run('https://login.example', 's');
  database.prepare('DELETE FROM session').run();
  assert.deepEqual(
    database.prepare('SELECT * FROM provider_session').all(),
    [],
    'what belongs to a session goes with it',
  );
  using again = PeopleDatabase.open(path);
  assert.equal(again.prepare('SELECT count(*) AS count FROM account').get()?.['count'], 1);
});
