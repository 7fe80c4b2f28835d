import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../../../error.ts';
import { readParts } from './multipart-parts.ts';
import { limits } from '../../../limits.ts';
import { MultipartReader } from './multipart-reader.ts';
import { everyCut, latin1, readMultipart, type ReadOptions, testLimits } from './multipart.test-support.ts';

const dicom = { contentType: 'application/dicom', contentLocation: undefined };
const whole =
  '--b\r\nContent-Type: application/dicom\r\nContent-Location: /i/1\r\n\r\nDICM\r\n--\r\n-b\r--c' +
  '\r\n--b\r\nContent-Type: application/dicom\r\n\r\n\r\n--b--\r\n';

function read(text: string, options?: ReadOptions) {
  return readMultipart([latin1(text)], options);
}

function refusal(text: string, options?: ReadOptions): string {
  const outcome = read(text, options);
  return 'refused' in outcome ? `${outcome.refused} ${outcome.message}` : 'taken';
}

test('a message is read into its parts, however its bytes are cut', () => {
  const parts = [
    { contentType: 'application/dicom', contentLocation: '/i/1', body: 'DICM\r\n--\r\n-b\r--c' },
    { ...dicom, body: '' },
  ];
  for (const chunks of everyCut(latin1(whole))) assert.deepEqual(readMultipart(chunks), { parts });
});

test('what deployed clients send is taken', () => {
  const one = { parts: [{ ...dicom, body: 'x' }] };
  const part = 'Content-Type: application/dicom\r\n\r\nx\r\n';
  // dicomweb-client for JavaScript: CRLF first, no line end after the closing boundary, zeros behind it.
  assert.deepEqual(read(`\r\n--b\r\n${part}--b--\0\0\0\0`), one);
  // A script with echo: a bare line feed at the very end.
  assert.deepEqual(read(`--b\r\n${part}--b--\n`), one);
  // Mail software: a sentence for old readers, padding behind the boundary, no headers at all.
  assert.deepEqual(read(`This is MIME.\r\n--b \t\r\n\r\nx\r\n--b--\r\n`), one);
  // urllib3 and others write the header names in their own way.
  assert.deepEqual(read(`--b\r\ncontent-TYPE:application/DICOM; a="b;c"\r\n\r\nx\r\n--b--`), one);
});

test('a part may have no body, also without a line of its own', () => {
  const part = { ...dicom, body: '' };
  assert.deepEqual(read('--b\r\n\r\n\r\n--b--'), { parts: [part] });
  for (const chunks of everyCut(latin1('--b\r\nContent-Type: application/dicom\r\n\r\n--b\r\n\r\n--b--'))) {
    assert.deepEqual(readMultipart(chunks), { parts: [part, part] });
  }
});

test('a part without headers may have a body that is longer than headers may be, in one chunk', () => {
  const body = 'x'.repeat(3 * limits.web.partHeaderBytesMax);
  const outcome = readMultipart([latin1(`--b\r\n\r\n${body}\r\n--b--`)]);
  assert.ok('parts' in outcome && outcome.parts[0]?.body === body);
});

test('a message may have no parts', () => {
  for (const chunks of everyCut(latin1('--b--\r\n'))) assert.deepEqual(readMultipart(chunks), { parts: [] });
});

test('a boundary is found only after CRLF', () => {
  const body = '--b--\n--b--\r--b--x--b';
  assert.deepEqual(read(`--b\r\n\r\nx${body}\r\n--b--`), { parts: [{ ...dicom, body: `x${body}` }] });
});

test('a line that begins with the boundary and goes on otherwise is refused', () => {
  for (const tail of ['c\r\n', '-\r\n', '-c', '\n', ' x\r\n', ' --', '\r\r\n', '\0\r\n']) {
    const text = `--b\r\n\r\nx\r\n--b${tail}\r\n\r\n\r\n--b--`;
    for (const chunks of everyCut(latin1(text))) {
      const outcome = readMultipart(chunks);
      assert.ok('refused' in outcome && outcome.refused === 'MALFORMED', JSON.stringify(tail));
    }
  }
});

test('headers that two readers could understand differently are refused', () => {
  const block = (lines: string): string => refusal(`--b\r\n${lines}\r\n\r\nx\r\n--b--`);
  assert.match(block('Content-Type: a/b\r\nContent-Type: a/c'), /^MALFORMED .*part 1: .*stands twice/);
  assert.match(block('Content-Type : a/b'), /^MALFORMED .*no "name: value"/);
  assert.match(block('Content-Type: a/b;\r\n c=d'), /^MALFORMED .*no "name: value"/);
  assert.match(block('Content-Type: a/b\nContent-Location: x'), /^MALFORMED .*control characters/);
  assert.match(block('Content-Type: a/b\0'), /^MALFORMED .*control characters/);
  assert.match(block('Content-Type: nonsense'), /^MALFORMED .*no media type/);
  assert.match(block('--b--A: x'), /^MALFORMED .*a boundary stands among its headers/);
  assert.match(block('A: x\r\n--b'), /^MALFORMED .*a boundary stands among its headers/);
  assert.match(block(': x'), /^MALFORMED/);
  assert.match(block('Content-Length: -1'), /^MALFORMED .*Content-Length is no number/);
});

test('a part that is encoded is refused, since it would be stored as it came', () => {
  for (const line of ['Content-Transfer-Encoding: base64', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked']) {
    assert.match(refusal(`--b\r\n${line}\r\n\r\nx\r\n--b--`), /^UNSUPPORTED .*binary/);
  }
  assert.equal(refusal('--b\r\nContent-Transfer-Encoding: Binary\r\n\r\nx\r\n--b--'), 'taken');
});

test('a Content-Length that does not hold is refused', () => {
  for (const length of [0, 3, 5, 999]) {
    assert.match(refusal(`--b\r\nContent-Length: ${length}\r\n\r\nDICM\r\n--b--`), /^MALFORMED .*has 4 bytes, .* says/);
  }
  assert.equal(refusal('--b\r\nContent-Length: 4\r\n\r\nDICM\r\n--b--'), 'taken');
});

test('a message that is cut off anywhere is refused', () => {
  const bytes = latin1('--b\r\nContent-Type: a/b\r\n\r\nDICM\r\n--b--');
  for (let length = 0; length < bytes.length; length += 1) {
    const outcome = readMultipart([bytes.subarray(0, length)]);
    assert.ok('refused' in outcome && /ends before its closing boundary/.test(outcome.message), `${length}`);
  }
});

test('each limit holds at, below and above it', () => {
  const limits = {
    multipartPartsMax: 3,
    partHeaderBytesMax: 40,
    partHeadersMax: 2,
    preambleBytesMax: 8,
    epilogueBytesMax: 6,
  };
  const sized = {
    parts: (count: number) => `${'--b\r\n\r\n\r\n'.repeat(count)}--b--`,
    headerBytes: (count: number) => `--b\r\nA: ${'a'.repeat(count - 3)}\r\n\r\n\r\n--b--`,
    headers: (count: number) =>
      `--b\r\n${Array.from({ length: count }, (_, at) => `A${at}: b`).join('\r\n')}\r\n\r\n\r\n--b--`,
    preamble: (count: number) => `${'p'.repeat(count)}\r\n--b--`,
    epilogue: (count: number) => `--b--${'e'.repeat(count)}`,
    padding: (count: number) => `--b${' '.repeat(count)}\r\n\r\n\r\n--b--`,
  };
  const most = { parts: 3, headerBytes: 40, headers: 2, preamble: 8, epilogue: 6, padding: 40 };
  for (const name of ['parts', 'headerBytes', 'headers', 'preamble', 'epilogue', 'padding'] as const) {
    for (const [count, isTaken] of [
      [most[name] - 1, true],
      [most[name], true],
      [most[name] + 1, false],
    ] as const) {
      for (const chunks of everyCut(latin1(sized[name](count)))) {
        const outcome = readMultipart(chunks, { limits });
        assert.equal('refused' in outcome ? outcome.refused : 'taken', isTaken ? 'taken' : 'LIMIT_EXCEEDED', name);
      }
    }
  }
});

test('a body is handed on as views of the chunks that came', () => {
  const reader = new MultipartReader({ boundary: 'b', defaultType: 'a/b', limits: testLimits });
  reader.push(latin1('--b\r\n\r\n'));
  assert.equal(reader.next()?.kind, 'part');
  assert.equal(reader.next(), undefined);
  // The empty line's CRLF is held until it is sure that no boundary follows it.
  reader.push(latin1('first'));
  assert.equal(reader.next()?.kind, 'body');
  assert.equal(reader.next(), undefined);
  const chunk = new Uint8Array(1000).fill(7);
  reader.push(chunk);
  const event = reader.next();
  assert.ok(event?.kind === 'body' && event.bytes.buffer === chunk.buffer && event.bytes.length === 1000);
});

const arbitraryText = fc.oneof(
  fc.constantFrom(
    '\r\n--b',
    '\r\n--b--',
    '--b',
    '\r\n',
    '\r',
    '\n',
    '--',
    ' ',
    ':',
    'Content-Type: a/b',
    '\0',
    '\r\n\r\n',
  ),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCodePoint(code)), maxLength: 8 }),
);

test('property: the way a message is cut never changes what is read, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryText, { maxLength: 30 }).map((pieces) => latin1(`--b\r\n\r\n${pieces.join('')}\r\n--b--`)),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (bytes, steps) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += chunks.at(-1)?.length ?? 0) {
          chunks.push(bytes.subarray(at, at + (steps[chunks.length % steps.length] ?? 1)));
        }
        const [inPieces, atOnce] = [readMultipart(chunks), readMultipart([bytes])];
        if ('refused' in atOnce) assert.ok('refused' in inPieces && inPieces.refused === atOnce.refused);
        else assert.deepEqual(inPieces, atOnce);
      },
    ),
    { numRuns: 500 },
  );
});

async function* chunksOf(text: string, size: number, asked: { count: number }): AsyncGenerator<Uint8Array> {
  const bytes = latin1(text);
  for (let at = 0; at < bytes.length; at += size) {
    asked.count += 1;
    yield bytes.subarray(at, at + size);
  }
}

const newReader = () => new MultipartReader({ boundary: 'b', defaultType: 'a/b', limits: testLimits });

test('parts are read one after the other, and what is left of one is skipped', async () => {
  const text = '--b\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b\r\n\r\nthird\r\n--b--';
  const seen: string[] = [];
  for await (const part of readParts(chunksOf(text, 3, { count: 0 }), newReader())) {
    if (seen.length === 1) {
      seen.push('skipped');
      continue;
    }
    let body = '';
    for await (const bytes of part.body) body += Buffer.from(bytes).toString('latin1');
    seen.push(body);
  }
  assert.deepEqual(seen, ['first', 'skipped', 'third']);
});

test('the source is asked for no chunk before the last one is used up', async () => {
  const asked = { count: 0 };
  const parts = readParts(chunksOf(`--b\r\n\r\n${'x'.repeat(100)}\r\n--b--`, 10, asked), newReader());
  const first = await parts.next();
  assert.ok(first.done !== true);
  assert.equal(asked.count, 1);
  const body = first.value.body[Symbol.asyncIterator]();
  // The first chunk holds three bytes of the body as well.
  await body.next();
  assert.equal(asked.count, 1);
  await body.next();
  assert.equal(asked.count, 2);
  await parts.return();
});

test('a body is never whole by mistake: neither when it is read too late nor when the message ends in it', async () => {
  const parts = readParts(chunksOf('--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--', 4, { count: 0 }), newReader());
  const first = await parts.next();
  assert.ok(first.done !== true);
  await parts.next();
  await assert.rejects(async () => first.value.body[Symbol.asyncIterator]().next(), LeadglassError);
  const torn = readParts(chunksOf('--b\r\n\r\nxyz', 4, { count: 0 }), newReader());
  const open = await torn.next();
  assert.ok(open.done !== true);
  await assert.rejects(async () => {
    for await (const bytes of open.value.body) assert.ok(bytes.length > 0);
  }, /ends before its closing boundary/);
});
