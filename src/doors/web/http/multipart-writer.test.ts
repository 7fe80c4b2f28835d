import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../../../error.ts';
import { formatMultipartContentType, isBoundary, parseRelatedContentType } from './multipart-content-type.ts';
import { multipartLengthBytes, newBoundary, type OutgoingPart, writeMultipart } from './multipart-writer.ts';
import { latin1, readMultipart } from './multipart.test-support.ts';

async function written(parts: Iterable<OutgoingPart>, boundary = 'b'): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeMultipart(parts, boundary)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const headers = [
  ['Content-Type', 'application/dicom'],
  ['Content-Location', '/studies/1'],
] as const;

test('a message has a head for each part, and a length where it is known', async () => {
  const parts: OutgoingPart[] = [
    { headers, body: latin1('one') },
    { headers: [['Content-Type', 'image/jls']], body: [latin1('t'), latin1('wo')] },
  ];
  assert.equal(
    Buffer.from(await written(parts)).toString('latin1'),
    '--b\r\nContent-Type: application/dicom\r\nContent-Location: /studies/1\r\nContent-Length: 3\r\n\r\none' +
      '\r\n--b\r\nContent-Type: image/jls\r\n\r\ntwo\r\n--b--\r\n',
  );
  assert.equal(multipartLengthBytes(parts, 'b'), undefined);
});

test('the length of a message is known beforehand when that of each part is', async () => {
  for (const count of [0, 1, 2, 5]) {
    const parts = Array.from({ length: count }, (_, at) => ({
      headers,
      body: [latin1('x'.repeat(at))],
      lengthBytes: at,
    }));
    assert.equal(multipartLengthBytes(parts, 'b'), (await written(parts)).length);
  }
});

test('a body that is longer or shorter than promised cuts the message off', async () => {
  for (const lengthBytes of [2, 4]) {
    await assert.rejects(written([{ headers, body: [latin1('abc')], lengthBytes }]), { code: 'CORRUPT' });
  }
});

test('nothing that ends a header or the head leaves: header injection', async () => {
  const bad = ['a\r\nSet-Cookie: x', 'a\nb', 'a\rb', 'a\0b', 'a\u0085b', 'ä', 'a\u2028b', 'a\x7fb', 'a\x1bb'];
  for (const value of bad) {
    await assert.rejects(written([{ headers: [['Content-Location', value]], body: latin1('') }]), (error) => {
      assert.ok(error instanceof LeadglassError && error.code === 'INTERNAL');
      assert.ok(!`${error.message}${error.detail}`.includes('Cookie'));
      return true;
    });
  }
  for (const name of ['a b', 'a:', 'a\r\n', '', 'ä']) {
    await assert.rejects(written([{ headers: [[name, 'x']], body: latin1('') }]), { code: 'INTERNAL' });
  }
});

test('a boundary is 128 random bits that need no quotes', () => {
  const boundary = newBoundary(new Uint8Array(16).fill(0xa5));
  assert.equal(boundary, 'a5'.repeat(16));
  assert.ok(isBoundary(boundary));
  assert.throws(() => newBoundary(new Uint8Array(8)), { code: 'INTERNAL' });
});

test('chunks are made only when they are asked for', async () => {
  let asked = 0;
  const body = (function* () {
    for (; asked < 100; ) {
      asked += 1;
      yield latin1('x');
    }
  })();
  const message = writeMultipart([{ headers, body }], 'b');
  await message.next();
  assert.equal(asked, 0);
  await message.next();
  assert.equal(asked, 1);
  await message.return();
});

test('property: what is written is read back, in whatever pieces it is sent', async () => {
  const arbitraryPart = fc.record({
    chunks: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
    known: fc.boolean(),
    location: fc.stringMatching(/^[!-~]{1,40}$/),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryPart, { maxLength: 8 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.integer({ min: 1, max: 97 }),
      async (parts, random, step) => {
        const boundary = newBoundary(random);
        const outgoing = parts.map(({ chunks, known, location }) => ({
          headers: [
            ['Content-Type', 'application/octet-stream'],
            ['Content-Location', location],
          ] as const,
          body: chunks,
          ...(known ? { lengthBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) } : {}),
        }));
        const bytes = await written(outgoing, boundary);
        const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) =>
          bytes.subarray(at * step, (at + 1) * step),
        );
        assert.deepEqual(readMultipart(pieces, { boundary }), {
          parts: parts.map(({ chunks, location }) => ({
            contentType: 'application/octet-stream',
            contentLocation: location,
            body: Buffer.concat(chunks).toString('latin1'),
          })),
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('a Content-Type of multipart/related is read with quotes and without', () => {
  const expected = { boundary: 'b-1', type: 'application/dicom', start: undefined };
  for (const field of [
    'multipart/related; type="application/dicom"; boundary="b-1"',
    'multipart/related; type=application/dicom; boundary=b-1',
    'Multipart/Related;boundary=b-1;TYPE="application/DICOM"',
    'multipart/related ; type=application/dicom ;; boundary=b-1 ;',
    formatMultipartContentType('multipart/related', { type: 'application/dicom', boundary: 'b-1' }),
  ]) {
    assert.deepEqual(parseRelatedContentType(field), expected, field);
  }
  const python =
    'multipart/related; boundary====123==; type="application/dicom+json; transfer-syntax=1.2"; start="<a@b>"';
  assert.deepEqual(parseRelatedContentType(python), {
    boundary: '===123==',
    type: 'application/dicom+json',
    start: '<a@b>',
  });
  assert.equal(parseRelatedContentType('multipart/related; boundary="a \\"b"'.replace(' \\"', '')).boundary, 'ab');
});

test('a Content-Type that is no usable multipart/related is refused', () => {
  for (const field of [
    undefined,
    '',
    'application/dicom',
    'multipart/mixed; boundary=b',
    'multipart/related; boundary="b',
  ]) {
    assert.throws(() => parseRelatedContentType(field), { status: 415 }, field);
  }
  for (const parameters of [
    '',
    '; type=a/b',
    '; boundary=""',
    `; boundary=${'b'.repeat(71)}`,
    '; boundary="b "',
    '; boundary="b\\\tc"',
    '; boundary="b*c"',
    '; boundary=b; type=""',
    '; boundary=b; type=nonsense',
  ]) {
    assert.throws(() => parseRelatedContentType(`multipart/related${parameters}`), { code: 'MALFORMED' }, parameters);
  }
  assert.throws(() => parseRelatedContentType('multipart/related; boundary=b; boundary=c'), { status: 415 });
});
