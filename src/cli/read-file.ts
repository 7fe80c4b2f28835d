/** Text files that commands read: those that the user names, and those that the data folder should hold. */
import { readFileSync } from 'node:fs';
import { LeadglassError } from '../error.ts';

/**
 * A file that the user named. That it cannot be read is how the command was used.
 * @throws LeadglassError BAD_REQUEST with the reason and what to do
 */
export function readNamedFile(path: string): string {
  return read(path, (why, cause) => new LeadglassError('BAD_REQUEST', `Cannot read ${path}: ${why}`, { cause }));
}

/**
 * A file that nobody named, in its place in the data folder.
 * @throws LeadglassError BACKEND_UNAVAILABLE
 */
export function readOwnFile(path: string): string {
  const hint = 'Is the data folder right? --data DIR names another.';
  return read(
    path,
    (why, cause) => new LeadglassError('BACKEND_UNAVAILABLE', `Cannot read ${path}: ${why}.\n${hint}`, { cause }),
  );
}

function read(path: string, errorOf: (why: string, cause: unknown) => LeadglassError): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw errorOf(whyUnreadable(cause), cause);
  }
}

/** Why a file cannot be read, and what to do about it. */
export function whyUnreadable(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file; check the path';
    case 'EISDIR':
      return 'it is a folder; name a file';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read it; change its permissions or the user';
    default:
      return code;
  }
}
