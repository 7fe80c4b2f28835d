/**
 * Passkeys: WebAuthn registration and authentication by @simplewebauthn/server, with our terms. User verification is always asked for and
 * checked, so a passkey is something one has and something one knows or is, two factors (SP 800-63B-4 3.1.7); discoverable, so that
 * nobody types an address; no attestation, since the maker of an employee's telephone is not ours to choose.
 */
import * as v from 'valibot';
import type { Account } from './account.ts';
import type { CredentialStore, Passkey } from './credential-store.ts';
import { PeopleRefusedError } from './refusal.ts';

export interface RelyingParty {
  /** WebAuthn RP ID: the server's configured host name. */
  readonly id: string;
  readonly name: string;
  /** `https://pacs.hospital.example:8443`; the only pages that may ask. */
  origins(): readonly string[];
}

export interface PasskeyLimits {
  readonly ceremonyMs: number;
  readonly passkeyResponseBytesMax: number;
  readonly passkeyNameCharactersMax: number;
}

/** What navigator.credentials.create and .get take, as JSON (WebAuthn 5.1.8, 5.1.9), with its challenge apart. */
export interface PasskeyOptions {
  readonly challenge: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type NewPasskey = Pick<
  Passkey,
  'credential' | 'publicKey' | 'counter' | 'transports' | 'isSynced' | 'isSingleDevice'
>;

/** EdDSA, ES256, RS256 (COSE); named so that no later version of the package adds one unseen. */
const algorithms = [-8, -7, -257];

const base64Url = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]*$/));
/** A credential ID has at most 1023 bytes (WebAuthn 5.8.3). */
const credentialId = v.pipe(base64Url, v.minLength(1), v.maxLength(1364));
const transports = v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z-]{1,20}$/))), v.maxLength(8));
const registrationSchema = v.object({
  id: credentialId,
  rawId: credentialId,
  type: v.literal('public-key'),
  response: v.object({
    clientDataJSON: base64Url,
    attestationObject: base64Url,
    transports: v.exactOptional(transports, []),
  }),
});
const authenticationSchema = v.object({
  id: credentialId,
  rawId: credentialId,
  type: v.literal('public-key'),
  response: v.object({
    clientDataJSON: base64Url,
    authenticatorData: base64Url,
    signature: base64Url,
    userHandle: v.nullish(base64Url),
  }),
});

export class Passkeys {
  readonly #party: RelyingParty;
  readonly #store: CredentialStore;
  readonly #limits: PasskeyLimits;
  readonly #now: () => number;

  constructor(options: {
    readonly party: RelyingParty;
    readonly store: CredentialStore;
    readonly limits: PasskeyLimits;
    readonly now: () => number;
  }) {
    this.#party = options.party;
    this.#store = options.store;
    this.#limits = options.limits;
    this.#now = options.now;
  }

  /** For a new passkey of this account; an authenticator that has one already refuses a second. */
  async registrationOptions(
    account: Pick<Account, 'id' | 'handle' | 'email' | 'displayName'>,
  ): Promise<PasskeyOptions> {
    const { generateRegistrationOptions } = await webAuthn();
    const options = await generateRegistrationOptions({
      rpName: this.#party.name,
      rpID: this.#party.id,
      userName: account.email,
      userDisplayName: account.displayName,
      userID: Uint8Array.from(account.handle),
      attestationType: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: algorithms,
      timeout: this.#limits.ceremonyMs,
      excludeCredentials: this.#store.passkeys(account.id).map(descriptor),
    });
    return { challenge: options.challenge, options: { ...options } };
  }

  /** @throws PeopleRefusedError new-factor-wrong, whatever was wrong */
  async verifyRegistration(answer: unknown, challenge: string): Promise<NewPasskey> {
    const response = this.#parse(registrationSchema, answer, 'new-factor-wrong');
    const { verifyRegistrationResponse } = await webAuthn();
    try {
      refuseForeignFrame(response.response.clientDataJSON);
      const result = await verifyRegistrationResponse({
        response: { ...response, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: [...this.#party.origins()],
        expectedRPID: this.#party.id,
        requireUserVerification: true,
        supportedAlgorithmIDs: algorithms,
      });
      if (!result.verified) throw new Error('not verified');
      const { credential, credentialBackedUp, credentialDeviceType } = result.registrationInfo;
      return {
        credential: credential.id,
        publicKey: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports: response.response.transports,
        isSynced: credentialBackedUp,
        isSingleDevice: credentialDeviceType === 'singleDevice',
      };
    } catch {
      // Without the package's words: they quote challenges.
      throw new PeopleRefusedError('new-factor-wrong');
    }
  }

  /** @param own the passkeys of whom we know already; without it the browser offers all that it has for us */
  async authenticationOptions(own?: readonly Passkey[]): Promise<PasskeyOptions> {
    const { generateAuthenticationOptions } = await webAuthn();
    const options = await generateAuthenticationOptions({
      rpID: this.#party.id,
      userVerification: 'required',
      timeout: this.#limits.ceremonyMs,
      ...(own === undefined ? {} : { allowCredentials: own.map(descriptor) }),
    });
    return { challenge: options.challenge, options: { ...options } };
  }

  /**
   * Whose passkey signed the challenge. Counts its use. A counter that did not grow (WebAuthn 7.2 step 25) means that a copy of its key
   * is in use; which of the two is the owner's nobody can tell, so that it is suspended.
   * @throws PeopleRefusedError passkey-unknown, -suspended, -invalid, -counter, -synced
   */
  async verify(
    answer: unknown,
    challenge: string,
    handleOf: (accountId: number) => Buffer | undefined,
  ): Promise<Passkey> {
    const response = this.#parse(authenticationSchema, answer, 'passkey-invalid');
    const passkey = this.#store.passkey(response.id);
    if (passkey === undefined) throw new PeopleRefusedError('passkey-unknown');
    if (passkey.suspendedAtMs !== undefined) throw new PasskeyRefusedError('passkey-suspended', passkey);
    const { userHandle } = response.response;
    // WebAuthn 7.2 step 6: a user handle, when there is one, is that of the credential's owner.
    if (typeof userHandle === 'string' && userHandle !== handleOf(passkey.accountId)?.toString('base64url')) {
      throw new PasskeyRefusedError('passkey-foreign', passkey);
    }
    const { counter, isSynced, isSingleDevice } = await this.#checkSignature(response, challenge, passkey);
    const latest = this.#store.passkey(passkey.credential);
    if (latest === undefined) throw new PeopleRefusedError('passkey-unknown');
    if ((counter > 0 || latest.counter > 0) && counter <= latest.counter) {
      this.#store.suspendPasskey(passkey.id, this.#now());
      throw new PasskeyRefusedError('passkey-counter', passkey);
    }
    // One that left its workstation, or could, says nothing about where somebody sits.
    if (latest.workstation !== undefined && (isSynced || !isSingleDevice)) {
      throw new PasskeyRefusedError('passkey-synced', latest);
    }
    this.#store.usePasskey(passkey.id, { counter, isSynced, atMs: this.#now() });
    return latest;
  }

  async #checkSignature(
    response: v.InferOutput<typeof authenticationSchema>,
    challenge: string,
    passkey: Passkey,
  ): Promise<{ readonly counter: number; readonly isSynced: boolean; readonly isSingleDevice: boolean }> {
    const { verifyAuthenticationResponse } = await webAuthn();
    const { userHandle: _compared, ...signed } = response.response;
    try {
      refuseForeignFrame(signed.clientDataJSON);
      const result = await verifyAuthenticationResponse({
        response: { ...response, response: signed, clientExtensionResults: {} },
        expectedChallenge: challenge,
        expectedOrigin: [...this.#party.origins()],
        expectedRPID: this.#party.id,
        requireUserVerification: true,
        // The package throws for a counter that went back as for any mistake; we compare it, since it is a finding.
        credential: { id: passkey.credential, publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
      });
      if (!result.verified) throw new Error('not verified');
      const { newCounter, credentialBackedUp, credentialDeviceType } = result.authenticationInfo;
      const isSingleDevice = credentialDeviceType === 'singleDevice';
      return { counter: newCounter, isSynced: credentialBackedUp, isSingleDevice };
    } catch {
      throw new PasskeyRefusedError('passkey-invalid', passkey);
    }
  }

  #parse<S extends v.GenericSchema>(
    schema: S,
    answer: unknown,
    reason: 'new-factor-wrong' | 'passkey-invalid',
  ): v.InferOutput<S> {
    const parsed = v.safeParse(schema, answer);
    const isFit = parsed.success && JSON.stringify(parsed.output).length <= this.#limits.passkeyResponseBytesMax;
    if (!isFit) throw new PeopleRefusedError(reason);
    return parsed.output;
  }
}

/** What its owner calls it, shortened; `Passkey` when nothing is left. */
export function passkeyName(
  typed: string,
  { passkeyNameCharactersMax }: Pick<PasskeyLimits, 'passkeyNameCharactersMax'>,
): string {
  const name = typed
    .slice(0, passkeyNameCharactersMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, ' ')
    .trim();
  return name === '' ? 'Passkey' : name;
}

/** A refusal that knows whose passkey was shown. */
export class PasskeyRefusedError extends PeopleRefusedError {
  readonly passkey: Passkey;

  constructor(reason: PeopleRefusedError['reason'], passkey: Passkey) {
    super(reason);
    this.passkey = passkey;
  }
}

/** A page of ours inside a frame of somebody else's is never where people sign in (WebAuthn 7.1 step 11, 7.2 step 14). */
function refuseForeignFrame(clientDataJson: string): void {
  const data: unknown = JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8'));
  if (typeof data === 'object' && data !== null && 'crossOrigin' in data && data.crossOrigin === true) {
    throw new Error('cross-origin');
  }
}

function descriptor({ credential, transports }: Passkey): { id: string; transports: string[] } {
  return { id: credential, transports: [...transports] };
}

/** Loaded with the first ceremony: it takes a tenth of a second. */
async function webAuthn(): Promise<typeof import('@simplewebauthn/server')> {
  return await import('@simplewebauthn/server');
}
