/**
 * The console's two cookies (RFC 6265bis): the session, and the browser that is known again. `__Host-` binds them to this host, this
 * scheme and the whole path; nothing of a page can read them; no other site makes a browser send them.
 */

export const sessionCookie = '__Host-leadglass';
export const browserCookie = '__Host-leadglass-browser';

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
