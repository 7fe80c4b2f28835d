import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from './data-set.ts';
import {
  highestDateTime,
  highestTime,
  lowestDateTime,
  lowestTime,
  normalizedDate,
  normalizedTime,
} from './date-time.ts';
import { matches, matchesQuery } from './matching.ts';
import { displayPersonName, normalizeForMatching, parsePersonName, personNamePatterns } from './person-name.ts';
import type { QueryKey, QueryMatch } from './query.ts';
import type { Tag } from './tag.ts';
import { knownUid } from './uid.ts';
import type { Vr } from './vr.ts';
import { matchesWildcard } from './wildcard.ts';

const holds = (vr: Vr, value: string | readonly string[], match: QueryMatch, tag: Tag = 0x00091001): boolean =>
  matches({ tag, vr, match }, new DataSet().setText(tag, vr, value));
const single = (value: string): QueryMatch => ({ kind: 'single', values: [value] });
const wildcard = (pattern: string): QueryMatch => ({ kind: 'wildcard', pattern });
const range = (from?: string, to?: string): QueryMatch => ({
  kind: 'range',
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});

test('a person name matches without case, in any of its groups, trailing delimiters aside', () => {
  const value = 'Yamada^Tarou=山田^太郎=やまだ^たろう';
  for (const wanted of [
    'YAMADA^tarou',
    'Yamada^Tarou^^^',
    '山田^太郎',
    'やまだ^たろう',
    value,
    '=山田^太郎',
    '==やまだ^たろう',
  ]) {
    assert.equal(holds('PN', value, single(wanted)), true, wanted);
  }
  for (const wanted of ['Yamada', 'Yamada^Tarou^X', '山田', '=Yamada^Tarou', 'Yamada^Tarou=山本^太郎']) {
    assert.equal(holds('PN', value, single(wanted)), false, wanted);
  }
  assert.equal(holds('PN', 'Doe^John^^^', single('doe^john')), true);
  assert.equal(holds('PN', 'Doe ^ John', single('DOE^JOHN')), true);
  assert.equal(holds('PN', 'ﾔﾏﾀﾞ^ﾀﾛｳ', single('ヤマダ^タロウ')), true);
  assert.equal(holds('PN', 'Müller', single('Muller')), false);
});

test('wildcards in a person name reach over components, and a missing component is no obstacle', () => {
  assert.equal(holds('PN', 'Doe^John', wildcard('d*')), true);
  assert.equal(holds('PN', 'Doe^John', wildcard('Doe^*')), true);
  assert.equal(holds('PN', 'Doe', wildcard('Doe^*')), true);
  assert.equal(holds('PN', 'Doe', wildcard('Doe^*^*')), true);
  assert.equal(holds('PN', 'Doer', wildcard('Doe^*')), false);
  assert.equal(holds('PN', 'Doe^John', wildcard('D?e^*n')), true);
  assert.equal(holds('PN', 'Doe^John', wildcard('*^Jane')), false);
  assert.equal(holds('PN', 'X=山田^太郎', wildcard('山*')), true);
  assert.deepEqual(personNamePatterns('Doe^*^*'), ['doe^*^*', 'doe^*', 'doe']);
  assert.deepEqual(personNamePatterns('^*'), ['^*']);
});

test('no name and no pattern gains a wildcard or a delimiter by being normalized', () => {
  for (let code = 0x80; code < 0x10000; code += 1) {
    const character = String.fromCharCode(code);
    assert.doesNotMatch(normalizeForMatching(`a${character}b`), /[*?^=\\]/, code.toString(16));
  }
});

test('a name is taken apart, and shown to people', () => {
  const name = parsePersonName('Adams^John Robert Quincy^^Rev.^B.A. M.Div.=山田^太郎');
  assert.deepEqual(name.alphabetic, {
    family: 'Adams',
    given: 'John Robert Quincy',
    middle: '',
    prefix: 'Rev.',
    suffix: 'B.A. M.Div.',
  });
  assert.equal(name.ideographic.given, '太郎');
  assert.equal(name.phonetic.family, '');
  assert.equal(displayPersonName('Adams^John^Q^Rev.^M.Div.'), 'Rev. John Q Adams M.Div.');
  assert.equal(displayPersonName('^^=山田^太郎'), '太郎 山田');
  assert.equal(displayPersonName('^^^='), '');
});

test('other texts match by letter and case, padding aside; any of several values may match', () => {
  assert.equal(holds('LO', 'PID-1 ', single('PID-1')), true);
  assert.equal(holds('LO', 'PID-1', single('pid-1')), false);
  assert.equal(holds('CS', ['ORIGINAL', 'PRIMARY'], single('PRIMARY')), true);
  assert.equal(holds('CS', ['CT', 'SR'], { kind: 'multi', values: ['MR', 'SR'] }), true);
  assert.equal(holds('CS', ['CT'], { kind: 'multi', values: ['MR', 'SR'] }), false);
  assert.equal(holds('LO', 'Head CT', wildcard('Head*')), true);
  assert.equal(holds('LO', 'head CT', wildcard('Head*')), false);
  assert.equal(holds('UI', '1.2.3', { kind: 'uid-list', uids: [knownUid('1.2'), knownUid('1.2.3')] }), true);
  assert.equal(holds('UI', '1.2.3', { kind: 'uid-list', uids: [knownUid('1.2')] }), false);
});

test('numbers written differently are one number', () => {
  assert.equal(holds('IS', '07', single('7')), true);
  assert.equal(holds('DS', '1.50', single('1.5')), true);
  assert.equal(holds('DS', '1.50', single('1.6')), false);
  assert.equal(holds('IS', 'x', single('y')), false);
});

test('an absent or empty attribute matches only a question for emptiness', () => {
  const key = (match: QueryMatch): QueryKey => ({ tag: 0x00080050, vr: 'SH', match });
  const empty = new DataSet().setText(0x00080050, 'SH', '');
  for (const dataSet of [new DataSet(), empty]) {
    assert.equal(matches(key({ kind: 'empty' }), dataSet), true);
    assert.equal(matches(key(single('A')), dataSet), false);
    assert.equal(matches(key(wildcard('A*')), dataSet), false);
  }
  assert.equal(matches(key({ kind: 'empty' }), new DataSet().setText(0x00080050, 'SH', 'A')), false);
  assert.equal(
    matches(
      { tag: 0x00081032, vr: 'SQ', match: { kind: 'empty' } },
      new DataSet().setItems(0x00081032, [new DataSet()]),
    ),
    false,
  );
});

test('date and time ranges hold both ends; partial times mean all of their hour or minute', () => {
  assert.equal(holds('DA', '20260102', range('20260102', '20260102')), true);
  assert.equal(holds('DA', '20260102', range('20260103')), false);
  assert.equal(holds('DA', '20260102', range(undefined, '20260101')), false);
  assert.equal(holds('DA', '2026.01.02', single('20260102')), true);
  assert.equal(holds('DA', 'unknown', range('00010101')), false);
  assert.equal(holds('TM', '115959.9', range('10', '11')), true);
  assert.equal(holds('TM', '12', range('10', '11')), false);
  assert.equal(holds('TM', '101530', range('1015', '1015')), true);
  assert.equal(holds('TM', '10', range('1015', '1015')), false);
  assert.equal(holds('TM', '10:15:30', range('101530')), true);
  assert.equal(holds('DT', '20260102101530+0100', range('202601', '202601')), true);
  assert.equal(holds('DT', '2025', range('2026')), false);
  assert.equal(highestTime('10'), '105959.999999');
  assert.equal(lowestTime('10'), '100000.000000');
  assert.equal(highestDateTime('202602'), '20260231235959.999999');
  assert.equal(lowestDateTime('2026'), '20260101000000.000000');
});

test('combined, a date and its time are one range; apart, they are two', () => {
  const keys: readonly QueryKey[] = [
    { tag: 0x00080020, vr: 'DA', match: range('20260101', '20260103') },
    { tag: 0x00080030, vr: 'TM', match: range('10', '11') },
  ];
  const at = (date: string, time: string) =>
    new DataSet().setText(0x00080020, 'DA', date).setText(0x00080030, 'TM', time);
  const cases = [
    ['20260101', '0959', false, false],
    ['20260101', '10', true, true],
    ['20260102', '23', true, false],
    ['20260102', '1030', true, true],
    ['20260103', '115959', true, true],
    ['20260103', '12', false, false],
    ['20260102', '', true, false],
  ] as const;
  for (const [date, time, combined, apart] of cases) {
    assert.equal(matchesQuery({ keys, dateTimeCombined: true }, at(date, time)), combined, `${date} ${time} combined`);
    assert.equal(matchesQuery({ keys, dateTimeCombined: false }, at(date, time)), apart, `${date} ${time} apart`);
  }
});

test('one item of a sequence has to match all keys', () => {
  const code = (value: string, scheme: string) =>
    new DataSet().setText(0x00080100, 'SH', value).setText(0x00080102, 'SH', scheme);
  const key: QueryKey = {
    tag: 0x00081032,
    vr: 'SQ',
    match: {
      kind: 'sequence',
      keys: [
        { tag: 0x00080100, vr: 'SH', match: single('A') },
        { tag: 0x00080102, vr: 'SH', match: single('X') },
      ],
    },
  };
  const holding = (...items: DataSet[]) => matches(key, new DataSet().setItems(0x00081032, items));
  assert.equal(holding(code('B', 'X'), code('A', 'X')), true);
  assert.equal(holding(code('A', 'Y'), code('B', 'X')), false);
  assert.equal(holding(), false);
  assert.equal(matches(key, new DataSet()), false);
});

test('property: a pattern made of a text by replacing parts matches that text', () => {
  const piece = fc.record({
    text: fc.string({ unit: 'grapheme', maxLength: 5 }),
    as: fc.constantFrom('same', '?', '*'),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.map((part) => part.text).join('');
      const pattern = pieces
        .map((part) => {
          if (part.as === 'same') return part.text;
          return part.as === '*' ? '*' : '?'.repeat(Array.from(part.text).length);
        })
        .join('');
      assert.equal(matchesWildcard(pattern, text), true);
    }),
    { numRuns: 2000 },
  );
});

test('property: the matcher agrees with a plain recursive one', () => {
  const plain = (pattern: string, text: string): boolean => {
    if (pattern === '') return text === '';
    if (pattern.startsWith('*')) return plain(pattern.slice(1), text) || (text !== '' && plain(pattern, text.slice(1)));
    return text !== '' && (pattern.startsWith('?') || pattern[0] === text[0]) && plain(pattern.slice(1), text.slice(1));
  };
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
      (pattern, text) => assert.equal(matchesWildcard(pattern, text), plain(pattern, text)),
    ),
    { numRuns: 3000 },
  );
});

test('hostile wildcards: *a*a*a…b against aaaa… is answered at once', () => {
  const started = performance.now();
  assert.equal(matchesWildcard(`${'*a'.repeat(5000)}*b`, 'a'.repeat(50_000)), false);
  assert.equal(matchesWildcard(`*${'a'.repeat(500)}b`, 'a'.repeat(20_000)), false);
  assert.ok(performance.now() - started < 2000);
});

test('property: a date is in a range exactly when it is between its ends', () => {
  const date = fc
    .tuple(fc.integer({ min: 1900, max: 2099 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
    .map(([year, month, day]) => `${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`);
  fc.assert(
    fc.property(date, fc.option(date, { nil: undefined }), fc.option(date, { nil: undefined }), (value, from, to) => {
      const inside = (from === undefined || from <= value) && (to === undefined || value <= to);
      assert.equal(holds('DA', value, range(from, to)), inside);
    }),
    { numRuns: 500 },
  );
});

test('property: no text is misread as a date or a time, and none throws', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.match(normalizedDate(text) ?? '00000000', /^\d{8}$/);
      assert.match(normalizedTime(text) ?? '00', /^\d\d(?:\d\d(?:\d\d(?:\.\d{1,6})?)?)?$/);
    }),
  );
});

test('property: normalizing twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const once = normalizeForMatching(text);
      assert.equal(normalizeForMatching(once), once);
    }),
    { numRuns: 2000 },
  );
});

test('a name of nothing but delimiters costs no more than it is long', () => {
  // Processor time, which other programs on the machine do not lengthen.
  const before = process.cpuUsage();
  for (const delimiter of ['^', '=', ' ', '^ ', '^=']) {
    assert.ok(normalizeForMatching(`${delimiter.repeat(32_000)}x`).endsWith('x'));
    assert.equal(normalizeForMatching(delimiter.repeat(32_000)), '');
  }
  personNamePatterns(`${'^'.repeat(64_000)}x^*`);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
