/** Real reports, documents, waveforms and videos through the handlers: the forms that they must have. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { instanceOf } from '../../../backends/backend.test-support.ts';
import { readDataSet } from '../../../dicom/data-set-codec.ts';
import { knownUid } from '../../../dicom/uid.ts';
import { limits } from '../../../limits.ts';
import { cutFile } from '../../../../test/support/dicom-files.ts';
import { corpusFolder, needsCorpus } from '../../../../test/support/peers.ts';
import { webHouse } from './handlers.test-support.ts';

const expected = [
  ['real/pydicom__test-SR.dcm', 'text/html; charset=utf-8', 'Inferred Sample Text'],
  ['real/highdicom__sr_document.dcm', 'text/html; charset=utf-8', 'Area of defined region'],
  ['odd/v_kos.dcm', 'text/html; charset=utf-8', '<h1'],
  ['real/dcmjs-dimse__pdf.dcm', 'application/pdf', '%PDF-'],
  ['odd/w_pdf_javascript.dcm', 'application/pdf', '%PDF-'],
  ['real/pydicom__waveform_ecg.dcm', 'image/svg+xml', 'MEDIAN BEAT'],
  ['odd/v_mpeg2.dcm', 'video/mpeg', '\0\0\u0001\u00ba'],
] as const;

for (const [name, type, content] of expected) {
  test(`${name} is rendered as ${type}, sandboxed`, needsCorpus(), async () => {
    await using web = await webHouse();
    const { transferSyntaxUid, dataSet } = cutFile(join(corpusFolder ?? '', name));
    const syntax = knownUid(transferSyntaxUid);
    const instance = instanceOf(readDataSet(dataSet, { transferSyntaxUid, limits: limits.dataSet }), syntax);
    await web.keep(instance);
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance;
    const url = `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}/rendered`;
    const { status, headers, body } = await web.ask(url);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), type);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*; sandbox/);
    assert.ok(body.toString('latin1').includes(content));
  });
}
