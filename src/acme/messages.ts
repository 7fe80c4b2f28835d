/** What an ACME server says (RFC 8555 7.1), read strictly: known members of the right form, others passed over. */
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import type { AcmeAnswer } from './transport.ts';

const url = v.pipe(v.string(), v.maxLength(2048));
const identifier = v.object({ type: v.string(), value: v.pipe(v.string(), v.maxLength(253)) });
const problem = v.object({
  type: v.optional(v.pipe(v.string(), v.maxLength(200))),
  detail: v.optional(v.string()),
});

export const directory = v.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  meta: v.optional(v.object({ externalAccountRequired: v.optional(v.boolean()) })),
});
export const account = v.object({
  status: v.string(),
  contact: v.optional(v.pipe(v.array(v.string()), v.maxLength(100))),
});
export const order = v.object({
  status: v.picklist(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: v.pipe(v.array(identifier), v.maxLength(100)),
  authorizations: v.pipe(v.array(url), v.maxLength(100)),
  finalize: url,
  certificate: v.optional(url),
  error: v.optional(problem),
});
export const authorization = v.object({
  status: v.picklist(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier,
  wildcard: v.optional(v.boolean()),
  challenges: v.pipe(
    v.array(
      v.object({
        type: v.string(),
        url: v.optional(url),
        token: v.optional(v.string()),
        error: v.optional(problem),
      }),
    ),
    v.maxLength(20),
  ),
});
export type Order = v.InferOutput<typeof order>;
export type Authorization = v.InferOutput<typeof authorization>;
export type Problem = v.InferOutput<typeof problem>;

/** An answer of the ACME server that says no. */
export class AcmeProblem extends LeadglassError {
  /** The last part of `urn:ietf:params:acme:error:…`; empty for others. */
  readonly kind: string;
  /** Not before so long; from Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(what: string, told: Problem, retryAfterMs?: number) {
    const kind = /^urn:ietf:params:acme:error:([A-Za-z]{1,40})$/.exec(told.type ?? '')?.[1] ?? '';
    super(
      'PEER_FAILED',
      `${what}: ${[kind, readable(told.detail ?? '')].filter((text) => text !== '').join(', ') || 'no reason given'}`,
    );
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** @throws LeadglassError MALFORMED */
export function readMessage<T>(answer: AcmeAnswer, schema: v.GenericSchema<unknown, T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(answer.body.toString('utf8'));
  } catch {
    throw new LeadglassError('MALFORMED', `the ACME server's ${what} is no JSON`);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const place = result.issues[0].path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new LeadglassError(
    'MALFORMED',
    `the ACME server's ${what} is not of the form of RFC 8555 (${readable(place)})`,
  );
}

/** The problem document (RFC 7807) of an answer with a status from 400. */
export function problemOf(answer: AcmeAnswer, what: string, nowMs: number): AcmeProblem {
  const retryAfterMs = retryAfter(answer.retryAfter, nowMs);
  try {
    return new AcmeProblem(
      `${what} was refused (${answer.status})`,
      readMessage(answer, problem, 'problem'),
      retryAfterMs,
    );
  } catch {
    return new AcmeProblem(`${what} was refused (${answer.status})`, {}, retryAfterMs);
  }
}

/** Seconds or an HTTP date (RFC 9110 10.2.3); undefined when it is neither. */
export function retryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** What a server wrote, for a log and a terminal. */
function readable(text: string): string {
  return text.slice(0, 300).replaceAll(/[^ -~]/g, '?');
}
