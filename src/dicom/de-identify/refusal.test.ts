import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../data-set.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { NotCleanError } from './de-identify.ts';
import { after, ctDataSet, factsWith } from './de-identify.test-support.ts';
import { parseDeIdentifyOptions } from './options.ts';
import { whyNotClean } from './refusal.ts';

const root = '1.2.840.10008.5.1.4.1.1.';
const of = (sopClass: string, modality = 'CT'): DataSet =>
  ctDataSet().setText(Tags.SOPClassUID, 'UI', sopClass).setText(Tags.Modality, 'CS', modality);
const lax = (head: DataSet): string | undefined => whyNotClean(head, { strict: false });
const strict = (head: DataSet): string | undefined => whyNotClean(head, { strict: true });

test('images of machines that write nothing into the picture are taken', () => {
  for (const [last, modality] of [
    ['2', 'CT'],
    ['2.1', 'CT'],
    ['4', 'MR'],
    ['128', 'PT'],
    ['20', 'NM'],
    ['1.2', 'MG'],
  ] as const) {
    assert.equal(strict(of(root + last, modality)), undefined, last);
    assert.equal(lax(of(root + last, modality)), undefined, last);
  }
});

test('what says that text is burned in, or that a face shows, is refused', async () => {
  assert.match(lax(ctDataSet().setText(Tags.BurnedInAnnotation, 'CS', 'YES')) ?? '', /burned into its pixels/);
  assert.match(lax(ctDataSet().setText(Tags.RecognizableVisualFeatures, 'CS', 'YES')) ?? '', /a face/);
  await assert.rejects(after(ctDataSet().setText(Tags.BurnedInAnnotation, 'CS', 'YES')), NotCleanError);
});

test('ultrasound, secondary captures and photographs are taken only when they say that nothing is burned in, and never by themselves', () => {
  for (const [last, modality] of [
    ['6.1', 'US'],
    ['7', 'OT'],
    ['77.1.4', 'XC'],
  ] as const) {
    const silent = of(root + last, modality);
    assert.ok(lax(silent) !== undefined, last);
    const declared = of(root + last, modality).setText(Tags.BurnedInAnnotation, 'CS', 'NO');
    assert.equal(lax(declared), undefined, last);
    assert.ok(strict(declared) !== undefined, last);
  }
});

test('documents, directories, copies of screens and overlays within pixels are refused', () => {
  assert.match(lax(of(`${root}104.1`, 'DOC')) ?? '', /document/);
  assert.match(lax(of('1.2.840.10008.1.3.10')) ?? '', /no standard storage/);
  assert.match(lax(of('1.2.3.4.5')) ?? '', /no standard storage/);
  const screen = ctDataSet().setText(Tags.ImageType, 'CS', ['DERIVED', 'SECONDARY', 'SCREEN SAVE']);
  assert.match(lax(screen) ?? '', /copy of a screen/);
  assert.match(strict(ctDataSet().setText(Tags.ConversionType, 'CS', 'WSD')) ?? '', /copy of a screen/);
  assert.match(lax(ctDataSet().setNumber(0x60020102, 'US', 12)) ?? '', /unused bits/);
  assert.equal(strict(ctDataSet().setNumber(0x60000102, 'US', 0).setNumber(0x60000100, 'US', 1)), undefined);
});

test('a modality that is usually burned in is refused by itself, also under a class that is not', () => {
  assert.ok(strict(of(`${root}2`, 'US')) !== undefined);
  assert.ok(strict(of(`${root}2`, '')) !== undefined);
});

test('options that cannot be kept are not claimed', () => {
  assert.throws(() => parseDeIdentifyOptions(['clean-pixel-data']), /pixels are not changed here/);
  assert.throws(() => parseDeIdentifyOptions(['nonsense']), /There is no option nonsense/);
  assert.throws(() => parseDeIdentifyOptions(['retain-full-dates', 'retain-modified-dates']), /either kept/);
  assert.equal(factsWith('retain-uids').options.size, 1);
});
