import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseQueryString, percentDecode, singleValue } from './query-string.ts';

const limits = { queryParametersMax: 4, queryCharactersMax: 60 };
const parse = (query: string | undefined) => parseQueryString(query, limits).map(({ name, raw }) => [name, raw]);

test('parameters are taken apart at & and the first =', () => {
  assert.deepEqual(parse(undefined), []);
  assert.deepEqual(parse(''), []);
  assert.deepEqual(parse('a=1&b&c='), [
    ['a', '1'],
    ['b', undefined],
    ['c', ''],
  ]);
  assert.deepEqual(parse('&a=%20&&'), [['a', '%20']]);
  assert.deepEqual(parse('%61%2E=b=c'), [['a.', 'b=c']]);
});

test('escapes are decoded as UTF-8; a plus stays a plus', () => {
  assert.equal(percentDecode('%E5%B1%B1^%c3%a4+', 'x'), '山^ä+');
});

test('what is no percent-encoded UTF-8, and every control character, is refused', () => {
  const bad = [
    '%',
    '%4',
    '%zz',
    '%C3',
    '%C0%80',
    '%ED%A0%80',
    '%F8%88%80%80%80',
    '%00',
    '%0d%0a',
    '%7f',
    '%C2%85',
    '\0',
    '\n',
    'ä',
    '\x7f',
  ];
  for (const raw of bad) assert.throws(() => percentDecode(raw, 'x'), { code: 'MALFORMED' }, JSON.stringify(raw));
  assert.throws(() => parse('%00=1'), { code: 'MALFORMED' });
});

test('a parameter that may stand once is refused twice', () => {
  const parameters = parseQueryString('limit=1&limit=1&offset&a=%2C', limits);
  assert.throws(() => singleValue(parameters, 'limit'), { code: 'BAD_REQUEST' });
  assert.equal(singleValue(parameters, 'offset'), '');
  assert.equal(singleValue(parameters, 'a'), ',');
  assert.equal(singleValue(parameters, 'A'), undefined);
});

test('each limit holds at and above it', () => {
  assert.equal(parse('a&b&c&d').length, 4);
  assert.throws(() => parse('a&b&c&d&e'), { code: 'LIMIT_EXCEEDED' });
  assert.equal(parse(`a=${'b'.repeat(58)}`).length, 1);
  assert.throws(() => parse(`a=${'b'.repeat(59)}`), { code: 'LIMIT_EXCEEDED' });
});

test('property: what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!/\p{Cc}/u.test(text));
      assert.equal(percentDecode(encodeURIComponent(text), 'x'), text);
    }),
  );
});

test('hostile: the longest query component is read in no time', () => {
  const limits = { queryParametersMax: 100_000, queryCharactersMax: 1_000_000 };
  const before = performance.now();
  for (const query of ['%41'.repeat(300_000), 'a&'.repeat(50_000), `a=${'%C3%A4'.repeat(150_000)}`]) {
    for (const { name, raw } of parseQueryString(query, limits)) percentDecode(raw ?? name, 'x');
  }
  assert.ok(performance.now() - before < 5000);
});
