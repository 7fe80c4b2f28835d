/** Passwords, one-time codes, recovery codes and passkeys of accounts as rows; what each proves is decided elsewhere. */
import { randomBytes } from 'node:crypto';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PeopleDatabase, Row } from './people-database.ts';
import { bytes, integer, optionalInteger, optionalText, text } from './rows.ts';

export interface Passkey {
  readonly id: number;
  readonly accountId: number;
  /** Credential ID, base64url. */
  readonly credential: string;
  /** COSE key. */
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
  /** What its owner calls it. */
  readonly name: string;
  /** Backed up by its maker's service, so that it may be on several devices (WebAuthn 6.1.3). */
  readonly isSynced: boolean;
  /** It can be on one device alone (WebAuthn 6.1.3: not backup eligible). */
  readonly isSingleDevice: boolean;
  /** Name of the workstation in which it lives: whoever signs in with it sits there. */
  readonly workstation?: string;
  readonly addedAtMs: number;
  readonly usedAtMs?: number;
  /** It may have been copied, and is not taken any more. */
  readonly suspendedAtMs?: number;
}

export class CredentialStore {
  readonly #database: PeopleDatabase;
  readonly #ring: KeyRing;
  readonly #statements;

  constructor(database: PeopleDatabase, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
    this.#statements = {
      password: database.prepare('SELECT hash FROM password WHERE account = ?'),
      setPassword: database.prepare(
        'INSERT INTO password (account, hash, set_at) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at',
      ),
      upgradePassword: database.prepare('UPDATE password SET hash = ? WHERE account = ? AND hash = ?'),
      code: database.prepare('SELECT wrapped, last_step FROM one_time_code WHERE account = ?'),
      setCode: database.prepare(
        'INSERT INTO one_time_code (account, wrapped, added_at, last_step) VALUES (?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET wrapped = excluded.wrapped, added_at = excluded.added_at, last_step = excluded.last_step',
      ),
      takeStep: database.prepare('UPDATE one_time_code SET last_step = ?1 WHERE account = ?2 AND last_step < ?1'),
      addRecoveryCode: database.prepare('INSERT INTO recovery_code (account, hash) VALUES (?, ?)'),
      takeRecoveryCode: database.prepare('DELETE FROM recovery_code WHERE account = ? AND hash = ?'),
      recoveryCodes: database.prepare('SELECT count(*) AS count FROM recovery_code WHERE account = ?'),
      addPasskey: database.prepare(
        'INSERT INTO passkey (account, credential, public_key, counter, transports, name, is_synced, is_single, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      passkey: database.prepare('SELECT * FROM passkey WHERE credential = ?'),
      passkeys: database.prepare('SELECT * FROM passkey WHERE account = ? ORDER BY id'),
      usePasskey: database.prepare('UPDATE passkey SET counter = ?, is_synced = ?, used_at = ? WHERE id = ?'),
      suspendPasskey: database.prepare('UPDATE passkey SET suspended_at = ? WHERE id = ? AND suspended_at IS NULL'),
      tiePasskey: database.prepare('UPDATE passkey SET workstation = ? WHERE id = ? AND account = ?'),
      removePasskey: database.prepare('DELETE FROM passkey WHERE account = ? AND id = ?'),
      renamePasskey: database.prepare('UPDATE passkey SET name = ? WHERE id = ? AND account = ?'),
      forget: ['password', 'one_time_code', 'recovery_code', 'passkey'].map((table) =>
        database.prepare(`DELETE FROM ${table} WHERE account = ?`),
      ),
      forgetRecoveryCodes: database.prepare('DELETE FROM recovery_code WHERE account = ?'),
      forgetPasswordAndCode: ['password', 'one_time_code'].map((table) =>
        database.prepare(`DELETE FROM ${table} WHERE account = ?`),
      ),
    };
  }

  // ── password ──────────────────────────────────────────────────────────────────────────────────────────────────────

  passwordHash(accountId: number): string | undefined {
    const row = this.#statements.password.get(accountId);
    return row === undefined ? undefined : text(row, 'hash');
  }

  setPassword(accountId: number, hash: string, atMs: number): void {
    this.#statements.setPassword.run(accountId, hash, atMs);
  }

  /** The same password under today's parameters, unless it was changed meanwhile. */
  upgradePassword(accountId: number, { from, to }: { readonly from: string; readonly to: string }): void {
    this.#statements.upgradePassword.run(to, accountId, from);
  }

  // ── one-time codes and recovery codes ─────────────────────────────────────────────────────────────────────────────

  codeSecret(accountId: number): Buffer | undefined {
    const row = this.#statements.code.get(accountId);
    return row === undefined ? undefined : this.#ring.unwrap(bytes(row, 'wrapped'), codePurpose(accountId));
  }

  /** @param lastStep the step whose code was just shown as a proof: it is used up */
  setCode(
    accountId: number,
    secret: Buffer,
    { atMs, lastStep }: { readonly atMs: number; readonly lastStep: number },
  ): void {
    this.#statements.setCode.run(accountId, this.#ring.wrap(secret, codePurpose(accountId)), atMs, lastStep);
  }

  /**
   * Uses the step up, and all before it, durably. False when it was used before: RFC 6238 5.2, SP 800-63B-4 3.1.5.2, a code is taken
   * once. One statement, so that of two requests with one code only one is true.
   */
  takeStep(accountId: number, step: number): boolean {
    return this.#statements.takeStep.run(step, accountId).changes === 1;
  }

  setRecoveryCodes(accountId: number, hashes: readonly Buffer[]): void {
    this.#database.transaction(() => {
      this.#statements.forgetRecoveryCodes.run(accountId);
      for (const hash of hashes) this.#statements.addRecoveryCode.run(accountId, hash);
    });
  }

  /** Uses it up; false when there is no such one. */
  takeRecoveryCode(accountId: number, hash: Buffer): boolean {
    return this.#statements.takeRecoveryCode.run(accountId, hash).changes === 1;
  }

  recoveryCodesLeft(accountId: number): number {
    return integer(this.#statements.recoveryCodes.get(accountId) ?? {}, 'count');
  }

  // ── passkeys ──────────────────────────────────────────────────────────────────────────────────────────────────────

  addPasskey(passkey: Omit<Passkey, 'id' | 'usedAtMs' | 'suspendedAtMs'>): number {
    const { accountId, credential, publicKey, counter, transports, name, isSynced, isSingleDevice, addedAtMs } =
      passkey;
    const { lastInsertRowid } = this.#statements.addPasskey.run(
      accountId,
      credential,
      publicKey,
      counter,
      transports.join(' '),
      name,
      Number(isSynced),
      Number(isSingleDevice),
      addedAtMs,
    );
    return Number(lastInsertRowid);
  }

  passkey(credential: string): Passkey | undefined {
    const row = this.#statements.passkey.get(credential);
    return row === undefined ? undefined : passkeyOf(row);
  }

  passkeys(accountId: number): readonly Passkey[] {
    return this.#statements.passkeys.all(accountId).map(passkeyOf);
  }

  usePasskey(id: number, use: { readonly counter: number; readonly isSynced: boolean; readonly atMs: number }): void {
    this.#statements.usePasskey.run(use.counter, Number(use.isSynced), use.atMs, id);
  }

  suspendPasskey(id: number, atMs: number): void {
    this.#statements.suspendPasskey.run(atMs, id);
  }

  renamePasskey(accountId: number, id: number, name: string): void {
    this.#statements.renamePasskey.run(name, id, accountId);
  }

  /** @param workstation undefined: it lives nowhere in particular */
  tiePasskey(accountId: number, id: number, workstation: string | undefined): void {
    this.#statements.tiePasskey.run(workstation ?? null, id, accountId);
  }

  removePasskey(accountId: number, id: number): boolean {
    return this.#statements.removePasskey.run(accountId, id).changes === 1;
  }

  /** Everything that proves who this is; the account has to be enrolled anew. */
  forgetAll(accountId: number): void {
    this.#database.transaction(() => {
      for (const statement of this.#statements.forget) statement.run(accountId);
    });
  }

  /** Password and one-time codes, where passkeys are left. */
  forgetPasswordAndCode(accountId: number): void {
    this.#database.transaction(() => {
      for (const statement of this.#statements.forgetPasswordAndCode) statement.run(accountId);
    });
  }
}

/** RFC 4226 4: 160 random bits. */
export function makeCodeSecret({ codeSecretBytes }: { readonly codeSecretBytes: number }): Buffer {
  return randomBytes(codeSecretBytes);
}

/** Binds a wrapped secret to its account: moved to another row it does not open. */
function codePurpose(accountId: number): string {
  return `one-time-code ${accountId}`;
}

function passkeyOf(row: Row): Passkey {
  const usedAtMs = optionalInteger(row, 'used_at');
  const suspendedAtMs = optionalInteger(row, 'suspended_at');
  const workstation = optionalText(row, 'workstation');
  return {
    id: integer(row, 'id'),
    accountId: integer(row, 'account'),
    credential: text(row, 'credential'),
    publicKey: bytes(row, 'public_key'),
    counter: integer(row, 'counter'),
    transports: text(row, 'transports').split(' ').filter(Boolean),
    name: text(row, 'name'),
    isSynced: integer(row, 'is_synced') === 1,
    isSingleDevice: integer(row, 'is_single') === 1,
    ...(workstation === undefined ? {} : { workstation }),
    addedAtMs: integer(row, 'added_at'),
    ...(usedAtMs === undefined ? {} : { usedAtMs }),
    ...(suspendedAtMs === undefined ? {} : { suspendedAtMs }),
  };
}
