/**
 * Links to enrol, and to set anew what was lost (SP 800-63B-4 4.2). A link for an account that somebody has used already is good only
 * after a second person has confirmed it, so that no single administrator can become somebody else.
 */
import { LeadglassError } from '../error.ts';
import { type Account, type Actor, actorText, parseEmail } from './account.ts';
import type { InvitationKind } from './invitations.ts';
import { named, type PeopleParts, recordingRefusals } from './parts.ts';
import type { PeopleLimits } from './people-limits.ts';
import type { SecondPerson } from './second-person.ts';

export interface IssuedLink {
  readonly account: Account;
  /** The secret itself: to be handed on and forgotten. The door makes a link of it. */
  readonly secret: string;
  readonly notAfterMs: number;
  /** A second person has to confirm before it is good. */
  readonly needsConfirmation: boolean;
}

export class AccountLinks {
  readonly #parts: PeopleParts;
  readonly #second: SecondPerson;

  constructor(parts: PeopleParts, second: SecondPerson) {
    this.#parts = parts;
    this.#second = second;
  }

  /** Inside the caller's transaction; replaces the account's former link. */
  issue(account: Account, kind: InvitationKind, actor: Actor): IssuedLink {
    const { invitations, limits, now } = this.#parts;
    const by = actorText(actor);
    const untilMs = now() + (kind === 'enrol' ? limits.invitationMs : limits.resetInvitationMs);
    const notAfterMs = Math.min(untilMs, account.untilMs ?? untilMs);
    const needsConfirmation = this.#needsSecondPerson(account, actor);
    const confirmed = needsConfirmation ? {} : { confirmedBy: by };
    const secret = invitations.issue({ accountId: account.id, kind, issuedBy: by, notAfterMs, ...confirmed });
    return { account, secret, notAfterMs, needsConfirmation };
  }

  /**
   * For who lost a factor. What the account has stays until the link is used.
   * @throws LeadglassError NOT_FOUND, CONFLICT for an account that is not active
   */
  async reset(email: string, actor: Actor, why: string): Promise<IssuedLink> {
    const { accounts, now, database, record, limits } = this.#parts;
    const account = findAccount(this.#parts, email);
    const reason = readReason(limits, why);
    if (account.state !== 'active') {
      throw new LeadglassError('CONFLICT', `The account ${account.email} is ${account.state}; invite it instead`);
    }
    const by = actorText(actor);
    const isChecked = this.#needsSecondPerson(account, actor);
    const detail = isChecked ? 'waits for a second person' : 'without confirmation: nobody else could confirm';
    await record({ kind: 'reset-issued', atMs: now(), account: named(account), by, detail });
    return database.transaction(() => {
      accounts.addHistory(account.id, { atMs: now(), by, what: `link for lost factors, ${detail}`, reason });
      return this.issue(account, 'reset', actor);
    });
  }

  /**
   * By the second person, as second-person.ts says who that may be.
   * @throws LeadglassError NOT_FOUND; PeopleRefusedError same-person, role-too-low
   */
  async confirm(email: string, actor: Actor): Promise<void> {
    const account = findAccount(this.#parts, email);
    const event = { kind: 'reset-refused', account: named(account), by: actorText(actor) } as const;
    await recordingRefusals(
      this.#parts,
      () => event,
      () => this.#confirm(account, actor),
    );
  }

  /** Links that wait for a second person. */
  waiting(): readonly { readonly email: string; readonly askedBy: string; readonly notAfterMs: number }[] {
    const { invitations, accounts, now } = this.#parts;
    return invitations.unconfirmed(now()).flatMap(({ accountId, issuedBy, notAfterMs }) => {
      const account = accounts.byId(accountId);
      return account === undefined ? [] : [{ email: account.email, askedBy: issuedBy, notAfterMs }];
    });
  }

  async #confirm(account: Account, actor: Actor): Promise<void> {
    const { invitations, accounts, record, now } = this.#parts;
    const by = actorText(actor);
    const invitation = invitations.of(account.id);
    if (invitation === undefined || invitation.confirmedBy !== undefined) {
      throw new LeadglassError('NOT_FOUND', `There is no link for ${account.email} that waits for confirmation`);
    }
    this.#second.check(actor, { by: invitation.issuedBy, about: account });
    await record({ kind: 'reset-confirmed', atMs: now(), account: named(account), by });
    if (!invitations.confirm(invitation, by)) {
      throw new LeadglassError('CONFLICT', `The link for ${account.email} was replaced or confirmed meanwhile`);
    }
    accounts.addHistory(account.id, { atMs: now(), by, what: 'link confirmed', reason: '' });
  }

  /** Nobody has used the account yet, or nobody could confirm and who asks owns this server's data folder anyway. */
  #needsSecondPerson(account: Account, actor: Actor): boolean {
    if (account.enrolledAtMs === undefined) return false;
    return actor.kind !== 'operator' || this.#second.isThere({ by: actorText(actor), about: account });
  }
}

/** @throws LeadglassError NOT_FOUND; BAD_REQUEST for what is no address */
export function findAccount({ accounts, limits }: Pick<PeopleParts, 'accounts' | 'limits'>, email: string): Account {
  const account = accounts.byEmail(parseEmail(email, limits));
  if (account === undefined) throw new LeadglassError('NOT_FOUND', `There is no account ${email}`);
  return account;
}

/** @throws LeadglassError BAD_REQUEST for a longer one */
export function readReason({ reasonCharactersMax }: Pick<PeopleLimits, 'reasonCharactersMax'>, text: string): string {
  if (text.length <= reasonCharactersMax && text.isWellFormed()) return text.trim();
  throw new LeadglassError('BAD_REQUEST', `Cannot read the reason: at most ${reasonCharactersMax} characters`);
}
