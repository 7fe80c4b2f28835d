import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError, type ErrorCode } from '../error.ts';
import { DataSet } from './data-set.ts';
import { parseQuery, type Query, type QueryOptions } from './query.ts';
import { formatTag, type Tag } from './tag.ts';
import type { Vr } from './vr.ts';

const limits = {
  queryKeysMax: 12,
  queryValuesMax: 3,
  queryWildcardsMax: 4,
  queryValueCharactersMax: 64,
  querySequenceDepthMax: 2,
};
const defaults: QueryOptions = {
  model: 'study-root',
  relational: false,
  dateTimeCombined: false,
  fuzzy: false,
  limits,
};

type Elements = readonly (readonly [Tag, string | readonly DataSet[], (Vr | undefined)?])[];

function identifier(level: string | undefined, elements: Elements): DataSet {
  const dataSet = new DataSet();
  if (level !== undefined) dataSet.setText(0x00080052, 'CS', level);
  for (const [tag, value, vr] of elements) {
    if (typeof value === 'string') dataSet.setText(tag, vr, value);
    else dataSet.setItems(tag, value);
  }
  return dataSet;
}

const item = (elements: Elements): DataSet => identifier(undefined, elements);
const parse = (level: string | undefined, elements: Elements, options: Partial<QueryOptions> = {}): Query =>
  parseQuery(identifier(level, elements), { ...defaults, ...options });
const matchOf = (tag: Tag, value: string, vr?: Vr) =>
  parse('IMAGE', [[tag, value, vr]], { relational: true }).keys[0]?.match;

function refuses(code: ErrorCode, message: RegExp, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof LeadglassError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

const study = [0x0020000d, '1.2.3'] as const;

test('each kind of matching is read from its key', () => {
  assert.deepEqual(matchOf(0x00100020, 'PID-1 '), { kind: 'single', values: ['PID-1'] });
  assert.deepEqual(matchOf(0x00100010, 'Doe^J*'), { kind: 'wildcard', pattern: 'Doe^J*' });
  assert.deepEqual(matchOf(0x00100010, 'Do?'), { kind: 'wildcard', pattern: 'Do?' });
  assert.deepEqual(matchOf(0x0020000d, '1.2\\1.3'), { kind: 'uid-list', uids: ['1.2', '1.3'] });
  assert.deepEqual(matchOf(0x00080061, 'CT\\MR'), { kind: 'multi', values: ['CT', 'MR'] });
  assert.deepEqual(matchOf(0x00080050, '""'), { kind: 'empty' });
  assert.deepEqual(matchOf(0x00200013, '7'), { kind: 'single', values: ['7'] });
  assert.equal(matchOf(0x00100020, ''), undefined);
  assert.equal(matchOf(0x00100020, '*'), undefined);
  assert.equal(matchOf(0x0020000d, '**'), undefined);
});

test('dates, times and their ranges are normalized, with either end open', () => {
  assert.deepEqual(matchOf(0x00080020, '20260102'), { kind: 'single', values: ['20260102'] });
  assert.deepEqual(matchOf(0x00080020, '2026.01.02'), { kind: 'single', values: ['20260102'] });
  assert.deepEqual(matchOf(0x00080020, '20260102-20260203'), { kind: 'range', from: '20260102', to: '20260203' });
  assert.deepEqual(matchOf(0x00080020, '20260102-'), { kind: 'range', from: '20260102' });
  assert.deepEqual(matchOf(0x00080020, '-20260102'), { kind: 'range', to: '20260102' });
  assert.deepEqual(matchOf(0x00080030, '10-1130'), { kind: 'range', from: '10', to: '1130' });
  assert.deepEqual(matchOf(0x00080030, '10:15:30.5'), { kind: 'range', from: '101530.5', to: '101530.5' });
  for (const text of ['20261301', '2026', 'today', '2026*', '-', '20260101-20260102-20260103']) {
    refuses('MALFORMED', /no (?:date|range)/, () => matchOf(0x00080020, text));
  }
  refuses('MALFORMED', /no time/, () => matchOf(0x00080030, '2560'));
  refuses('BAD_REQUEST', /list of times/, () => matchOf(0x00080030, '10\\11'));
});

test('a hyphen in a date and time is an offset from UTC when it can be one, else a range', () => {
  const range = (text: string) => matchOf(0x0008002a, text, 'DT');
  assert.deepEqual(range('20260102101500-0500'), { kind: 'range', from: '20260102101500', to: '20260102101500' });
  assert.deepEqual(range('2025-2026'), { kind: 'range', from: '2025', to: '2026' });
  assert.deepEqual(range('202601021015-0500-202601021200-0500'), {
    kind: 'range',
    from: '202601021015',
    to: '202601021200',
  });
  assert.deepEqual(range('202601021015+0100-'), { kind: 'range', from: '202601021015' });
  assert.deepEqual(range('-20260102'), { kind: 'range', to: '20260102' });
});

test('what is no UID, and wildcards where there are none, are refused or taken by letter', () => {
  refuses('MALFORMED', /\(0020,000D\): its value is no UID/, () => matchOf(0x0020000d, '1.2.*'));
  refuses('BAD_REQUEST', /no wildcards/, () => matchOf(0x00080061, 'CT\\M*'));
  assert.deepEqual(matchOf(0x00101010, '04?Y'), { kind: 'single', values: ['04?Y'] });
});

test('a message never repeats the value, which may be patient data', () => {
  refuses('MALFORMED', /^Cannot match \(0010,0030\): its value is no date$/, () =>
    matchOf(0x00100030, 'Müller'.slice(2)),
  );
});

test('level, character set, group lengths and keys about the answer are no conditions', () => {
  const dataSet = identifier('STUDY', [
    [0x00080005, 'ISO_IR 100'],
    [0x00080054, 'SOME_AE'],
    [0x00080056, 'ONLINE'],
    [0x00080201, '+0100'],
    [0x00100010, 'Doe'],
  ]);
  dataSet.setNumber(0x00080000, 'UL', 4);
  dataSet.setBytes(0x7fe00010, 'OW', Uint8Array.of(1, 2));
  const query = parseQuery(dataSet, defaults);
  assert.deepEqual(
    query.keys.map((key) => key.tag),
    [0x00100010],
  );
  assert.deepEqual(query.returnKeys.map(formatTag), [
    '(0008,0054)',
    '(0008,0056)',
    '(0008,0201)',
    '(0010,0010)',
    '(7FE0,0010)',
  ]);
  assert.equal(query.identifier, dataSet);
});

test('a sequence asks by its one item and says what of it is wanted', () => {
  const query = parse(
    'STUDY',
    [
      [
        0x00081032,
        [
          item([
            [0x00080100, 'T-1'],
            [0x00080104, ''],
          ]),
        ],
      ],
      [0x00081110, []],
      [0x00400275, [item([])]],
    ],
    { relational: true },
  );
  assert.deepEqual(query.keys, [
    {
      tag: 0x00081032,
      vr: 'SQ',
      match: {
        kind: 'sequence',
        keys: [{ tag: 0x00080100, vr: 'SH', match: { kind: 'single', values: ['T-1'] } }],
      },
    },
  ]);
  assert.deepEqual(query.returnKeys, [0x00081032, 0x00081110, 0x00400275]);
  assert.deepEqual([...query.returnItems], [[0x00081032, { tags: [0x00080100, 0x00080104], items: new Map() }]]);
  refuses('BAD_REQUEST', /has 2 items, expected one/, () => parse('STUDY', [[0x00081032, [item([]), item([])]]]));
});

test('a level that is missing, unknown or not of the model is refused', () => {
  refuses('MALFORMED', /is missing/, () => parse(undefined, []));
  refuses('MALFORMED', /is missing/, () => parse('', []));
  refuses('MALFORMED', /is unknown/, () => parse('FRAME', []));
  refuses('BAD_REQUEST', /study root/, () => parse('PATIENT', []));
  assert.equal(parse('PATIENT', [], { model: 'patient-root' }).level, 'PATIENT');
});

test('a hierarchical query names one thing at each level above, a relational one need not', () => {
  refuses('BAD_REQUEST', /\(0020,000D\) of level STUDY needs exactly one value/, () => parse('SERIES', []));
  refuses('BAD_REQUEST', /exactly one/, () => parse('SERIES', [[0x0020000d, '1.2\\1.3']]));
  refuses('BAD_REQUEST', /\(0020,000E\) of level SERIES/, () => parse('IMAGE', [study]));
  refuses('BAD_REQUEST', /\(0010,0020\) of level PATIENT/, () => parse('STUDY', [], { model: 'patient-root' }));
  refuses('BAD_REQUEST', /exactly one/, () => parse('STUDY', [[0x00100020, 'P*']], { model: 'patient-root' }));
  assert.equal(parse('STUDY', [[0x00100020, 'P1']], { model: 'patient-root' }).keys.length, 1);
  assert.equal(parse('IMAGE', [study, [0x0020000e, '1.4'], [0x00080018, '1.5\\1.6']]).keys.length, 3);
  assert.equal(parse('SERIES', [], { relational: true }).keys.length, 0);
});

test('a key of a lower level is refused unless relational; without a value it may be asked for', () => {
  refuses('BAD_REQUEST', /\(0008,0060\) belongs to level SERIES/, () => parse('STUDY', [[0x00080060, 'CT']]));
  assert.deepEqual(parse('STUDY', [[0x00080060, '']]).returnKeys, [0x00080060]);
  assert.equal(parse('STUDY', [[0x00080060, 'CT']], { relational: true }).keys.length, 1);
  // Many peers send the patient again; it can only narrow.
  assert.equal(parse('SERIES', [study, [0x00100020, 'P1']]).keys.length, 2);
});

test('limits hold at their value and refuse one more', () => {
  const keys = (count: number): Elements =>
    Array.from({ length: count }, (_, index) => [0x00100010 + index * 2, 'x', 'LO']);
  assert.equal(parse('STUDY', keys(12)).keys.length, 12);
  refuses('LIMIT_EXCEEDED', /more than 12 keys/, () => parse('STUDY', keys(13)));
  refuses('LIMIT_EXCEEDED', /more than 12 keys/, () => parse('STUDY', [[0x00081032, [item(keys(12))]]]));
  assert.ok(matchOf(0x0020000d, '1.1\\1.2\\1.3'));
  refuses('LIMIT_EXCEEDED', /has 4 values, at most 3/, () => matchOf(0x0020000d, '1.1\\1.2\\1.3\\1.4'));
  assert.ok(matchOf(0x00100010, 'a*b*c*d?'));
  refuses('LIMIT_EXCEEDED', /has 5 wildcards, at most 4/, () => matchOf(0x00100010, 'a*b*c*d?*'));
  assert.ok(matchOf(0x00100010, 'x'.repeat(64)));
  refuses('LIMIT_EXCEEDED', /has 65 characters/, () => matchOf(0x00100010, 'x'.repeat(65)));
  const nested = (depth: number): DataSet =>
    depth === 0 ? item([[0x00080100, 'x']]) : item([[0x00081032, [nested(depth - 1)]]]);
  assert.equal(parse('STUDY', [[0x00081032, [nested(1)]]]).keys.length, 1);
  refuses('LIMIT_EXCEEDED', /nested items/, () => parse('STUDY', [[0x00081032, [nested(2)]]]));
});
