/** The font of texts in pictures (decision 0015): read by the supervisor, which may read files, once for all workers. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** 3 MB in memory that threads share; a worker inflates it when it draws its first character. */
export function readFontFile(): Uint8Array<SharedArrayBuffer> {
  const { resolve } = createRequire(import.meta.url);
  const file = readFileSync(resolve('@fontsource/unifont/files/unifont-latin-400-normal.woff'));
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  return shared;
}
