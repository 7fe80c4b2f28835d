/** Folders that a person named for files of ours: new ones, or empty ones that are there already. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LeadglassError } from '../error.ts';

/** @throws LeadglassError BAD_REQUEST when it is there with anything in it */
export function refuseUnlessEmpty(path: string): void {
  if (!existsSync(path) || readdirSync(path).length === 0) return;
  throw new LeadglassError(
    'BAD_REQUEST',
    `${path} is not empty, and nothing in it will be overwritten; name another folder with --out`,
  );
}

/**
 * Makes it, and what is missing above it, readable by their owner only. One after the other: where a file system makes no
 * folders at all, as /proc, Node's own `recursive` goes round for ever.
 * @throws LeadglassError BAD_REQUEST
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  try {
    for (const folder of missing.toReversed()) mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    throw new LeadglassError('BAD_REQUEST', `Cannot make the folder ${path}: name one that you may write`, { cause });
  }
}
