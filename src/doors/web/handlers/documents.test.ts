/** Rendered resources that are no pictures, through the handlers: forms, policies, ranges, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { instanceOf, makeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { knownUid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { report, text } from '../../../rendering/report/report.test-support.ts';
import { channel, drawn, group, tracesOf, waveform } from '../../../rendering/waveform/waveform.test-support.ts';
import { baseUrl, partsOf, type WebHouse, webHouse } from './handlers.test-support.ts';

const study = '/studies/1.2.3.1';
const one = `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.1`;
const policyOf = (headers: ReadonlyMap<string, string>): string => headers.get('content-security-policy') ?? '';

const reportOf = (series: number): TestInstance =>
  instanceOf(
    report([text('Finding', 'Nothing unusual')])
      .setText(Tags.SeriesInstanceUID, 'UI', `1.2.3.1.${series}`)
      .setText(Tags.SOPInstanceUID, 'UI', `1.2.3.1.${series}.1`),
  );

function encapsulated(sopClass: number, bytes: Uint8Array, lengthBytes?: number): TestInstance {
  const dataSet = new DataSet()
    .setText(Tags.SOPClassUID, 'UI', `1.2.840.10008.5.1.4.1.1.104.${sopClass}`)
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.1.1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.1')
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.DocumentTitle, 'ST', '"><script>alert(1)</script>')
    .setBytes(Tags.EncapsulatedDocument, 'OB', bytes)
    // A hostile one says what it likes; the class decides.
    .setText(Tags.MIMETypeOfEncapsulatedDocument, 'LO', 'text/html');
  if (lengthBytes !== undefined) dataSet.setNumber(Tags.EncapsulatedDocumentLength, 'UL', lengthBytes);
  return instanceOf(dataSet);
}

/** Fragments as they are stored, of a video of many frames. */
function video(transferSyntaxUid: string, fragments: readonly Uint8Array[]): TestInstance {
  const dataSet = new DataSet()
    .setText(Tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.77.1.4.1')
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.1.1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.1')
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.NumberOfFrames, 'IS', '25')
    .setNumber(Tags.Rows, 'US', 240)
    .setNumber(Tags.Columns, 'US', 320)
    .set({
      tag: Tags.PixelData,
      vr: 'OB',
      value: new Uint8Array(0),
      fragments: [new Uint8Array(0), ...fragments],
    });
  return instanceOf(dataSet, knownUid(transferSyntaxUid));
}

async function refusal(web: WebHouse, url: string, headers: Record<string, string> = {}): Promise<unknown> {
  try {
    return (await web.ask(url, { headers })).status;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return 'status' in error ? error.status : error.code;
  }
}

test('a report is a page by default, and plain text or XML for who asks', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1));
  const page = await web.ask(`${one}/rendered`);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(page.headers.get('content-length'), String(page.body.length));
  assert.equal(page.headers.get('content-location'), `${baseUrl}${one}/rendered`);
  assert.match(page.body.toString(), /Nothing unusual/);
  for (const [accept, type] of [
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/xml', 'text/xml; charset=utf-8'],
    ['application/xml', 'text/xml; charset=utf-8'],
    ['text/*', 'text/html; charset=utf-8'],
    ['text/html;q=0.1, text/plain', 'text/plain; charset=utf-8'],
  ] as const) {
    const answer = await web.ask(`${one}/rendered`, { headers: { accept } });
    assert.equal(answer.headers.get('content-type'), type);
    assert.match(answer.body.toString(), /Nothing unusual/);
  }
  const byQuery = await web.ask(`${one}/rendered?accept=text/plain`, { headers: { accept: 'text/html' } });
  assert.equal(byQuery.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'image/jpeg' }), 406);
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'application/pdf' }), 406);
  assert.equal(await refusal(web, `${one}/frames/1/rendered`), 'NOT_FOUND');
});

test('the policy of a page allows its own style sheet and nothing else', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1));
  const { headers, body } = await web.ask(`${one}/rendered`);
  const style = /<style>([^<]*)<\/style>/.exec(body.toString())?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  assert.equal(
    policyOf(headers),
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
      `style-src 'sha256-${digest}'; sandbox allow-same-origin`,
  );
  const { headers: ofText } = await web.ask(`${one}/rendered`, { headers: { accept: 'text/plain' } });
  assert.match(policyOf(ofText), /default-src 'none'.*; sandbox$/);
});

test('a page has a tag of its own, and is not sent to who has it', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1));
  const tagOf = async (accept: string): Promise<string> =>
    (await web.ask(`${one}/rendered`, { method: 'HEAD', headers: { accept } })).headers.get('etag') ?? '';
  const tag = await tagOf('text/html');
  assert.notEqual(tag, await tagOf('text/plain'));
  const again = await web.ask(`${one}/rendered`, { headers: { 'if-none-match': tag } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

test('parameters of pictures mean nothing for a document, which is said', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1));
  const { status, warnings } = await web.ask(`${one}/rendered?viewport=100,100&annotation=patient`);
  assert.equal(status, 200);
  assert.match(warnings.join(''), /ignored: annotation, ?viewport/);
  assert.deepEqual((await web.ask(`${one}/rendered`)).warnings, []);
});

test('a series of reports is a message of pages; beside images a study is its pictures, unless text is asked for', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1), reportOf(2));
  const parts = await partsOf(await web.ask(`${study}/rendered`));
  assert.deepEqual(
    parts.map(({ type, location }) => [type, location]).toSorted((a, b) => String(a).localeCompare(String(b))),
    [
      ['text/html', `${baseUrl}${one}/rendered`],
      ['text/html', `${baseUrl}${study}/series/1.2.3.1.2/instances/1.2.3.1.2.1/rendered`],
    ],
  );
  await web.keep(makeInstance({ series: 3 }));
  const accept = 'multipart/related; type="text/plain"';
  assert.equal((await partsOf(await web.ask(`${study}/rendered`, { headers: { accept } }))).length, 2);
  assert.equal((await partsOf(await web.ask(`${study}/rendered`, { headers: { accept: 'text/xml' } }))).length, 2);
  // Without codecs there are no pictures.
  assert.equal(await refusal(web, `${study}/rendered`), 406);
  assert.equal(await refusal(web, `${study}/rendered`, { accept: 'application/pdf' }), 406);
});

test('a report that cannot be rendered costs a study none of the others', async () => {
  await using web = await webHouse({
    limits: { ...limits, report: { ...limits.report, attributesBytesMax: 2000, contentItemsMax: 3 } },
  });
  const long = report([text('Finding', 'x'.repeat(2000))]);
  await web.keep(reportOf(2), instanceOf(long));
  const parts = await partsOf(await web.ask(`${study}/rendered`));
  assert.deepEqual(
    parts.map(({ location }) => location),
    [`${baseUrl}${study}/series/1.2.3.1.2/instances/1.2.3.1.2.1/rendered`],
  );
  assert.equal(await refusal(web, `${study}/series/1.2.3.1.1/rendered`), 'LIMIT_EXCEEDED');
});

test('the ledger knows of a page, and a report that is too large is refused', async () => {
  await using web = await webHouse({
    limits: { ...limits, report: { ...limits.report, attributesBytesMax: 2000, contentItemsMax: 3 } },
  });
  await web.keep(reportOf(1));
  await web.ask(`${one}/rendered`);
  await web.session.end('test');
  assert.ok(web.house.ledger.codes.includes('110104 0'), String(web.house.ledger.codes));
  const long = report([text('Finding', 'x'.repeat(2000))]);
  await using other = await webHouse({
    limits: { ...limits, report: { ...limits.report, attributesBytesMax: 2000, contentItemsMax: 3 } },
  });
  await other.keep(instanceOf(long));
  assert.equal(await refusal(other, `${one}/rendered`), 'LIMIT_EXCEEDED');
});

const pdf = Buffer.from(`%PDF-1.7\n${'0123456789'.repeat(50)}\n%%EOF`);

test('a PDF leaves as it came, under the name of its UID, sandboxed, and by ranges', async () => {
  await using web = await webHouse();
  await web.keep(encapsulated(1, Buffer.concat([pdf, Buffer.alloc(pdf.length % 2)]), pdf.length));
  const whole = await web.ask(`${one}/rendered`);
  assert.equal(whole.headers.get('content-type'), 'application/pdf');
  assert.deepEqual(whole.body, pdf);
  assert.equal(whole.headers.get('content-length'), String(pdf.length));
  assert.equal(whole.headers.get('content-disposition'), 'attachment; filename="1.2.3.1.1.1.pdf"');
  assert.match(policyOf(whole.headers), /default-src 'none'.*; sandbox$/);
  assert.equal(whole.headers.get('accept-ranges'), 'bytes');
  const part = await web.ask(`${one}/rendered`, { headers: { range: 'bytes=9-18' } });
  assert.deepEqual([part.status, part.body.toString()], [206, '0123456789']);
  assert.equal(part.headers.get('content-range'), `bytes 9-18/${pdf.length}`);
  assert.equal(await refusal(web, `${one}/rendered`, { range: `bytes=${pdf.length}-` }), 416);
  const tag = whole.headers.get('etag') ?? '';
  assert.equal((await web.ask(`${one}/rendered`, { headers: { range: 'bytes=0-3', 'if-range': tag } })).status, 206);
  assert.equal((await web.ask(`${one}/rendered`, { headers: { range: 'bytes=0-3', 'if-range': '"x"' } })).status, 200);
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'text/html' }), 406);
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'image/jpeg' }), 406);
});

test('models are files to keep, with the type of their class', async () => {
  for (const [sopClass, type] of [
    [3, 'model/stl'],
    [4, 'model/obj'],
    [5, 'model/mtl'],
  ] as const) {
    await using web = await webHouse();
    await web.keep(encapsulated(sopClass, Buffer.from('solid x;')));
    const { headers, body } = await web.ask(`${one}/rendered`);
    assert.equal(headers.get('content-type'), type);
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="1\.2\.3\.1\.1\.1\./);
    assert.equal(body.toString(), 'solid x;');
    assert.equal((await web.ask(`${one}/rendered`, { headers: { accept: type } })).status, 200);
  }
});

test('without a document inside there is nothing to render', async () => {
  await using web = await webHouse();
  const empty = new DataSet()
    .setText(Tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.104.1')
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.1.1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.1')
    .setText(Tags.PatientID, 'LO', 'P1');
  await web.keep(instanceOf(empty));
  assert.equal(await refusal(web, `${one}/rendered`), 406);
});

const mpeg = Buffer.concat([
  Buffer.from([0, 0, 1, 0xba]),
  Buffer.from(Array.from({ length: 996 }, (_, at) => at & 0xff)),
]);
const mp4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(500, 7)]);

test('a video is the stream of its fragments, by ranges across them', async () => {
  await using web = await webHouse();
  const fragments = [mpeg.subarray(0, 300), mpeg.subarray(300, 302), mpeg.subarray(302)];
  await web.keep(video(TransferSyntaxes.MPEG2MPMLF, fragments));
  const whole = await web.ask(`${one}/rendered`);
  assert.equal(whole.headers.get('content-type'), 'video/mpeg');
  assert.deepEqual(whole.body, mpeg);
  for (const [first, last] of [
    [0, 0],
    [299, 303],
    [300, 301],
    [250, 999],
    [999, 999],
  ] as const) {
    const part = await web.ask(`${one}/rendered`, { headers: { range: `bytes=${first}-${last}` } });
    assert.deepEqual(part.body, mpeg.subarray(first, last + 1), `${first}-${last}`);
    assert.equal(part.headers.get('content-range'), `bytes ${first}-${last}/1000`);
  }
  assert.equal(await refusal(web, `${one}/rendered`, { range: 'bytes=1000-' }), 416);
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'image/jpeg' }), 406);
  const accept = 'multipart/related; type="video/mpeg"';
  assert.deepEqual((await partsOf(await web.ask(`${one}/rendered`, { headers: { accept } })))[0]?.bytes, mpeg);
});

test('a video has the type that its bytes are of, and none when they are of no known one', async () => {
  await using web = await webHouse();
  await web.keep(video(TransferSyntaxes.MPEG4HP41, [mp4]));
  assert.equal((await web.ask(`${one}/rendered`)).headers.get('content-type'), 'video/mp4');
  assert.equal(await refusal(web, `${one}/rendered`, { accept: 'video/mpeg' }), 406);
  await using other = await webHouse();
  await other.keep(video(TransferSyntaxes.MPEG4HP41, [Buffer.from('<html><script>alert(1)</script>!')]));
  assert.equal(await refusal(other, `${one}/rendered`), 406);
});

test('the URI service has the same documents', async () => {
  await using web = await webHouse();
  await web.keep(reportOf(1));
  const query = 'requestType=WADO&studyUID=1.2.3.1&seriesUID=1.2.3.1.1&objectUID=1.2.3.1.1.1';
  const page = await web.ask(`/wado?${query}`);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const plain = await web.ask(`/wado?${query}&contentType=text/plain`);
  assert.equal(plain.headers.get('content-type'), 'text/plain; charset=utf-8');
  const file = await web.ask(`/wado?${query}&contentType=application/dicom`);
  assert.match(file.headers.get('content-type') ?? '', /^application\/dicom/);
  assert.equal(await refusal(web, `/wado?${query}&contentType=image/png`, { accept: 'image/*' }), 406);
  assert.equal(await refusal(web, `/wado?${query}&frameNumber=1`), 'NOT_FOUND');
});

test('a waveform is a drawing by default, whatever the transfer syntax, read past in small pieces', async () => {
  const values = Array.from({ length: 3000 }, (_, at) => (at * 37) % 1000);
  const dataSet = waveform([
    group({ values, channels: [channel(), channel({ label: 'Lead II' })] }),
    group({ values, hertz: '50' }),
  ]);
  const drawings: string[] = [];
  for (const syntax of [
    TransferSyntaxes.ExplicitVrLittleEndian,
    TransferSyntaxes.ImplicitVrLittleEndian,
    TransferSyntaxes.ExplicitVrBigEndian,
    TransferSyntaxes.DeflatedExplicitVrLittleEndian,
  ]) {
    await using web = await webHouse();
    await web.keep(instanceOf(dataSet, syntax));
    const { headers, body } = await web.ask(`${one}/rendered`);
    assert.equal(headers.get('content-type'), 'image/svg+xml');
    assert.match(policyOf(headers), /default-src 'none'.*; style-src 'sha256-[\w+/=]+'; sandbox$/);
    const style = /<style>([^<]*)<\/style>/.exec(body.toString())?.[1] ?? '';
    assert.ok(policyOf(headers).includes(createHash('sha256').update(style).digest('base64')));
    drawings.push(body.toString());
    assert.equal((await web.ask(`${one}/rendered`, { headers: { accept: 'image/svg+xml' } })).status, 200);
    assert.equal(await refusal(web, `${one}/rendered`, { accept: 'image/jpeg' }), 406);
    assert.equal(await refusal(web, `${one}/frames/1/rendered`), 'NOT_FOUND');
  }
  // 15 seconds of two leads in two rows, a minute of one in six.
  assert.equal(tracesOf(drawings[0] ?? '').length, 2 * 2 + 6);
  assert.equal(drawings[0], drawn(dataSet));
  assert.equal(new Set(drawings).size, 1);
});

test('a waveform beyond the limit is refused, and a broken one ends its own request', async () => {
  const { waveform: usual, ...others } = limits;
  await using web = await webHouse({ limits: { ...others, waveform: { ...usual, dataBytesMax: 1000 } } });
  await web.keep(instanceOf(waveform([group({ values: Array.from({ length: 1000 }, () => 1) })])));
  assert.equal(await refusal(web, `${one}/rendered`), 'LIMIT_EXCEEDED');
  await using other = await webHouse();
  await other.keep(instanceOf(waveform([group({ values: [1, 2], hertz: '0' })])));
  assert.equal(await refusal(other, `${one}/rendered`), 'MALFORMED');
});

test('a CDA document is a page, a text, or the file to keep', async () => {
  const letter =
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title><component><structuredBody><component><section>' +
    '<text>Two <script>alert(1)</script> nodules</text></section></component></structuredBody></component></ClinicalDocument>';
  await using web = await webHouse();
  await web.keep(encapsulated(2, Buffer.from(`${letter}${' '.repeat(letter.length % 2)}`)));
  const page = await web.ask(`${one}/rendered`);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(policyOf(page.headers), /style-src 'sha256-[\w+/=]+'; sandbox$/);
  assert.match(page.body.toString(), /Two alert\(1\) nodules/);
  const plain = await web.ask(`${one}/rendered`, { headers: { accept: 'text/plain' } });
  assert.match(plain.body.toString(), /^Letter\n/);
  const file = await web.ask(`${one}/rendered`, { headers: { accept: 'text/xml' } });
  assert.equal(file.body.toString().trim(), letter);
  assert.equal(file.headers.get('content-disposition'), 'attachment; filename="1.2.3.1.1.1.xml"');
  assert.equal((await web.ask(`${one}/rendered`, { headers: { accept: 'text/xml', range: 'bytes=0-4' } })).status, 206);
  await using other = await webHouse();
  await other.keep(encapsulated(2, Buffer.from('<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>')));
  assert.equal(await refusal(other, `${one}/rendered`), 'MALFORMED');
});

test('pixel data of a video is one stream, in a message or by ranges', async () => {
  await using web = await webHouse();
  await web.keep(video(TransferSyntaxes.MPEG2MPML, [mpeg.subarray(0, 400), mpeg.subarray(400)]));
  const syntax = `transfer-syntax=${TransferSyntaxes.MPEG2MPML}`;
  const whole = await web.ask(`${one}/bulkdata/7FE00010`, { headers: { accept: `video/mpeg;${syntax}` } });
  assert.equal(whole.headers.get('content-type'), `video/mpeg; ${syntax}`);
  assert.deepEqual(whole.body, mpeg);
  const headers = { accept: 'video/mpeg', range: 'bytes=398-401' };
  const part = await web.ask(`${one}/bulkdata/7FE00010`, { headers });
  assert.deepEqual([part.status, part.body], [206, mpeg.subarray(398, 402)]);
  const accept = 'multipart/related; type="video/mpeg"';
  for (const url of [`${one}/bulkdata/7FE00010`, `${one}/pixeldata`]) {
    const parts = await partsOf(await web.ask(url, { headers: { accept } }));
    assert.deepEqual(
      parts.map(({ location, bytes }) => [location, bytes]),
      [[`${baseUrl}${one}/bulkdata/7FE00010`, mpeg]],
    );
  }
});

test('a video has no single frames, in whatever form they are asked for', async () => {
  // Of one fragment, too: it could be taken for a frame.
  for (const fragments of [[mpeg], [mpeg.subarray(0, 400), mpeg.subarray(400)]]) {
    await using web = await webHouse();
    await web.keep(video(TransferSyntaxes.MPEG2MPML, fragments));
    for (const view of ['frames/1', 'frames/1,2', 'frames/1/rendered', 'frames/1/thumbnail']) {
      assert.equal(await refusal(web, `${one}/${view}`), 'NOT_FOUND', view);
    }
    for (const accept of ['video/mpeg', 'multipart/related; type="video/mpeg"']) {
      assert.equal(await refusal(web, `${one}/frames/1`, { accept }), 'NOT_FOUND');
    }
  }
});
