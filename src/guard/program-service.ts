/** Registers and removes programs: what may be written, by whom. */
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import { operatorOf } from './device-service.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { PolicyStore } from './policy-store.ts';
import { type Program, type ProgramTerms, programTermsSchema } from './program.ts';

export interface ProgramRules {
  readonly programsMax: number;
  readonly programMsMax: number;
}

export class ProgramService {
  readonly #store: PolicyStore;
  readonly #rules: ProgramRules;
  readonly #now: () => number;

  constructor({ store, rules, now }: { store: PolicyStore; rules: ProgramRules; now: () => number }) {
    this.#store = store;
    this.#rules = rules;
    this.#now = now;
  }

  /** @throws LeadglassError BAD_REQUEST with what is wrong; CONFLICT for a name that is taken, or too many */
  add(pass: Pass<Administer>, terms: Omit<ProgramTerms, 'owner'>): Program {
    const { programs } = this.#store;
    const nowMs = this.#now();
    const checked = v.safeParse(programTermsSchema, { ...terms, owner: operatorOf(pass) });
    if (!checked.success) {
      const told = checked.issues.map((issue) => `${v.getDotPath(issue) ?? 'it'} ${issue.message}`);
      throw new LeadglassError('BAD_REQUEST', `Cannot register the program: ${told.join('; ')}`);
    }
    const { name, validUntilMs } = checked.output;
    if (validUntilMs <= nowMs || validUntilMs > nowMs + this.#rules.programMsMax) {
      const days = Math.floor(this.#rules.programMsMax / 86_400_000);
      throw new LeadglassError('BAD_REQUEST', `Cannot register ${name}: its end must lie ahead, ${days} days at most`);
    }
    if (programs.known().some((program) => program.name === name)) {
      const remedy = `"leadglass client remove ${name} --reason TEXT" removes it first`;
      throw new LeadglassError('CONFLICT', `Cannot register ${name}: there is one of this name; ${remedy}`);
    }
    if (programs.known().length >= this.#rules.programsMax) {
      throw new LeadglassError('CONFLICT', `Cannot register ${name}: there are ${this.#rules.programsMax} programs`);
    }
    programs.add(checked.output, nowMs);
    return this.show(pass, name);
  }

  /** By name; with `removedToo` those that were here once. */
  list(_pass: Pass<Administer>, { removedToo }: { readonly removedToo: boolean }): readonly Program[] {
    return removedToo ? this.#store.programs.all() : this.#store.programs.known();
  }

  /** @throws LeadglassError NOT_FOUND */
  show(_pass: Pass<Administer>, name: string): Program {
    const found = this.#store.programs.known().find((program) => program.name === name);
    if (found === undefined) throw new LeadglassError('NOT_FOUND', `There is no program ${name}`);
    return found;
  }

  /** At once, with its tokens and what runs by them. @throws LeadglassError NOT_FOUND */
  remove(pass: Pass<Administer>, name: string, reason: string): void {
    if (!this.#store.programs.remove(name, { atMs: this.#now(), by: operatorOf(pass), reason })) {
      throw new LeadglassError('NOT_FOUND', `There is no program ${name}`);
    }
  }
}
