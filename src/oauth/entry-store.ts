/**
 * What the authorization server remembers for minutes or hours: requests that wait for a person, codes, tokens, grants. In memory only:
 * none of it survives a restart, so there is nothing to steal from a disk. The library's storage contract (its `Adapter`), bounded.
 */

/** What the library keeps of one thing; the members that are looked at here. */
export interface Payload {
  readonly grantId?: string;
  readonly uid?: string;
  consumed?: number;
  readonly [member: string]: unknown;
}

export interface Entry {
  /** Counted upwards over everything; never used again. */
  readonly number: number;
  readonly kind: string;
  readonly id: string;
  readonly payload: Payload;
  readonly expiresAtMs: number;
}

export interface EntryLimits {
  readonly entriesMax: number;
  readonly entriesPerGrantMax: number;
  readonly askingMax: number;
}

/** Kinds that belong to a grant and end with it. */
const grantKinds = ['AccessToken', 'AuthorizationCode', 'RefreshToken'] as const;

export class EntryStore {
  readonly #kinds = new Map<string, Map<string, Entry>>();
  readonly #limits: EntryLimits;
  readonly #now: () => number;
  readonly #removed: (entry: Entry) => void;
  #next = 1;

  /** @param removed told of each entry that ended before its time, or gave way */
  constructor(facts: {
    readonly limits: EntryLimits;
    readonly now: () => number;
    readonly removed: (entry: Entry) => void;
  }) {
    this.#limits = facts.limits;
    this.#now = facts.now;
    this.#removed = facts.removed;
  }

  put(kind: string, id: string, payload: Payload, expiresInSeconds: number): void {
    const entries = this.#entries(kind);
    const before = entries.get(id);
    const number = before?.number ?? this.#next++;
    if (before === undefined) {
      this.#makeRoomOfGrant(entries, payload.grantId);
      this.#makeRoom(kind, entries);
    }
    entries.set(id, { number, kind, id, payload, expiresAtMs: this.#now() + expiresInSeconds * 1000 });
  }

  /** Undefined for what is none, or is over. */
  get(kind: string, id: string): Entry | undefined {
    const entry = this.#entries(kind).get(id);
    return entry !== undefined && this.#now() < entry.expiresAtMs ? entry : undefined;
  }

  byNumber(kind: string, number: number): Entry | undefined {
    for (const entry of this.#entries(kind).values()) {
      if (entry.number === number) return this.get(kind, entry.id);
    }
    return undefined;
  }

  remove(kind: string, id: string): void {
    const entry = this.#entries(kind).get(id);
    if (entry === undefined) return;
    this.#entries(kind).delete(id);
    this.#removed(entry);
  }

  /** The grant and all codes and tokens of it. */
  removeGrant(grantId: string): void {
    for (const kind of grantKinds) this.removeOfGrant(kind, grantId);
    this.remove('Grant', grantId);
  }

  removeOfGrant(kind: string, grantId: string): void {
    for (const { id, payload } of this.#entries(kind).values()) {
      if (payload.grantId === grantId) this.remove(kind, id);
    }
  }

  /** Forgets what is over. */
  sweep(): void {
    const nowMs = this.#now();
    for (const entries of this.#kinds.values()) {
      for (const { id, expiresAtMs } of entries.values()) if (expiresAtMs <= nowMs) entries.delete(id);
    }
  }

  count(kind: string): number {
    return this.#entries(kind).size;
  }

  #entries(kind: string): Map<string, Entry> {
    const found = this.#kinds.get(kind);
    if (found !== undefined) return found;
    const made = new Map<string, Entry>();
    this.#kinds.set(kind, made);
    return made;
  }

  /** A program that renews without end pushes out its own. */
  #makeRoomOfGrant(entries: ReadonlyMap<string, Entry>, grantId: string | undefined): void {
    if (grantId === undefined) return;
    const own = [...entries.values()].filter(({ payload }) => payload.grantId === grantId);
    const [oldest] = own;
    if (oldest !== undefined && own.length >= this.#limits.entriesPerGrantMax) this.remove(oldest.kind, oldest.id);
  }

  /** The oldest give way; a Map keeps the order in which they came. */
  #makeRoom(kind: string, entries: Map<string, Entry>): void {
    const max = kind === 'Interaction' ? this.#limits.askingMax : this.#limits.entriesMax;
    if (entries.size < max) return;
    this.sweep();
    for (const id of entries.keys()) {
      if (entries.size < max) return;
      this.remove(kind, id);
    }
  }
}

/**
 * The library's storage of one kind. @param clientOf the registered program of this name, as the library wants it; clients live elsewhere
 */
export function adapterOf(
  kind: string,
  store: EntryStore,
  clientOf: (name: string) => Readonly<Record<string, unknown>> | undefined,
) {
  const find = async (id: string) => (kind === 'Client' ? clientOf(id) : store.get(kind, id)?.payload);
  return {
    find,
    // Neither is asked: sessions are the people's own, and there are no user codes.
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: async (id: string, payload: Payload, expiresInSeconds: number) =>
      store.put(kind, id, payload, expiresInSeconds),
    consume: async (id: string) => {
      const entry = store.get(kind, id);
      if (entry !== undefined) entry.payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id: string) => store.remove(kind, id),
    revokeByGrantId: async (grantId: string) => store.removeOfGrant(kind, grantId),
  };
}
