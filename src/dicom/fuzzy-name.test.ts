import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from './data-set.ts';
import { matchesFuzzily, nameKeys, nameLookups, overflowKey, soundOf } from './fuzzy-name.ts';
import { matches } from './matching.ts';
import type { QueryMatch } from './query.ts';

const tag = 0x00100010;
const holds = (value: string, match: QueryMatch, isFuzzy: boolean): boolean =>
  matches(
    { tag, vr: 'PN', match, ...(isFuzzy ? { fuzzy: true } : {}) },
    new DataSet().setText(0x00080005, 'CS', 'ISO_IR 192').setText(tag, 'PN', value),
  );

test('a word is found whatever its place, its case, its diacritics, and from its beginning on', () => {
  const name = 'Müller-Lüdenscheidt^Jörg Peter^^Dr.';
  for (const wanted of [
    'muller',
    'MÜLLER',
    'jorg^muller',
    'peter müll',
    'lüden^jö',
    'Dr^Muller',
    'ludenscheidt',
    'mu*',
  ])
    assert.equal(matchesFuzzily(wanted, name), true, wanted);
  for (const wanted of ['uller', 'muller^hans', 'scheidt', 'x', '', '^', '*'])
    assert.equal(matchesFuzzily(wanted, name), false, wanted);
});

test('a word is found by its sound', () => {
  for (const [one, other] of [
    ['Meyer', 'Maier'],
    ['Meier', 'Mayr'],
    ['Schmidt', 'Schmitt'],
    ['Mueller', 'Müller'],
    ['Klaus', 'Claus'],
    ['Wagner', 'Vagner'],
    ['Philipp', 'Filip'],
    ['Catherine', 'Katharina'],
    ['Jansson', 'Johnson'],
    ['Yusuf', 'Jusuf'],
    ['Zoltan', 'Soltan'],
    ['Thomson', 'Tomsen'],
    ['Ekström', 'Eckstrom'],
    ['Straße', 'Strasse'],
    ['Knut', 'Nut'],
  ] as const) {
    assert.equal(matchesFuzzily(one, `${other}^X`), true, `${one} ${other}`);
    assert.equal(matchesFuzzily(other, `${one}^X`), true, `${other} ${one}`);
  }
});

test('what sounds otherwise is not found, nor what says too little', () => {
  for (const [one, other] of [
    ['Smith', 'Kent'],
    ['Meyer', 'Weyer'],
    ['Lee', 'Li'],
    ['Doe', 'Dee'],
    ['Anon12', 'Anon34'],
    ['Schmidt', 'Schulze'],
    ['Bauer', 'Sauer'],
    ['Hansen', 'Jansen'],
  ] as const)
    assert.equal(matchesFuzzily(one, `${other}^X`), false, `${one} ${other}`);
  for (const word of ['lee', 'a', '', 'x1y2', '山田', 'иванов']) assert.equal(soundOf(word), undefined, word);
  // Who writes a star says how the word is spelled so far.
  assert.equal(matchesFuzzily('Meyer*', 'Maier'), false);
});

test('other scripts are found by their beginnings, in any group; groups that are named stay apart', () => {
  const name = 'Yamada^Tarou=山田^太郎=やまだ^たろう';
  for (const wanted of ['tarou yamada', '太郎', '山', 'やまだ', 'Yamata=山田', '=太郎', 'yama^taro'])
    assert.equal(matchesFuzzily(wanted, name), true, wanted);
  for (const wanted of ['=Yamada', 'yamada^太郎', 'Yamada=山本'])
    assert.equal(matchesFuzzily(wanted, name), false, wanted);
  assert.equal(matchesFuzzily('иван', 'Иванов^Пётр'), true);
});

test('wildcards within a word stand for characters of that word', () => {
  assert.equal(matchesFuzzily('m?ller', 'Müller^Jörg'), true);
  assert.equal(matchesFuzzily('*ller jo', 'Müller^Jörg'), true);
  assert.equal(matchesFuzzily('m?er', 'Müller^Jörg'), false);
});

const letter = fc.constantFrom(...Array.from("abcdeÄéßİıŁøæΣςяЯ山ｱヤﾔ12-'. ^="), 'e\u0301', 'ﬀ', '\u3099', 'ae');
const name = fc.array(letter, { maxLength: 12 }).map((parts) => parts.join(''));
const wild = fc.array(fc.oneof(letter, fc.constantFrom('*', '?')), { maxLength: 8 }).map((parts) => parts.join(''));

test('property: every literal match is a fuzzy match, and the index would look for it where it is', () => {
  const pairs = fc.oneof(
    fc.tuple(name, fc.constantFrom(0, 1, 2, 3, 4)).map(([value, step]) => {
      // From the name itself: as it is, its beginning, with holes.
      const shapes = [
        value,
        `${value.slice(0, 3)}*`,
        `*${value.slice(2)}`,
        value.replace(/./, '?'),
        value.toUpperCase(),
      ];
      return [shapes[step] ?? value, value] as const;
    }),
    fc.tuple(wild, name),
  );
  let matched = 0;
  fc.assert(
    fc.property(pairs, ([wanted, value]) => {
      const match: QueryMatch = /[*?]/.test(wanted)
        ? { kind: 'wildcard', pattern: wanted }
        : { kind: 'single', values: [wanted] };
      const isLiteral = holds(value, match, false);
      const isFuzzy = holds(value, match, true);
      assert.ok(!isLiteral || isFuzzy);
      if (!isFuzzy) return;
      matched += 1;
      const keys = nameKeys(value);
      for (const { begins, is } of nameLookups(wanted))
        assert.ok(
          keys.some((key) => key.startsWith(begins) || is.includes(key)),
          `${wanted} ${value}: ${begins}`,
        );
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 20_000 },
  );
  assert.ok(matched > 1000, `${matched} matched`);
});

test('hostile: names of very many or very long words cost little, and are still looked for', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => `w${at}`).join('^');
  const long = 'a'.repeat(60_000);
  const started = performance.now();
  assert.ok(nameKeys(many).length < 200 && nameKeys(many).includes(overflowKey));
  assert.equal(matchesFuzzily('w1 w2', many), true);
  assert.equal(matchesFuzzily(many, many), true);
  assert.equal(matchesFuzzily(long, long), true);
  assert.equal(matchesFuzzily(`${'*a'.repeat(8)}b`, long), false);
  assert.ok(performance.now() - started < 2000);
});
