/**
 * What programs ask for, in the words of SMART App Launch 2.0 (`user/ImagingStudy.rs`): create, read and search of what the person may
 * reach, as operations of the guard. Update and delete are not offered: what removes or exports wants a second factor that no program has.
 */
import type { PersonOperation } from './roles.ts';

const letters = [
  ['c', 'store'],
  ['r', 'get'],
  ['s', 'find'],
] as const satisfies readonly (readonly [string, PersonOperation])[];

export const programScopes: readonly string[] = ['c', 'r', 's', 'cr', 'cs', 'rs', 'crs'].map(
  (rights) => `user/ImagingStudy.${rights}`,
);

/** The operations of one scope; undefined for a word that is none. */
export function programScope(scope: string): readonly PersonOperation[] | undefined {
  if (!programScopes.includes(scope)) return undefined;
  const rights = scope.slice(scope.lastIndexOf('.') + 1);
  return letters.filter(([letter]) => rights.includes(letter)).map(([, operation]) => operation);
}

/** The operations of several, each once; words that are no scope of ours are nothing. */
export function operationsOfScopes(scopes: Iterable<string>): readonly PersonOperation[] {
  return [...new Set([...scopes].flatMap((scope) => programScope(scope) ?? []))];
}

/** All scopes that ask for no more than this one. */
export function scopesWithin(scope: string): readonly string[] {
  const held = programScope(scope) ?? [];
  return programScopes.filter((one) => programScope(one)?.every((operation) => held.includes(operation)));
}
