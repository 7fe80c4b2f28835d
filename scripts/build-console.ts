/**
 * Builds the console: web/ -> web/dist, with the digest of its content in each file's name and a brotli and a gzip twin beside
 * it, so that the server compresses nothing. With --if-needed only when a source is newer than what was built.
 */
import {
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { packageEdits } from './console/package-edits.ts';

const repository = resolve(import.meta.dirname, '..');
const web = join(repository, 'web');
const dist = join(web, 'dist');

/** Whatever changes what is built. */
const sources = [
  'web/index.html',
  'web/src/**/*',
  'web/public/**/*',
  'src/doors/console/console-sections.ts',
  'scripts/build-console.ts',
  'scripts/console/*',
  'package-lock.json',
];
/** Compressed already, or too small to gain. */
const isWorthCompressing = (name: string, bytes: number): boolean => /\.(?:js|css|html|svg)$/.test(name) && bytes > 512;

function isCurrent(): boolean {
  const page = join(dist, 'index.html');
  if (!existsSync(page)) return false;
  const builtMs = statSync(page).mtimeMs;
  const files = sources.flatMap((pattern) => globSync(pattern, { cwd: repository }));
  return files.every((file) => statSync(join(repository, file)).mtimeMs <= builtMs);
}

async function build(): Promise<void> {
  const { build: bundle } = await import('vite');
  // Built aside and moved into place, so that a server or a test that starts meanwhile reads the old one or the new one.
  const aside = mkdtempSync(join(web, '.dist-'));
  try {
    await bundle({
      root: web,
      configFile: false,
      envDir: false,
      logLevel: 'warn',
      plugins: [packageEdits()],
      oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
      build: {
        outDir: aside,
        emptyOutDir: true,
        target: 'es2023',
        // A data: script or style would need a wider policy than 'self'.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        // The viewer, which is loaded on demand.
        chunkSizeWarningLimit: 3000,
      },
    });
    compress(aside);
    // mkdtemp closes it to others; the server may be another user.
    chmodSync(aside, 0o755);
    rmSync(dist, { recursive: true, force: true });
    renameSync(aside, dist);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    if (!isWorthCompressing(entry.name, bytes.length)) continue;
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

const isOptional = process.argv.includes('--if-needed');
if (!isOptional || !isCurrent()) {
  if (isOptional && !existsSync(join(repository, 'node_modules/vite'))) {
    // `npm ci --omit=dev`: the server runs without its console and says so at /.
    console.error(
      'The console is not built: type "npm ci && npm run console:build" on a machine with the development packages.',
    );
  } else {
    const startedMs = performance.now();
    await build();
    console.error(`Console built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  }
}
