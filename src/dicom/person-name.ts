/**
 * Person names, PS3.5 6.2.1: up to three component groups of up to five components, and the form in which names are
 * compared. Which group of a query matches which group of a name is for matching.ts.
 */

import { withoutEnd } from './without-end.ts';

/** One component group; '' where a component is missing. */
export interface PersonNameGroup {
  readonly family: string;
  readonly given: string;
  readonly middle: string;
  readonly prefix: string;
  readonly suffix: string;
}

export interface PersonName {
  readonly alphabetic: PersonNameGroup;
  readonly ideographic: PersonNameGroup;
  readonly phonetic: PersonNameGroup;
}

/** The parts of a name. What stands beyond three groups or five components is left out. */
export function parsePersonName(text: string): PersonName {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  return { alphabetic: group(alphabetic), ideographic: group(ideographic), phonetic: group(phonetic) };
}

function group(text: string): PersonNameGroup {
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = text.split('^').map((part) => part.trim());
  return { family, given, middle, prefix, suffix };
}

/** For people: `Prefix Given Middle Family Suffix`, of the first group that has something in it. */
export function displayPersonName(text: string): string {
  const first = text.split('=').find((candidate) => /[^^\s]/.test(candidate));
  if (first === undefined) return '';
  const { family, given, middle, prefix, suffix } = group(first);
  return [prefix, given, middle, family, suffix].filter((part) => part !== '').join(' ');
}

/**
 * The form in which names are compared: without case, full and half width alike (NFKC), spaces counted once and dropped
 * beside delimiters, `^` and `=` at the end dropped. Accents stay. Characters whose compatibility form is a wildcard or a
 * delimiter stay as they are, so that no name and no pattern gains one.
 */
export function normalizeForMatching(text: string): string {
  const groups = text
    .replaceAll(foldable, (part) => part.normalize('NFKC'))
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([\^=]) ?/g, '$1')
    .split('=');
  return withoutEnd(groups.map((one) => withoutEnd(one, '^')).join('='), '=').trim();
}

/** Runs of anything but the compatibility forms of `*`, `?`, `^`, `=` and `\`. */
const foldable =
  /[^\u2047-\u2049\u207c\u208c\u2a74-\u2a76\ufe16\ufe56\ufe61\ufe66\ufe68\uff0a\uff1d\uff1f\uff3c\uff3e]+/g;

/**
 * The patterns that a component group has to be held against for one wildcard pattern. `Doe^*` asks for a Doe whatever
 * follows, and a name that ends with its last component has no `^` to match; so `Doe` is asked for as well.
 * @returns normalized patterns, one or more, to be joined by "or"
 */
export function personNamePatterns(pattern: string): readonly string[] {
  let current = normalizeForMatching(pattern);
  const patterns = [current];
  while (current.endsWith('^*')) {
    current = withoutEnd(current.slice(0, -2), '^');
    if (current !== '') patterns.push(current);
  }
  return patterns;
}
