/**
 * The end of every sign-in: signs of sharing, a session whose beginning is recorded, the browser that is known from now on. Whoever comes
 * here has been proven by two factors.
 */
import type { Account } from './account.ts';
import { type Client, shownUserAgent } from './client.ts';
import type { Passkey } from './credential-store.ts';
import type { Method, PeopleEvent } from './events.ts';
import { named, type PeopleParts } from './parts.ts';
import type { Session } from './sessions.ts';
import { type Sign, signsOf } from './signs.ts';

export interface SignedIn {
  /** The session's secret, for a cookie that only this server gets. */
  readonly session: string;
  /** The browser's secret, for a cookie that stays; shown as Client.browser the next time. */
  readonly browser: string;
  readonly account: Account;
  readonly method: Method;
  readonly recoveryCodesLeft: number;
  readonly signs: readonly Sign[];
}

export interface Beginning {
  readonly method: Method;
  /** When the factors were shown, where that is not just now. */
  readonly shownAtMs?: number;
  readonly notAfterMs?: number;
  /** The passkey that was shown, if it was one. */
  readonly passkey?: Passkey;
  /** What else is kept of the session, before anything is recorded. */
  readonly begun?: (session: Session) => void;
}

/** A session is given only when its record is durable. @throws as the ledger; then there is no session */
export async function beginSession(
  parts: PeopleParts,
  account: Account,
  client: Client,
  { method, begun, ...other }: Beginning,
): Promise<SignedIn> {
  const { sessions, browsers, throttle, signIns, credentials, now, placeOf, limits } = parts;
  const browser = browsers.remember(account.id, client.browser);
  const fact = {
    atMs: now(),
    succeeded: true,
    address: client.address.slice(0, 64),
    userAgent: shownUserAgent(client.userAgent, limits),
    browser: browser.id,
  };
  const signs = signsOf({
    now: fact,
    before: signIns.of(account.id),
    sessions: sessions.of(account.id),
    isNewBrowser: browser.isNew,
    ...(placeOf === undefined ? {} : { placeOf }),
  });
  const { secret, session } = sessions.begin(account.id, method, client, other);
  const recoveryCodesLeft = credentials.recoveryCodesLeft(account.id);
  try {
    begun?.(session);
    const left = method === 'password+recovery-code' ? { detail: `${recoveryCodesLeft} recovery codes left` } : {};
    await recordOf(parts, { kind: 'signed-in', method, sessionId: session.id, ...left }, account, client);
    for (const { kind, text } of signs) {
      await recordOf(parts, { kind: 'sign', detail: `${kind}: ${text}` }, account, client);
    }
  } catch (error) {
    sessions.end(session.id, 'unrecorded');
    throw error;
  }
  throttle.clear(account.id);
  signIns.add(account.id, fact);
  return { session: secret, browser: browser.secret, account, method, recoveryCodesLeft, signs };
}

/** An event with where it came from. */
export function recordOf(
  { record, now, limits }: Pick<PeopleParts, 'record' | 'now' | 'limits'>,
  event: Omit<PeopleEvent, 'atMs' | 'account'>,
  account: Account | undefined,
  client: Client,
): Promise<void> {
  return record({
    ...event,
    atMs: now(),
    ...(account === undefined ? {} : { account: named(account) }),
    address: client.address.slice(0, 64),
    userAgent: shownUserAgent(client.userAgent, limits),
  });
}
