/**
 * Whether what somebody asks for is done at once or waits for a second person, and what happens when that one has looked. A person who
 * administers sees no images; whoever could enrol a device alone could hold its key and see them all. So what a person does waits when it gives
 * a device more (an opening, a later end, a certificate, a token). What takes away waits for nobody, nor does the operator of the machine, who
 * owns the data folder. Who may be the second is decided where accounts are kept.
 */
import { LeadglassError } from '../error.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { PolicyStore } from './policy-store.ts';
import type { Change, WaitingChange } from './waiting-change.ts';

export interface WaitingRules {
  readonly waitingChangeMs: number;
  readonly waitingChangesMax: number;
}

/**
 * Lets the change wait when a person asked for it.
 * @returns undefined when it is to be done at once
 * @throws LeadglassError LIMIT_EXCEEDED when too many wait
 */
export function waitForSecond(
  { principal }: Pass<Administer>,
  { store, rules, nowMs }: { readonly store: PolicyStore; readonly rules: WaitingRules; readonly nowMs: number },
  { change, summary, endsMs }: { readonly change: Change; readonly summary: string; readonly endsMs: number },
): WaitingChange | undefined {
  if (principal.kind !== 'person') return undefined;
  return store.transaction(() => {
    if (store.waiting.count(nowMs) >= rules.waitingChangesMax) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot ask for this: ${rules.waitingChangesMax} changes wait for a second person already`,
      );
    }
    const notAfterMs = Math.min(nowMs + rules.waitingChangeMs, endsMs);
    return store.waiting.add({ change, summary, askedBy: principal.account, askedAtMs: nowMs, notAfterMs });
  });
}

/** How each kind of change is done, after it was confirmed; `by` is who asked, since it is theirs. */
export type Doers = {
  readonly [K in Change['kind']]: (change: Extract<Change, { readonly kind: K }>, by: string) => unknown;
};

/**
 * The change that waits under this number.
 * @throws LeadglassError NOT_FOUND; CONFLICT when it was decided or is too old
 */
export function waitingChange(store: PolicyStore, id: number, nowMs: number): WaitingChange {
  const waiting = store.waiting.byId(id);
  if (waiting === undefined) throw new LeadglassError('NOT_FOUND', 'There is no change of this number');
  const { decided } = waiting;
  if (decided !== undefined) {
    throw new LeadglassError('CONFLICT', `Change ${id} is ${decided.how} already, by ${decided.by}`);
  }
  if (nowMs >= waiting.notAfterMs) {
    throw new LeadglassError('CONFLICT', `Change ${id} waited too long: ask for it again`);
  }
  return waiting;
}

/**
 * Does what was confirmed, all or nothing: what cannot be done any more goes on waiting, and says why.
 * @throws LeadglassError what doing it throws; CONFLICT when it was decided meanwhile
 */
export function confirmChange(
  { change, id, askedBy }: WaitingChange,
  facts: { readonly store: PolicyStore; readonly doers: Doers; readonly nowMs: number; readonly by: string },
): void {
  const { store, doers, nowMs, by } = facts;
  store.transaction(() => {
    decide(store, id, { atMs: nowMs, by, how: 'confirmed' });
    doIt(change, doers, askedBy);
  });
}

/** @throws LeadglassError CONFLICT when it was decided meanwhile */
export function refuseChange({ id }: WaitingChange, facts: { store: PolicyStore; nowMs: number; by: string }): void {
  decide(facts.store, id, { atMs: facts.nowMs, by: facts.by, how: 'refused' });
}

function decide(store: PolicyStore, id: number, decided: NonNullable<WaitingChange['decided']>): void {
  if (store.waiting.decide(id, decided)) return;
  throw new LeadglassError('CONFLICT', `Change ${id} was decided meanwhile`);
}

function doIt(change: Change, doers: Doers, by: string): void {
  switch (change.kind) {
    case 'device-add':
      doers['device-add'](change, by);
      return;
    case 'device-renew':
      doers['device-renew'](change, by);
      return;
    case 'device-token':
      doers['device-token'](change, by);
      return;
    case 'opening-apply':
      doers['opening-apply'](change, by);
      return;
  }
}
