/** `guard.sqlite` in SQL: its tables, by version, and what is asked of those that tell of devices. */
import type { DatabaseSync } from 'node:sqlite';
import { emergencySchema } from './emergency-table.ts';
import { personOpeningSchema } from './person-opening-table.ts';
import { programSchema } from './program-table.ts';
import { waitingChangeSchema } from './waiting-change.ts';

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
export const schemaSteps = [
  schema,
  tokenSchema,
  personOpeningSchema,
  emergencySchema,
  waitingChangeSchema,
  programSchema,
];

export function prepareStatements(database: DatabaseSync) {
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
