/** Secrets that rest wrapped by the key ring: private keys of the ledger, the authority and the doors. */
import type { KeyRing } from './key-ring.ts';
import type { SecretStore } from './secret-store.ts';

export class WrappedSecrets implements SecretStore {
  readonly #secrets: SecretStore;
  readonly #ring: KeyRing;

  constructor(secrets: SecretStore, ring: KeyRing) {
    this.#secrets = secrets;
    this.#ring = ring;
  }

  read(name: string): Buffer | undefined {
    const wrapped = this.#secrets.read(name);
    return wrapped && this.#ring.unwrap(wrapped, `secret ${name}`);
  }

  create(name: string, secret: Uint8Array): void {
    this.#secrets.create(name, this.#ring.wrap(secret, `secret ${name}`));
  }

  remove(name: string): void {
    this.#secrets.remove(name);
  }
}
