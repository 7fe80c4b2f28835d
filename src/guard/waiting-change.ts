/**
 * What a person asked for that would give a device more, and that a second person has to confirm before it is done: rows of
 * `guard.sqlite`, a part of the policy store. Until then nothing of it is in the policy, so there is nothing that could be let in.
 */
import type { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { endSchema, openingTermsSchema, textSchema } from './opening.ts';
import { parsedRow, type Row } from './row.ts';

const aeTitle = openingTermsSchema.entries.device;
const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** A certificate that was checked or made already; it stands for nobody until the change is done. */
const certificateSchema = v.strictObject({
  entry: v.strictObject({
    fingerprint256: fingerprint,
    device: aeTitle,
    origin: v.picklist(['own', 'pinned']),
    subject: v.string(),
    serialNumber: v.string(),
    notBeforeMs: v.number(),
    notAfterMs: v.number(),
    addedAtMs: endSchema,
  }),
  sharedWith: v.pipe(v.array(aeTitle), v.readonly()),
});
export type NewCertificate = v.InferOutput<typeof certificateSchema>;

const anything = v.pipe(v.array(v.any()), v.readonly());

const changeSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('device-add'),
    terms: openingTermsSchema,
    certificate: v.exactOptional(certificateSchema),
  }),
  v.strictObject({
    kind: v.literal('device-renew'),
    /** Number of the opening in whose place the new one comes. */
    replaces: v.number(),
    terms: openingTermsSchema,
    certificate: v.exactOptional(certificateSchema),
  }),
  v.strictObject({
    kind: v.literal('device-token'),
    hash: fingerprint,
    device: aeTitle,
    openingId: v.number(),
    createdAtMs: endSchema,
    notAfterMs: endSchema,
  }),
  v.strictObject({
    kind: v.literal('opening-apply'),
    document: v.unknown(),
    /** The difference that was looked at: any other one is not what was asked for. */
    told: v.strictObject({ added: anything, changed: anything, closed: anything }),
  }),
]);
export type Change = v.InferOutput<typeof changeSchema>;
export type ChangeOf<K extends Change['kind']> = Extract<Change, { readonly kind: K }>;

export interface WaitingChange {
  readonly id: number;
  readonly change: Change;
  /** In words, for whoever confirms. */
  readonly summary: string;
  /** E-mail address of the account. */
  readonly askedBy: string;
  readonly askedAtMs: number;
  /** First moment at which it cannot be confirmed any more. */
  readonly notAfterMs: number;
  readonly decided?: { readonly atMs: number; readonly by: string; readonly how: 'confirmed' | 'refused' };
}

export const waitingChangeSchema = `
  CREATE TABLE waiting_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL, summary TEXT NOT NULL, asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL, not_after INTEGER NOT NULL, decided_at INTEGER, decided_by TEXT, decided_how TEXT
  ) STRICT;
`;

export class WaitingChanges {
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: DatabaseSync) {
    this.#statements = prepareStatements(database);
  }

  /** @returns it, with its number */
  add(waiting: Omit<WaitingChange, 'id' | 'decided'>): WaitingChange {
    const { change, summary, askedBy, askedAtMs, notAfterMs } = waiting;
    const text = JSON.stringify(v.parse(changeSchema, change));
    const { lastInsertRowid } = this.#statements.add.run(text, summary, askedBy, askedAtMs, notAfterMs);
    return { ...waiting, id: Number(lastInsertRowid) };
  }

  byId(id: number): WaitingChange | undefined {
    const row = this.#statements.byId.get(id);
    return row === undefined ? undefined : waitingOf(row);
  }

  /** Those that can be confirmed at this moment, the oldest first. */
  open(nowMs: number): readonly WaitingChange[] {
    return this.#statements.open.all(nowMs).map(waitingOf);
  }

  count(nowMs: number): number {
    return Number(this.#statements.count.get(nowMs)?.['waiting'] ?? 0);
  }

  /** True when nobody had decided before. */
  decide(id: number, { atMs, by, how }: NonNullable<WaitingChange['decided']>): boolean {
    return this.#statements.decide.run(atMs, by, how, id).changes === 1;
  }
}

function prepareStatements(database: DatabaseSync) {
  const isOpen = 'decided_at IS NULL AND not_after > ?';
  return {
    add: database.prepare(
      'INSERT INTO waiting_change (change, summary, asked_by, asked_at, not_after) VALUES (?, ?, ?, ?, ?)',
    ),
    byId: database.prepare('SELECT * FROM waiting_change WHERE id = ?'),
    open: database.prepare(`SELECT * FROM waiting_change WHERE ${isOpen} ORDER BY id`),
    count: database.prepare(`SELECT count(*) AS waiting FROM waiting_change WHERE ${isOpen}`),
    decide: database.prepare(
      'UPDATE waiting_change SET decided_at = ?, decided_by = ?, decided_how = ? WHERE id = ? AND decided_at IS NULL',
    ),
  };
}

const rowSchema = v.object({
  id: v.number(),
  change: v.pipe(v.string(), v.parseJson(), changeSchema),
  summary: textSchema(4000),
  asked_by: v.string(),
  asked_at: endSchema,
  not_after: endSchema,
  decided_at: v.nullable(endSchema),
  decided_by: v.nullable(v.string()),
  decided_how: v.nullable(v.picklist(['confirmed', 'refused'])),
});

function waitingOf(row: Row): WaitingChange {
  const found = parsedRow(rowSchema, row, 'a change that waits');
  const { id, change, summary, asked_by: askedBy, asked_at: askedAtMs, not_after: notAfterMs } = found;
  const { decided_at: atMs, decided_by: by, decided_how: how } = found;
  const decided = atMs === null || how === null ? {} : { decided: { atMs, by: by ?? '', how } };
  return { id, change, summary, askedBy, askedAtMs, notAfterMs, ...decided };
}
