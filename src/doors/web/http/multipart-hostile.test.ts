/** Multipart messages as an attacker sends them: what is kept and what is done stays bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../../limits.ts';
import { MultipartReader } from './multipart-reader.ts';
import { latin1, readMultipart } from './multipart.test-support.ts';

function refusedAfter(head: string, chunk: Uint8Array, chunksMax: number): number {
  const reader = new MultipartReader({ boundary: 'b', defaultType: 'application/dicom', limits: limits.web });
  reader.push(latin1(head));
  let count = 0;
  try {
    for (; count < chunksMax; count += 1) {
      while (reader.next() !== undefined);
      reader.push(chunk);
    }
  } catch (error) {
    assert.ok(error instanceof Error && /more than/.test(error.message), String(error));
    return count * chunk.length;
  }
  return Infinity;
}

test('a preamble without end is refused soon after its limit', () => {
  assert.ok(refusedAfter('', new Uint8Array(512).fill(0x70), 100) <= limits.web.preambleBytesMax + 1024);
  assert.ok(refusedAfter('', latin1('\r\n--a'), 1000) <= limits.web.preambleBytesMax + 1024);
});

test('headers without end are refused soon after their limit, also byte by byte', () => {
  assert.ok(refusedAfter('--b\r\nA: ', new Uint8Array(512).fill(0x70), 100) <= limits.web.partHeaderBytesMax + 1024);
  assert.ok(refusedAfter('--b\r\nA: ', latin1('p'), 20_000) <= limits.web.partHeaderBytesMax + 1024);
  assert.ok(refusedAfter('--b', latin1(' '), 20_000) <= limits.web.partHeaderBytesMax + 1024);
});

test('an epilogue without end is refused soon after its limit', () => {
  const sent = refusedAfter('--b--', new Uint8Array(64 * 1024), 100);
  assert.ok(sent <= limits.web.epilogueBytesMax + 128 * 1024);
});

test('a flood of boundaries is refused at the limit of parts', () => {
  const flood = latin1('--b\r\n\r\n\r\n'.repeat(20_000));
  const sent = refusedAfter('', flood, 100);
  assert.ok(sent / 9 <= limits.web.multipartPartsMax + 40_000);
});

test('chunks that all end in what may become a boundary cost their length and no more', () => {
  const reader = new MultipartReader({ boundary: 'x'.repeat(70), defaultType: 'a/b', limits: limits.web });
  reader.push(latin1(`--${'x'.repeat(70)}\r\n\r\n`));
  const chunk = latin1(`${'y'.repeat(32_000)}\r\n--${'x'.repeat(69)}`);
  let bytes = 0;
  const before = performance.now();
  for (let count = 0; count < 1000; count += 1) {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === 'body') bytes += event.bytes.length;
    }
    reader.push(chunk);
  }
  assert.ok(bytes > 31_900_000);
  assert.ok(performance.now() - before < 5000);
});

test('a multipart within a part is a body like any other', () => {
  const inner = '--a\r\nContent-Type: application/dicom\r\n\r\nx\r\n--a--\r\n';
  const nested = `--b\r\nContent-Type: multipart/related; boundary=a\r\n\r\n${inner}\r\n--b--`;
  assert.deepEqual(readMultipart([latin1(nested)]), {
    parts: [{ contentType: 'multipart/related', contentLocation: undefined, body: inner }],
  });
});

test('a nested boundary that begins with the outer one is refused, since readers differ about it', () => {
  const nested = '--b\r\nContent-Type: multipart/related; boundary=bb\r\n\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--';
  const outcome = readMultipart([latin1(nested)]);
  assert.ok('refused' in outcome && outcome.refused === 'MALFORMED');
});

test('an error repeats nothing of what came', () => {
  const secrets = [
    '--b\r\nDoe^Jane\r\n\r\nx\r\n--b--',
    '--b\r\nContent-Type: Doe^Jane\r\n\r\nx\r\n--b--',
    '--b\r\nContent-Transfer-Encoding: Doe^Jane\r\n\r\nx\r\n--b--',
    '--bDoe^Jane\r\n',
  ];
  for (const text of secrets) {
    const outcome = readMultipart([latin1(text)]);
    assert.ok('refused' in outcome && !outcome.message.includes('Doe'), text);
  }
});
