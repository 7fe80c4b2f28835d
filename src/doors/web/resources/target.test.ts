import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatElementPath } from '../../../dicom/models/element-path.ts';
import { LeadglassError } from '../../../error.ts';
import { parseTarget } from './target.ts';

const limits = { pathSegmentsMax: 24, framesMax: 4 };
const parse = (path: string) => parseTarget(path, limits);
const instance = { study: '1.2', series: '1.3', instance: '1.4' };
const instancePath = '/studies/1.2/series/1.3/instances/1.4';

function refusal(path: string): string {
  try {
    parse(path);
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof LeadglassError);
    return error.code;
  }
}

test('collections, with what is above them', () => {
  assert.deepEqual(parse(''), { kind: 'service' });
  assert.deepEqual(parse('/'), { kind: 'service' });
  assert.deepEqual(parse('/studies'), { kind: 'collection', level: 'STUDY', parents: {} });
  assert.deepEqual(parse('/series'), { kind: 'collection', level: 'SERIES', parents: {} });
  assert.deepEqual(parse('/instances'), { kind: 'collection', level: 'IMAGE', parents: {} });
  assert.deepEqual(parse('/studies/1.2/series'), { kind: 'collection', level: 'SERIES', parents: { study: '1.2' } });
  assert.deepEqual(parse('/studies/1.2/instances'), { kind: 'collection', level: 'IMAGE', parents: { study: '1.2' } });
  assert.deepEqual(parse('/studies/1.2/series/1.3/instances'), {
    kind: 'collection',
    level: 'IMAGE',
    parents: { study: '1.2', series: '1.3' },
  });
});

test('resources at every level, in every view', () => {
  for (const [path, resource] of [
    ['/studies/1.2', { study: '1.2' }],
    ['/studies/1.2/series/1.3', { study: '1.2', series: '1.3' }],
    [instancePath, instance],
  ] as const) {
    assert.deepEqual(parse(path), { kind: 'resource', resource, view: 'instances' });
    for (const view of ['metadata', 'rendered', 'thumbnail', 'bulkdata', 'pixeldata']) {
      assert.deepEqual(parse(`${path}/${view}`), { kind: 'resource', resource, view });
    }
  }
});

test('frames in rising order, commas encoded or not', () => {
  const frames = { kind: 'resource', resource: instance, view: 'frames', frames: [1, 3] };
  assert.deepEqual(parse(`${instancePath}/frames/1,3`), frames);
  assert.deepEqual(parse(`${instancePath}/frames/1%2C3`), frames);
  assert.deepEqual(parse(`${instancePath}/frames/1,3/rendered`), { ...frames, view: 'rendered' });
  assert.deepEqual(parse(`${instancePath}/frames/1,3/thumbnail`), { ...frames, view: 'thumbnail' });
  for (const list of ['0', '', '1,', '2,1', '1,1', '01', '-1', '1.5', '1e3', '+1', ' 1', '9999999999', 'x']) {
    assert.equal(refusal(`${instancePath}/frames/${list}`), 'MALFORMED', list);
  }
  assert.equal(refusal(`${instancePath}/frames/1,2,3,4`), 'taken');
  assert.equal(refusal(`${instancePath}/frames/1,2,3,4,5`), 'LIMIT_EXCEEDED');
});

test('one bulk data value by tag, item and tag', () => {
  assert.deepEqual(parse(`${instancePath}/bulkdata/7FE00010`), {
    kind: 'bulkdata-value',
    resource: instance,
    path: [0x7fe00010],
  });
  assert.deepEqual(parse(`${instancePath}/bulkdata/54000100/1/54001010`), {
    kind: 'bulkdata-value',
    resource: instance,
    path: [0x54000100, 1, 0x54001010],
  });
  for (const path of [
    '54000100/1',
    '54000100/0/54001010',
    'PixelData',
    '7FE0001',
    '54000100/x/54001010',
    '54000100/01/54001010',
    '',
  ]) {
    assert.equal(refusal(`${instancePath}/bulkdata/${path}`), 'NOT_FOUND', path);
  }
});

test('the path of any element comes back from the URI that metadata writes of it', () => {
  const tag = fc.integer({ min: 0, max: 0xffffffff });
  const level = fc.tuple(tag, fc.integer({ min: 1, max: 99_999_999 }));
  fc.assert(
    fc.property(fc.array(level, { maxLength: 8 }), tag, (levels, last) => {
      const path = [...levels.flat(), last];
      const uri = `${instancePath}/bulkdata/${formatElementPath(path)}`;
      assert.deepEqual(parse(uri), { kind: 'bulkdata-value', resource: instance, path });
    }),
  );
});

test('what is no resource is not found', () => {
  const paths = [
    'studies',
    '//studies',
    '/study',
    '/Studies',
    '/series/1.3',
    '/instances/1.4',
    '/studies/1.2/metadata/x',
  ];
  for (const path of [
    ...paths,
    '/studies/1.2/',
    '/studies/1.2/frames/1',
    '/studies/1.2/instances/1.4',
    `${instancePath}/frames`,
    `${instancePath}/frames/1/frames`,
    `${instancePath}/frames/1/rendered/x`,
    '/studies/1.2/series/1.3/constructor',
    '/__proto__',
  ]) {
    assert.equal(refusal(path), 'NOT_FOUND', path);
  }
});

test('hostile: no text that is no UID gets through as one', () => {
  for (const text of [
    '',
    '..',
    '%2e%2e',
    '1.2%2F..',
    '1.2%00',
    '1..2',
    '01.2',
    '1.2 ',
    '%31.2%',
    'a',
    '1'.repeat(65),
    "1.2'--",
    '1.2%0d%0a',
  ]) {
    assert.equal(refusal(`/studies/${text}`), 'MALFORMED', text);
    assert.equal(refusal(`/studies/1.2/series/${text}`), 'MALFORMED', text);
    assert.equal(refusal(`/studies/1.2/series/1.3/instances/${text}`), 'MALFORMED', text);
  }
  assert.deepEqual(parse('/studies/%31%2E2'), { kind: 'resource', resource: { study: '1.2' }, view: 'instances' });
});

test('hostile: a path of many segments is refused', () => {
  const steps = (count: number): string => `${instancePath}/bulkdata/54000100${'/1/54000100'.repeat(count)}`;
  assert.equal(refusal(steps(8)), 'taken');
  assert.equal(refusal(steps(9)), 'LIMIT_EXCEEDED');
});

test('property: any path ends in a target or in a refusal', () => {
  const word = fc.constantFrom(
    'studies',
    'series',
    'instances',
    'frames',
    'bulkdata',
    'rendered',
    '1.2',
    '1,2',
    '',
    '..',
    '%2F',
    '00100010',
    '0',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (segments) => {
      const code = refusal(segments.map((segment) => `/${segment}`).join(''));
      assert.ok(['taken', 'NOT_FOUND', 'MALFORMED', 'LIMIT_EXCEEDED'].includes(code));
    }),
  );
});
