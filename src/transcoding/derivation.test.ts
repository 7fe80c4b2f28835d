import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecLimits, codecsHere, someFacts, somePixels } from '../codecs/codecs.test-support.ts';
import { decodeFrame } from '../codecs/decode-frame.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { isUid, knownUid } from '../dicom/uid.ts';
import { canDerive, derivedUid, lossySyntaxes } from './derivation.ts';
import { imageHeader, nativeInstance, read, type Stored, transcoded } from './transcoding.test-support.ts';

const derived = { sopInstanceUid: knownUid('2.25.99') };
const ctImage = knownUid('1.2.840.10008.5.1.4.1.1.2');
/** Smooth, as images are: noise has no lossy form that is small. */
const smooth = (facts: FrameFacts): Uint8Array => {
  const frame = somePixels(facts, 1);
  const most = facts.bitsAllocated === 8 ? 1 : 2;
  for (let at = 0; at < frame.length; at += most) frame[at] = Math.floor(at / most / facts.columns) & 0xff;
  if (most === 2) for (let at = 1; at < frame.length; at += 2) frame[at] = 0;
  return frame;
};
const bytes8 = someFacts({ rows: 64, columns: 64, bitsAllocated: 8, bitsStored: 8 });
const words = someFacts({ rows: 64, columns: 64, bitsAllocated: 16, bitsStored: 12 });

test('a lossy copy is another instance: derived, with its loss, its source and a UID of its own', async () => {
  const stored = nativeInstance(bytes8, [smooth(bytes8), smooth(bytes8)]);
  const methods = ['ISO_10918_1', 'ISO_14495_1', 'ISO_15444_1', 'ISO_15444_15'];
  assert.equal(lossySyntaxes.length, methods.length);
  for (const [index, to] of lossySyntaxes.entries()) {
    const copy = read({ transferSyntaxUid: to, bytes: await transcoded(stored, to, { derived }) });
    assert.equal(copy.text(Tags.SOPInstanceUID), '2.25.99');
    assert.deepEqual(copy.texts(Tags.ImageType), ['DERIVED', 'PRIMARY']);
    assert.equal(copy.text(Tags.LossyImageCompression), '01');
    assert.deepEqual(copy.texts(Tags.LossyImageCompressionMethod), [methods[index]]);
    assert.ok(Number(copy.text(Tags.LossyImageCompressionRatio)) > 1, to);
    const [source] = copy.items(Tags.SourceImageSequence);
    assert.equal(source?.text(Tags.ReferencedSOPInstanceUID), '2.25.1');
    const [purpose] = source?.items(Tags.PurposeOfReferenceCodeSequence) ?? [];
    assert.equal(purpose?.text(Tags.CodeValue), '121320');
    assert.equal(copy.items(Tags.DerivationCodeSequence)[0]?.text(Tags.CodeValue), '113040');
    assert.equal(copy.text(Tags.PatientName), 'Müller^Änne');
    assert.equal(copy.get(Tags.PixelData)?.fragments?.length, 3);
  }
});

test('sixteen bits go through JPEG-LS, JPEG 2000 and HTJ2K, near to what they were, and never through baseline', async () => {
  const frame = smooth(words);
  const stored = nativeInstance(words, [frame]);
  for (const to of [T.JPEGLSNearLossless, T.JPEG2000, T.HTJ2K]) {
    const copy = read({ transferSyntaxUid: to, bytes: await transcoded(stored, to, { derived }) });
    const codestream = copy.get(Tags.PixelData)?.fragments?.[1];
    assert.ok(codestream !== undefined && codestream.length < frame.length, to);
    const bytes = new Uint8Array(codestream);
    const { pixels } = await decodeFrame(codecsHere(), { transferSyntaxUid: to, bytes, facts: words }, codecLimits);
    const [was, is] = [frame, pixels].map((side) => new Uint16Array(side.slice().buffer));
    const off = Math.max(...(was ?? []).map((value, at) => Math.abs(value - (is?.[at] ?? 0))));
    assert.ok(off <= 16, `${to}: ${off}`);
  }
  await assert.rejects(transcoded(stored, T.JPEGBaseline8Bit, { derived }), { code: 'UNSUPPORTED' });
});

test('a second loss stands behind the first, and a signature does not go along', async () => {
  const header = imageHeader(bytes8, 1)
    .setText(Tags.LossyImageCompression, 'CS', '01')
    .setText(Tags.LossyImageCompressionRatio, 'DS', '7')
    .setText(Tags.LossyImageCompressionMethod, 'CS', 'ISO_10918_1')
    .setItems(Tags.MACParametersSequence, [new DataSet()])
    .setBytes(Tags.PixelData, 'OB', smooth(bytes8))
    .setItems(Tags.DigitalSignaturesSequence, [new DataSet()]);
  const stored = { transferSyntaxUid: T.ExplicitVrLittleEndian, bytes: writeDataSet(header, T.ExplicitVrLittleEndian) };
  const copy = read({ transferSyntaxUid: T.JPEG2000, bytes: await transcoded(stored, T.JPEG2000, { derived }) });
  assert.deepEqual(copy.texts(Tags.LossyImageCompressionMethod), ['ISO_10918_1', 'ISO_15444_1']);
  assert.equal(copy.texts(Tags.LossyImageCompressionRatio)[0], '7');
  assert.equal(copy.texts(Tags.LossyImageCompressionRatio).length, 2);
  assert.equal(copy.items(Tags.SourceImageSequence)[0]?.has(Tags.PurposeOfReferenceCodeSequence), false);
  assert.equal(copy.has(Tags.MACParametersSequence) || copy.has(Tags.DigitalSignaturesSequence), false);
});

test('nothing is lost where nobody asked for it, and what has names for samples never is', async () => {
  const stored = nativeInstance(bytes8, [smooth(bytes8)]);
  for (const to of lossySyntaxes) await assert.rejects(transcoded(stored, to), { code: 'UNSUPPORTED' });
  const palette: Stored = nativeInstance({ ...bytes8, photometricInterpretation: 'PALETTE COLOR' }, [smooth(bytes8)]);
  const bits = someFacts({ rows: 8, columns: 8, bitsAllocated: 1, bitsStored: 1 });
  for (const other of [palette, nativeInstance(bits, [new Uint8Array(8)])]) {
    await assert.rejects(transcoded(other, T.JPEG2000, { derived }), { code: 'UNSUPPORTED' });
  }
  const wide = somePixels({ ...words, bitsStored: 16 }, 3);
  await assert.rejects(transcoded(nativeInstance(words, [wide]), T.JPEG2000, { derived }), { code: 'UNSUPPORTED' });
});

test('segmentations, doses and maps have no lossy form', () => {
  assert.equal(canDerive(T.ExplicitVrLittleEndian, T.JPEG2000, ctImage), true);
  for (const sopClass of ['66.4', '66.7', '481.2', '30', '88.11'])
    assert.equal(
      canDerive(T.ExplicitVrLittleEndian, T.JPEG2000, knownUid(`1.2.840.10008.5.1.4.1.1.${sopClass}`)),
      false,
      sopClass,
    );
  assert.equal(canDerive(T.ExplicitVrLittleEndian, T.JPEG2000Lossless, ctImage), false);
  assert.equal(canDerive(T.JPEG2000, T.JPEG2000, ctImage), false);
});

test('the UID of a copy depends on what is stored and on the syntax, and on nothing else', () => {
  const uid = knownUid('1.2.3');
  const names = { patientId: '', patientName: '', issuerOfPatientId: '', accessionNumber: '', modality: '' };
  const uids = { sopClassUid: ctImage, sopInstanceUid: uid, studyInstanceUid: uid, seriesInstanceUid: uid };
  const head = { ...names, ...uids };
  const one = derivedUid({ head, sha256: new Uint8Array(32) }, T.JPEG2000);
  assert.ok(isUid(one) && one.startsWith('2.25.'));
  assert.equal(derivedUid({ head, sha256: new Uint8Array(32) }, T.JPEG2000), one);
  assert.notEqual(derivedUid({ head, sha256: new Uint8Array(32).fill(1) }, T.JPEG2000), one);
  assert.notEqual(derivedUid({ head, sha256: new Uint8Array(32) }, T.HTJ2K), one);
});
