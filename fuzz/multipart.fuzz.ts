/**
 * Fuzzes the reader of multipart messages: node fuzz/multipart.fuzz.ts --seconds 60 --seed 1
 * Mutates messages of several clients and looks at what the reader makes of them. A finding is: any error but a LeadglassError
 * of the promised codes; a result that depends on how the input is cut; parts that do not survive being written and read
 * again; a second implementation (a plain search in the whole message) that disagrees; more than a second of processor time for
 * one input.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { LeadglassError } from '../src/error.ts';
import { type MultipartEvent, MultipartReader } from '../src/doors/web/http/multipart-reader.ts';
import { newBoundary, writeMultipart } from '../src/doors/web/http/multipart-writer.ts';
import { mutated, pick, type Random, seededRandom } from './mutate.ts';

const limits = {
  multipartPartsMax: 12,
  partHeaderBytesMax: 200,
  partHeadersMax: 4,
  preambleBytesMax: 30,
  epilogueBytesMax: 50,
};
const boundary = 'b0undary';
const inputMsMax = 1000;

interface Part {
  readonly contentType: string;
  readonly body: Uint8Array;
}
type Outcome = { readonly parts: readonly Part[] } | { readonly refused: string };

function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

const part = (body: string, more = ''): string => `Content-Type: application/dicom\r\n${more}\r\n${body}`;
const seeds: readonly Uint8Array[] = [
  `--${boundary}\r\n${part('DICM\r\n--b0undar\r\n')}\r\n--${boundary}--\r\n`,
  `\r\n--${boundary}\r\n${part('one')}\r\n--${boundary}\r\n${part('two')}\r\n--${boundary}--\0\0\0\0`,
  `preamble\r\n--${boundary} \t\r\n\r\nno headers\r\n--${boundary}\r\n${part('', 'Content-Length: 0\r\n')}\r\n--${boundary}--`,
  `--${boundary}\r\n${part('1234567', 'Content-Length: 7\r\nContent-Location: /a\r\n')}\r\n--${boundary}--epilogue`,
  `--${boundary}\r\nA: b\r\n\r\n--${boundary}\r\n\r\n\r\n\r\n--${boundary}--\r\n`,
  `--${boundary}--\r\n`,
  `--${boundary}\r\nContent-Type: multipart/related; boundary=inner\r\n\r\n--inner\r\n\r\nx\r\n--inner--\r\n--${boundary}--`,
].map(latin1);
const tokens: readonly Uint8Array[] = [
  `\r\n--${boundary}`,
  `\r\n--${boundary}\r\n`,
  `\r\n--${boundary}--`,
  `--${boundary}`,
  '\r\n\r\n',
  '\r\n',
  '\r',
  '\n',
  '--',
  '-',
  ' ',
  '\0',
  ':',
  'Content-Length: 3\r\n',
  'Content-Transfer-Encoding: binary\r\n',
  'Content-Type: a/b\r\n',
].map(latin1);

function input(random: Random): Uint8Array {
  let bytes = mutated(pick(seeds, random), seeds, random);
  for (let left = random(4); left > 0; left -= 1) {
    const at = random(bytes.length + 1);
    bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), pick(tokens, random), bytes.subarray(at)]));
  }
  return bytes;
}

function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const step = 1 + random(30);
  for (let at = 0; at < bytes.length; at += chunks.at(-1)?.length ?? 0) {
    chunks.push(bytes.subarray(at, at + 1 + random(step)));
  }
  return chunks;
}

function read(chunks: readonly Uint8Array[], used: string): Outcome {
  const reader = new MultipartReader({ boundary: used, defaultType: 'application/dicom', limits });
  const parts: { contentType: string; body: Uint8Array }[] = [];
  const take = (event: MultipartEvent): void => {
    const open = parts.at(-1);
    if (event.kind === 'part') parts.push({ contentType: event.headers.contentType.name, body: new Uint8Array(0) });
    else if (event.kind === 'body') {
      assert.ok(open !== undefined && event.bytes.length > 0, 'body bytes without a part or without bytes');
      open.body = new Uint8Array(Buffer.concat([open.body, event.bytes]));
    }
  };
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) take(event);
    }
    reader.end();
    return { parts };
  } catch (error) {
    const promised = ['MALFORMED', 'LIMIT_EXCEEDED', 'UNSUPPORTED'];
    if (error instanceof LeadglassError && promised.includes(error.code)) return { refused: error.code };
    throw error;
  }
}

/** What a message that was taken holds, found in another way: by splitting the whole text at its boundary lines. */
function bodiesBySplitting(bytes: Uint8Array): readonly string[] {
  const text = `\r\n${Buffer.from(bytes).toString('latin1')}`;
  const upToClosing = text.slice(0, text.indexOf(`\r\n--${boundary}--`));
  const pieces = upToClosing.split(new RegExp(`\\r\\n--${boundary}[ \\t]*(?=\\r\\n)`)).slice(1);
  return pieces.map((piece) => {
    // The line end behind the boundary and the empty line: "\r\n\r\n" is the first place where headers can end.
    const headersEnd = piece.indexOf('\r\n\r\n');
    return headersEnd < 0 ? '' : piece.slice(headersEnd + 4);
  });
}

async function checkRewritten(parts: readonly Part[], random: Random): Promise<void> {
  const fresh = newBoundary(Uint8Array.from({ length: 16 }, () => random(256)));
  const outgoing = parts.map(({ contentType, body }) => ({ headers: [['Content-Type', contentType]] as const, body }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeMultipart(outgoing, fresh)) chunks.push(chunk);
  assert.deepEqual(
    read([Buffer.concat(chunks)], fresh),
    { parts },
    'parts change when they are written and read again',
  );
}

async function check(bytes: Uint8Array, random: Random): Promise<boolean> {
  const outcome = read([bytes], boundary);
  const inPieces = read(cut(bytes, random), boundary);
  // Which of several mistakes is named may depend on the cut, whether the message is refused may not.
  if ('refused' in outcome) {
    assert.ok('refused' in inPieces, 'refused whole, taken in pieces');
    return false;
  }
  assert.deepEqual(inPieces, outcome, 'the cut changes the result');
  const bodies = outcome.parts.map(({ body }) => Buffer.from(body).toString('latin1'));
  assert.deepEqual(bodies, bodiesBySplitting(bytes), 'two implementations disagree');
  await checkRewritten(outcome.parts, random);
  return true;
}

/** Runs for so long. @throws the finding, after its input was written to standard error */
export async function fuzzMultipart({ seconds, seed }: { readonly seconds: number; readonly seed: number }): Promise<{
  readonly inputs: number;
  readonly taken: number;
}> {
  const random = seededRandom(seed);
  const until = performance.now() + seconds * 1000;
  let inputs = 0;
  let taken = 0;
  while (performance.now() < until) {
    const bytes = input(random);
    const before = process.cpuUsage();
    try {
      if (await check(bytes, random)) taken += 1;
      // Processor time: on a busy machine a run may wait for longer than that.
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < inputMsMax * 1000, 'one input took too long');
    } catch (error) {
      process.stderr.write(`finding with seed ${seed}, input ${inputs}: ${Buffer.from(bytes).toString('hex')}\n`);
      throw error;
    }
    inputs += 1;
  }
  return { inputs, taken };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
  });
  const { inputs, taken } = await fuzzMultipart({ seconds: Number(values.seconds), seed: Number(values.seed) });
  process.stdout.write(`${inputs} messages, ${taken} of them taken, no finding\n`);
}
