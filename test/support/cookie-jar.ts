/** Cookies as a browser keeps them for one origin. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  get(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  /** What goes along with a request: no field without a cookie. */
  get field(): { readonly cookie?: string } {
    if (this.#cookies.size === 0) return {};
    return { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** @param fields Set-Cookie, of an answer */
  keep(fields: readonly string[] = []): void {
    for (const field of fields) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(field)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}
