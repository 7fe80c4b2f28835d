/**
 * Stores that are cut off at each of their bytes, and that come byte by byte: what is kept is whole and is what was said to be kept,
 * and how the bytes are cut changes nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeInstance,
  readInstance,
  retrieveStudy,
  type TestInstance,
} from '../../../backends/backend.test-support.ts';
import { writeModel } from '../../../dicom/models/write-model.ts';
import { writePart10Head } from '../../../dicom/part10.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { type Answered, pieces, uid, webHouse, type WebHouse } from './handlers.test-support.ts';

const instances = [1, 2].map((instance) => makeInstance({ instance, pixels: 40 }));
const boundary = 'edge';

interface Message {
  readonly type: string;
  readonly bytes: Buffer;
  /** How many instances may be kept when the message is cut off behind so many bytes. */
  wholeAt(lengthBytes: number): number;
}

function messageOf(parts: readonly { readonly head: string; readonly bytes: Uint8Array }[]): Buffer {
  const written = parts.flatMap(({ head, bytes }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...written, Buffer.from(`--${boundary}--\r\n`)]);
}

/** Ends of the delimiters behind each part. */
function partEnds(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  const delimiter = `\r\n--${boundary}`;
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + 1))
    ends.push(at + delimiter.length);
  return ends;
}

const files = (): Message => {
  const parts = instances.map(({ operation, bytes }) => ({
    head: 'Content-Type: application/dicom',
    bytes: Buffer.concat([writePart10Head(operation), bytes]),
  }));
  const bytes = messageOf(parts);
  const ends = partEnds(bytes);
  return {
    type: 'application/dicom',
    bytes,
    wholeAt: (length) => ends.filter((end) => end <= length).length,
  };
};

const models = (format: 'json' | 'xml', saysLength: boolean): Message => {
  const type = `application/dicom+${format}`;
  const uriOf = ({ sopInstanceUid }: TestInstance) => `https://viewer.example/bulk/${sopInstanceUid}`;
  const documents = instances.map((instance) =>
    writeModel(format, readInstance(instance.bytes), {
      limits: limits.model,
      bulkData: { inlineBulkBytesMax: 4, uriOf: () => uriOf(instance) },
    }),
  );
  const array = Buffer.from(`[${documents.map((document) => Buffer.from(document).toString()).join(',')}]`);
  const metadata = format === 'json' ? [array] : documents;
  const bulk = instances.map((instance) => {
    const pixels = instance.bytes.subarray(-40);
    const length = saysLength ? `\r\nContent-Length: ${pixels.length}` : '';
    const head = `Content-Type: application/octet-stream\r\nContent-Location: ${uriOf(instance)}${length}`;
    return { head, bytes: pixels };
  });
  const bytes = messageOf([
    ...metadata.map((document) => ({ head: `Content-Type: ${type}`, bytes: document })),
    ...bulk,
  ]);
  const ends = partEnds(bytes);
  return {
    type,
    bytes,
    wholeAt: (length) => Math.max(0, ends.filter((end) => end <= length).length - metadata.length),
  };
};

/** The message, and then the end of the connection unless it is whole. */
async function* cut({ bytes }: Message, lengthBytes: number, pieceBytes: number): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes.subarray(0, lengthBytes), pieceBytes);
  if (lengthBytes < bytes.length) throw new LeadglassError('PEER_FAILED', 'The body ended before it was whole');
}

function post(web: WebHouse, message: Message, facts: { lengthBytes: number; pieceBytes: number }): Promise<Answered> {
  return web.ask('/studies', {
    method: 'POST',
    headers: {
      accept: 'application/dicom+json',
      'content-type': `multipart/related; type="${message.type}"; boundary=${boundary}`,
    },
    body: cut(message, facts.lengthBytes, facts.pieceBytes),
  });
}

const storedIn = ({ body }: Answered): number => JSON.parse(body.toString())['00081199']?.Value.length ?? 0;

for (const [what, make] of [
  ['files', files],
  ['JSON and bulk data', () => models('json', true)],
  ['JSON and bulk data without lengths', () => models('json', false)],
  ['XML and bulk data', () => models('xml', true)],
] as const) {
  test(`attack: a store of ${what} that is cut off anywhere keeps whole instances only, and says which`, async () => {
    await using web = await webHouse();
    const message = make();
    for (let lengthBytes = 0; lengthBytes < message.bytes.length; lengthBytes += 1) {
      const answer = await post(web, message, { lengthBytes, pieceBytes: 97 }).catch((error: unknown) => {
        assert.ok(error instanceof LeadglassError, String(error));
      });
      const kept = await retrieveStudy(web.backend, uid('1.2.3.1'));
      const whole = message.wholeAt(lengthBytes);
      assert.equal(kept.length, whole, `after ${lengthBytes} of ${message.bytes.length} bytes`);
      assert.equal(answer === undefined ? 0 : storedIn(answer), whole);
      // The closing line may miss its end; without its second hyphen the message is not over.
      const isOver = message.bytes.subarray(0, lengthBytes).includes(`\r\n--${boundary}--`);
      if (answer !== undefined && !isOver) assert.equal(answer.status, 202);
    }
    for (const { sopInstanceUid, bytes } of await retrieveStudy(web.backend, uid('1.2.3.1'))) {
      const sent = instances.find((instance) => instance.sopInstanceUid === sopInstanceUid);
      assert.ok(sent !== undefined && bytes.equals(sent.bytes));
    }
    assert.equal(web.held.count, 0);
  });

  test(`a store of ${what} that comes in pieces of any length is the same store`, async () => {
    const message = make();
    const answers: string[] = [];
    for (const pieceBytes of [message.bytes.length, 1, 2, 3, 7, 64]) {
      await using web = await webHouse();
      const answer = await post(web, message, { lengthBytes: message.bytes.length, pieceBytes });
      assert.equal(answer.status, 200, answer.body.toString());
      answers.push(answer.body.toString());
      const kept = await retrieveStudy(web.backend, uid('1.2.3.1'));
      assert.deepEqual(
        kept.map(({ bytes }) => bytes),
        instances.map(({ bytes }) => Buffer.from(bytes)),
      );
    }
    assert.equal(new Set(answers).size, 1);
  });
}
