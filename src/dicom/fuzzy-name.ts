/**
 * Fuzzy semantic matching of person names, which PS3.4 C.2.2.2.1.1 leaves to us: each word of the question is found among the words of
 * the name, in any order. A word is found when a word of the name begins with it, without case and diacritics, or sounds like it.
 * What matches literally always matches (matching.ts asks for both).
 */
import { normalizeForMatching } from './person-name.ts';
import { matchesWildcard } from './wildcard.ts';

/** Names have a few words; of more the rest is left to literal matching. */
const wordsMax = 64;
const wordCharactersMax = 64;

/** Does one of the name's component groups have all the words? A question in groups is held group against group. */
export function matchesFuzzily(wanted: string, name: string): boolean {
  const asked = wanted.split('=');
  const groups = name.split('=');
  const [first = ''] = asked;
  if (asked.length === 1) return groups.some((group) => hasWords(group, first));
  return asked.every((words, index) => askedWords(words).length === 0 || hasWords(groups[index] ?? '', words));
}

function hasWords(group: string, wanted: string): boolean {
  const asked = askedWords(wanted);
  if (asked.length === 0) return false;
  const words = wordsOf(group);
  return asked.every((one) => words.some((word) => isFound(one, word)));
}

function isFound(asked: AskedWord, word: string): boolean {
  if (asked.pattern !== undefined) return matchesWildcard(asked.pattern, word);
  return word.startsWith(asked.begin) || (asked.sound !== undefined && asked.sound === soundOf(word));
}

/** A word that is asked for: its beginning and its sound, or, where wildcards stand within it, a pattern. */
interface AskedWord {
  readonly begin: string;
  readonly sound: string | undefined;
  readonly pattern?: string;
}

function askedWords(text: string): readonly AskedWord[] {
  return wordsOf(text)
    .map((word): AskedWord => {
      const begin = word.replace(/\*+$/, '');
      if (/[*?]/.test(begin)) return { begin: '', sound: undefined, pattern: word };
      // Who writes a star knows how it begins.
      return { begin, sound: begin === word ? soundOf(word) : undefined };
    })
    .filter(({ begin, pattern }) => begin !== '' || pattern !== undefined);
}

function wordsOf(text: string): readonly string[] {
  return allWords(text).slice(0, wordsMax);
}

function allWords(text: string): readonly string[] {
  return folded(text)
    .split(/[^\p{L}\p{N}\p{M}*?]+/u)
    .filter((word) => word !== '')
    .map((word) => (word.length <= wordCharactersMax ? word : Array.from(word).slice(0, wordCharactersMax).join('')));
}

/** Letter for letter, so that what begins a text begins its folded form. */
function folded(text: string): string {
  return normalizeForMatching(text)
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[ßæœøłđðþıς]/g, (letter) => letters[letter] ?? letter);
}

/** Letters that no decomposition takes apart. */
const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  ς: 'σ',
};

/** How a beginning is heard; the longest first. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^[kg]n/, 'n'],
  [/^wr/, 'r'],
  [/^ps/, 's'],
  [/^pf|^ph/, 'f'],
  [/^[vw]/, 'f'],
  [/^c(?=[eiy])|^[xz]/, 's'],
  [/^[cq]/, 'k'],
  [/^[yj]/, 'j'],
  [/^[aeiou]/, 'a'],
];

/** As in Soundex: neighbours in the mouth are one. Vowels part them, h and w do not. */
const digits: Readonly<Record<string, string>> = {
  b: '1',
  p: '1',
  f: '1',
  v: '1',
  c: '2',
  g: '2',
  j: '2',
  k: '2',
  q: '2',
  s: '2',
  x: '2',
  z: '2',
  d: '3',
  t: '3',
  l: '4',
  m: '5',
  n: '5',
  r: '6',
};

/**
 * The sound of a folded word of Latin letters: how it begins and its first three consonants, as Soundex has it, but with beginnings
 * that are heard alike made one (Klaus, Claus; Wagner, Vagner; Philipp, Filip). Undefined where that would say too little: other
 * scripts, digits, words without a second consonant (Lee, Li).
 */
export function soundOf(word: string): string | undefined {
  if (!/^[a-z]{2,}$/.test(word)) return undefined;
  const [form, first] = beginnings.find(([pattern]) => pattern.test(word)) ?? [/^./, word.slice(0, 1)];
  const rest = word.replace(form, '').replaceAll('ph', 'f');
  let code = '';
  let before = digits[first] ?? '';
  for (const letter of rest) {
    if (letter === 'h' || letter === 'w') continue;
    const digit = digits[letter] ?? '';
    if (digit !== '' && digit !== before) code += digit;
    before = digit;
    if (code.length === 3) break;
  }
  return code === '' ? undefined : first + code;
}

/** Under this an index keeps names with more words than it has entries for. */
export const overflowKey = 'x';

/** What an index keeps of a name: its words and their sounds. Each once. */
export function nameKeys(name: string): readonly string[] {
  const words = name.split('=').flatMap((group) => allWords(group));
  const keys = new Set(words.slice(0, wordsMax).flatMap((word) => [wordKey(word), ...soundKeys(soundOf(word))]));
  if (words.length > wordsMax) keys.add(overflowKey);
  return [...keys];
}

/** Where an index finds names that have one of the words: with keys that begin so, or the very key. */
export interface NameLookup {
  readonly begins: string;
  readonly is: readonly string[];
}

/**
 * For each word that is asked for where its names are, names that match literally among them. Words with wildcards within them
 * cannot be looked up; without any other the list is empty.
 */
export function nameLookups(wanted: string): readonly NameLookup[] {
  return wanted
    .split('=')
    .flatMap((group) => askedWords(group))
    .filter(({ pattern }) => pattern === undefined)
    .map(({ begin, sound }) => ({ begins: wordKey(begin), is: [...soundKeys(sound), overflowKey] }));
}

function wordKey(word: string): string {
  return `w${word}`;
}

function soundKeys(sound: string | undefined): readonly string[] {
  return sound === undefined ? [] : [`s${sound}`];
}
