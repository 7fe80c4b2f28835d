/**
 * The key ring: one master key that wraps all other keys (envelope encryption), so that they can rest in files, databases
 * and backups. Where the master key rests is left to the secret store.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { LeadglassError } from '../error.ts';
import type { SecretStore } from './secret-store.ts';

const masterKeyName = 'master.key';
const keyLengthBytes = 32;
const nonceLengthBytes = 12;
const tagLengthBytes = 16;
/** First byte of everything wrapped: AES-256-GCM, 12 byte random nonce, 16 byte tag. */
const formatVersion = 1;

export class KeyRing {
  readonly #master: Buffer;

  private constructor(master: Buffer) {
    this.#master = master;
  }

  /**
   * The ring of an installation; a first start makes its master key, durable when this returns.
   * @throws LeadglassError CORRUPT when the master key has the wrong length; BAD_REQUEST as the store says
   */
  static open(secrets: SecretStore): KeyRing {
    let master = secrets.read(masterKeyName);
    if (master === undefined) {
      master = randomBytes(keyLengthBytes);
      secrets.create(masterKeyName, master);
    }
    if (master.length !== keyLengthBytes) {
      throw new LeadglassError(
        'CORRUPT',
        `Cannot read the master key: it has ${master.length} bytes, expected ${keyLengthBytes}; restore it from a backup`,
      );
    }
    return new KeyRing(master);
  }

  /**
   * Encrypts a small secret. `purpose` says what it is and whose (for instance `study-key 1.2.3`); the same text is needed
   * to unwrap, so that a wrapped key cannot be put in the place of another.
   * @returns version, nonce, ciphertext, tag
   */
  wrap(secret: Uint8Array, purpose: string): Buffer {
    const nonce = randomBytes(nonceLengthBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#master, nonce, { authTagLength: tagLengthBytes });
    cipher.setAAD(additionalData(purpose));
    const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(formatVersion), nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** @throws LeadglassError CORRUPT when it was changed, cut, is of another purpose or was wrapped by another master key */
  unwrap(wrapped: Uint8Array, purpose: string): Buffer {
    const kind = purpose.split(' ')[0] ?? '';
    if (wrapped.length < 1 + nonceLengthBytes + tagLengthBytes || wrapped[0] !== formatVersion) {
      throw new LeadglassError('CORRUPT', `Cannot unwrap a ${kind}: unknown format`);
    }
    const nonce = wrapped.subarray(1, 1 + nonceLengthBytes);
    const ciphertext = wrapped.subarray(1 + nonceLengthBytes, wrapped.length - tagLengthBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#master, nonce, { authTagLength: tagLengthBytes });
    decipher.setAAD(additionalData(purpose));
    decipher.setAuthTag(wrapped.subarray(wrapped.length - tagLengthBytes));
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch (cause) {
      throw new LeadglassError('CORRUPT', `Cannot unwrap a ${kind}: it was changed, or belongs to another master key`, {
        cause,
      });
    }
  }
}

function additionalData(purpose: string): Buffer {
  return Buffer.concat([Buffer.of(formatVersion), Buffer.from(`leadglass ${purpose}`, 'utf8')]);
}
