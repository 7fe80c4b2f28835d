import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredInstance } from '../../backends/backend.ts';
import { TransferSyntaxes as T } from '../../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../../dicom/uid.ts';
import { servicesInThread } from '../../transcoding/transcoding.test-support.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';
import { offeredTransferSyntaxes, planLeaving } from './retrieve-plan.ts';

const ct = knownUid('1.2.840.10008.5.1.4.1.1.2');

function instanceIn(transferSyntaxUid: Uid): StoredInstance {
  const head = {
    sopClassUid: ct,
    sopInstanceUid: knownUid('2.25.1'),
    studyInstanceUid: knownUid('2.25.2'),
    seriesInstanceUid: knownUid('2.25.3'),
    patientId: '',
    patientName: '',
    issuerOfPatientId: '',
    accessionNumber: '',
    modality: 'CT',
  };
  const read = (): AsyncIterable<Uint8Array> => {
    throw new Error('not read here');
  };
  return { head, transferSyntaxUid, lengthBytes: 0, sha256: new Uint8Array(32), read, readRange: read };
}

function chosen(stored: Uid, ...accepted: readonly Uid[]): Uid | 'sop-class' | 'transfer-syntax' {
  const contexts = accepted.map(
    (transferSyntax, nth): AcceptedContext => ({
      id: 2 * nth + 1,
      abstractSyntax: ct,
      transferSyntax,
      requestorScu: false,
      requestorScp: true,
    }),
  );
  const plan = planLeaving(instanceIn(stored), contexts, { transcoding: servicesInThread(), owner: 'a' });
  if (typeof plan === 'string') return plan;
  assert.equal(plan.isConverted, plan.context.transferSyntax !== stored);
  return plan.context.transferSyntax;
}

test('an instance leaves as it is stored where that was accepted, whatever else was', () => {
  assert.equal(chosen(T.JPEGLossless, T.ExplicitVrLittleEndian, T.JPEGLSLossless, T.JPEGLossless), T.JPEGLossless);
  assert.equal(chosen(T.MPEG4HP41, T.ExplicitVrLittleEndian, T.MPEG4HP41), T.MPEG4HP41);
});

test('else without a codec before by decoding, and by decoding before by encoding', () => {
  assert.equal(chosen(T.ExplicitVrLittleEndian, T.JPEGLSLossless, T.ImplicitVrLittleEndian), T.ImplicitVrLittleEndian);
  assert.equal(chosen(T.JPEGLossless, T.JPEGLSLossless, T.ImplicitVrLittleEndian), T.ImplicitVrLittleEndian);
  assert.equal(chosen(T.JPEG2000, T.ImplicitVrLittleEndian, T.ExplicitVrLittleEndian), T.ExplicitVrLittleEndian);
  assert.equal(chosen(T.ExplicitVrLittleEndian, T.JPEGBaseline8Bit, T.RLELossless), T.RLELossless);
});

test('to a lossy syntax, and from what has no decoder, nothing leads', () => {
  assert.equal(chosen(T.ExplicitVrLittleEndian, T.JPEGBaseline8Bit, T.JPEG2000), 'transfer-syntax');
  assert.equal(chosen(T.MPEG4HP41, T.ExplicitVrLittleEndian), 'transfer-syntax');
  assert.equal(chosen(T.ExplicitVrLittleEndian), 'sop-class');
});

test('a move destination is offered what the instance is stored in, and native syntaxes where there is a decoder', () => {
  const native = [T.ExplicitVrLittleEndian, T.ImplicitVrLittleEndian];
  assert.deepEqual(offeredTransferSyntaxes(T.JPEG2000, native), [T.JPEG2000, ...native]);
  assert.deepEqual(offeredTransferSyntaxes(T.MPEG4HP41, native), [T.MPEG4HP41]);
  assert.deepEqual(offeredTransferSyntaxes(T.ExplicitVrLittleEndian, native), native);
});
