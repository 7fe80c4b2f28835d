import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from '../data-set.ts';
import { LeadglassError } from '../../error.ts';
import { readDataSet, writeDataSet } from '../data-set-codec.ts';
import { attributeLines } from '../dictionary/attributes.generated.js';
import { Tags } from '../dictionary/dictionary.ts';
import type { Tag } from '../tag.ts';
import { TransferSyntaxes as T } from '../transfer-syntax.ts';
import { isVr, type Vr } from '../vr.ts';
import { after, bytesAfter, ctDataSet, factsWith, limits } from './de-identify.test-support.ts';
import { deIdentifyOptions } from './options.ts';
import { classUids, safeTexts } from './safe-texts.ts';

interface Row {
  readonly tag: Tag;
  readonly vr: Vr;
}

/** Every attribute of the dictionary that a data set may hold. */
const rows: readonly Row[] = attributeLines
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split('\t'))
  .map(([tag = '', , , choice = '']) => ({
    tag: Number.parseInt(tag.replaceAll('x', '2'), 16),
    vr: choice.split('/')[0],
  }))
  .filter(
    (row): row is Row =>
      row.vr !== undefined && isVr(row.vr) && row.tag >>> 16 > 7 && row.tag !== Tags.SpecificCharacterSet,
  );
const texts = rows.filter(
  ({ tag, vr }) => ['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT', 'AE'].includes(vr) && !safeTexts.has(tag),
);
const uids = rows.filter(({ tag, vr }) => vr === 'UI' && !classUids.has(tag));
const sequences = rows.filter(({ vr }) => vr === 'SQ');

/** No word of it is a safe one, and it fits the shortest VR. */
const token = fc.stringMatching(/^Qz[0-9a-f]{12}$/);
const uid = fc.stringMatching(/^1\.3\.6\.1\.4\.1\.[1-9]\d{11}$/);

const retainNoText: ReadonlySet<string> = new Set(['retain-safe-private', 'retain-modified-dates']);

interface Secret {
  readonly row: Row;
  readonly value: string;
}
const secret: fc.Arbitrary<Secret> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ row: fc.constantFrom(...texts), value: token }) },
  { weight: 1, arbitrary: fc.record({ row: fc.constantFrom(...uids), value: uid }) },
  { weight: 1, arbitrary: fc.record({ row: fc.constantFrom({ tag: 0x00291001, vr: 'LO' as const }), value: token }) },
);
const level = fc.array(secret, { maxLength: 12 });
const tree = fc.record({
  own: level,
  nested: fc.array(fc.record({ tag: fc.constantFrom(...sequences), items: level }), { maxLength: 5 }),
});

function filled(dataSet: DataSet, secrets: readonly Secret[]): DataSet {
  for (const { row, value } of secrets) dataSet.setText(row.tag, row.vr, value);
  return dataSet;
}

/** Options that retain something retain it, whatever stands in it; these must let nothing through. */
const options = fc.subarray(
  deIdentifyOptions.filter((option) => !option.startsWith('retain-') || retainNoText.has(option)),
);

test('no text, name or UID of the original stands anywhere in the bytes, wherever in the data set it stood', async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      options,
      fc.constantFrom(T.ExplicitVrLittleEndian, T.ImplicitVrLittleEndian, T.ExplicitVrBigEndian),
      async ({ own, nested }, names, syntax) => {
        const source = filled(ctDataSet(), own);
        for (const { tag, items } of nested) source.setItems(tag.tag, [filled(new DataSet(), items)]);
        // The image must stay one that is taken.
        source
          .setText(Tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2')
          .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.4.99');
        source.setText(Tags.StudyInstanceUID, 'UI', '1.2.3.98').setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.97');
        const { bytes } = await bytesAfter(writeDataSet(source, syntax), syntax, factsWith(...names));
        const text = Buffer.from(bytes).toString('latin1');
        for (const { value } of [...own, ...nested.flatMap(({ items }) => items)]) {
          assert.equal(text.includes(value), false, value);
        }
        for (const value of ['1.2.3.4.99', '1.2.3.98', '1.2.3.97']) assert.equal(text.includes(value), false, value);
      },
    ),
    { numRuns: 300 },
  );
});

test('what was de-identified and is de-identified again has the same attributes', async () => {
  await fc.assert(
    fc.asyncProperty(level, async (own) => {
      const source = filled(ctDataSet(), own).setText(Tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2');
      source.setText(Tags.StudyInstanceUID, 'UI', '1.2.3').setText(Tags.SeriesInstanceUID, 'UI', '1.2.4');
      source.setText(Tags.SOPInstanceUID, 'UI', '1.2.5');
      const once = await after(source);
      const twice = await after(once);
      assert.deepEqual(
        [...twice].map(({ tag, vr }) => [tag, vr]),
        [...once].map(({ tag, vr }) => [tag, vr]),
      );
    }),
    { numRuns: 100 },
  );
});

test('damaged data sets are refused with an error of ours, or come out whole', async () => {
  const syntax = T.ExplicitVrLittleEndian;
  const good = writeDataSet(
    ctDataSet()
      .setText(Tags.SeriesDescription, 'LO', 'CT')
      .setItems(Tags.ReferencedImageSequence, [new DataSet().setText(Tags.ReferencedSOPInstanceUID, 'UI', '1.2.3.4.5')])
      .setBytes(Tags.PixelData, 'OW', new Uint8Array(6000)),
    syntax,
  );
  const edit = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(good.length), async (edits, cut) => {
      const bytes = Uint8Array.from(good);
      for (const { at, to } of edits) bytes[at] = to;
      for (const whole of [bytes, bytes.subarray(0, cut)]) {
        try {
          const made = await bytesAfter(whole, syntax, factsWith('clean-descriptors', 'retain-modified-dates'));
          readDataSet(made.bytes, { transferSyntaxUid: made.transferSyntaxUid, limits });
        } catch (error) {
          assert.ok(error instanceof LeadglassError, String(error));
        }
      }
    }),
    { numRuns: 400 },
  );
});
