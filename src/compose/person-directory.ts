/**
 * Sessions and passcodes of people as the guard asks for them. The guard is made before the accounts are opened, since those take its clock:
 * until then nobody has one.
 */
import type { PersonSession, PersonSessions } from '../guard/identify/person.ts';
import type { AccountChecker, AccountClaim, UserProof } from '../guard/identify/user-identity.ts';
import { limits } from '../limits.ts';
import type { LivePasscode } from '../people/passcodes.ts';
import type { People } from '../people/people.ts';
import { PeopleRefusedError } from '../people/refusal.ts';
import type { LiveSession } from '../people/sessions.ts';

export class PersonDirectory implements PersonSessions {
  readonly #listeners = new Set<(account: string) => void>();
  #people: People | undefined;

  /** Who sits at DIMSE devices. */
  readonly users: AccountChecker = {
    check: async (claim) => {
      const found = this.#people && checked(this.#people, claim);
      if (found === undefined) return { accepted: false };
      if ('passcode' in found) return { accepted: true, user: userProof(found) };
      return { accepted: false, ...(found.named === undefined ? {} : { account: found.named.email }) };
    },
    byId: (id) => {
      const live = this.#people?.passcodes.look(id);
      return live && userProof(live);
    },
  };

  /** From now on the sessions are those of these accounts, until they are closed. */
  connect(people: People): Disposable {
    this.#people = people;
    const tell = (account: string): void => {
      for (const listener of this.#listeners) listener(account);
    };
    const listening = [people.sessions.onChange(tell), people.passcodes.onChange(tell)];
    return {
      [Symbol.dispose]: () => {
        for (const one of listening) one[Symbol.dispose]();
        this.#people = undefined;
      },
    };
  }

  bySecret(secret: string): PersonSession | undefined {
    try {
      const live = this.#people?.sessions.use(secret);
      return live && personSession(live);
    } catch (error) {
      if (error instanceof PeopleRefusedError) return undefined;
      throw error;
    }
  }

  lookUp(secret: string): PersonSession | undefined {
    const live = this.#people?.sessions.lookUp(secret);
    return live && personSession(live);
  }

  byId(id: number): PersonSession | undefined {
    const live = this.#people?.sessions.look(id);
    return live && personSession(live);
  }

  /** A program of this session's person was at work. */
  touch(sessionId: number): void {
    this.#people?.sessions.touch(sessionId);
  }

  /** The number and address of the account behind a session. */
  accountOf(sessionId: number): { readonly id: number; readonly email: string } | undefined {
    return this.#people?.sessions.look(sessionId)?.account;
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

function personSession({ session, account }: LiveSession): PersonSession {
  const { sessionAbsoluteMs, stepUpMs } = limits.people;
  const houseEndMs = session.createdAtMs + sessionAbsoluteMs;
  const endsAtMs = Math.min(houseEndMs, session.notAfterMs ?? houseEndMs);
  return {
    id: session.id,
    account: account.email,
    role: account.role,
    endsAtMs: Math.min(endsAtMs, account.untilMs ?? endsAtMs),
    // The last moment that still counts; the first that does not is one later.
    freshUntilMs: session.steppedUpAtMs + stepUpMs - 1,
    ...(session.workstation === undefined ? {} : { workstation: session.workstation }),
    ...(session.passkeyId === undefined ? {} : { isByPasskey: true }),
  };
}

/** PS3.7 D.3.3.7.1: user name and passcode are UTF-8, a token is in the first field. What is not UTF-8 is nobody's. */
function checked({ passcodes }: People, claim: AccountClaim): ReturnType<People['passcodes']['check']> {
  const { kind, device } = claim;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const first = decoder.decode(claim.primaryField);
    if (kind === 'token') return passcodes.checkToken(first, device);
    return passcodes.check({ userName: first, passcode: decoder.decode(claim.secondaryField), device });
  } catch (error) {
    if (error instanceof TypeError) return {};
    throw error;
  }
}

function userProof({ passcode, account }: LivePasscode): UserProof {
  return { id: passcode.id, account: account.email, role: account.role, endsAtMs: passcode.endsAtMs };
}
