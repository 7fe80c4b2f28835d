/** Attributes named in text as PS3.18 8.3.1 does: keywords or tags of eight hexadecimal digits, dots into sequences. */
import { attributeByKeyword, vrOf } from './dictionary/dictionary.ts';
import { elementOf, groupOf, isPrivate, type Tag, tagOf } from './tag.ts';

/** From the data set down: every tag but the last is of a sequence. */
export type AttributePath = readonly [Tag, ...Tag[]];

/** Sequences above the last attribute; the standard's deepest example has 2. */
const sequencesMax = 16;

/** For instance `00101002.00100020` or `OtherPatientIDsSequence.PatientID`; undefined when the text names no attribute. */
export function parseAttributePath(text: string): AttributePath | undefined {
  const words = text.split('.');
  if (words.length > sequencesMax + 1) return undefined;
  const tags = words.map(tagNamed);
  const [first, ...rest] = tags;
  if (first === undefined || rest.includes(undefined)) return undefined;
  const path: AttributePath = [first, ...rest.filter((tag) => tag !== undefined)];
  return path.slice(0, -1).every((tag) => vrOf(tag) === 'SQ') ? path : undefined;
}

/** Keywords are case sensitive (8.3.1), digits are not. */
function tagNamed(word: string): Tag | undefined {
  if (/^[0-9A-Fa-f]{8}$/.test(word)) return Number.parseInt(word, 16);
  return attributeByKeyword(word)?.tag;
}

export function lastTag(path: AttributePath): Tag {
  return path.at(-1) ?? path[0];
}

/** The same for the same attribute, however it was named. */
export function pathKey(path: readonly Tag[]): string {
  return path.map((tag) => tag.toString(16).padStart(8, '0').toUpperCase()).join('.');
}

/**
 * Where the private creator of a private attribute stands (PS3.5 7.8.1): beside it, in element 10 to FF of its group.
 * undefined for what is no private data element.
 */
export function privateCreatorPath(path: AttributePath): AttributePath | undefined {
  const tag = lastTag(path);
  if (!isPrivate(tag) || elementOf(tag) < 0x1000) return undefined;
  const creator = tagOf(groupOf(tag), elementOf(tag) >>> 8);
  const [first, ...rest] = [...path.slice(0, -1), creator];
  return first === undefined ? undefined : [first, ...rest];
}
