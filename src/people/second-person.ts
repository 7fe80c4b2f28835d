/**
 * Who may be the second person: an administrator or security officer who neither asked for it nor is meant by it. An operator of the machine
 * may be one when an account asked, not when another operator did: their names are only claimed. One rule for links for lost factors and
 * for what would give a device more.
 */
import { type Account, type Actor, actorText, confirmingRoles, isUsable } from './account.ts';
import { type PeopleParts, refuse } from './parts.ts';

export interface Asked {
  /** As actorText writes. */
  readonly by: string;
  /** Whom it is for; absent for devices. */
  readonly about?: Account;
}

export class SecondPerson {
  readonly #parts: Pick<PeopleParts, 'accounts' | 'now'>;

  constructor(parts: Pick<PeopleParts, 'accounts' | 'now'>) {
    this.#parts = parts;
  }

  /** @throws PeopleRefusedError same-person, role-too-low */
  check(actor: Actor, { by, about }: Asked): void {
    const isSame = by === actorText(actor) || (actor.kind === 'account' && actor.accountId === about?.id);
    const areOperators = actor.kind === 'operator' && by.startsWith('operator ');
    if (isSame || areOperators) refuse('same-person');
    const confirmer = actor.kind === 'account' ? this.#parts.accounts.byId(actor.accountId) : undefined;
    const isHighEnough = actor.kind === 'operator' || (confirmer !== undefined && this.#may(confirmer, about));
    if (!isHighEnough) refuse('role-too-low');
  }

  /** Is there anybody with an account who could be the second? */
  isThere({ by, about }: Asked): boolean {
    return this.#parts.accounts.all().some((other) => `person ${other.email}` !== by && this.#may(other, about));
  }

  #may(other: Account, about: Account | undefined): boolean {
    return other.id !== about?.id && confirmingRoles.includes(other.role) && isUsable(other, this.#parts.now());
  }
}
