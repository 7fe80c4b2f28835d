/** WebAuthn Level 3 ceremonies with the JSON forms that the browser itself reads and writes (5.1.8, 5.1.9). */
import type { CredentialJson } from '../../../src/doors/console/console-api.ts';
import type { PasskeyOptions } from '../../../src/doors/console/people-flows.ts';

export type PasskeyFailure = 'cancelled' | 'unsupported' | 'known-already' | 'failed';

export class PasskeyError extends Error {
  override readonly name = 'PasskeyError';
  readonly failure: PasskeyFailure;
  constructor(failure: PasskeyFailure, cause?: unknown) {
    super(failure, { cause });
    this.failure = failure;
  }
}

export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
}

/** May the browser offer passkeys within the field for the e-mail address? */
export async function hasConditionalUi(): Promise<boolean> {
  return hasPasskeys() && (await PublicKeyCredential.isConditionalMediationAvailable());
}

/** @throws PasskeyError */
export async function usePasskey(
  options: PasskeyOptions,
  { mediation, signal }: { readonly mediation?: CredentialMediationRequirement; readonly signal?: AbortSignal } = {},
): Promise<CredentialJson> {
  return ceremony(() => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server passes on what the browser reads and checks
      options as unknown as PublicKeyCredentialRequestOptionsJSON,
    );
    return navigator.credentials.get({
      publicKey,
      ...(mediation === undefined ? {} : { mediation }),
      ...(signal === undefined ? {} : { signal }),
    });
  });
}

/** @throws PasskeyError */
export async function makePasskey(options: PasskeyOptions): Promise<CredentialJson> {
  return ceremony(() => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      options as unknown as PublicKeyCredentialCreationOptionsJSON,
    );
    return navigator.credentials.create({ publicKey });
  });
}

async function ceremony(start: () => Promise<Credential | null>): Promise<CredentialJson> {
  if (!hasPasskeys()) throw new PasskeyError('unsupported');
  let credential: Credential | null;
  try {
    credential = await start();
  } catch (cause) {
    throw new PasskeyError(failureOf(cause), cause);
  }
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyError('failed');
  return { ...credential.toJSON() };
}

/** WebAuthn 14.5.1: what went wrong inside of the authenticator looks like a person who said no. */
function failureOf(cause: unknown): PasskeyFailure {
  const name = cause instanceof DOMException ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled';
  return name === 'InvalidStateError' ? 'known-already' : 'failed';
}
