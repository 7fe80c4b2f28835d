/** The URI service and the ZIP archive: files for those who know no WADO-RS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance } from '../../../backends/backend.test-support.ts';
import { TransferSyntaxes as T } from '../../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../../error.ts';
import { HttpError } from '../http/http-error.ts';
import { webHouse } from './handlers.test-support.ts';

const path = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1';
const wado = '/wado?requestType=WADO&studyUID=1.2.3.1&seriesUID=1.2.3.1.1&objectUID=1.2.3.1.1.1';
const status = (number: number) => (error: unknown) => error instanceof HttpError && error.status === number;

test('WADO-URI gives the same file as WADO-RS, also to who sends no Accept', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ pixels: 3000 }));
  const expected = await web.ask(path, { headers: { accept: 'application/dicom' } });
  const url = `${wado}&contentType=application%2Fdicom`;
  for (const accept of [undefined, '*/*', 'application/dicom']) {
    const answer = await web.ask(url, { headers: { accept } });
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(expected.body));
    assert.equal(answer.headers.get('etag'), expected.headers.get('etag'));
  }
  const syntax = T.DeflatedExplicitVrLittleEndian;
  const deflated = await web.ask(`${url}&transferSyntax=${syntax}`);
  assert.equal(deflated.headers.get('content-type'), `application/dicom; transfer-syntax=${syntax}`);
});

test('WADO-URI refuses what it cannot give, and does not tell what it may not', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  await assert.rejects(web.ask(wado), status(406));
  await assert.rejects(web.ask(`${wado}&contentType=image/jpeg`), status(406));
  await assert.rejects(web.ask(`${wado}&contentType=application/dicom&anonymize=yes`), status(501));
  const reader = await web.sessionOf({ name: 'MRONLY', purpose: 'reading', scope: { modalities: ['MR'] } });
  const url = `${wado}&contentType=application/dicom`;
  for (const asked of [web.ask(url, { session: reader }), web.ask(url.replace('1.2.3.1.1.1', '1.2.3.1.1.9'))]) {
    await assert.rejects(asked, (error) => error instanceof LeadglassError && error.code === 'NOT_FOUND');
  }
  for (const query of ['requestType=WADO', wado.slice(6).replace('WADO', 'WADA'), `${wado.slice(6)}&studyUID=1`]) {
    await assert.rejects(web.ask(`/wado?${query}`), (error) => error instanceof LeadglassError);
  }
});

test('a study comes as one ZIP archive to who asks for that', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ pixels: 100_000 }), makeInstance({ series: 2 }));
  const answer = await web.ask('/studies/1.2.3.1', { headers: { accept: 'application/zip' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/zip');
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="1.2.3.1.zip"');
  const directoryAt = answer.body.readUInt32LE(answer.body.length - 6);
  const names = answer.body.toString('latin1', directoryAt).match(/1\.2\.3[0-9./]*\.dcm/g);
  assert.deepEqual(names, ['1.2.3.1.1/1.2.3.1.1.1.dcm', '1.2.3.1.2/1.2.3.1.2.1.dcm']);
  await assert.rejects(
    web.ask('/studies/1.2.3.9', { headers: { accept: 'application/zip' } }),
    (error) => error instanceof LeadglassError && error.code === 'NOT_FOUND',
  );
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 0'));
});
