/**
 * Which certificate a TLS server shows: of several the first that covers the name that the client asks for (SNI, RFC 6066
 * section 3), else the first. They can be exchanged while the server runs; connections that stand keep what they were
 * made with, and everything but key and certificate stays as it is.
 */
import { createSecureContext, type SecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { type ServerTlsSettings, serverSecureContext, serverTlsOptions, type TlsIdentity } from './tls-options.ts';

export interface NamedIdentity extends TlsIdentity {
  /** Host names in small letters, perhaps `*.` in front of one. Others (addresses) do no harm: nobody can ask for them. */
  readonly names: readonly string[];
}

export type NamedTlsSettings = Omit<ServerTlsSettings, 'identities'>;

export class NamedIdentities {
  readonly #settings: NamedTlsSettings;
  #first: TlsIdentity;
  #byName: ReadonlyMap<string, SecureContext | undefined>;

  /** @throws Error when OpenSSL does not take one of the identities, or there is none */
  constructor(identities: readonly NamedIdentity[], settings: NamedTlsSettings) {
    this.#settings = settings;
    [this.#first, this.#byName] = this.#prepared(identities);
  }

  /** For `tls.createServer`. */
  get options(): TlsOptions {
    return {
      ...serverTlsOptions({ ...this.#settings, identities: [this.#first] }),
      SNICallback: (name, done) => done(null, this.#contextFor(name)),
    };
  }

  /**
   * Others from now on.
   * @returns what the server's `setSecureContext` must get at once
   * @throws Error when OpenSSL does not take one of them, or there is none; then nothing has changed
   */
  replace(identities: readonly NamedIdentity[]): SecureContextOptions {
    [this.#first, this.#byName] = this.#prepared(identities);
    return serverSecureContext({ ...this.#settings, identities: [this.#first] });
  }

  /** Undefined: the server's own context, which is that of the first identity. */
  #contextFor(name: string): SecureContext | undefined {
    const asked = name.toLowerCase();
    // RFC 9525 6.3: a star stands for just one label, the leftmost.
    return this.#byName.has(asked) ? this.#byName.get(asked) : this.#byName.get(asked.replace(/^[^.]*/, '*'));
  }

  #prepared(
    identities: readonly NamedIdentity[],
  ): readonly [first: TlsIdentity, byName: ReadonlyMap<string, SecureContext | undefined>] {
    const [first] = identities;
    if (first === undefined) throw new Error('a TLS server needs a certificate');
    const byName = new Map<string, SecureContext | undefined>();
    for (const identity of identities) {
      const context = createSecureContext(serverSecureContext({ ...this.#settings, identities: [identity] }));
      for (const name of identity.names) {
        if (!byName.has(name)) byName.set(name, identity === first ? undefined : context);
      }
    }
    return [first, byName];
  }
}
