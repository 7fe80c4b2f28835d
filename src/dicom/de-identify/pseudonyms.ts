/**
 * What takes the place of UIDs, patients and days: computed from the original and a key, so that the same project always gets
 * the same, links between instances stay whole, and nothing has to be kept. Without the key nothing leads back, and two projects
 * cannot be compared.
 */
import { createHmac } from 'node:crypto';
import { type Uid, uidFromRandom } from '../uid.ts';

/** Ten years: longer than what can be guessed from seasons and machines, short enough for a date to stay plausible. */
const shiftDaysMax = 3650;
/** Base 32 without letters that are taken for digits (RFC 4648 has I, O; these are left out). */
const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

export class Pseudonyms {
  readonly #key: Uint8Array;

  /** @param key at least 32 random bytes; they are kept, not copied */
  constructor(key: Uint8Array) {
    if (key.length < 32) throw new RangeError('a key of pseudonyms has at least 32 bytes');
    this.#key = key;
  }

  /** For a project that de-identifies with these options: with others the same instance is another one. */
  static forOptions(key: Uint8Array, options: readonly string[]): Pseudonyms {
    const derived = createHmac('sha256', key).update(`leadglass options 1\0${options.toSorted().join(' ')}`);
    return new Pseudonyms(derived.digest());
  }

  /** Under 2.25 (PS3.5 B.2), in the form of a UUID of version 8 (RFC 9562 5.8): 122 bits of the keyed hash. */
  uid(original: string): Uid {
    const bytes = this.#hash('uid', original).subarray(0, 16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return uidFromRandom(bytes);
  }

  /** Sixteen letters and digits with a `P` in front: a name and an ID for the same patient. */
  patient(original: string): string {
    const hash = this.#hash('patient', original);
    return `P${[...hash.subarray(0, 16)].map((byte) => letters[byte & 31]).join('')}`;
  }

  /** Whole days, at least one, by which all dates of this patient go back. */
  shiftDays(patient: string): number {
    return 1 + (this.#hash('days', patient).readUInt32BE(0) % shiftDaysMax);
  }

  /** Takes the place of the digest of stored bytes, which would tell who has those that they are the same. */
  digest(sha256: Uint8Array, profile: string): Uint8Array {
    return this.#mac('digest').update(`${profile}\0`).update(sha256).digest();
  }

  #hash(kind: string, text: string): Buffer {
    return this.#mac(kind).update(text).digest();
  }

  /** The kind in front: the same text as a UID and as a patient has nothing in common. */
  #mac(kind: string): ReturnType<typeof createHmac> {
    return createHmac('sha256', this.#key).update(`leadglass ${kind} 1\0`);
  }
}

/**
 * One patient, whoever numbered him: an ID without its issuer may be another's. Who has no ID is a patient for each study: two
 * studies of unknown people are not one person's.
 */
export function patientKey(facts: {
  readonly issuerOfPatientId: string;
  readonly patientId: string;
  readonly studyInstanceUid: string;
}): string {
  const { issuerOfPatientId, patientId, studyInstanceUid } = facts;
  return patientId === '' ? `study\0${studyInstanceUid}` : `${issuerOfPatientId}\0${patientId}`;
}
