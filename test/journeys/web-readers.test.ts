/** A ward that opens one study at the same moment: two hundred readers, each on connections of its own, and no request fails. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { memoryOf } from '../../bench/support/large-study.ts';
import { writeSeries } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { anyDicom, anyOctets, dicomJson, pathOf, WebClient } from '../support/web-client.ts';

const readersMax = 200;
const slices = 20;

test('200 readers of one study at once get all of it, in every form, and the server stays small', async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('WARD', 'archive', '--door', 'web');
  const connect = (): WebClient => new WebClient(leadglass.consolePort, device.folder);
  const sender = connect();
  const images = writeSeries(leadglass.path('images'), { study: 'readers', pixelBytes: 2 * 128 * 128 }, slices);
  const stored = await sender.store(images.map(({ path }) => readFileSync(path)));
  assert.equal(stored.status, 200, stored.text);
  const [first] = images;
  assert.ok(first !== undefined);
  const study = pathOf(first.studyInstanceUid);
  const one = pathOf(first.studyInstanceUid, first.seriesInstanceUid, first.sopInstanceUid);
  const questions = [
    ['/studies', dicomJson],
    [`${study}/metadata`, dicomJson],
    [study, anyDicom],
    [`${one}/frames/1`, anyOctets],
    [one, 'application/dicom'],
    [`${one}/rendered?viewport=64,64`, 'image/jpeg'],
  ] as const;
  // What one reader gets by itself; boundaries are new each time, their length is not.
  const expected = await Promise.all(
    questions.map(async ([path, accept]) => (await sender.ask(path, { accept })).body),
  );
  const before = memoryOf(leadglass.pid).anonymousMb;
  const readers = Array.from({ length: readersMax }, connect);
  await Promise.all(
    readers.map(async (reader, number) => {
      // Each begins with another question, so that all kinds run beside each other.
      for (let turn = 0; turn < questions.length; turn += 1) {
        const index = (turn + number) % questions.length;
        const [path, accept] = questions[index] ?? ['', ''];
        const { status, body, text } = await reader.ask(path, { accept });
        assert.equal(status, 200, `reader ${number}, ${path}: ${text.slice(0, 300)}`);
        assert.equal(body.length, expected[index]?.length);
        if (accept === 'application/dicom') assert.ok(body.equals(expected[index] ?? Buffer.alloc(0)));
      }
    }),
  );
  for (const reader of [...readers, sender]) reader.close();
  // A TLS connection has some 100 KB, an answer of 0.7 MB on its way some more.
  const after = memoryOf(leadglass.pid);
  assert.ok(after.peakMb < before + 400, `from ${before.toFixed(0)} to ${after.peakMb.toFixed(0)} MB`);
  assert.doesNotMatch(leadglass.log, /"level":"error"/);
});
