/**
 * The built console (web/dist) as answers of the web door. Everything is read once at the start, so that no request ever becomes
 * a path on the disk; what was not built is not there. Who asks, and the headers of every answer, are left to the door.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isConsolePath } from './console-sections.ts';
import { unbuiltPage } from './unbuilt-page.ts';

type Fields = readonly (readonly [string, string])[];
type AskedFields = Readonly<Record<string, string | undefined>>;

export interface FileAnswer {
  readonly status: number;
  readonly headers: Fields;
  readonly body?: Uint8Array;
}
export interface ConsoleFiles {
  /** What a GET of this path answers; undefined when there is no such page. */
  find(path: string): ((asked: AskedFields) => FileAnswer) | undefined;
}

/** No inline script or style, no code from text, nothing from another host; pictures made in the page are blobs. */
export const consolePolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "font-src 'self'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join('; ');

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};
/** Written beside each file by scripts/build-console.ts; the first that the client takes is sent. */
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

interface BuiltFile {
  readonly fields: Fields;
  readonly etag: string;
  readonly bodies: ReadonlyMap<string, Uint8Array>;
}

/** @param directory web/dist; where it is missing, `/` answers with a page that says how to build it */
export function readConsoleFiles(directory: string): ConsoleFiles {
  if (!existsSync(join(directory, 'index.html'))) return unbuilt();
  const files = new Map<string, BuiltFile>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || encodings.some(({ suffix }) => entry.name.endsWith(suffix))) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(directory.length).replaceAll('\\', '/');
    files.set(path, readBuilt(file, path));
  }
  const page = files.get('/index.html');
  return {
    find(path) {
      const built = isConsolePath(path) ? page : files.get(path);
      return built === undefined ? undefined : (asked) => answerOf(built, asked);
    },
  };
}

function readBuilt(file: string, path: string): BuiltFile {
  const plain = readFileSync(file);
  const bodies = new Map<string, Uint8Array>([['identity', plain]]);
  for (const { name, suffix } of encodings) {
    if (existsSync(file + suffix)) bodies.set(name, readFileSync(file + suffix));
  }
  const isPage = path.endsWith('.html');
  return {
    etag: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
    bodies,
    fields: [
      ['content-type', mediaTypes[extname(path)] ?? 'application/octet-stream'],
      ['cache-control', cachingOf(path)],
      ...(isPage ? ([['content-security-policy', consolePolicy]] as const) : []),
    ],
  };
}

/** A name with the digest of its content never changes its content. */
function cachingOf(path: string): string {
  if (path.startsWith('/assets/')) return 'public, max-age=31536000, immutable';
  return path.endsWith('.html') ? 'no-store' : 'no-cache';
}

function answerOf({ fields, etag, bodies }: BuiltFile, asked: AskedFields): FileAnswer {
  const encoding = encodings.find(({ name }) => bodies.has(name) && takes(asked['accept-encoding'], name))?.name;
  // RFC 9110 8.8.3: each encoding is a representation of its own.
  const tag = `"${etag}${encoding === undefined ? '' : `-${encoding}`}"`;
  const headers: Fields = [...fields, ['etag', tag], ['vary', 'accept-encoding']];
  if (isNamed(asked['if-none-match'], tag)) return { status: 304, headers };
  const body = bodies.get(encoding ?? 'identity') ?? new Uint8Array();
  return {
    status: 200,
    headers: encoding === undefined ? headers : [...headers, ['content-encoding', encoding]],
    body,
  };
}

/** RFC 9110 12.5.3, as far as a file with two encodings needs it. */
function takes(acceptEncoding: string | undefined, coding: string): boolean {
  const ranges = (acceptEncoding ?? '').toLowerCase().split(',').slice(0, 16);
  const weightOf = (name: string): number | undefined => {
    for (const range of ranges) {
      const [token = '', ...parameters] = range.split(';').map((part) => part.trim());
      if (token !== name) continue;
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return weight === undefined ? 1 : Number(weight.slice(2));
    }
    return undefined;
  };
  return (weightOf(coding) ?? weightOf('*') ?? 0) > 0;
}

/** RFC 9110 13.1.2, weak comparison. */
function isNamed(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').slice(0, 64);
  return tags.some((given) => given.trim() === '*' || given.trim().replace(/^W\//, '') === tag);
}

function unbuilt(): ConsoleFiles {
  const { html, styleDigest } = unbuiltPage();
  const policy = `default-src 'none'; style-src '${styleDigest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const headers: Fields = [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-security-policy', policy],
  ];
  const answer: FileAnswer = { status: 200, headers, body: Buffer.from(html) };
  return { find: (path) => (isConsolePath(path) ? () => answer : undefined) };
}
