/**
 * What goes out with every answer, and what a page of another origin may do: nothing, unless the configuration names that
 * origin. Credentials of the browser itself (its client certificate) are never lent to another origin.
 */

type Headers = readonly (readonly [string, string])[];

const closedPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Nothing may frame, script, sniff, cache or leak an answer. */
export const securityHeaders: Headers = [
  ['strict-transport-security', 'max-age=63072000; includeSubDomains'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), usb=()'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cache-control', 'no-store'],
  // A page of the console and a document of others bring their own.
  ['content-security-policy', closedPolicy],
];

/**
 * Of a document that others made, whole or in its words: nothing in it runs, loads or sends, and it has no origin to act as. Links
 * within the door need the origin, or the next request would come from nowhere; without script that gives away nothing.
 * @param styleDigest of its one style sheet: `sha256-…`
 */
export function documentPolicy({
  styleDigest,
  hasLinks,
}: {
  readonly styleDigest?: string;
  readonly hasLinks: boolean;
}): readonly [string, string] {
  const style = styleDigest === undefined ? '' : `; style-src '${styleDigest}'`;
  const sandbox = `; sandbox${hasLinks ? ' allow-same-origin' : ''}`;
  return ['content-security-policy', closedPolicy + style + sandbox];
}

export type Origin = 'own' | 'allowed' | 'foreign';

/**
 * Which page asks? Without the headers of a browser it is no page: `own`.
 * @param ownOrigin `https://host:port` by which the door was called
 * @param allowed origins of the configuration
 */
export function originOf(
  headers: Readonly<Record<string, string | undefined>>,
  ownOrigin: string,
  allowed: readonly string[],
): Origin {
  const { origin } = headers;
  if (origin !== undefined) {
    if (allowed.includes(origin)) return 'allowed';
    return origin === ownOrigin ? 'own' : 'foreign';
  }
  // Pictures, forms and links of another page come without Origin, but not without this (Fetch Metadata).
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none' ? 'own' : 'foreign';
}

/** For every answer to a page of an allowed origin, and for what may be answered to several. */
export function corsHeaders(origin: Origin, headers: Readonly<Record<string, string | undefined>>): Headers {
  const vary = ['vary', 'origin'] as const;
  if (origin !== 'allowed') return [vary, ['cross-origin-resource-policy', 'same-origin']];
  return [
    vary,
    ['cross-origin-resource-policy', 'cross-origin'],
    ['access-control-allow-origin', headers['origin'] ?? ''],
    [
      'access-control-expose-headers',
      'content-location, content-range, accept-ranges, etag, location, retry-after, warning, www-authenticate',
    ],
  ];
}

/** The answer to a preflight is the same for every path: it tells nothing of what is there. */
export function preflightHeaders(maxAgeSeconds: number): Headers {
  return [
    ['access-control-allow-methods', 'GET, HEAD, POST, DELETE, OPTIONS'],
    [
      'access-control-allow-headers',
      'accept, authorization, content-type, if-match, if-none-match, if-modified-since, range',
    ],
    ['access-control-max-age', String(maxAgeSeconds)],
  ];
}
