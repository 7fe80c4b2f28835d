/**
 * The library that speaks OAuth 2.0 for us, set up for one use: authorization code with PKCE for public clients. Loaded at the first
 * request that needs it; a start without one does not pay for it. What each key means stands in the library's own reference.
 */
import { createRequire, registerHooks } from 'node:module';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Context, Interaction, Provider } from 'oidc-provider/lib/provider.js';
import { programScopes } from '../guard/program-scope.ts';
import type { Program } from '../guard/program.ts';
import { adapterOf, type EntryStore } from './entry-store.ts';

export const routes = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  revocation: '/oauth/revoke',
  jwks: '/oauth/jwks',
} as const;

/** Beside what programs ask of images: an identity token (OIDC), and to go on while the person is signed in (SMART). */
export const sessionScopes = ['openid', 'online_access'] as const;

/** Cookies of one authorization; `asking` ties the page that asks to the browser that was sent there. */
export const cookieNames = { asking: '__Host-leadglass-asking', resume: '__Secure-leadglass-asked' } as const;

/** Where a person is asked, and told that a program asked wrongly: pages of the console. */
const askingPath = (uid: string): string => `/authorize/${uid}`;
export const wrongPath = '/authorize/wrong';

export interface ProviderFacts {
  readonly issuer: string;
  /** Our DICOMweb: for what every token is. */
  readonly resource: string;
  readonly store: EntryStore;
  /** A question waits for the person at this address. */
  readonly asked: (uid: string, address: string) => void;
  /** The program of this name while codes and tokens may be given for it. */
  readonly program: (name: string) => Program | undefined;
  /** Whole seconds that a code or token of this grant may live at most, as its person, session and program stand; below 1 for none. */
  readonly secondsLeft: (grantId: string | undefined) => number;
  readonly limits: {
    readonly accessTokenSeconds: number;
    readonly codeSeconds: number;
    readonly askingSeconds: number;
    readonly renewalSeconds: number;
  };
}

export async function makeProvider(facts: ProviderFacts): Promise<Provider> {
  const { issuer } = facts;
  const { Provider: Library } = await load();
  const provider = new Library(issuer, configurationOf(facts));
  // The door speaks TLS; what comes here came through it.
  provider.proxy = true;
  return provider;
}

/**
 * The library's web framework brings depd, which compiles text into code; this process forbids that. For browsers depd has a build that
 * only hands functions on, and that one is taken. The module is named, since the package's index complains of a Node that is no LTS yet.
 */
async function load(): Promise<typeof import('oidc-provider/lib/provider.js')> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier !== 'depd') return next(specifier, context);
      const found = createRequire(context.parentURL ?? import.meta.url).resolve('depd/lib/browser/index.js');
      return { url: pathToFileURL(found).href, format: 'commonjs', shortCircuit: true };
    },
  });
  try {
    return await import('oidc-provider/lib/provider.js');
  } finally {
    hooks.deregister();
  }
}

interface TokenOfGrant {
  readonly grantId?: string;
  readonly scopes?: ReadonlySet<string>;
}

function configurationOf(facts: ProviderFacts): Readonly<Record<string, unknown>> {
  const { store, resource, limits } = facts;
  const within = (seconds: number, token: TokenOfGrant): number =>
    Math.max(1, Math.min(seconds, facts.secondsLeft(token.grantId)));
  return {
    adapter: (kind: string) => adapterOf(kind, store, (name) => clientOf(facts.program(name))),
    routes,
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    scopes: [...sessionScopes],
    claims: { openid: ['sub'] },
    // No browser session of the library's own: each authorization asks the person, who is known by the console's session.
    interactions: { url: (context: Context, interaction: Interaction) => askingUrl(context, interaction, facts) },
    findAccount: async (_context: Context, sub: string, token: TokenOfGrant | undefined) =>
      token?.grantId !== undefined && facts.secondsLeft(token.grantId) < 1
        ? undefined
        : { accountId: sub, claims: async () => ({ sub }) },
    expiresWithSession: () => false,
    issueRefreshToken: (_context: Context, _client: unknown, code: TokenOfGrant) =>
      code.scopes?.has('online_access') === true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: (_context: Context, token: TokenOfGrant) => within(limits.accessTokenSeconds, token),
      AuthorizationCode: (_context: Context, token: TokenOfGrant) => within(limits.codeSeconds, token),
      RefreshToken: (_context: Context, token: TokenOfGrant) => within(limits.renewalSeconds, token),
      Grant: limits.renewalSeconds,
      IdToken: limits.accessTokenSeconds,
      Interaction: limits.askingSeconds,
      Session: limits.codeSeconds,
    },
    clockTolerance: 0,
    clientBasedCORS: () => false, // the door says who may read
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // A proof of possession that DICOMweb does not ask for would prove nothing there.
      dPoP: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (
          _context: Context,
          client: { readonly clientId: string },
          token: { readonly clientId?: string },
        ) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: Context, asked: string) => resourceServer(asked, facts),
      },
    },
    jwks: { keys: [identityKey()] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    cookies: {
      names: { session: '__Host-leadglass-none', interaction: '__Secure-leadglass-shown', resume: cookieNames.resume },
      short: { httpOnly: true, sameSite: 'strict', secure: true, signed: true },
      long: { httpOnly: true, sameSite: 'strict', secure: true, signed: true },
      keys: [randomBytes(32).toString('base64url')],
    },
    // What is wrong is in the log; nothing of what a stranger wrote comes back.
    renderError: (context: Context) => {
      context.status = 303;
      context.redirect(wrongPath);
    },
  };
}

/** The page that asks is for the browser that was sent there: a link to somebody else's page gives away nothing. */
function askingUrl(context: Context, { uid }: Interaction, { asked, limits }: ProviderFacts): string {
  asked(uid, context.ip);
  context.cookies.set(cookieNames.asking, uid, {
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'strict',
    signed: false,
    maxAge: limits.askingSeconds * 1000,
  });
  return askingPath(uid);
}

/** @throws Error: another server than ours is no target (RFC 8707 2) */
async function resourceServer(asked: string, { resource, limits }: ProviderFacts) {
  if (asked !== resource) throw await invalidTarget();
  return {
    scope: programScopes.join(' '),
    audience: resource,
    accessTokenFormat: 'opaque',
    accessTokenTTL: limits.accessTokenSeconds,
  };
}

async function invalidTarget(): Promise<Error> {
  const { InvalidTarget } = await import('oidc-provider/lib/helpers/errors.js');
  return new InvalidTarget();
}

/** As dynamic registration (RFC 7591) would tell it. */
function clientOf(program: Program | undefined): Readonly<Record<string, unknown>> | undefined {
  if (program === undefined) return undefined;
  const { name, title, redirectUris } = program;
  return {
    client_id: name,
    client_name: title,
    application_type: 'web',
    redirect_uris: [...redirectUris],
    response_types: ['code'],
    response_modes: ['query'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
    // Of images its part is narrowed when the person is asked (authorization-server.ts).
    scope: sessionScopes.join(' '),
  };
}

/** Of this run alone: an identity token says who signed in just now, and nobody checks it later. */
function identityKey(): Readonly<Record<string, unknown>> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: randomBytes(8).toString('hex') };
}
