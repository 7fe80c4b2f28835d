/**
 * docs/reference/dicomweb-by-curl.md, kept true: each request of the page is sent as it stands there, by HTTP/2 and by HTTP/1.1, and
 * what comes back is held against what the page says. Then every resource in every media type that PS3.18 gives it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { curlRoom } from '../support/curl-room.ts';
import { Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { answerOf, differences, transcriptsOf } from '../support/transcripts.ts';

const withCurl = needs('curl', 'base64');
const page = readFileSync(resolve(import.meta.dirname, '../../docs/reference/dicomweb-by-curl.md'), 'utf8');
const versions = ['--http2', '--http1.1'] as const;

test('the transcripts of the page are what a server answers, by HTTP/2 and HTTP/1.1', withCurl, async () => {
  const transcripts = transcriptsOf(page);
  assert.ok(transcripts.length > 30, `only ${transcripts.length} transcripts`);
  assert.equal(transcripts.length, page.match(/^```http$/gm)?.length, 'an answer without its request');
  await using leadglass = await Leadglass.start();
  const room = await curlRoom(leadglass);
  const wrong: string[] = [];
  for (const version of versions) {
    for (const { name, commands, expected } of transcripts) {
      const printed = room.told(await room.run(commands, version));
      // The commands that begin with -q leave the version to curl.
      if (!name.includes(' -q ')) assert.match(printed, version === '--http2' ? /^HTTP\/2 / : /^HTTP\/1\.1 /, name);
      wrong.push(...differences(expected, answerOf(printed)).map((text) => `${version} ${name}\n  ${text}`));
    }
  }
  assert.deepEqual(wrong, []);
  await leadglass.succeed('ledger', 'verify');
});

test('a page that is not true is noticed', () => {
  const block = (status: number, body: string): string => `HTTP ${status}\ncontent-type: text/plain\n\n${body}`;
  const found = answerOf('HTTP/2 200 \r\nContent-Type: text/plain\r\nvary: Accept\r\n\r\none two three');
  assert.deepEqual(differences(answerOf(block(200, 'one … three')), found), []);
  for (const wrong of [block(204, 'one … three'), block(200, 'one … four'), block(200, '…').replace('plain', 'html')]) {
    assert.equal(differences(answerOf(wrong), found).length, 1, wrong);
  }
});

const related = (type: string): string => `multipart/related; type="${type}"`;
const models = ['application/dicom+json', related('application/dicom+xml')];
const files = [related('application/dicom'), `${related('application/dicom')}; transfer-syntax=*`];
const octets = related('application/octet-stream');
const compressed = ['image/jls', 'image/jp2', 'image/jphc', 'image/dicom-rle'];
const pixels = [octets, ...compressed.map(related)];
const single = ['application/octet-stream', ...compressed];
const pictures = ['image/jpeg', 'image/png'];

/** Tables 10.4.1-1 and 10.6.1-1, with the media types of tables 8.7.2-1, 8.7.3-2 to 8.7.3-5 and 8.7.4-1 that are claimed. */
const resources: readonly (readonly [path: string, accepted: readonly string[]])[] = [
  ...['studies', '$STUDY/series', '$STUDY/instances', '$SERIES/instances', 'series', 'instances'].map(
    (path) => [path, models] as const,
  ),
  ...['$STUDY', '$SERIES', '$CT', '$LOOP'].flatMap(
    (path) =>
      [
        [path, files],
        [`${path}/metadata`, models],
        [`${path}/pixeldata`, pixels],
        [`${path}/thumbnail`, pictures],
        [`${path}/rendered`, pictures.map(related)],
      ] as const,
  ),
  ['$CT', ['application/dicom', 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90']],
  ['$CT/rendered', pictures],
  ['$LOOP/frames/1,2,24', pixels],
  ['$LOOP/frames/7', [...pixels, ...single]],
  ['$LOOP/frames/7/rendered', [...pictures, ...pictures.map(related)]],
  ['$LOOP/frames/7,8/rendered', pictures.map(related)],
  ['$LOOP/frames/7/thumbnail', pictures],
  ['$CT/bulkdata/7FE00010', [octets, 'application/octet-stream', '*/*']],
];

test('every resource is had in every media type that it has, by HTTP/2 and HTTP/1.1', withCurl, async () => {
  await using leadglass = await Leadglass.start();
  const room = await curlRoom(leadglass);
  for (const file of ['ct.dcm', 'loop.dcm']) {
    const stored = `curl -H 'Content-Type: application/dicom' -H 'Accept: */*' -H 'Expect:' --data-binary @${file} "$WEB/studies"`;
    assert.match(await room.run(stored, '--http2'), /^HTTP\/2 200/);
  }
  const asked = resources.flatMap(([path, accepted]) => accepted.map((accept) => ({ path, accept })));
  // One program for all of them, so that it connects once; each of its requests reads the file anew.
  const requests = asked.map(
    ({ path, accept }) =>
      `-K .curlrc --output /dev/null --write-out '%{http_version} %{http_code} %{content_type}\\n' -H 'Accept: ${accept}' "$WEB/${path}"`,
  );
  for (const version of versions) {
    const lines = (await room.run(`curl -q ${requests.join(' --next ')}`, version)).trimEnd().split('\n');
    assert.equal(lines.length, asked.length);
    for (const [index, { path, accept }] of asked.entries()) {
      const [, number, status, type = ''] = /^(\S+) (\d+) (.*)$/.exec(lines[index] ?? '') ?? [];
      const where = `${version} ${path} as ${accept}: ${lines[index]}`;
      assert.equal(number, version === '--http2' ? '2' : '1.1', where);
      assert.equal(status, '200', where);
      const [kind = ''] = accept.split('; transfer-syntax');
      assert.ok(accept === '*/*' || type.startsWith(kind), where);
    }
  }
});
