/**
 * Encryption at rest. A study key never encrypts anything itself: each instance (and each note) gets its own key,
 * HMAC-SHA-256(study key, "leadglass" || purpose || 16 random bytes), in the manner of NIST SP 800-108. Its nonces are
 * then plain counters that can never meet again, whatever a crash, a cut tail or a restored backup does to our counters.
 *
 * AES-256-GCM, 12-byte nonce = domain u32 || chunk number u64; 16-byte tag before each ciphertext. Additional data bind
 * instance and chunk number, so that chunks cannot be moved or swapped; the sealed facts of the commit hold length and
 * SHA-256, so that none can be dropped or cut off. (A last flag in the additional data would have to be known before the
 * chunk's first byte is encrypted, so it would cost a copy of everything.)
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, randomFillSync } from 'node:crypto';
import { LeadglassError } from '../../../error.ts';

export const saltBytes = 16;
export const tagBytes = 16;

const cipherName = 'aes-256-gcm';
const chunkDomain = 0;
const metaDomain = 1;

export function newSalt(): Buffer {
  return randomBytes(saltBytes);
}

/** Draws many salts at once: a system call for each would cost more than the key that is made of it. */
export class SaltPool {
  readonly #bytes = Buffer.alloc(saltBytes * 256);
  #used = this.#bytes.length;

  next(): Buffer {
    if (this.#used === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#used = 0;
    }
    const salt = Buffer.from(this.#bytes.subarray(this.#used, this.#used + saltBytes));
    this.#used += saltBytes;
    return salt;
  }
}

/** The key of one instance or one note. */
export function deriveKey(studyKey: Uint8Array, purpose: 'instance' | 'note', salt: Uint8Array): Buffer {
  return createHmac('sha256', studyKey).update(`leadglass ${purpose}\0`, 'latin1').update(salt).digest();
}

function nonceOf(domain: number, number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(domain, 0);
  nonce.writeUIntLE(number, 4, 6);
  return nonce;
}

function chunkData(instance: number, chunk: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntLE(instance, 0, 6);
  bytes.writeUInt32LE(chunk, 8);
  return bytes;
}

/** Encrypts one chunk: tag, then ciphertext. */
export function sealChunk(
  key: Uint8Array,
  plain: Uint8Array,
  facts: { readonly instance: number; readonly chunk: number },
): readonly [tag: Buffer, ciphertext: Buffer] {
  const cipher = createCipheriv(cipherName, key, nonceOf(chunkDomain, facts.chunk), { authTagLength: tagBytes });
  cipher.setAAD(chunkData(facts.instance, facts.chunk));
  const ciphertext = cipher.update(plain);
  cipher.final();
  return [cipher.getAuthTag(), ciphertext];
}

/**
 * Decrypts and checks one chunk (tag || ciphertext).
 * @throws LeadglassError CORRUPT
 */
export function openChunk(
  key: Uint8Array,
  sealed: Uint8Array,
  facts: { readonly instance: number; readonly chunk: number },
): Buffer {
  const decipher = createDecipheriv(cipherName, key, nonceOf(chunkDomain, facts.chunk), { authTagLength: tagBytes });
  decipher.setAAD(chunkData(facts.instance, facts.chunk));
  decipher.setAuthTag(sealed.subarray(0, tagBytes));
  const plain = decipher.update(sealed.subarray(tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new LeadglassError('CORRUPT', `Cannot read a stored instance: chunk ${facts.chunk} does not verify`, {
      cause,
    });
  }
  return plain;
}

/** Encrypts a commit's or note's facts; once per derived key. */
export function sealFacts(key: Uint8Array, plain: Uint8Array, bound: Uint8Array): Buffer {
  const cipher = createCipheriv(cipherName, key, nonceOf(metaDomain, 0), { authTagLength: tagBytes });
  cipher.setAAD(bound);
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([cipher.getAuthTag(), body]);
}

/** @throws LeadglassError CORRUPT */
export function openFacts(key: Uint8Array, sealed: Uint8Array, bound: Uint8Array): Buffer {
  if (sealed.length < tagBytes) throw new LeadglassError('CORRUPT', 'Cannot read a record: its facts are cut short');
  const decipher = createDecipheriv(cipherName, key, nonceOf(metaDomain, 0), { authTagLength: tagBytes });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(0, tagBytes));
  const plain = decipher.update(sealed.subarray(tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read a record: its facts do not verify', { cause });
  }
  return plain;
}
