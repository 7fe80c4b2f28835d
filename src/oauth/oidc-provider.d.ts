/** What is used here of oidc-provider, which ships no types. Its two modules are named one by one: see provider.ts. */
declare module 'oidc-provider/lib/provider.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Context {
    redirect(url: string): void;
    status: number;
    /** As X-Forwarded-For says. */
    readonly ip: string;
    readonly cookies: {
      set(name: string, value: string, options: Readonly<Record<string, unknown>>): void;
    };
    readonly oidc?: { readonly params?: Readonly<Record<string, string | undefined>> };
  }
  interface Interaction {
    readonly uid: string;
    readonly returnTo: string;
    readonly exp: number;
    readonly params: Readonly<Record<string, unknown>>;
    result?: Readonly<Record<string, unknown>>;
    save(ttlSeconds: number): Promise<string>;
  }
  interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    /** Asked for, and not given. */
    rejectResourceScope(resource: string, scope: string): void;
    /** @returns its id */
    save(): Promise<string>;
  }
  class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    /** Believe X-Forwarded-Proto and -For. */
    proxy: boolean;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (...facts: readonly unknown[]) => void): this;
    readonly Interaction: { find(uid: string): Promise<Interaction | undefined> };
    readonly Grant: new (facts: {
      readonly accountId: string;
      readonly clientId: string;
    }) => Grant;
  }
  export { Provider };
  export type { Context, Interaction };
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  /** RFC 8707: told to the client as invalid_target. */
  class InvalidTarget extends Error {}
  export { InvalidTarget };
}
