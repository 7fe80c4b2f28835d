/**
 * A person at the web door by the access token of a program (RFC 6750). Who issued or checked it is known to whoever keeps the
 * tokens (src/oauth); what the person may do is said by role and opening as ever, and the token narrows it.
 */
import type { PersonPrincipal, ProgramAccess } from '../principal.ts';
import type { RefusalReason } from '../refusal.ts';
import type { PeerFacts } from './peer-facts.ts';
import { chosenOpening, personPrincipal, type PersonSession, placeOfProgram } from './person.ts';
import type { WorkstationFacts } from './workstation.ts';

/** A token that is good now, and whose it is. */
export interface AccessTokenHolder {
  readonly session: PersonSession;
  readonly access: ProgramAccess;
  /** Last moment at which the token is good. */
  readonly notAfterMs: number;
}

/** Whoever keeps access tokens. */
export interface AccessTokens {
  /** Undefined for a token that is none, has ended, is not for this server, or whose person is gone. */
  byText(text: string): Promise<AccessTokenHolder | undefined>;
  /** The same by its number, for a look again. */
  byId(tokenId: number): AccessTokenHolder | undefined;
  /** Calls `listener` with each account one of whose tokens ended. */
  onChange(listener: (account: string) => void): Disposable;
}

/** The tokens of an installation that lets no program in: there is none. */
export const noAccessTokens: AccessTokens = {
  byText: async () => undefined,
  byId: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

export async function identifyByAccessToken(
  facts: PeerFacts & { readonly token: string },
  nowMs: number,
  options: Omit<WorkstationFacts, 'nowMs'> & { readonly accessTokens: AccessTokens },
): Promise<
  { readonly principal: PersonPrincipal; readonly proofNotAfterMs: number } | { readonly reason: RefusalReason }
> {
  const { token, address } = facts;
  const { store, accessTokens } = options;
  const holder = await accessTokens.byText(token);
  if (holder === undefined) return { reason: 'token-unknown' };
  const { session, access } = holder;
  const proofNotAfterMs = Math.min(holder.notAfterMs, session.endsAtMs - 1);
  if (proofNotAfterMs < nowMs) return { reason: 'token-unknown' };
  const opening = chosenOpening(store.personOpenings.of(session.account), { session, address, nowMs });
  const place = placeOfProgram(session, facts, { ...options, nowMs });
  if (place !== undefined && 'reason' in place) return place;
  return {
    principal: personPrincipal(session, opening, address, { access, workstation: place?.place }),
    proofNotAfterMs: Math.min(proofNotAfterMs, place?.notAfterMs ?? Number.POSITIVE_INFINITY),
  };
}
