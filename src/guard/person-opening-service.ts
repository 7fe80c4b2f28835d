/**
 * Makes and closes the openings of people: what may be written, by whom. The store only remembers; what follows from it is said in
 * person-policy.ts.
 */
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import { operatorOf } from './device-service.ts';
import type { Administer } from './operation.ts';
import { openingState } from './opening.ts';
import type { Pass } from './pass.ts';
import {
  objectionsToPerson,
  type PersonOpening,
  type PersonOpeningTerms,
  personOpeningTermsSchema,
} from './person-opening.ts';
import type { PolicyStore } from './policy-store.ts';

export class PersonOpeningService {
  readonly #store: PolicyStore;
  readonly #now: () => number;

  constructor({ store, now = Date.now }: { readonly store: PolicyStore; readonly now?: () => number }) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Opens for an account; what was open for it before is closed, so that one opening says what the person may do.
   * @throws LeadglassError BAD_REQUEST with what is wrong; NOT_AUTHORIZED for who would open for himself
   */
  open(pass: Pass<Administer>, terms: Omit<PersonOpeningTerms, 'owner'>): PersonOpening {
    refuseOwn(pass, terms.account);
    const nowMs = this.#now();
    const whole = checked({ ...terms, owner: operatorOf(pass) });
    const objections = objectionsToPerson(whole);
    if (terms.validUntilMs <= nowMs) objections.push('the opening has ended already');
    if (objections.length > 0) {
      throw new LeadglassError('BAD_REQUEST', `Cannot open for ${terms.account}: ${objections.join('; ')}`);
    }
    const { personOpenings } = this.#store;
    return this.#store.transaction(() => {
      for (const opening of personOpenings.of(terms.account)) {
        // An emergency goes on beside it, for the time that it has.
        if (openingState(opening, nowMs) === 'closed' || opening.emergency !== undefined) continue;
        personOpenings.close(opening, { atMs: nowMs, by: whole.owner, reason: `replaced: ${terms.reason}` });
      }
      const opening = personOpenings.byId(personOpenings.add(whole, nowMs));
      if (opening === undefined) throw new LeadglassError('INTERNAL', 'Cannot open: the opening is gone');
      return opening;
    });
  }

  /**
   * Closes all that is open for an account. @returns how many there were
   * @throws LeadglassError NOT_FOUND when nothing is open
   */
  close(pass: Pass<Administer>, { account, reason }: { readonly account: string; readonly reason: string }): number {
    const { personOpenings } = this.#store;
    const open = personOpenings.of(account).filter(({ closed }) => closed === undefined);
    if (open.length === 0) throw new LeadglassError('NOT_FOUND', `Nothing is open for ${account}`);
    const facts = { atMs: this.#now(), by: operatorOf(pass), reason };
    return this.#store.transaction(() => open.filter((opening) => personOpenings.close(opening, facts)).length);
  }
}

/** @throws LeadglassError BAD_REQUEST with the first field that is wrong, for the form that it was typed into */
function checked(terms: PersonOpeningTerms): PersonOpeningTerms {
  const result = v.safeParse(personOpeningTermsSchema, terms);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue)?.replace(/\.\d+$/, '') ?? 'opening';
  const value = typeof issue.input === 'string' ? ` (${issue.input.slice(0, 64)})` : '';
  throw new LeadglassError('BAD_REQUEST', `${path}${value}: ${issue.message}`, { field: path });
}

/** Nobody gives himself a right: another one has to look at it. */
function refuseOwn({ principal }: Pass<Administer>, account: string): void {
  if (principal.kind !== 'person' || principal.account !== account) return;
  throw new LeadglassError('NOT_AUTHORIZED', 'Cannot open for yourself: ask another administrator');
}
