/** For tests: a provider that answers as it is told, without a network. */
import { randomBytes } from 'node:crypto';
import { LeadglassError } from '../error.ts';
import type {
  Authorization,
  AuthorizationChecks,
  IdentityProvider,
  LogoutWord,
  ProviderIdentity,
} from './identity-provider.ts';
import type { ProviderRules } from './provider-rules.ts';

export const issuer = 'https://login.hospital.example';

export const usualRules: ProviderRules = {
  secondFactor: { acr: ['urn:two-factors'], amr: ['mfa'] },
  roles: {
    physician: ['rad-doctors', 'rad-heads'],
    technologist: ['rad-techs'],
    researcher: [],
    'exchange-clerk': [],
    administrator: ['rad-admins'],
    'security-officer': [],
  },
  accounts: 'by-invitation',
  sessionMs: 12 * 3_600_000,
  localSignIn: 'everybody',
};

export class FakeProvider implements IdentityProvider {
  readonly issuer = issuer;
  readonly name = 'Saint Mary';
  /** Good tokens of logouts. */
  readonly logouts = new Map<string, LogoutWord>();
  down: LeadglassError | undefined;
  redeemed = 0;
  /** Happens while an answer is being redeemed. */
  meanwhile: (() => Promise<void>) | undefined;
  wasFresh: boolean | undefined;
  readonly #codes = new Map<string, ProviderIdentity | LeadglassError>();

  authorize(redirectUri: string, isFresh: boolean): Promise<Authorization> {
    if (this.down !== undefined) return Promise.reject(this.down);
    this.wasFresh = isFresh;
    const checks = { state: random(), nonce: random(), verifier: random(), redirectUri };
    return Promise.resolve({ url: `${issuer}/authorize?state=${checks.state}`, checks });
  }

  /** What the browser brings back after this person, or this failure, was there. */
  answer(url: string, as: ProviderIdentity | LeadglassError): string {
    const code = random();
    this.#codes.set(code, as);
    return new URLSearchParams({ code, state: new URL(url).searchParams.get('state') ?? '' }).toString();
  }

  person(nowMs: number, as: Partial<ProviderIdentity> = {}): ProviderIdentity {
    return {
      issuer,
      subject: 'u-1',
      authenticatedAtMs: nowMs,
      amr: ['pwd', 'mfa'],
      groups: ['rad-doctors'],
      name: 'Ada Berg',
      email: 'ada@hospital.example',
      isEmailDoubted: false,
      ...as,
    };
  }

  async redeem(parameters: string, _checks: AuthorizationChecks): Promise<ProviderIdentity> {
    this.redeemed += 1;
    await this.meanwhile?.();
    const code = new URLSearchParams(parameters).get('code') ?? '';
    const known = this.#codes.get(code) ?? new LeadglassError('NOT_AUTHENTICATED', 'the code is not known');
    this.#codes.delete(code);
    if (known instanceof LeadglassError) throw known;
    return known;
  }

  readLogout(token: string): Promise<LogoutWord> {
    const word = this.logouts.get(token);
    return word === undefined
      ? Promise.reject(new LeadglassError('NOT_AUTHENTICATED', 'the logout token is not good'))
      : Promise.resolve(word);
  }

  signOutUrl(returnTo: string): string {
    return `${issuer}/end?to=${returnTo}`;
  }
}

function random(): string {
  return randomBytes(16).toString('base64url');
}
