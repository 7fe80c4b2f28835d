import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { LeadglassError } from '../../error.ts';
import { makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { testArchive } from './archive.test-support.ts';

const withLongHead = (characters: number) =>
  makeInstance({ texts: [[Tags.AdditionalPatientHistory, 'x'.repeat(characters)]] });

test('attack: a head cut into single bytes, never ended, takes no more memory than its bytes', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  const { operation, bytes } = makeInstance();
  const seriesAt = Buffer.from(bytes).indexOf(Buffer.from([0x20, 0x00, 0x0d, 0x00]));
  const head = bytes.subarray(0, seriesAt);
  // A private element before the Series Instance UID, longer than what comes of it.
  const element = Buffer.from([0x19, 0x00, 0x01, 0x10, 0x4f, 0x42, 0, 0, 0, 0, 0, 1]);
  const writer = archive.store(passFor(operation), {});
  const before = process.memoryUsage();
  await writer.write(head);
  await writer.write(element);
  const bytesMax = 2_000_000;
  for (let sent = 0; sent < bytesMax; sent += 1) {
    const waiting = writer.write(new Uint8Array(1));
    if (waiting !== undefined) await waiting;
  }
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  writer.abort(new LeadglassError('CANCELLED', 'The test is over'));
  assert.ok(grown < 30 * bytesMax, `${bytesMax} bytes took ${grown}`);
});

test('an instance is stored the same, whatever the pieces of its head', async () => {
  for (const pieceBytes of [1, 7, 1000, 100_000]) {
    await using place = await testArchive();
    await using archive = await place.open();
    const instance = withLongHead(5000);
    assert.equal((await storeInstance(archive, instance, { pieceBytes })).result, 'stored');
    const [stored] = await retrieveStudy(archive, instance.studyInstanceUid);
    assert.deepEqual(stored?.bytes, Buffer.from(instance.bytes), `${pieceBytes}`);
  }
});

test('a head within the limit is taken, a longer one is not, however it is cut', async () => {
  const instance = withLongHead(5000);
  const seriesAt = Buffer.from(instance.bytes).indexOf(Buffer.from([0x20, 0x00, 0x0e, 0x00]));
  for (const pieceBytes of [1, 100]) {
    for (const [headBytesMax, code] of [
      [seriesAt + 200, undefined],
      [seriesAt - 101, 'LIMIT_EXCEEDED'],
    ] as const) {
      await using place = await testArchive();
      await using archive = await place.open({ limits: { headBytesMax } });
      const stored = storeInstance(archive, instance, { pieceBytes });
      if (code === undefined) assert.equal((await stored).result, 'stored');
      else await assert.rejects(stored, { code });
    }
  }
});
