/**
 * Emergency access ("break glass"): a person opens one patient beyond the own right for a short time, gives a reason, and a second
 * person looks at it afterwards (HIPAA 45 CFR 164.312 (a)(2)(ii) asks for the procedure). Who may is in roles.ts, what such an
 * opening can hold in person-opening.ts; here is when one begins and ends, how often, and who reviews it.
 */
import { LeadglassError } from '../error.ts';
import { operatorOf } from './device-service.ts';
import type { Emergency, Verdict } from './emergency-table.ts';
import type { Administer } from './operation.ts';
import { openingState } from './opening.ts';
import type { Pass } from './pass.ts';
import {
  emergencyOf,
  emergencyOperations,
  holdsFor,
  objectionsToPerson,
  type PersonOpening,
} from './person-opening.ts';
import type { PolicyStore } from './policy-store.ts';
import type { PersonPrincipal } from './principal.ts';
import type { PatientKey, Scope } from './scope.ts';

export interface EmergencyLimits {
  readonly emergencyMsMax: number;
  /** Opened by one person within `emergencyDayMs`. */
  readonly emergenciesPerDayMax: number;
  /** Asked for by one person within that time, also when no patient was found. */
  readonly emergencyTriesPerDayMax: number;
  readonly emergencyDayMs: number;
}

export interface EmergencyRequest {
  readonly patient: PatientKey;
  readonly reason: string;
  readonly durationMs: number;
}

export class EmergencyService {
  readonly #store: PolicyStore;
  readonly #limits: EmergencyLimits;
  readonly #now: () => number;

  constructor(facts: {
    readonly store: PolicyStore;
    readonly limits: EmergencyLimits;
    readonly now?: () => number;
  }) {
    this.#store = facts.store;
    this.#limits = facts.limits;
    this.#now = facts.now ?? Date.now;
  }

  /**
   * May this person try now? Counted before anything is looked up, so that a hundred at once find out no more than ten.
   * @throws LeadglassError NOT_AUTHORIZED for who has no opening of the own, CONFLICT for who has no need, LIMIT_EXCEEDED
   */
  attempt(pass: Pass<Administer>): PersonPrincipal {
    const person = personOf(pass);
    const { account } = person;
    const usual = this.#usual(person);
    if (usual === undefined) {
      throw new LeadglassError(
        'NOT_AUTHORIZED',
        'Emergency access widens an opening for one patient; you have none that is open',
      );
    }
    if (reachesEverything(usual.scope)) {
      throw new LeadglassError(
        'CONFLICT',
        'Your opening reaches every study already; emergency access would only narrow it',
      );
    }
    const atMs = this.#now();
    this.#refuseBeyondDay(account, atMs);
    const { emergencies } = this.#store;
    const forgetBeforeMs = atMs - this.#limits.emergencyDayMs;
    if (emergencies.triesSince(account, forgetBeforeMs) >= this.#limits.emergencyTriesPerDayMax) throw oftenEnough();
    emergencies.addTry(account, { atMs, forgetBeforeMs });
    return person;
  }

  /**
   * Opens, in place of an emergency that this person still has: one patient at a time.
   * @throws LeadglassError NOT_AUTHORIZED when the right to do so ended meanwhile; BAD_REQUEST
   */
  open(pass: Pass<Administer>, { patient, reason, durationMs }: EmergencyRequest): PersonOpening {
    const person = personOf(pass);
    const { account, role, sessionId } = person;
    const usual = this.#usual(person);
    if (usual === undefined || !pass.stillValid()) {
      throw new LeadglassError('NOT_AUTHORIZED', 'Emergency access was not opened: your own right ended meanwhile');
    }
    const nowMs = this.#now();
    const terms = {
      account,
      role,
      operations: emergencyOperations,
      scope: { patients: [patient] },
      addresses: usual.addresses,
      reason,
      owner: account,
      validFromMs: nowMs,
      validUntilMs: nowMs + Math.min(durationMs, this.#limits.emergencyMsMax),
      emergency: { sessionId },
    };
    // Once more, since others of the same person may have come between.
    this.#refuseBeyondDay(account, nowMs);
    const objections = objectionsToPerson(terms);
    if (objections.length > 0) throw new LeadglassError('BAD_REQUEST', `Cannot open: ${objections.join('; ')}`);
    const { personOpenings, emergencies } = this.#store;
    return this.#store.transaction(() => {
      this.#close(account, 'another emergency of the same person');
      const opening = personOpenings.byId(personOpenings.add(terms, nowMs));
      if (opening === undefined) throw new LeadglassError('INTERNAL', 'Cannot open: the opening is gone');
      emergencies.add(opening.id);
      return opening;
    });
  }

  /** Ends what this person has open. @throws LeadglassError NOT_FOUND */
  end(pass: Pass<Administer>): void {
    const { account } = personOf(pass);
    if (this.#store.transaction(() => this.#close(account, 'ended by the person')) === 0) {
      throw new LeadglassError('NOT_FOUND', 'You have no emergency access that is open');
    }
  }

  /** What is open in this very session, and how many more may be opened today. */
  own(pass: Pass<Administer>): {
    readonly open: PersonOpening | undefined;
    readonly left: number;
    readonly mayOpen: boolean;
  } {
    const person = personOf(pass);
    const nowMs = this.#now();
    const { emergenciesPerDayMax, emergencyDayMs } = this.#limits;
    const opened = this.#store.emergencies.openedSince(person.account, nowMs - emergencyDayMs);
    const usual = this.#usual(person);
    return {
      open: emergencyOf(this.#store.personOpenings.of(person.account), { sessionId: person.sessionId, nowMs }),
      left: Math.max(0, emergenciesPerDayMax - opened),
      mayOpen: usual !== undefined && !reachesEverything(usual.scope),
    };
  }

  /** @throws LeadglassError NOT_FOUND */
  show(_pass: Pass<Administer>, id: number): Emergency {
    const emergency = this.#store.emergencies.byId(id);
    if (emergency === undefined) throw new LeadglassError('NOT_FOUND', 'There is no emergency of this number');
    return emergency;
  }

  list(_pass: Pass<Administer>, { all, rows }: { readonly all: boolean; readonly rows: number }): readonly Emergency[] {
    const { emergencies } = this.#store;
    return all ? emergencies.newest(rows) : emergencies.unreviewed(rows);
  }

  /**
   * May this verdict be given by who asks?
   * @throws LeadglassError NOT_FOUND; CONFLICT while it lasts and when it was reviewed; NOT_AUTHORIZED for the own one
   */
  reviewable(pass: Pass<Administer>, id: number): Emergency {
    const emergency = this.show(pass, id);
    const { principal } = pass;
    if (principal.kind === 'person' && principal.account === emergency.opening.account) {
      throw new LeadglassError('NOT_AUTHORIZED', 'An emergency is reviewed by somebody else than who opened it');
    }
    if (emergency.review !== undefined) {
      throw new LeadglassError('CONFLICT', `Reviewed before, by ${emergency.review.by}: ${emergency.review.verdict}`);
    }
    if (openingState(emergency.opening, this.#now()) === 'open') {
      throw new LeadglassError('CONFLICT', 'It is still open: what was done in it is known once it has ended');
    }
    return emergency;
  }

  /** @throws as `reviewable` */
  review(
    pass: Pass<Administer>,
    id: number,
    { verdict, words }: { readonly verdict: Verdict; readonly words: string },
  ): Emergency {
    this.reviewable(pass, id);
    const review = { atMs: this.#now(), by: operatorOf(pass), verdict, words };
    if (!this.#store.emergencies.review(id, review))
      throw new LeadglassError('CONFLICT', 'Somebody reviewed it meanwhile');
    return this.show(pass, id);
  }

  #refuseBeyondDay(account: string, nowMs: number): void {
    const { emergenciesPerDayMax, emergencyDayMs } = this.#limits;
    if (this.#store.emergencies.openedSince(account, nowMs - emergencyDayMs) >= emergenciesPerDayMax)
      throw oftenEnough();
  }

  /** The right that an emergency widens: without one there is nothing to widen, and its addresses hold for the emergency too. */
  #usual({ account, role, address }: PersonPrincipal): PersonOpening | undefined {
    const nowMs = this.#now();
    return this.#store.personOpenings
      .of(account)
      .findLast((one) => one.emergency === undefined && holdsFor(one, { role, address, nowMs }));
  }

  #close(account: string, reason: string): number {
    const { personOpenings } = this.#store;
    const facts = { atMs: this.#now(), by: account, reason };
    return personOpenings.of(account).filter((one) => one.emergency !== undefined && personOpenings.close(one, facts))
      .length;
  }
}

function oftenEnough(): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', 'You have used emergency access as often as one person may in a day');
}

function reachesEverything(scope: Scope): boolean {
  return Object.keys(scope).length === 0;
}

function personOf({ principal }: Pass<Administer>): PersonPrincipal {
  if (principal.kind === 'person') return principal;
  throw new LeadglassError('NOT_AUTHORIZED', 'Emergency access is for a person who has signed in with two factors');
}
