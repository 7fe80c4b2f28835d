/**
 * Real and hostile files of other hands, where they are beside the project: what is valid is scanned, read and transcoded
 * without change; what must be refused for its structure is; everything else ends in an answer or a LeadglassError.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusFolder, needsCorpus } from '../../test/support/peers.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { elementOf } from './tag.ts';
import { nativeSyntaxes, plain, type Plain, streamOf } from './data-set.test-support.ts';
import { readDataSet } from './data-set-codec.ts';
import { DataSetScanner } from './data-set-scanner.ts';
import { type Part10Head, readPart10Head } from './part10.ts';
import { canTranscode, transcode } from './transcode.ts';
import type { DataSet } from './data-set.ts';
import { parseUid } from './uid.ts';

interface CorpusFile {
  readonly path: string;
  readonly expect: 'valid' | 'readable with warning' | 'must be refused';
  readonly special: string;
}

function manifest(folder: string): readonly CorpusFile[] {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

const files = corpusFolder === undefined ? [] : manifest(corpusFolder);

/** Refused by what they say and not by their structure; other parts have tests for them. */
const notByStructure: ReadonlySet<string> = new Set(['odd/x_dicomdir_traversal']);

/** Called valid by other toolkits, and refused here with a reason. */
const refusedValid: ReadonlyMap<string, RegExp> = new Map([
  // Its SOP Instance UID has 67 characters; PS3.5 9.1 allows 64, and no DIMSE peer would have to take it.
  ['real/weasis-dicom-tools__jpeg2000-multiframe-multifragments.dcm', /not a UID/],
]);

const scanLimits = { ...limits.dataSet, ...limits.dataSetKept };

/** As a store does it: the head, then a scan in chunks. */
async function take(
  bytes: Uint8Array,
  chunkBytes: number,
): Promise<{ readonly head: Part10Head; readonly kept: DataSet }> {
  const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
  assert.ok(head.state === 'whole');
  const scanner = new DataSetScanner({
    transferSyntaxUid: head.transferSyntaxUid,
    limits: scanLimits,
    want: (tag) => tag >>> 16 === 0x0008 || tag >>> 16 === 0x0010 || tag === 0x0020000d,
  });
  try {
    for (let at = head.headLength; at < bytes.length; at += chunkBytes)
      await scanner.push(bytes.subarray(at, at + chunkBytes));
    await scanner.end();
  } finally {
    scanner.close();
  }
  return { head, kept: scanner.dataSet };
}

/** Without group lengths, which no encoding but their own has. */
function content(dataSet: DataSet, vr: boolean): readonly Plain[] {
  for (const { tag } of [...dataSet]) if (elementOf(tag) === 0) dataSet.delete(tag);
  return plain(dataSet, { vr });
}

test('the corpus is there', needsCorpus(), () => assert.ok(files.length >= 100));

for (const { path, expect, special } of files) {
  const bytes = (): Uint8Array => readFileSync(join(corpusFolder ?? '', path));
  const name = `${path} (${special})`;

  const reason = refusedValid.get(path);
  if (reason !== undefined) {
    test(`${name} is refused for a UID that is none`, async () => {
      await assert.rejects(take(bytes(), 16_384), reason);
    });
  } else if (expect === 'valid') {
    test(`${name} is scanned the same in chunks of any length`, async () => {
      const { kept } = await take(bytes(), 16_384);
      assert.deepEqual(plain((await take(bytes(), bytes().length > 100_000 ? 997 : 7)).kept), plain(kept));
    });

    test(`${name} is the same data in each transfer syntax it can be led to`, async () => {
      const head = readPart10Head(bytes(), { limits: limits.part10 });
      assert.ok(head.state === 'whole');
      const from = head.transferSyntaxUid;
      const dataSet = bytes().subarray(head.headLength);
      const read = (part: Uint8Array, uid: string): DataSet =>
        readDataSet(part, { transferSyntaxUid: uid, limits: limits.dataSet });
      // Through implicit VR, the VRs of private elements and of those with a choice are the dictionary's.
      const original = { full: content(read(dataSet, from), true), bare: content(read(dataSet, from), false) };
      for (const to of nativeSyntaxes.filter((uid) => uid !== from && canTranscode(from, uid))) {
        const parts: Uint8Array[] = [];
        const chunks = [dataSet.subarray(0, 1001), dataSet.subarray(1001)];
        for await (const part of transcode(streamOf(chunks), { from, to, limits: limits.dataSet })) parts.push(part);
        const got = read(Buffer.concat(parts), to);
        if (from === nativeSyntaxes[0] || to === nativeSyntaxes[0])
          assert.deepEqual(content(got, false), original.bare, to);
        else assert.deepEqual(content(got, true), original.full, to);
      }
    });
  } else if (expect === 'must be refused' && !notByStructure.has(path)) {
    test(`${name} is refused`, async () => {
      const store = async (): Promise<void> => {
        const { kept } = await take(bytes(), 16_384);
        parseUid(kept.text(0x00080018) ?? '', 'SOP Instance UID');
      };
      await assert.rejects(store, (error) => error instanceof LeadglassError && error.code !== 'INTERNAL');
    });
  } else {
    test(`${name} ends in an answer or a refusal`, async () => {
      await take(bytes(), 1000).catch((error: unknown) => assert.ok(error instanceof LeadglassError, String(error)));
    });
  }
}
