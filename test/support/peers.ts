/**
 * Which independent programs are on this machine. A test that needs one is skipped by name where it is missing; with
 * REQUIRE_PEERS=1 (as CI sets it) a missing program is a failure instead.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * Test options for a test that needs these programs: `test('…', needs('storescu'), …)`.
 * @throws when a program is missing and REQUIRE_PEERS=1
 */
export function needs(...programs: readonly string[]): { readonly skip: string | false } {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return { skip: false };
  const text = `needs ${missing.join(', ')}, not on this machine`;
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(text);
  return { skip: text };
}

const repository = resolve(import.meta.dirname, '../..');
const shared = process.env['LEADGLASS_SHARED'] ?? resolve(repository, '../shared');

/** The folder of real and hostile files beside the project, or undefined. */
export const corpusFolder: string | undefined = existsSync(join(shared, 'data/manifest.json'))
  ? join(shared, 'data')
  : undefined;

/** The folder of schemas beside the project, or undefined. */
export const schemaFolder: string | undefined = existsSync(join(shared, 'schemas'))
  ? join(shared, 'schemas')
  : undefined;

/** Test options for a test over the corpus. */
export function needsCorpus(): { readonly skip: string | false } {
  return { skip: corpusFolder === undefined ? 'needs the corpus of DICOM files beside the project' : false };
}
