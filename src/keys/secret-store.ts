/**
 * Where secrets rest. Today: files that only we may read. The interface is small so that a passphrase or a key service
 * can take its place; nothing of either is built.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import { syncFolder, writeNewFile } from './durable-file.ts';

export interface SecretStore {
  /** The secret of that name, or undefined. */
  read(name: string): Buffer | undefined;
  /**
   * Keeps a new secret, durable when this returns.
   * @throws LeadglassError CONFLICT when there is one of that name
   */
  create(name: string, secret: Uint8Array): void;
  /** Forgets a secret that nothing needs any more; nothing happens when there is none. */
  remove(name: string): void;
}

/** Names become file names, so they are ours and plain. */
const nameForm = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/** Files of mode 0600 in a folder of mode 0700; anything wider is refused, with the command that repairs it. */
export class FileSecrets implements SecretStore {
  readonly #directory: string;

  /**
   * Makes the folder when it is not there.
   * @throws LeadglassError BAD_REQUEST when others may look into the folder, or it belongs to somebody else
   */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(directory);
    refuseWider(directory, { mode, uid }, 0o700);
    this.#directory = directory;
  }

  read(name: string): Buffer | undefined {
    const path = this.#path(name);
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      // Asked of the open file, so that nobody can swap it between the check and the reading.
      refuseWider(path, fstatSync(descriptor), 0o600);
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  create(name: string, secret: Uint8Array): void {
    const path = this.#path(name);
    // Written under another name and linked, so that a power cut never leaves half a key under the right one. Linking
    // fails when the name is taken: two starts at the same time do not make two keys.
    const temporary = `${path}.${randomBytes(8).toString('hex')}.new`;
    try {
      writeNewFile(temporary, secret, 0o600);
      linkSync(temporary, path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
        throw new LeadglassError('CONFLICT', `Cannot make the key ${name}: it is there already`, { cause: error });
      }
      throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
    syncFolder(this.#directory);
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
    syncFolder(this.#directory);
  }

  #path(name: string): string {
    if (!nameForm.test(name)) throw new LeadglassError('INTERNAL', 'Cannot name a secret so: not a plain name');
    return join(this.#directory, name);
  }
}

function refuseWider(
  path: string,
  found: { readonly mode: number; readonly uid: number },
  allowed: 0o600 | 0o700,
): void {
  const mode = found.mode & 0o777;
  const octal = (value: number): string => value.toString(8).padStart(4, '0');
  if ((mode & ~allowed) !== 0) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot use ${path}: its permissions are ${octal(mode)}, at most ${octal(allowed)} are safe; run: chmod ${octal(allowed)} '${path}'`,
    );
  }
  const own = process.geteuid?.();
  if (own !== undefined && found.uid !== own) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot use ${path}: it belongs to user ${found.uid}, but this process runs as user ${own}; change its owner`,
    );
  }
}
