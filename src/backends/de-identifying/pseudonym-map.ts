/**
 * From the UIDs that a project sees back to those of the archive. Nothing of it is kept on disk: a pseudonym is a keyed hash, so what
 * was handed out is remembered, and what is not remembered is looked for among the studies that the asker may reach.
 */
import type { Uid } from '../../dicom/uid.ts';

export interface PseudonymMapLimits {
  /** UIDs that are remembered, of all projects together. */
  readonly rememberedUidsMax: number;
  /** A search through all studies that found nothing is good for so long. */
  readonly searchedAgainMs: number;
}

/**
 * Remembers the newest of all projects. Each knows its own only: who has the pseudonyms of another must not find out with them whose
 * studies are the same.
 */
export class PseudonymMap {
  readonly #limits: PseudonymMapLimits;
  readonly #now: () => number;
  readonly #originals = new Map<string, Uid>();
  /** By asker's reach: when all of it was looked through and fitted in here. */
  readonly #searched = new Map<string, number>();
  #evictions = 0;

  constructor(limits: PseudonymMapLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#originals.size;
  }

  original(project: string, pseudonym: string): Uid | undefined {
    const key = keyOf(project, pseudonym);
    const found = this.#originals.get(key);
    if (found !== undefined) {
      this.#originals.delete(key);
      this.#originals.set(key, found);
    }
    return found;
  }

  remember(project: string, { pseudonym, original }: { readonly pseudonym: Uid; readonly original: Uid }): void {
    const key = keyOf(project, pseudonym);
    this.#originals.delete(key);
    this.#originals.set(key, original);
    if (this.#originals.size <= this.#limits.rememberedUidsMax) return;
    const [oldest] = this.#originals.keys();
    if (oldest !== undefined) this.#originals.delete(oldest);
    this.#evictions += 1;
  }

  /** Was all that this asker reaches looked through just now, with all of it still remembered? Then what is not here is not there. */
  isSearched(reach: string): boolean {
    const at = this.#searched.get(reach);
    return at !== undefined && this.#now() - at < this.#limits.searchedAgainMs;
  }

  /** Call before a search; what it returns is to be called after it. */
  searching(reach: string): () => void {
    const before = this.#evictions;
    return () => {
      // Few reaches are asked at a time; more would only be searched anew.
      if (this.#searched.size >= 1000) this.#searched.clear();
      if (this.#evictions === before) this.#searched.set(reach, this.#now());
      else this.#searched.delete(reach);
    };
  }
}

function keyOf(project: string, pseudonym: string): string {
  return `${project}\0${pseudonym}`;
}
