/**
 * DICOMweb as its users have it: a device of the web door stores, searches and fetches with curl, by certificate and by token,
 * and node's fetch does; a token ends, and the ledger has all of it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DataSet } from '../../src/dicom/data-set.ts';
import { writeDataSet } from '../../src/dicom/data-set-codec.ts';
import { writePart10Head } from '../../src/dicom/part10.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { knownUid } from '../../src/dicom/uid.ts';
import { report, text } from '../../src/rendering/report/report.test-support.ts';
import { group, waveform } from '../../src/rendering/waveform/waveform.test-support.ts';
import { writeImage } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { runProgram } from '../support/programs.ts';

const withCurl = needs('curl');

interface Answer {
  readonly status: number;
  readonly version: string;
  readonly headers: string;
  readonly body: Buffer;
}

async function curl(
  leadglass: Leadglass,
  path: string,
  { ca }: { ca: string },
  ...more: readonly string[]
): Promise<Answer> {
  const out = leadglass.path('body');
  writeFileSync(out, '');
  const format = '%{http_code} %{http_version}';
  const url = `https://localhost:${leadglass.consolePort}${path}`;
  const ran = await runProgram('curl', [
    ...['--silent', '--show-error', '--max-time', '20', '--cacert', ca, '--output', out],
    ...['--dump-header', leadglass.path('head'), '--write-out', format, ...more, url],
  ]);
  const [status = '0', version = ''] = ran.stdout.split(' ');
  assert.equal(ran.status, 0, ran.output);
  return {
    status: Number(status),
    version,
    headers: readFileSync(leadglass.path('head'), 'latin1'),
    body: readFileSync(out),
  };
}

const certificateOf = ({ folder }: Device): readonly string[] => [
  ...['--key', join(folder, 'key.pem'), '--cert', join(folder, 'cert.pem')],
];
const json = ['-H', 'Accept: application/dicom+json'];
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function multipart(files: readonly Uint8Array[], boundary: string): Buffer {
  const parts = files.map((file) =>
    Buffer.concat([Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`), file, Buffer.from('\r\n')]),
  );
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

test('a device stores, finds and fetches back what it stored, by curl', withCurl, async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('WEB1', 'archive', '--door', 'web');
  const ca = join(device.folder, 'ca.pem');
  assert.match(readFileSync(join(device.folder, 'README.txt'), 'utf8'), /DICOMweb +https:\/\/localhost:\d+\/dicom-web/);
  const image = writeImage(leadglass.path('image'), { study: 'web' });
  writeFileSync(leadglass.path('request'), multipart([readFileSync(image.path)], 'edge'));

  for (const version of ['--http2', '--http1.1']) {
    const type = 'Content-Type: multipart/related; type="application/dicom"; boundary=edge';
    const sent = ['-H', type, ...json, '--data-binary', `@${leadglass.path('request')}`];
    const stored = await curl(leadglass, '/dicom-web/studies', { ca }, version, ...certificateOf(device), ...sent);
    assert.equal(stored.status, 200, stored.body.toString());
    assert.equal(stored.version, version === '--http2' ? '2' : '1.1');
    assert.match(stored.body.toString(), new RegExp(image.sopInstanceUid.replaceAll('.', '\\.')));
  }

  const found = await curl(leadglass, '/dicom-web/studies', { ca }, ...certificateOf(device), ...json);
  assert.equal(found.status, 200);
  assert.match(found.body.toString(), new RegExp(`"0020000D".*${image.studyInstanceUid}`, 's'));
  assert.match(found.body.toString(), new RegExp(`https://localhost:${leadglass.consolePort}/dicom-web/studies/`));
  assert.match(found.headers, /cache-control: no-store/i);

  const path = `/dicom-web/studies/${image.studyInstanceUid}`;
  const accept = ['-H', 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*'];
  const fetched = await curl(leadglass, path, { ca }, ...certificateOf(device), ...accept);
  assert.equal(fetched.status, 200);
  const original = readFileSync(image.path);
  // The preamble may be another; the data set is what was sent.
  const dataSet = original.subarray(original.length - 200);
  assert.ok(fetched.body.includes(dataSet), sha256(fetched.body));

  const own = `${path}/series/${image.seriesInstanceUid}/instances/${image.sopInstanceUid}`;
  for (const [view, type, beginning] of [
    [`${own}/rendered?viewport=32,32&window=100,50,linear`, 'image/jpeg', 'ffd8ff'],
    [`${own}/frames/1/rendered`, 'image/png', '89504e47'],
    [`${path}/thumbnail`, 'image/jpeg', 'ffd8ff'],
  ] as const) {
    const picture = await curl(leadglass, view, { ca }, ...certificateOf(device), '-H', `Accept: ${type}`);
    assert.equal(picture.status, 200, picture.body.toString());
    assert.ok(picture.headers.toLowerCase().includes(`content-type: ${type}`), picture.headers);
    assert.equal(picture.body.toString('hex', 0, beginning.length / 2), beginning);
  }

  const capabilities = await curl(leadglass, '/dicom-web/', { ca }, '-X', 'OPTIONS', ...certificateOf(device));
  assert.equal(capabilities.status, 200);
  assert.match(
    capabilities.body.toString(),
    /<application xmlns="http:\/\/wadl.dev.java.net\/2009\/02">.*SearchForStudies/s,
  );

  const unknown = await curl(leadglass, '/dicom-web/studies/1.2.3.4.5', { ca }, ...certificateOf(device), ...accept);
  assert.equal(unknown.status, 404);
  const events = (await leadglass.ledger()).filter(({ who }) => who.includes('WEB1')).map(({ event }) => event);
  for (const code of ['110114', '110112', '110102'])
    assert.ok(
      events.some((event) => event.includes(code)),
      code,
    );
  await leadglass.succeed('ledger', 'verify');
});

function fileOf(dataSet: DataSet): Buffer {
  const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
  const [sopClassUid, sopInstanceUid] = [0x00080016, 0x00080018].map((tag) => knownUid(dataSet.text(tag) ?? ''));
  assert.ok(sopClassUid !== undefined && sopInstanceUid !== undefined);
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  return Buffer.concat([head, writeDataSet(dataSet, transferSyntaxUid)]);
}

test('a report is a page and a waveform a drawing, each under a policy that lets it do nothing', withCurl, async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('WEB1', 'archive', '--door', 'web');
  const ca = join(device.folder, 'ca.pem');
  const page = report([text('Finding', '<script>alert(1)</script>')]);
  const drawing = waveform([group({ values: [0, 500, 1000] })]).setText(0x00080018, 'UI', '1.2.3.1.1.2');
  writeFileSync(leadglass.path('request'), multipart([fileOf(page), fileOf(drawing)], 'edge'));
  const type = 'Content-Type: multipart/related; type="application/dicom"; boundary=edge';
  const sent = ['-H', type, ...json, '--data-binary', `@${leadglass.path('request')}`];
  const stored = await curl(leadglass, '/dicom-web/studies', { ca }, ...certificateOf(device), ...sent);
  assert.equal(stored.status, 200, stored.body.toString());
  // What a browser sends for a link.
  const accept = [
    '-H',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  ];
  const instances = '/dicom-web/studies/1.2.3.1/series/1.2.3.1.1/instances';
  for (const [uid, media, content] of [
    ['1.2.3.1.1.1', 'text/html; charset=utf-8', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['1.2.3.1.1.2', 'image/svg+xml', '<path class="trace"'],
  ] as const) {
    const got = await curl(leadglass, `${instances}/${uid}/rendered`, { ca }, ...certificateOf(device), ...accept);
    assert.equal(got.status, 200, got.body.toString());
    assert.ok(got.headers.toLowerCase().includes(`content-type: ${media}`), got.headers);
    assert.ok(got.body.includes(content));
    const policies = got.headers.match(/^content-security-policy: .*$/gim) ?? [];
    assert.equal(policies.length, 1);
    assert.match(policies[0] ?? '', /default-src 'none'; .*style-src 'sha256-[\w+/=]+'; sandbox/);
    assert.match(got.headers, /^x-content-type-options: nosniff/im);
  }
});

test(
  'strangers, and devices whose opening does not name the web door, are refused and recorded',
  withCurl,
  async () => {
    await using leadglass = await Leadglass.start();
    const dimse = await leadglass.enrol('READ1', 'reading');
    const ca = join(dimse.folder, 'ca.pem');
    const stranger = await curl(leadglass, '/dicom-web/studies', { ca }, ...json);
    assert.equal(stranger.status, 401);
    assert.match(stranger.headers, /www-authenticate: Bearer realm="Leadglass"/i);
    const other = await curl(leadglass, '/dicom-web/studies', { ca }, ...certificateOf(dimse), ...json);
    assert.deepEqual([other.status, other.body.toString()], [401, stranger.body.toString()]);
    const refused = (await leadglass.ledger('--event', '110113')).map(({ reason }) => reason);
    assert.ok(refused.includes('door') && refused.includes('credential-missing'), refused.join());
    assert.equal((await curl(leadglass, '/health', { ca })).status, 200);
    assert.equal((await leadglass.run('device', 'token', 'READ1', '--reason', 'test')).status, 1, 'no opening for it');
  },
);

test('a token lets a program in without the certificate, until it is ended', withCurl, async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('VIEW1', 'reading', '--door', 'web', '--door', 'dimse');
  const ca = join(device.folder, 'ca.pem');
  await leadglass.succeed('echo', leadglass.address, '--as', device.folder);
  interface Made {
    readonly token: string;
    readonly number: number;
    readonly baseUrl: string;
  }
  const made = await leadglass.json<Made>('device', 'token', 'VIEW1', '--reason', 'viewer', '--minutes', '5');
  assert.equal(made.baseUrl, `https://localhost:${leadglass.consolePort}/dicom-web`);
  const proof = ['-H', `Authorization: Bearer ${made.token}`, ...json];
  assert.equal((await curl(leadglass, '/dicom-web/studies', { ca }, ...proof)).status, 204);
  assert.equal((await curl(leadglass, `/dicom-web/studies?token=${made.token}`, { ca }, ...json)).status, 401);

  const shown = await leadglass.succeed('device', 'token', 'VIEW1', '--reason', 'second');
  assert.match(shown.stdout, /^lgd_[\w-]{43}\n/);
  await leadglass.succeed('device', 'token', 'VIEW1', '--reason', 'tablet lost', '--end');
  assert.equal((await curl(leadglass, '/dicom-web/studies', { ca }, ...proof)).status, 401);
  for (const file of ['guard.sqlite', 'guard.sqlite-wal']) {
    const path = join(leadglass.data, file);
    if (existsSync(path)) assert.ok(!readFileSync(path).includes(made.token), file);
  }
  assert.ok(!leadglass.log.includes(made.token));
  const rows = await leadglass.ledger();
  assert.ok(!JSON.stringify(rows).includes(made.token));
  // The first administrator's invitation is one, too.
  const changes = rows.filter(({ event }) => event.includes('User Security Attributes Changed'));
  assert.equal(changes.filter(({ who }) => who !== 'operator first start').length, 3);
  assert.equal((await leadglass.run('device', 'token', 'VIEW1', '--reason', 'x', '--minutes', '5000')).status, 2);
});

test("node's fetch reads by a token", async () => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('VIEW1', 'reading', '--door', 'web');
  const { token, baseUrl } = await leadglass.json<{ token: string; baseUrl: string }>(
    ...['device', 'token', 'VIEW1', '--reason', 'viewer'],
  );
  // Node reads the authority that it trusts at its start.
  const program = `
    const asked = [1, 2, 3].map(() => fetch(${JSON.stringify(`${baseUrl}/studies`)}, {
      headers: { authorization: 'Bearer ' + process.env.TOKEN, accept: 'application/dicom+json' },
    }));
    console.log((await Promise.all(asked)).map(({ status }) => status).join());`;
  const env = { NODE_EXTRA_CA_CERTS: join(device.folder, 'ca.pem'), TOKEN: token };
  const ran = await runProgram(process.execPath, ['--input-type=module', '--eval', program], { env });
  assert.equal(ran.stdout.trim(), '204,204,204', ran.output);
});
