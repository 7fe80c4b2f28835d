/**
 * A certificate by ACME: the one that is kept, and a new one when its time has come. An order runs beside everything else; it
 * can only ever add a certificate. What comes back is taken when it is for our key and just the names that were asked for.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { AcmeClient, type ClientLimits } from '../../acme/client.ts';
import { accountKeyOf } from '../../acme/jws.ts';
import { AcmeProblem } from '../../acme/messages.ts';
import { pauseMs, renewalMs } from '../../acme/schedule.ts';
import { AcmeTransport, type TransportLimits } from '../../acme/transport.ts';
import type { Config } from '../../config/config.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { ServerCertificate } from '../../keys/authority.ts';
import { readCertificate } from '../../keys/certificates.ts';
import { replaceFile } from '../../keys/durable-file.ts';
import { readAuthorityFile, readMacKeyFile } from '../../keys/identity-files.ts';
import type { SecretStore } from '../../keys/secret-store.ts';
import { readServerIdentity, serverNames } from '../../keys/server-identity.ts';
import type { Log } from '../../log.ts';
import { checkIdentity } from '../../upper-layer/check-identity.ts';
import type { CertificateProblem, CertificateSource } from './certificate-source.ts';

export interface AcmeSourceOptions {
  readonly settings: Config['doors']['console']['certificate']['acme'];
  readonly secrets: SecretStore;
  /** `<data>/certificates`; only public things. */
  readonly directory: string;
  readonly userAgent: string;
  readonly limits: ClientLimits & TransportLimits;
  readonly log: Log;
  /** Shows a challenge's certificate on our port; there is no order before this can be done. */
  readonly answer: () => ((name: string, shown: { certificatePem: string; keyPem: string }) => Disposable) | undefined;
  /** Something is different: there is a certificate, or a problem. */
  readonly onChange: () => void;
  /** 0 to 1. */
  readonly dice?: () => number;
}

/** The ACME server's clock may be ahead of ours; the certificate waits until it is valid here, too. */
const clockDifferenceMs = 5 * 60_000;

export class AcmeSource implements CertificateSource {
  readonly #options: AcmeSourceOptions;
  readonly #dice: () => number;
  /** Another ACME server is another account and another certificate. */
  readonly #server: string;
  readonly #stopping = new AbortController();
  #identity: ServerCertificate | undefined;
  #dueMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #problem: CertificateProblem | undefined;
  #running: Promise<void> | undefined;
  #isLoaded = false;

  constructor(options: AcmeSourceOptions) {
    this.#options = options;
    this.#dice = options.dice ?? (() => randomInt(1_000_000) / 1_000_000);
    this.#server = createHash('sha256').update(options.settings.directoryUrl).digest('hex').slice(0, 16);
  }

  get identities(): readonly ServerCertificate[] {
    return this.#identity === undefined ? [] : [this.#identity];
  }

  get problems(): readonly CertificateProblem[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  async review(now: Date): Promise<void> {
    if (!this.#isLoaded) {
      this.#isLoaded = true;
      this.#identity = this.#kept(now);
      if (this.#identity !== undefined) this.#dueMs = renewalMs(this.#identity.facts, this.#dice());
    }
    const answer = this.#options.answer();
    if (answer === undefined || this.#running !== undefined || this.#stopping.signal.aborted) return;
    if (now.getTime() < this.#dueMs) return;
    this.#running = this.#attempt(now, answer).finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #attempt(now: Date, answer: NonNullable<ReturnType<AcmeSourceOptions['answer']>>): Promise<void> {
    try {
      this.#identity = await this.#order(now, answer);
      this.#dueMs = renewalMs(this.#identity.facts, this.#dice());
      this.#failures = 0;
      this.#problem = undefined;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failed(error, now);
    }
    this.#options.onChange();
  }

  #failed(thrown: unknown, now: Date): void {
    this.#failures += 1;
    const error = asLeadglassError(thrown);
    const leftMs = this.#identity && Math.max(0, this.#identity.facts.notAfter.getTime() - now.getTime());
    const wait = pauseMs(this.#failures, {
      dice: this.#dice(),
      ...(leftMs === undefined ? {} : { leftMs }),
      ...(error instanceof AcmeProblem && error.retryAfterMs !== undefined ? { retryAfterMs: error.retryAfterMs } : {}),
    });
    this.#dueMs = now.getTime() + wait;
    const nextAt = new Date(this.#dueMs).toISOString();
    const text = `The certificate of the console door could not be had by ACME: ${error.message}`;
    this.#problem = { key: text, text, nextAt };
    this.#options.log.warn('web.acme-failed', {
      failures: this.#failures,
      code: error.code,
      message: error.message,
      detail: error.detail,
      nextAt,
    });
  }

  async #order(now: Date, answer: NonNullable<ReturnType<AcmeSourceOptions['answer']>>): Promise<ServerCertificate> {
    const { settings, userAgent, limits } = this.#options;
    const { directoryUrl, externalAccount, names, contact } = settings;
    const { signal } = this.#stopping;
    const beganMs = performance.now();
    const mac = readMacKeyFile(externalAccount.keyFile);
    const client = new AcmeClient({
      transport: new AcmeTransport({
        directoryUrl,
        authorities: readAuthorityFile(settings.authorityFile, rootCertificates),
        userAgent,
        limits,
        signal,
      }),
      directoryUrl,
      key: accountKeyOf(this.#accountKey()),
      contact,
      externalAccount: mac && { keyId: externalAccount.keyId, mac },
      limits,
      signal,
    });
    const { issueChallengeCertificate, makeSigningRequest } = await import('../../keys/issue.ts');
    // A new key for each certificate: one that leaked is worth nothing after the next renewal.
    const key = newKey();
    const certificatePem = await client.order({
      names,
      signingRequest: await makeSigningRequest(key, names),
      answer: async (name, keyAuthorization) => {
        const challengeKey = newKey();
        const digest = createHash('sha256').update(keyAuthorization).digest();
        const shown = await issueChallengeCertificate(challengeKey, { name, digest, now });
        return answer(name, { certificatePem: shown, keyPem: pemOf(challengeKey) });
      },
    });
    // An order takes a while, and the certificate may be younger than its beginning.
    const arrivedAt = new Date(now.getTime() + performance.now() - beganMs);
    const identity = this.#checked({ certificatePem, keyPem: pemOf(key) }, arrivedAt);
    this.#keep(identity, key);
    return identity;
  }

  /** @throws LeadglassError when it is not what was asked for */
  #checked(given: { readonly certificatePem: string; readonly keyPem: string }, now: Date): ServerCertificate {
    let identity: ServerCertificate;
    try {
      identity = readServerIdentity(given, new Date(now.getTime() + clockDifferenceMs));
      checkIdentity({ key: identity.keyPem, cert: identity.certificatePem });
    } catch (error) {
      throw new LeadglassError(
        'PEER_FAILED',
        `what the ACME server issued is not taken: ${asLeadglassError(error).message}`,
      );
    }
    if (sameNames(serverNames(identity.facts), this.#options.settings.names)) return identity;
    throw new LeadglassError('PEER_FAILED', 'what the ACME server issued is not taken: it is for other names');
  }

  /** The certificate of an earlier order, if it is for what is asked for today. */
  #kept(now: Date): ServerCertificate | undefined {
    try {
      const certificatePem = readFileSync(this.#path, 'utf8');
      const key = this.#options.secrets.read(this.#keyName(fingerprintOf(certificatePem)));
      if (key === undefined) return undefined;
      const keyPem = pemOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
      return this.#checked({ certificatePem, keyPem }, now);
    } catch {
      // Not there, ended, or for other names: a new one is ordered.
      return undefined;
    }
  }

  /** The key first, and found by its certificate: an order that is cut short here leaves the old pair whole. */
  #keep({ certificatePem, facts }: ServerCertificate, key: KeyObject): void {
    const before = this.#identity;
    this.#options.secrets.create(this.#keyName(facts.fingerprint256), key.export({ type: 'pkcs8', format: 'der' }));
    replaceFile(this.#path, certificatePem, 0o644);
    if (before !== undefined) this.#options.secrets.remove(this.#keyName(before.facts.fingerprint256));
  }

  #accountKey(): KeyObject {
    const { secrets } = this.#options;
    const name = `acme-account-${this.#server}.key`;
    const kept = secrets.read(name);
    if (kept !== undefined) return createPrivateKey({ key: kept, format: 'der', type: 'pkcs8' });
    const key = newKey();
    secrets.create(name, key.export({ type: 'pkcs8', format: 'der' }));
    return key;
  }

  get #path(): string {
    return join(this.#options.directory, `acme-web-${this.#server}.pem`);
  }

  #keyName(fingerprint256: string): string {
    return `acme-web-${fingerprint256.slice(0, 32)}.key`;
  }
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });
const fingerprintOf = (pem: string): string => readCertificate(pem).fingerprint256;

const sameNames = (found: readonly string[], wanted: readonly string[]): boolean =>
  found.toSorted().join('\n') === wanted.toSorted().join('\n');
