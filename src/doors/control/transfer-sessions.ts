/**
 * Imports and exports that are under way: several requests each, ended by the client or, when it went away, by time. The
 * ledger gets one record per session either way.
 */
import { randomBytes } from 'node:crypto';
import { LeadglassError, asLeadglassError } from '../../error.ts';
import type { Log } from '../../log.ts';
import type { ExportSession, ImportOutcome, ImportSession } from './control-services.ts';

export interface TransferSessionLimits {
  readonly controlSessionsMax: number;
  readonly controlSessionIdleMs: number;
}

type Held = (
  | { readonly kind: 'import'; readonly session: ImportSession }
  | { readonly kind: 'export'; readonly session: ExportSession }
) & {
  /** Requests at work; the idle clock runs only at zero. */
  busy: number;
  timer: NodeJS.Timeout | undefined;
};

export class TransferSessions {
  readonly #limits: TransferSessionLimits;
  readonly #log: Log;
  readonly #held = new Map<string, Held>();

  constructor(limits: TransferSessionLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
  }

  addImport(session: ImportSession): string {
    return this.#add({ kind: 'import', session, busy: 0, timer: undefined });
  }

  addExport(session: ExportSession): string {
    return this.#add({ kind: 'export', session, busy: 0, timer: undefined });
  }

  /** @throws LeadglassError NOT_FOUND, or what the store says */
  async store(name: string, part10: AsyncIterable<Uint8Array>): Promise<ImportOutcome> {
    const held = this.#find(name);
    if (held.kind !== 'import') throw unknownSession();
    this.#enter(held);
    try {
      return await held.session.store(part10);
    } finally {
      this.#leave(name, held);
    }
  }

  async *read(name: string, index: string): AsyncGenerator<Uint8Array> {
    const held = this.#find(name);
    const number = /^\d{1,9}$/.test(index) ? Number(index) : -1;
    if (held.kind !== 'export' || held.session.instances[number] === undefined) throw unknownSession();
    this.#enter(held);
    try {
      yield* held.session.read(number);
    } finally {
      this.#leave(name, held);
    }
  }

  async end(name: string, reason: 'done' | 'broken'): Promise<void> {
    const held = this.#find(name);
    this.#held.delete(name);
    clearTimeout(held.timer);
    await held.session.end(reason);
  }

  /** For a stop of the server. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((name) => this.#endBroken(name)));
  }

  #add(held: Held): string {
    if (this.#held.size >= this.#limits.controlSessionsMax) {
      void held.session.end('broken').catch((error: unknown) => this.#report(error));
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot begin: ${this.#limits.controlSessionsMax} imports and exports are under way; wait for one to end`,
      );
    }
    const name = randomBytes(16).toString('hex');
    this.#held.set(name, held);
    this.#leave(name, held);
    return name;
  }

  #find(name: string): Held {
    const held = this.#held.get(name);
    if (held === undefined) throw unknownSession();
    return held;
  }

  #enter(held: Held): void {
    held.busy += 1;
    clearTimeout(held.timer);
  }

  #leave(name: string, held: Held): void {
    held.busy = Math.max(0, held.busy - 1);
    if (held.busy > 0 || !this.#held.has(name)) return;
    held.timer = setTimeout(() => void this.#endBroken(name), this.#limits.controlSessionIdleMs);
    held.timer.unref();
  }

  async #endBroken(name: string): Promise<void> {
    try {
      await this.end(name, 'broken');
    } catch (error) {
      this.#report(error);
    }
  }

  #report(thrown: unknown): void {
    const error = asLeadglassError(thrown);
    this.#log.error('control.session-end-failed', { code: error.code, message: error.message, detail: error.detail });
  }
}

function unknownSession(): LeadglassError {
  return new LeadglassError(
    'NOT_FOUND',
    'This import or export has ended: the client was silent too long, or the server restarted',
  );
}
