/**
 * The console's cookies (RFC 6265bis): the session, the browser that is known again, and for some minutes a trip to the provider. `__Host-` binds them to this host, this
 * scheme and the whole path; nothing of a page can read them; no other site makes a browser send them.
 */

export const sessionCookie = '__Host-leadglass';
export const browserCookie = '__Host-leadglass-browser';
/**
 * Strict like the others: the page at which the browser comes back is the console's own, and it is this page that sends the answer on.
 */
export const providerCookie = '__Host-leadglass-provider';

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** Gone with the browser, at the latest when the server says so. */
export function setSession(secret: string): string {
  return `${sessionCookie}=${secret}; ${attributes}`;
}

export function clearSession(): string {
  return `${sessionCookie}=; ${attributes}; Max-Age=0`;
}

export function setBrowser(secret: string, maxAgeSeconds: number): string {
  return `${browserCookie}=${secret}; ${attributes}; Max-Age=${maxAgeSeconds}`;
}

export function setProvider(secret: string, maxAgeSeconds: number): string {
  return `${providerCookie}=${secret}; ${attributes}; Max-Age=${maxAgeSeconds}`;
}

export function clearProvider(): string {
  return `${providerCookie}=; ${attributes}; Max-Age=0`;
}

/**
 * The value of one cookie. One that comes twice is none: somebody else may have set one of them, and nobody can tell which.
 * @param field of the request, several fields joined by `; ` or `, `
 */
export function cookieOf(field: string | undefined, name: string): string | undefined {
  if (field === undefined) return undefined;
  const values = field
    .split(/[;,]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  // What our secrets are made of; quotes, spaces and the like are no value of ours.
  return values.length === 1 && value !== undefined && /^[A-Za-z0-9_-]{1,256}$/.test(value) ? value : undefined;
}
