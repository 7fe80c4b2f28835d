/** Keeps the keys of the studies being read at hand; unwrapping one costs a query and a decryption. */
import { LeadglassError } from '../../error.ts';
import type { StudyKeySource } from './study-key-source.ts';

export class StudyKeyCache {
  readonly source: StudyKeySource;
  readonly #max: number;
  /** Least recently used first. */
  readonly #byId = new Map<number, Uint8Array>();

  constructor(source: StudyKeySource, studyKeysMax: number) {
    this.source = source;
    this.#max = studyKeysMax;
  }

  /** Undefined: destroyed. @throws LeadglassError CORRUPT when the wrapped key was changed */
  find(id: number): Uint8Array | undefined {
    const known = this.#byId.get(id);
    if (known !== undefined) {
      this.#byId.delete(id);
      this.#byId.set(id, known);
      return known;
    }
    const key = this.source.keyById(id)?.key;
    if (key === undefined) return undefined;
    this.#byId.set(id, key);
    const oldest = this.#byId.keys().next();
    if (this.#byId.size > this.#max && oldest.done !== true) this.#byId.delete(oldest.value);
    return key;
  }

  /** @throws LeadglassError NOT_FOUND when it was destroyed */
  get(id: number): Uint8Array {
    const key = this.find(id);
    if (key === undefined)
      throw new LeadglassError('NOT_FOUND', 'Cannot read a stored instance: its study was removed');
    return key;
  }

  destroy(studyInstanceUid: string, id: number): void {
    this.#byId.delete(id);
    this.source.destroy(studyInstanceUid);
  }
}
