/** What stands around a body: character set, conditions, ranges, warnings, problems. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError, type ErrorCode } from '../../../error.ts';
import { charsetFor } from './charset.ts';
import { evaluateConditions, rangeStillApplies, strongTag } from './conditional.ts';
import { HttpError } from './http-error.ts';
import { httpStatus, problemOf } from './problem.ts';
import { writeMultipart } from './multipart-writer.ts';
import { byteRangeParts, contentRange, selectRanges } from './range.ts';
import { additionalResults, ignoredParameters, warningField } from './warning.ts';

test('UTF-8 is written; a charset parameter without it is refused (8.3.3.2)', () => {
  for (const query of [undefined, 'utf-8', 'UTF-8', 'iso-8859-1,utf-8;q=0.5', '"ISO_IR 192"', 'ISO_IR 192']) {
    assert.equal(charsetFor(query), 'utf-8');
  }
  for (const query of ['', 'iso-8859-1', 'utf-8;q=0', '"', 'ISO_IR 100']) {
    assert.throws(() => charsetFor(query), { code: 'BAD_REQUEST' }, query);
  }
});

test('conditions on tags are held against the tag of what would be sent (RFC 9110 13)', () => {
  const rows: readonly (readonly [
    method: string,
    ifMatch: string | undefined,
    ifNoneMatch: string | undefined,
    tag: string | undefined,
    expected: string,
  ])[] = [
    ['GET', undefined, undefined, '"a"', 'proceed'],
    ['GET', undefined, '"a"', '"a"', 'not-modified'],
    ['HEAD', undefined, '"a"', '"a"', 'not-modified'],
    ['GET', undefined, 'W/"a"', '"a"', 'not-modified'],
    ['GET', undefined, '"b", "a,c" ,"a"', '"a"', 'not-modified'],
    ['GET', undefined, '"a,b"', '"a"', 'proceed'],
    ['GET', undefined, '"b"', '"a"', 'proceed'],
    ['GET', undefined, '*', '"a"', 'not-modified'],
    ['GET', undefined, '*', undefined, 'proceed'],
    ['POST', undefined, '*', '"a"', 'precondition-failed'],
    ['GET', undefined, 'a', '"a"', 'proceed'],
    ['GET', undefined, '"a" "b"', '"a"', 'proceed'],
    ['GET', undefined, '', '"a"', 'proceed'],
    ['GET', '"a"', undefined, '"a"', 'proceed'],
    ['GET', '"b"', undefined, '"a"', 'precondition-failed'],
    ['GET', 'W/"a"', undefined, '"a"', 'precondition-failed'],
    ['GET', '*', undefined, undefined, 'precondition-failed'],
    ['GET', '"b"', '"a"', '"a"', 'precondition-failed'],
    // What is malformed behind a good tag spoils the list.
    ['GET', undefined, '"a", b', '"a"', 'proceed'],
    ['GET', '"a", b', undefined, '"a"', 'precondition-failed'],
    ['GET', undefined, '"a", ,', '"a"', 'not-modified'],
    ['GET', undefined, ', ,', '"a"', 'proceed'],
    // Of messages whose boundary is new each time the tag is weak.
    ['GET', undefined, 'W/"a"', 'W/"a"', 'not-modified'],
    ['GET', undefined, '"a"', 'W/"a"', 'not-modified'],
    ['GET', undefined, '"b"', 'W/"a"', 'proceed'],
    ['GET', '"a"', undefined, 'W/"a"', 'precondition-failed'],
    ['GET', 'W/"a"', undefined, 'W/"a"', 'precondition-failed'],
  ];
  for (const [method, ifMatch, ifNoneMatch, tag, expected] of rows) {
    assert.equal(
      evaluateConditions({ method, ifMatch, ifNoneMatch }, tag),
      expected,
      `${ifMatch} ${ifNoneMatch} ${tag}`,
    );
  }
});

test('a range still applies when the tag is strongly the same (13.1.5)', () => {
  assert.ok(rangeStillApplies(undefined, '"a"'));
  assert.ok(rangeStillApplies('"a"', '"a"'));
  for (const ifRange of ['W/"a"', '"b"', 'Sat, 29 Oct 1994 19:43:31 GMT', '*', '', '"a', 'a']) {
    assert.equal(rangeStillApplies(ifRange, '"a"'), false, ifRange);
  }
});

test('a tag says which bytes, and of which variant', () => {
  const tag = strongTag(new Uint8Array(32), 'image/jls; "x"\r\n');
  assert.match(tag, /^"A{43}\.image\/jls___x___"$/);
  assert.equal(evaluateConditions({ method: 'GET', ifNoneMatch: tag }, tag), 'not-modified');
});

const ranges = (field: string | undefined, lengthBytes = 100, rangesMax = 4) =>
  selectRanges(field, lengthBytes, { rangesMax });
const single = (first: number, last: number) => ({ kind: 'single', range: { first, last } });

test('single ranges, with open ends (RFC 9110 14.1.2)', () => {
  assert.deepEqual(ranges('bytes=0-9'), single(0, 9));
  assert.deepEqual(ranges('Bytes=90-'), single(90, 99));
  assert.deepEqual(ranges('bytes=-10'), single(90, 99));
  assert.deepEqual(ranges('bytes=-1000'), single(0, 99));
  assert.deepEqual(ranges('bytes=50-99999999999999999999999'), single(50, 99));
  assert.deepEqual(ranges('bytes= 1-2 , ,'), single(1, 2));
  assert.equal(contentRange({ first: 0, last: 9 }, 100), 'bytes 0-9/100');
});

test('several ranges keep their order; those that overlap or touch become one', () => {
  assert.deepEqual(ranges('bytes=50-59,0-9'), {
    kind: 'multiple',
    ranges: [
      { first: 50, last: 59 },
      { first: 0, last: 9 },
    ],
  });
  assert.deepEqual(ranges('bytes=0-9,5-20,21-30'), single(0, 30));
  assert.deepEqual(ranges('bytes=80-89,200-300'), single(80, 89));
  // United ones stand where the first of them stood.
  assert.deepEqual(ranges('bytes=30-39,0-9,35-50'), {
    kind: 'multiple',
    ranges: [
      { first: 30, last: 50 },
      { first: 0, last: 9 },
    ],
  });
});

test('what is no range of bytes is ignored, what lies outside is refused with the length', () => {
  for (const field of [
    undefined,
    'items=0-1',
    'bytes=',
    'bytes=a-b',
    'bytes=5-1',
    'bytes=-',
    'bytes=1-2;3-4',
    'bytes 0-1',
    'bytes=0x1-2',
  ]) {
    assert.deepEqual(ranges(field), { kind: 'whole' }, String(field));
  }
  for (const [field, lengthBytes] of [
    ['bytes=100-', 100],
    ['bytes=-0', 100],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ] as const) {
    assert.throws(() => ranges(field, lengthBytes), {
      status: 416,
      headers: { 'content-range': `bytes */${lengthBytes}` },
    });
  }
});

test('more ranges than the limit are refused', () => {
  assert.equal(ranges('bytes=0-0,2-2,4-4,6-6').kind, 'multiple');
  assert.throws(() => ranges('bytes=0-0,2-2,4-4,6-6,8-8'), { status: 416 });
});

test('several ranges are written as parts, each with its place in the whole', async () => {
  const whole = Buffer.from('0123456789');
  const parts = byteRangeParts(
    [
      { first: 7, last: 8 },
      { first: 0, last: 0 },
    ],
    {
      contentType: 'video/mp4',
      lengthBytes: 10,
      read: async function* ({ first, last }) {
        yield whole.subarray(first, last + 1);
      },
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeMultipart(parts, 'b')) chunks.push(chunk);
  assert.equal(
    Buffer.concat(chunks).toString('latin1'),
    '--b\r\nContent-Type: video/mp4\r\nContent-Range: bytes 7-8/10\r\nContent-Length: 2\r\n\r\n78' +
      '\r\n--b\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-0/10\r\nContent-Length: 1\r\n\r\n0\r\n--b--\r\n',
  );
});

test('property: ranges never hold a byte twice, and only bytes that were asked for', () => {
  const spec = fc.tuple(fc.nat(120), fc.nat(120)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), (specs) => {
      const field = `bytes=${specs.map(([first, last]) => `${first}-${last}`).join(',')}`;
      const asked = new Set(
        specs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at)),
      );
      const wanted = [...asked].filter((at) => at < 100).toSorted((a, b) => a - b);
      if (wanted.length === 0) {
        assert.throws(() => ranges(field, 100, 8), { status: 416 });
        return;
      }
      const outcome = ranges(field, 100, 8);
      assert.ok(outcome.kind !== 'whole');
      const given = outcome.kind === 'single' ? [outcome.range] : outcome.ranges;
      const bytes = given.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
      assert.deepEqual(
        bytes.toSorted((a, b) => a - b),
        wanted,
      );
    }),
  );
});

test('warnings have the sentences of the standard', () => {
  assert.equal(
    warningField('https://pacs.example/dicom-web', additionalResults(7)),
    '299 https://pacs.example/dicom-web: "There are 7 additional results that can be requested"',
  );
  assert.throws(() => warningField('https://a\r\nSet-Cookie: b', ignoredParameters(['x'])), { code: 'INTERNAL' });
});

const options = {
  isRefusal: false,
  needsFactor: false,
  hidesExistence: false,
  challenge: 'Bearer realm="leadglass"',
  retryAfterSeconds: 5,
};

test('each error code has a status and a problem without the detail of the log', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has these keys and no other
  for (const code of Object.keys(httpStatus) as ErrorCode[]) {
    const problem = problemOf(new LeadglassError(code, 'text for the peer', { detail: 'secret' }), options);
    assert.equal(problem.status, httpStatus[code]);
    assert.equal(problem.body.status, problem.status);
    assert.equal(problem.body.code, code);
    assert.ok(problem.body.title !== 'Error');
    assert.ok(!JSON.stringify(problem).includes('secret'));
  }
});

test('each code has the status that clients are told in the documentation', () => {
  const expected = {
    MALFORMED: 400,
    LIMIT_EXCEEDED: 413,
    UNSUPPORTED: 415,
    BAD_REQUEST: 400,
    NOT_AUTHENTICATED: 401,
    NOT_AUTHORIZED: 403,
    NOT_FOUND: 404,
    CONFLICT: 409,
    OUT_OF_RESOURCES: 503,
    LEDGER_UNAVAILABLE: 503,
    BACKEND_UNAVAILABLE: 503,
    CORRUPT: 500,
    PEER_FAILED: 400,
    CANCELLED: 503,
    TIMED_OUT: 503,
    INTERNAL: 500,
  } satisfies Record<ErrorCode, number>;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has these keys and no other
  for (const [code, status] of Object.entries(expected) as [ErrorCode, number][]) {
    const problem = problemOf(new LeadglassError(code, 'x'), options);
    assert.equal(problem.status, status, code);
    // Come back later is for what passes, prove yourself for whom nobody knows, and nothing for the others.
    const demanded = status === 401 ? ['www-authenticate'] : status === 503 ? ['retry-after'] : [];
    assert.deepEqual(Object.keys(problem.headers), demanded, code);
  }
});

test('some answers carry what their status demands', () => {
  assert.deepEqual(problemOf(new LeadglassError('NOT_AUTHENTICATED', 'x'), options).headers, {
    'www-authenticate': 'Bearer realm="leadglass"',
  });
  assert.deepEqual(problemOf(new LeadglassError('TIMED_OUT', 'x'), options).headers, { 'retry-after': '5' });
  const many = problemOf(new LeadglassError('LIMIT_EXCEEDED', 'x'), { ...options, isRefusal: true });
  assert.equal(many.status, 429);
  assert.deepEqual(many.headers, { 'retry-after': '5' });
  const method = problemOf(new HttpError(405, 'x', { headers: { allow: 'GET' } }), options);
  assert.deepEqual([method.status, method.headers['allow'], method.body.title], [405, 'GET', 'Method Not Allowed']);
});

test('a missing and a forbidden resource look the same', () => {
  const hides = { ...options, hidesExistence: true };
  const missing = problemOf(new LeadglassError('NOT_FOUND', 'study 1.2.3 is not here'), hides);
  const forbidden = problemOf(new LeadglassError('NOT_AUTHORIZED', 'outside'), hides);
  assert.deepEqual(forbidden, missing);
  assert.equal(problemOf(new LeadglassError('NOT_AUTHORIZED', 'outside'), options).status, 403);
});

test('a text that should not be so long or hold controls is made harmless', () => {
  const { detail } = problemOf(new LeadglassError('MALFORMED', `a\r\nb\0${'x'.repeat(1000)}`), options).body;
  assert.ok(detail.startsWith('a  b x') && detail.length === 500);
});
