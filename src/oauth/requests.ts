/** From a request of the web door to the library and back: only what it needs goes in, only what we want goes out. */
import { LeadglassError } from '../error.ts';
import { gather } from '../gather.ts';
import type { InnerAnswer, InnerRequest } from './in-process.ts';
import { cookieNames, routes, wrongPath } from './provider.ts';

export interface OAuthRequest {
  readonly method: string;
  /** Of the peer. */
  readonly address: string;
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}
export interface OAuthAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** RFC 9728 3.1: the well-known name before the path of the resource. */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource/dicom-web';
export const metadataPaths: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
];

/** Undefined for a path that is none of ours. */
export function methodsOf(path: string): readonly string[] | undefined {
  if (path === routes.token || path === routes.revocation) return ['POST'];
  const isReading =
    path === resourceMetadataPath ||
    metadataPaths.includes(path) ||
    path === routes.jwks ||
    path === routes.authorization ||
    isResuming(path);
  return isReading ? ['GET', 'HEAD'] : undefined;
}

const isResuming = (path: string): boolean =>
  path.startsWith(`${routes.authorization}/`) &&
  /^[A-Za-z0-9_-]{1,64}$/.test(path.slice(routes.authorization.length + 1));

/** @throws LeadglassError LIMIT_EXCEEDED */
export async function innerRequest(
  { method, address, path, query, headers, body }: OAuthRequest,
  { host, bodyBytesMax }: { readonly host: string; readonly bodyBytesMax: number },
): Promise<InnerRequest> {
  const isAuthorization = path.startsWith(routes.authorization);
  const type = headers['content-type'];
  const cookie = isAuthorization ? ownCookies(headers['cookie']) : '';
  return {
    method: method === 'HEAD' ? 'GET' : method,
    target: query === '' ? path : `${path}?${query}`,
    headers: {
      host,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': address,
      // People are led to a page of the console, programs get JSON.
      accept: isAuthorization ? 'text/html' : 'application/json',
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(cookie === '' ? {} : { cookie }),
    },
    body: await gather(body, bodyBytesMax, tooLong(`The body is longer than ${bodyBytesMax} bytes`)),
  };
}

/**
 * What is not served although the library would: answers in a page or behind `#`, and how long ago somebody signed in, which is not told.
 * @returns an answer, or undefined for the library to answer
 */
export function wrongAsked({ path, query }: OAuthRequest, queryCharactersMax: number): OAuthAnswer | undefined {
  if (path !== routes.authorization) return undefined;
  const parameters = new URLSearchParams(query);
  const mode = parameters.get('response_mode') ?? 'query';
  const isServed = mode === 'query' && !parameters.has('max_age') && !parameters.has('id_token_hint');
  if (query.length <= queryCharactersMax && isServed) return undefined;
  return { status: 303, headers: [['location', wrongPath]], body: new Uint8Array() };
}

const passed: ReadonlySet<string> = new Set([
  'content-type',
  'location',
  'cache-control',
  'pragma',
  'www-authenticate',
]);

/** Cookies but those of one authorization stay inside, and so does what the library says of origins: the door has the word on them. */
export function outerAnswer({ status, headers, body }: InnerAnswer): OAuthAnswer {
  const isOurs = (cookie: string): boolean => Object.values(cookieNames).some((name) => cookie.startsWith(name));
  return {
    status,
    headers: headers.filter(([name, value]) => passed.has(name) || (name === 'set-cookie' && isOurs(value))),
    body,
  };
}

const tooLong = (text: string) => (): LeadglassError => new LeadglassError('LIMIT_EXCEEDED', text);

/** The library sees its own cookies and no session of a person. */
function ownCookies(field: string | undefined): string {
  const pairs = (field ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(cookieNames.resume)).join('; ');
}
