/**
 * The published OHIF viewer, which `.ci/run` unpacks into a cache folder: where it is, and a small server that gives it an origin of
 * its own, with Leadglass as its only data source.
 */
import { once } from 'node:events';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { homedir } from 'node:os';
import { extname, join, resolve, sep } from 'node:path';

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
/** LEADGLASS_OHIF names another place of the package's `dist`. */
const folder = process.env['LEADGLASS_OHIF'] ?? join(cache, 'leadglass-peers/ohif-3.13.2/package/dist');

/** Test options for a test that needs the viewer. @throws when it is missing and REQUIRE_PEERS=1 */
export function needsOhif(): { readonly skip: string | false } {
  if (existsSync(join(folder, 'index.html'))) return { skip: false };
  const text = `needs the OHIF viewer in ${folder}; .ci/run fetches it`;
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(text);
  return { skip: text };
}

export interface DataSource {
  /** Of our DICOMweb. */
  readonly baseUrl: string;
  /** Fixed, or got by signing in. */
  readonly token?: string;
  /** As the viewer's own `oidc` has it; `redirect_uri` below its origin. */
  readonly signIn?: { readonly authority: string; readonly client_id: string; readonly scope: string };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** Isolated from other origins, which gives the viewer shared memory; what it reads of others must allow that (CORP). */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/** Serves the viewer on loopback. Its origin is known before its data source is. */
export class OhifServer implements AsyncDisposable {
  readonly #server: Server;
  source: DataSource | undefined;
  origin = '';

  private constructor() {
    this.#server = createServer(({ url = '/' }, response) => this.#answer(url, response));
  }

  static async start(): Promise<OhifServer> {
    const ohif = new OhifServer();
    await once(ohif.#server.listen(0, '127.0.0.1'), 'listening');
    const address = ohif.#server.address();
    if (address === null || typeof address === 'string') throw new Error('A listener on TCP has no port');
    ohif.origin = `http://localhost:${address.port}`;
    return ohif;
  }

  #answer(url: string, response: ServerResponse): void {
    const { pathname } = new URL(url, this.origin);
    if (pathname === '/app-config.js') {
      response.writeHead(200, { 'content-type': types['.js'], ...isolation }).end(configOf(this.source, this.origin));
      return;
    }
    const wanted = resolve(folder, `.${decodeURIComponent(pathname)}`);
    const isFile = wanted.startsWith(folder + sep) && statSync(wanted, { throwIfNoEntry: false })?.isFile() === true;
    // The viewer's own paths (`/viewer?…`) are all the one page.
    const file = isFile ? wanted : join(folder, 'index.html');
    const type = types[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, ...isolation });
    createReadStream(file).pipe(response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** As docs/operating.md tells it; a fixed token comes by an extension, so that it stands in no address. */
function configOf(source: DataSource | undefined, origin: string): string {
  if (source === undefined) throw new Error('The viewer has no data source yet');
  const { baseUrl, token, signIn } = source;
  const roots = { qidoRoot: baseUrl, wadoRoot: baseUrl, wadoUriRoot: `${baseUrl}/wado` };
  const configuration = {
    friendlyName: 'Leadglass',
    name: 'leadglass',
    ...roots,
    qidoSupportsIncludeField: true,
    supportsFuzzyMatching: false,
    supportsWildcard: true,
    imageRendering: 'wadors',
    thumbnailRendering: 'thumbnail',
    thumbnailRequestStrategy: 'fetch',
    enableStudyLazyLoad: true,
    bulkDataURI: { enabled: true },
  };
  const config = {
    routerBasename: null,
    ...(signIn === undefined
      ? {}
      : {
          oidc: [{ ...signIn, redirect_uri: `${origin}/callback`, response_type: 'code', automaticSilentRenew: true }],
        }),
    modes: [],
    customizationService: {},
    showStudyList: true,
    maxNumberOfWebWorkers: 1,
    showCPUFallbackMessage: false,
    strictZSpacingForVolumeViewport: true,
    investigationalUseDialog: { option: 'never' },
    defaultDataSourceName: 'leadglass',
    dataSources: [
      { namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'leadglass', configuration },
    ],
  };
  if (token === undefined) return `window.config = { ...${JSON.stringify(config)}, extensions: [] };`;
  return `
    const authorization = { Authorization: ${JSON.stringify(`Bearer ${token}`)} };
    const extension = {
      id: 'leadglass-token',
      preRegistration: ({ servicesManager: { services } }) =>
        services.userAuthenticationService.setServiceImplementation({ getAuthorizationHeader: () => authorization }),
    };
    window.config = { ...${JSON.stringify(config)}, extensions: [extension] };`;
}
