/**
 * Which files `import` and `send` take for the paths that were named. Links inside folders are not followed, and what a
 * DICOMDIR refers to must lie inside its folder: a hostile medium cannot make us read another file (or send it away).
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { LeadglassError } from '../error.ts';
import { readDicomdir } from './dicomdir.ts';
import { whyUnreadable } from './read-file.ts';

export type FoundFile =
  | { readonly kind: 'dicom'; readonly path: string }
  /** Not a DICOM file; `named` when the user named it and did not only name its folder. */
  | { readonly kind: 'other'; readonly path: string; readonly named: boolean }
  | { readonly kind: 'missing'; readonly path: string; readonly problem: string };

/** Folders deeper than this are no image collection. */
const depthMax = 64;

/** Before anything begins. @throws LeadglassError BAD_REQUEST for a named path that is not there or may not be read */
export function requirePaths(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      accessSync(path, constants.R_OK);
    } catch (cause) {
      throw new LeadglassError('BAD_REQUEST', `Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
    }
  }
}

/** In a stable order, lazily. A path that vanished meanwhile is told as missing. */
export function* findFiles(paths: readonly string[]): Generator<FoundFile> {
  for (const path of paths) {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) yield { kind: 'missing', path, problem: 'it is not there any more' };
    else if (facts.isDirectory()) yield* walk(path, 0);
    else if (isDicomdirName(path) && looksLikeDicom(path) === true) yield* media(path);
    else yield classify(path, true);
  }
}

function isDicomdirName(path: string): boolean {
  return /(^|[/\\])dicomdir$/i.test(path);
}

function* walk(folder: string, depth: number): Generator<FoundFile> {
  if (depth > depthMax) {
    yield { kind: 'missing', path: folder, problem: `deeper than ${depthMax} folders; not looked into` };
    return;
  }
  let names: string[];
  try {
    names = readdirSync(folder).toSorted();
  } catch (error) {
    yield { kind: 'missing', path: folder, problem: `cannot be read (${codeOf(error)})` };
    return;
  }
  // PS3.10 8.6: DICOMDIR, in capitals; some media are written in small letters.
  const dicomdir = names.find((name) => name.toUpperCase() === 'DICOMDIR');
  if (dicomdir !== undefined && looksLikeDicom(join(folder, dicomdir)) === true) {
    yield* media(join(folder, dicomdir));
    return;
  }
  for (const name of names) {
    const path = join(folder, name);
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts?.isDirectory() === true) yield* walk(path, depth + 1);
    else if (facts?.isFile() === true) yield classify(path, false);
    // Links, sockets and devices are nobody's images.
  }
}

function* media(dicomdir: string): Generator<FoundFile> {
  const folder = realpathSync(dirname(dicomdir));
  let references: readonly (readonly string[])[];
  try {
    references = readDicomdir(dicomdir);
  } catch (error) {
    const text = error instanceof LeadglassError ? error.message : codeOf(error);
    yield { kind: 'missing', path: dicomdir, problem: `cannot be read as a DICOMDIR: ${text}` };
    return;
  }
  for (const components of references) {
    const found = resolveReference(folder, components);
    if (typeof found === 'string') yield classify(found, true);
    else yield { kind: 'missing', path: `${dicomdir} -> ${components.join('/')}`, problem: found.problem };
  }
}

/**
 * The file of a Referenced File ID (0004,1500). PS3.10 8.2: up to eight components of capital letters, digits and
 * underscores; others are taken too, as long as each is one plain name.
 */
export function resolveReference(folder: string, components: readonly string[]): string | { readonly problem: string } {
  const plain = (component: string): boolean =>
    /^[\w .@=+~-]{1,255}$/.test(component) && !/^\.+$/.test(component.trim());
  if (components.length === 0 || components.length > 16 || !components.every(plain)) {
    return { problem: 'the DICOMDIR refers to a name that is no plain file name; not followed' };
  }
  let path = folder;
  for (const component of components) {
    const next = childNamed(path, component);
    if (next === undefined) return { problem: 'the DICOMDIR refers to it, but it is not there' };
    path = next;
  }
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return { problem: 'the DICOMDIR refers to it, but it is not there' };
  }
  const prefix = folder.endsWith(sep) ? folder : folder + sep;
  if (!real.startsWith(prefix)) return { problem: 'it lies outside the folder of the DICOMDIR; not followed' };
  return real;
}

/** Media are often mounted with names in small letters, or with the version `;1` of ISO 9660. */
function childNamed(folder: string, component: string): string | undefined {
  const exact = join(folder, component);
  if (lstatSync(exact, { throwIfNoEntry: false }) !== undefined) return exact;
  try {
    const wanted = component.toUpperCase();
    const name = readdirSync(folder).find(
      (candidate) => candidate.replace(/;1$/, '').replace(/\.$/, '').toUpperCase() === wanted,
    );
    return name === undefined ? undefined : join(folder, name);
  } catch {
    return undefined;
  }
}

function classify(path: string, named: boolean): FoundFile {
  const looks = looksLikeDicom(path);
  if (typeof looks === 'string') return { kind: 'missing', path, problem: looks };
  return looks ? { kind: 'dicom', path } : { kind: 'other', path, named };
}

/** PS3.10 7.1: DICM after 128 bytes. A text says why it could not be read. */
function looksLikeDicom(path: string): boolean | string {
  let handle: number | undefined;
  try {
    if (!statSync(path).isFile()) return 'not a regular file';
    handle = openSync(path, 'r');
    const head = Buffer.alloc(132);
    return readSync(handle, head, 0, 132, 0) === 132 && head.toString('latin1', 128) === 'DICM';
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
