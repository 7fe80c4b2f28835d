/**
 * The access tokens that were given to programs, and what people let each of them do: the library's entries beside our own facts, in
 * memory both. All of a grant ends with its session or program, at once, and whoever runs something by it hears of that.
 */
import type { AccessTokenHolder, AccessTokens } from '../guard/identify/access-token.ts';
import type { PersonSession, PersonSessions } from '../guard/identify/person.ts';
import type { Program } from '../guard/program.ts';
import { operationsOfScopes } from '../guard/program-scope.ts';
import type { Programs } from '../guard/program-table.ts';
import type { PersonOperation } from '../guard/roles.ts';
import { type Entry, type EntryLimits, EntryStore } from './entry-store.ts';

/** What a person let a program do. */
export interface Grant {
  /** The library's number of it. */
  readonly id: string;
  readonly account: string;
  /** Of the session in which it was given. */
  readonly sessionId: number;
  readonly program: string;
  readonly operations: readonly PersonOperation[];
}

export interface ProgramTokenFacts {
  readonly programs: Programs;
  /** Sessions of people, and that one was used. */
  readonly persons: PersonSessions & { touch(sessionId: number): void };
  /** Our DICOMweb, for which every token is; undefined while the door is closed. */
  readonly resource: () => string | undefined;
  readonly limits: EntryLimits & { readonly grantsPerAccountMax: number };
  readonly now: () => number;
}

const endedKept = 64;

export class ProgramTokens implements AccessTokens, Disposable {
  readonly store: EntryStore;
  readonly #facts: ProgramTokenFacts;
  readonly #grants = new Map<string, Grant>();
  /** Those that ended just now: the library tells why after it is done. */
  readonly #ended = new Map<string, Grant>();
  readonly #listeners = new Set<(account: string) => void>();
  readonly #subscriptions: readonly Disposable[];

  constructor(facts: ProgramTokenFacts) {
    this.#facts = facts;
    this.store = new EntryStore({ limits: facts.limits, now: facts.now, removed: (entry) => this.#removed(entry) });
    this.#subscriptions = [
      facts.persons.onChange((account) => this.#review((grant) => grant.account === account)),
      facts.programs.onChange((name) => this.#review((grant) => grant.program === name)),
    ];
  }

  /** The program of this name while codes and tokens may be given for it. */
  program(name: string): Program | undefined {
    return this.#facts.programs.open(this.#facts.now()).find((program) => program.name === name);
  }

  /** A person let it. The oldest of one person's grants give way to her own, never those of others. */
  add(grant: Grant): void {
    const own = [...this.#grants.values()].filter(({ account }) => account === grant.account);
    const tooMany = Math.max(0, own.length + 1 - this.#facts.limits.grantsPerAccountMax);
    for (const { id } of own.slice(0, tooMany)) this.store.removeGrant(id);
    this.#grants.set(grant.id, grant);
    this.#facts.programs.used(grant.program, this.#facts.now());
  }

  /** When all that a program has of this session is over at the latest. */
  endOf(session: PersonSession, program: Program): number {
    return Math.min(session.endsAtMs, program.validUntilMs);
  }

  /** Whole seconds that a code or token of this grant may live at most, as things stand; below 1 for none. */
  secondsLeft(grantId: string | undefined): number {
    const grant = this.#grantOf(grantId);
    const session = grant && this.#sessionOf(grant);
    const program = grant && this.program(grant.program);
    if (session === undefined || program === undefined) return 0;
    return Math.floor((this.endOf(session, program) - this.#facts.now()) / 1000);
  }

  /** A grant that ended just now; asked once. */
  takeEnded(grantId: string): Grant | undefined {
    const grant = this.#ended.get(grantId);
    this.#ended.delete(grantId);
    return grant;
  }

  /** A request of the program came: its person is at work, and the session is not idle. */
  used(text: string): void {
    const grant = this.#grantOf(this.store.get('AccessToken', text)?.payload.grantId);
    if (grant !== undefined) this.#facts.persons.touch(grant.sessionId);
  }

  async byText(text: string): Promise<AccessTokenHolder | undefined> {
    const holder = this.#holderOf(this.store.get('AccessToken', text));
    if (holder !== undefined) this.#facts.programs.used(holder.access.program, this.#facts.now());
    return holder;
  }

  byId(tokenId: number): AccessTokenHolder | undefined {
    return this.#holderOf(this.store.byNumber('AccessToken', tokenId));
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #grantOf(id: string | undefined): Grant | undefined {
    return id === undefined ? undefined : this.#grants.get(id);
  }

  #sessionOf({ sessionId, account }: Grant): PersonSession | undefined {
    const session = this.#facts.persons.byId(sessionId);
    return session?.account === account ? session : undefined;
  }

  #holderOf(entry: Entry | undefined): AccessTokenHolder | undefined {
    if (entry === undefined) return undefined;
    const { grantId, clientId, aud, scope, jkt } = entry.payload;
    const grant = this.#grantOf(grantId);
    const session = grant && this.#sessionOf(grant);
    if (grant === undefined || session === undefined) return undefined;
    if (clientId !== grant.program || this.program(grant.program) === undefined) return undefined;
    if (typeof aud !== 'string' || aud !== this.#facts.resource()) return undefined;
    // Bound to a key whose proof nobody here asks for (RFC 9449): then it is not for us.
    if (jkt !== undefined) return undefined;
    const scoped = operationsOfScopes(String(scope).split(' '));
    const operations = grant.operations.filter((operation) => scoped.includes(operation));
    return {
      session,
      access: { tokenId: entry.number, program: grant.program, operations },
      notAfterMs: entry.expiresAtMs - 1,
    };
  }

  /** Ends those whose session or program is gone. */
  #review(isMeant: (grant: Grant) => boolean): void {
    for (const grant of [...this.#grants.values()].filter(isMeant)) {
      if (this.secondsLeft(grant.id) < 1) this.store.removeGrant(grant.id);
    }
  }

  #removed({ kind, id, payload }: Entry): void {
    const isGrant = kind === 'Grant';
    const grant = this.#grantOf(isGrant ? id : payload.grantId);
    if (grant === undefined || (!isGrant && kind !== 'AccessToken')) return;
    if (isGrant) {
      this.#grants.delete(id);
      this.#ended.set(id, grant);
      const [oldest = ''] = this.#ended.keys();
      if (this.#ended.size > endedKept) this.#ended.delete(oldest);
    }
    for (const listener of this.#listeners) listener(grant.account);
  }
}
