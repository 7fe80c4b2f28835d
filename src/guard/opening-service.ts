/**
 * Openings as a person sees and changes them: list with marks, show, close, export, and apply, which first tells the difference.
 * Plain objects go out and come in; reading YAML and asking the person is left to the command line.
 */
import { LeadglassError } from '../error.ts';
import { formatFrom, formatUntil, parseFrom, parseUntil } from './dates.ts';
import { type OpeningEntry, checkRequest, openingDocumentSchema } from './device-requests.ts';
import { operatorOf } from './device-service.ts';
import { type Opening, type OpeningState, type OpeningTerms, openingState, sameRight } from './opening.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { Usage } from './policy-rows.ts';
import type { PolicyStore } from './policy-store.ts';
import { type OpeningRules, objectionsTo, purposeBounds } from './purposes.ts';
import { waitForSecond, type WaitingRules } from './second-person.ts';
import type { WaitingChange } from './waiting-change.ts';

export interface OpeningServiceOptions {
  readonly store: PolicyStore;
  readonly rules: OpeningRules &
    WaitingRules & {
      /** An opening with so many days left is marked. */
      readonly expiresSoonDays: number;
      /** An opening not used for so many days is marked. */
      readonly unusedDays: number;
    };
  readonly now: () => number;
  readonly timeZone: string;
}

export type OpeningMark = 'expires-soon' | 'never-used' | 'unused' | 'plain';

export interface OpeningView {
  readonly opening: Opening;
  readonly state: OpeningState;
  readonly usage: Usage | undefined;
  readonly marks: readonly OpeningMark[];
}

export interface OpeningDifference {
  readonly added: readonly OpeningEntry[];
  readonly changed: readonly {
    readonly name: string;
    readonly before: OpeningEntry;
    readonly after: OpeningEntry;
    /** It allows what it allowed, so its uses are counted on; else it is another right, which nobody used yet. */
    readonly keepsUses: boolean;
  }[];
  readonly closed: readonly OpeningEntry[];
}

const dayMs = 86_400_000;
/** Of the names in a summary; the whole difference is kept with it. */
const summaryMax = 1000;

export class OpeningService {
  readonly #options: OpeningServiceOptions;

  constructor(options: OpeningServiceOptions) {
    this.#options = options;
  }

  /** All that are not closed; closed ones too when asked for. */
  list(_pass: Pass<Administer>, { closedToo = false }: { readonly closedToo?: boolean } = {}): readonly OpeningView[] {
    return this.#options.store
      .openings()
      .filter((opening) => closedToo || opening.closed === undefined)
      .map((opening) => this.#view(opening));
  }

  /** @throws LeadglassError NOT_FOUND */
  show(_pass: Pass<Administer>, name: string): OpeningView {
    return this.#view(this.#find(name));
  }

  /** At once, running associations included. @throws LeadglassError NOT_FOUND, BAD_REQUEST, CONFLICT (closed before) */
  close(pass: Pass<Administer>, name: string, reason: string): Opening {
    const opening = this.#find(name);
    if (reason.trim() === '') throw new LeadglassError('BAD_REQUEST', 'Cannot close the opening: a reason is needed');
    const closed = { atMs: this.#options.now(), by: operatorOf(pass), reason };
    if (!this.#options.store.closeOpening(opening, closed)) {
      throw new LeadglassError('CONFLICT', 'Cannot close the opening: it was closed before');
    }
    return { ...opening, closed };
  }

  /** What `apply` would take: every opening that is not closed. */
  export(_pass: Pass<Administer>): { readonly openings: readonly OpeningEntry[] } {
    return { openings: this.#current().map((opening) => this.#entryOf(opening)) };
  }

  /**
   * What applying this document would change. Nothing is changed yet.
   * @throws LeadglassError BAD_REQUEST for what the rules forbid, NOT_FOUND for a device that is not enrolled, CONFLICT for one of
   *   another purpose
   */
  difference(_pass: Pass<Administer>, document: unknown): OpeningDifference {
    return this.#difference(document);
  }

  #difference(document: unknown): OpeningDifference {
    const { openings: entries } = checkRequest(openingDocumentSchema, document, 'apply the openings');
    const wanted = new Map<string, OpeningEntry>();
    for (const entry of entries) {
      if (wanted.has(entry.name)) throw badEntry(entry.name, 'is named twice');
      wanted.set(entry.name, entry);
    }
    const current = new Map(this.#current().map((opening) => [opening.name, opening]));
    const added: OpeningEntry[] = [];
    const changed: OpeningDifference['changed'][number][] = [];
    for (const [name, entry] of wanted) {
      const opening = current.get(name);
      // A date is a spelling of a moment: what reads the same is the same.
      const terms = this.#termsOf(entry, opening);
      this.#check(terms);
      const after = this.#entryOf(terms);
      if (opening === undefined) {
        // Beginning and owner are settled when it is made.
        const { from, owner, ...rest } = after;
        added.push({
          ...rest,
          ...(entry.owner === undefined ? {} : { owner }),
          ...(entry.from === undefined ? {} : { from }),
        });
        continue;
      }
      const before = this.#entryOf(opening);
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      changed.push({ name, before, after, keepsUses: sameRight(opening, terms) });
    }
    const closed = [...current.values()]
      .filter(({ name }) => !wanted.has(name))
      .map((opening) => this.#entryOf(opening));
    return { added, changed, closed };
  }

  /**
   * Does what `difference` told, all or nothing. What a person asks for waits for a second one, except when it only closes.
   * @param told the difference that the person agreed to
   * @returns what waits; undefined when it is done
   * @throws LeadglassError CONFLICT when it would now be another one
   */
  apply(pass: Pass<Administer>, document: unknown, told: OpeningDifference): WaitingChange | undefined {
    const { store, rules, now } = this.#options;
    const { added, changed, closed } = told;
    const onlyCloses = added.length === 0 && changed.length === 0;
    const names = [...added, ...changed, ...closed].map(({ name }) => name).join(', ');
    const change = {
      kind: 'opening-apply',
      document,
      told: { added: [...added], changed: [...changed], closed: [...closed] },
    } as const;
    const ends = [...added, ...changed.map(({ after }) => after)].map(({ until }) => this.#endOf(until));
    const facts = { change, summary: `apply openings: ${names}`.slice(0, summaryMax), endsMs: Math.min(...ends) };
    const waiting = onlyCloses ? undefined : waitForSecond(pass, { store, rules, nowMs: now() }, facts);
    if (waiting === undefined) this.doApply(document, told, operatorOf(pass));
    return waiting;
  }

  /** @param by who asked for it @throws LeadglassError CONFLICT when the difference would now be another one */
  doApply(document: unknown, told: Pick<OpeningDifference, 'added' | 'changed' | 'closed'>, by: string): void {
    const { store, now } = this.#options;
    const atMs = now();
    store.transaction(() => {
      const { added, changed, closed } = this.#difference(document);
      if (
        JSON.stringify({ added, changed, closed }) !==
        JSON.stringify({ added: told.added, changed: told.changed, closed: told.closed })
      ) {
        throw new LeadglassError(
          'CONFLICT',
          'Cannot apply the openings: they changed meanwhile; look at the difference again',
        );
      }
      for (const { name } of closed)
        store.closeOpening(this.#find(name), { atMs, by, reason: 'not in the applied file' });
      for (const { name, after, keepsUses } of changed) {
        const opening = this.#find(name);
        store.closeOpening(opening, { atMs, by, reason: 'changed by the applied file' });
        const id = store.addOpening(this.#termsOf({ ...after, owner: after.owner ?? by }, opening), atMs);
        if (keepsUses) store.continueUses(id, opening.id);
      }
      for (const entry of added)
        store.addOpening(this.#termsOf({ ...entry, owner: entry.owner ?? by }, undefined), atMs);
    });
  }

  #endOf(until: string): number {
    return parseUntil(until, this.#options.timeZone);
  }

  #current(): readonly Opening[] {
    return this.#options.store.openings().filter(({ closed }) => closed === undefined);
  }

  #find(name: string): Opening {
    const opening = this.#options.store.openingByName(name);
    if (opening === undefined) throw new LeadglassError('NOT_FOUND', 'There is no opening of this name');
    return opening;
  }

  #view(opening: Opening): OpeningView {
    const { store, now, rules } = this.#options;
    const nowMs = now();
    const state = openingState(opening, nowMs);
    const usage = store.usage(opening.id);
    const marks: OpeningMark[] = [];
    if (opening.plain !== undefined) marks.push('plain');
    if (state === 'open') {
      if (opening.validUntilMs - nowMs <= rules.expiresSoonDays * dayMs) marks.push('expires-soon');
      if (usage === undefined) marks.push('never-used');
      else if (nowMs - usage.lastUsedAtMs >= rules.unusedDays * dayMs) marks.push('unused');
    }
    return { opening, state, usage, marks };
  }

  #check(terms: OpeningTerms): void {
    const { store, rules } = this.#options;
    const device = store.device(terms.device);
    if (device === undefined || device.revoked !== undefined) {
      throw new LeadglassError(
        'NOT_FOUND',
        `Cannot apply the opening ${terms.name}: device ${terms.device} is not enrolled; use device add`,
      );
    }
    if (device.purpose !== terms.purpose) {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot apply the opening ${terms.name}: the purpose of ${terms.device} is ${device.purpose}, not ${terms.purpose}`,
      );
    }
    const objections = objectionsTo(terms, rules);
    if (objections.length > 0) throw badEntry(terms.name, objections.join('; '));
  }

  /** Without an owner and a beginning a known opening keeps its own. */
  #termsOf(entry: OpeningEntry, known: Opening | undefined): OpeningTerms {
    const { timeZone, now } = this.#options;
    const { from, until, operations, owner, ...rest } = entry;
    return {
      ...rest,
      operations: operations ?? [...purposeBounds[entry.purpose].usual],
      owner: owner ?? known?.owner ?? 'apply',
      validFromMs: from === undefined ? (known?.validFromMs ?? now()) : parseFrom(from, timeZone),
      validUntilMs: parseUntil(until, timeZone),
    };
  }

  #entryOf(terms: OpeningTerms): OpeningEntry {
    const { timeZone } = this.#options;
    // Member by member in one order, so that equal entries are equal texts.
    return {
      name: terms.name,
      device: terms.device,
      purpose: terms.purpose,
      doors: terms.doors,
      operations: terms.operations,
      scope: terms.scope,
      addresses: terms.addresses,
      privateSopClasses: terms.privateSopClasses,
      moveDestinations: terms.moveDestinations,
      reason: terms.reason,
      owner: terms.owner,
      from: formatFrom(terms.validFromMs, timeZone),
      until: formatUntil(terms.validUntilMs, timeZone),
      ...(terms.plain === undefined ? {} : { plain: terms.plain }),
    };
  }
}

function badEntry(name: string, words: string): LeadglassError {
  return new LeadglassError('BAD_REQUEST', `Cannot apply the opening ${name}: ${words}`);
}
