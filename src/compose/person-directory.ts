/**
 * Sessions of people as the guard asks for them. The guard is made before the accounts are opened, since those take its clock: until then
 * nobody has a session.
 */
import type { PersonSession, PersonSessions } from '../guard/identify/person.ts';
import { limits } from '../limits.ts';
import type { People } from '../people/people.ts';
import { PeopleRefusedError } from '../people/refusal.ts';
import type { LiveSession } from '../people/sessions.ts';

export class PersonDirectory implements PersonSessions {
  readonly #listeners = new Set<(account: string) => void>();
  #people: People | undefined;

  /** From now on the sessions are those of these accounts, until they are closed. */
  connect(people: People): Disposable {
    this.#people = people;
    const listening = people.sessions.onChange((account) => {
      for (const listener of this.#listeners) listener(account);
    });
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]();
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
  };
}
