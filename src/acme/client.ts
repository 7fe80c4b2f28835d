/**
 * The client's side of RFC 8555: account, order, authorization, certificate, with tls-alpn-01 (RFC 8737) as the only
 * challenge. What comes back is what the server sent; whether it is the certificate that was asked for, its caller checks.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import { type AccountKey, externalAccountBinding, keyAuthorization, signedRequest } from './jws.ts';
import {
  AcmeProblem,
  account,
  type Authorization,
  authorization,
  directory,
  type Order,
  order,
  problemOf,
  readMessage,
  retryAfter,
} from './messages.ts';
import type { AcmeAnswer, AcmeTransport } from './transport.ts';

export interface ClientLimits {
  readonly acmePollMs: number;
  readonly acmePollMsMax: number;
  /** Of a whole order. */
  readonly acmeOrderMs: number;
}

export interface ClientOptions {
  readonly transport: Pick<AcmeTransport, 'request'>;
  readonly directoryUrl: string;
  readonly key: AccountKey;
  /** E-mail addresses. */
  readonly contact: readonly string[];
  readonly externalAccount?: { readonly keyId: string; readonly mac: Uint8Array } | undefined;
  readonly limits: ClientLimits;
  readonly signal: AbortSignal;
}

export interface OrderRequest {
  /** Host names in small letters. */
  readonly names: readonly string[];
  /** DER of a PKCS #10 request for them. */
  readonly signingRequest: Uint8Array;
  /** Answers the challenge of one name until the result is disposed. */
  readonly answer: (name: string, keyAuthorization: string) => Promise<Disposable>;
}

/** A server behind several others may not know the nonces of its neighbours: one in three refused is still an order that goes through. */
const nonceTriesMax = 8;
const nonceForm = /^[\w-]{1,512}$/;
/** RFC 8555 8.3: at least 128 bits in base64url. */
const tokenForm = /^[\w-]{22,256}$/;

export class AcmeClient {
  readonly #options: ClientOptions;
  #directory: v.InferOutput<typeof directory> | undefined;
  #accountUrl: string | undefined;
  #nonce: string | undefined;
  #endMs = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /**
   * Orders a certificate.
   * @returns the PEM chain as the server sent it
   * @throws LeadglassError as the transport, MALFORMED, PEER_FAILED (as AcmeProblem when the server said why), TIMED_OUT
   */
  async order(request: OrderRequest): Promise<string> {
    const { limits, transport, directoryUrl } = this.#options;
    this.#endMs = performance.now() + limits.acmeOrderMs;
    const answer = await transport.request({ method: 'GET', url: directoryUrl });
    if (answer.status !== 200) throw problemOf(answer, 'the directory', Date.now());
    this.#directory = readMessage(answer, directory, 'directory');
    await this.#openAccount();

    const { newOrder } = this.#places;
    const identifiers = request.names.map((value) => ({ type: 'dns', value }));
    const made = await this.#post(newOrder, { what: 'the order', payload: { identifiers } });
    const orderUrl = locationOf(made, 'order');
    const begun = readMessage(made, order, 'order');
    checkIdentifiers(begun, request.names);
    for (const url of begun.authorizations) await this.#authorize(url, request);
    const ready = await this.#until(orderUrl, order, 'order', ({ status }) => status !== 'pending');
    const certificateUrl = await this.#finalize(ready, orderUrl, request);
    const { body } = await this.#post(certificateUrl, {
      what: 'the certificate',
      accept: 'application/pem-certificate-chain',
    });
    return body.toString('latin1');
  }

  get #places(): v.InferOutput<typeof directory> {
    if (this.#directory === undefined) throw new LeadglassError('INTERNAL', 'The ACME directory was not read');
    return this.#directory;
  }

  /** 7.3.1: the account of this key, or, where there is none, a new one. */
  async #openAccount(): Promise<void> {
    this.#accountUrl = undefined;
    const { newAccount, meta } = this.#places;
    const contact = this.#options.contact.map((address) => `mailto:${address}`);
    let answer: AcmeAnswer;
    try {
      answer = await this.#post(newAccount, { what: 'the account', payload: { onlyReturnExisting: true } });
    } catch (error) {
      if (!(error instanceof AcmeProblem) || error.kind !== 'accountDoesNotExist') throw error;
      const { externalAccount, key } = this.#options;
      if (externalAccount === undefined && meta?.externalAccountRequired === true) {
        throw new LeadglassError('BAD_REQUEST', 'the ACME server wants an external account: set externalAccount');
      }
      const binding = externalAccount && externalAccountBinding(key, { ...externalAccount, url: newAccount });
      const payload = {
        // The configuration asks for this agreement before anything is sent.
        termsOfServiceAgreed: true,
        contact,
        ...(binding === undefined ? {} : { externalAccountBinding: binding }),
      };
      answer = await this.#post(newAccount, { what: 'the new account', payload });
    }
    const found = readMessage(answer, account, 'account');
    if (found.status !== 'valid') throw new LeadglassError('PEER_FAILED', 'the ACME server has closed our account');
    const url = locationOf(answer, 'account');
    this.#accountUrl = url;
    if ((found.contact ?? []).toSorted().join(' ') !== contact.toSorted().join(' ')) {
      await this.#post(url, { what: 'the change of contact', payload: { contact } });
    }
  }

  async #authorize(url: string, request: OrderRequest): Promise<void> {
    const found = readMessage(await this.#post(url, { what: 'the authorization' }), authorization, 'authorization');
    const { value, type } = found.identifier;
    if (type !== 'dns' || !request.names.includes(value) || found.wildcard === true) {
      throw new LeadglassError('PEER_FAILED', 'the ACME server wants a proof for a name that was not asked for');
    }
    if (found.status === 'valid') return;
    const challenge = found.challenges.find((one) => one.type === 'tls-alpn-01');
    if (challenge?.url === undefined || challenge.token === undefined) {
      throw new LeadglassError('UNSUPPORTED', `the ACME server does not offer tls-alpn-01 for ${value}`);
    }
    if (!tokenForm.test(challenge.token)) {
      throw new LeadglassError('MALFORMED', "the ACME server's token is not of the form of RFC 8555");
    }
    using _answering = await request.answer(value, keyAuthorization(this.#options.key, challenge.token));
    await this.#post(challenge.url, { what: 'the challenge', payload: {} });
    const done = await this.#until(url, authorization, 'authorization', ({ status }) => status !== 'pending');
    if (done.status !== 'valid') throw new AcmeProblem(`${value} was not authorized`, failureOf(done));
  }

  async #finalize(ready: Order, orderUrl: string, { signingRequest }: OrderRequest): Promise<string> {
    let now = ready;
    if (now.status === 'ready') {
      const csr = Buffer.from(signingRequest).toString('base64url');
      await this.#post(now.finalize, { what: 'the signing request', payload: { csr } });
      now = await this.#until(orderUrl, order, 'order', ({ status }) => status === 'valid' || status === 'invalid');
    }
    if (now.status !== 'valid' || now.certificate === undefined) {
      throw new AcmeProblem('the order was not fulfilled', now.error ?? {});
    }
    return now.certificate;
  }

  /** Asks again and again, as often as the server wants (7.5.1), until it is so or the order's time is over. */
  async #until<T>(
    url: string,
    schema: v.GenericSchema<unknown, T>,
    what: string,
    isDone: (value: T) => boolean,
  ): Promise<T> {
    const { acmePollMs, acmePollMsMax } = this.#options.limits;
    for (;;) {
      const answer = await this.#post(url, { what: `the ${what}` });
      const value = readMessage(answer, schema, what);
      if (isDone(value)) return value;
      const wantedMs = retryAfter(answer.retryAfter, Date.now()) ?? acmePollMs;
      const waitMs = Math.min(Math.max(wantedMs, acmePollMs), acmePollMsMax);
      if (performance.now() + waitMs > this.#endMs) {
        throw new LeadglassError('TIMED_OUT', `the ACME server did not finish the ${what} in time`);
      }
      await this.#pause(waitMs);
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await pause(ms, undefined, { signal: this.#options.signal });
    } catch {
      throw new LeadglassError('CANCELLED', 'stopped');
    }
  }

  async #post(
    url: string,
    { what, payload, accept }: { readonly what: string; readonly payload?: object; readonly accept?: string },
  ): Promise<AcmeAnswer> {
    const { key, transport } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const nonce = await this.#takeNonce();
      const body = signedRequest(key, { url, nonce, accountUrl: this.#accountUrl, payload });
      const answer = await transport.request({
        method: 'POST',
        url,
        body,
        ...(accept === undefined ? {} : { accept }),
      });
      if (answer.replayNonce !== undefined && nonceForm.test(answer.replayNonce)) this.#nonce = answer.replayNonce;
      if (answer.status < 400) return answer;
      const problem = problemOf(answer, what, Date.now());
      // 6.5: the nonce beside the error is a good one.
      if (problem.kind !== 'badNonce' || tries === nonceTriesMax) throw problem;
    }
  }

  async #takeNonce(): Promise<string> {
    const kept = this.#nonce;
    this.#nonce = undefined;
    if (kept !== undefined) return kept;
    const { replayNonce } = await this.#options.transport.request({ method: 'HEAD', url: this.#places.newNonce });
    if (replayNonce !== undefined && nonceForm.test(replayNonce)) return replayNonce;
    throw new LeadglassError('MALFORMED', 'the ACME server gives no nonce');
  }
}

function checkIdentifiers({ identifiers }: Order, names: readonly string[]): void {
  const found = identifiers.map(({ type, value }) => `${type} ${value}`).toSorted();
  const wanted = names.map((name) => `dns ${name}`).toSorted();
  if (found.join('\n') === wanted.join('\n')) return;
  throw new LeadglassError('PEER_FAILED', "the ACME server's order is for other names than those that were asked for");
}

function locationOf({ location }: AcmeAnswer, what: string): string {
  if (location !== undefined) return location;
  throw new LeadglassError('MALFORMED', `the ACME server does not say where the ${what} is`);
}

function failureOf({ challenges }: Authorization): object {
  return challenges.find(({ error }) => error !== undefined)?.error ?? {};
}
