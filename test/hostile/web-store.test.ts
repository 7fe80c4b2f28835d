/**
 * Hostile stores through the web door of a real server: text where names are expected, bombs, lies, endless structures, entities and
 * foreign addresses; and what was kept of it asked for in every form. Every request has an answer that is no failure of ours, the
 * process goes on in bounded memory, and the next one is served.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { part10Head, uidFor } from '../../bench/support/raw-dicom.ts';
import { TestServer } from '../faults/server.ts';
import { slice } from '../faults/raw-peer.ts';
import { type Answer, anyDicom, anyOctets, dicomJson, pathOf, WebClient } from '../support/web-client.ts';
import { dataSet, emptyItems, explicit, item, nested, tagged, undefinedLength, us } from './raw-data-set.ts';

const memoryMbMax = 500;
const seed = 'web';
const study = uidFor(`${seed}/study`);
const series = uidFor(`${seed}/series`);
const syntaxes = {
  deflated: '1.2.840.10008.1.2.1.99',
  rle: '1.2.840.10008.1.2.5',
  jpeg: '1.2.840.10008.1.2.4.50',
  jpegLs: '1.2.840.10008.1.2.4.80',
  jpeg2000: '1.2.840.10008.1.2.4.90',
  htj2k: '1.2.840.10008.1.2.4.201',
} as const;

let server: TestServer;
let client: WebClient;
/** Where nobody may ever come. */
let elsewhere: net.Server;
let elsewherePort = 0;
let visits = 0;
let served = 0;

before(async () => {
  server = await TestServer.start();
  client = new WebClient(server.consolePort, await server.addDevice('WEB1', 'archive', ['--door', 'web']));
  elsewhere = net.createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
  const place = elsewhere.address();
  elsewherePort = typeof place === 'object' ? (place?.port ?? 0) : 0;
});

after(async () => {
  await using ending = server;
  client.close();
  elsewhere.close();
  assert.equal(visits, 0, 'the server called somebody');
  assert.ok(ending.isRunning, ending.log);
  assert.ok(ending.peakMemoryMb() < memoryMbMax, `${ending.peakMemoryMb()} MB`);
  await ending.assertSound();
  assert.doesNotMatch(ending.log, /"level":"error"|server\.failed|INTERNAL/);
  // Nothing that came became a line of its own in the log.
  for (const line of ending.log.split('\n').filter((text) => text !== ''))
    assert.doesNotThrow(() => JSON.parse(line), line);
});

async function assertServed(): Promise<void> {
  served += 1;
  const { header, pixels, sopInstanceUid } = slice('served', 1, served);
  const { status, text } = await client.store([Buffer.concat([part10Head(sopInstanceUid), header, pixels])]);
  assert.equal(status, 200, text);
}

const file = (instanceUid: string, bytes: Uint8Array, transferSyntaxUid?: string): Buffer =>
  Buffer.concat([part10Head(instanceUid, transferSyntaxUid), bytes]);

/** 2xx or 4xx, or "not now"; never a failure of ours. */
function isAnswered({ status, text }: Answer, what: string): void {
  assert.ok((status >= 200 && status < 500) || status === 503, `${what}: ${status} ${text.slice(0, 200)}`);
}

function isRefused({ status, text }: Answer): void {
  assert.ok(status >= 400 && status < 500, `${status} ${text.slice(0, 200)}`);
}

const bad = uidFor('web/bad');
const one = pathOf(study, series, bad);

const hostileFiles: Readonly<Record<string, () => Uint8Array>> = {
  'class 3: an element of 4 GiB': () =>
    file(bad, dataSet(seed, bad, explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(100), 0xffff_fffe))),
  'class 3: an element longer than what is left': () =>
    file(bad, dataSet(seed, bad, explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(100), 5000))),
  'class 3: File Meta Information of 4 GiB': () => {
    const bytes = file(bad, dataSet(seed, bad));
    bytes.writeUInt32LE(0xffff_fff0, 140);
    return bytes;
  },
  'class 3: File Meta Information that ends before its group does': () => {
    const bytes = file(bad, dataSet(seed, bad));
    bytes.writeUInt32LE(10, 140);
    return bytes;
  },
  'class 6: a SOP Instance UID that is a path': () => file(bad, dataSet(seed, '../../../../tmp/leadglass-owned')),
  'class 6: a SOP Instance UID of the file head that is SQL': () =>
    file("1.2');DROP TABLE instance;--", dataSet(seed, bad)),
  'class 6: a Study Instance UID that is a header': () =>
    file(
      bad,
      Buffer.concat([
        explicit(0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
        explicit(0x0008, 0x0018, 'UI', bad),
        explicit(0x0020, 0x000d, 'UI', '1.2\r\nSet-Cookie: a=b'),
        explicit(0x0020, 0x000e, 'UI', '1.2.3'),
      ]),
    ),
  'class 7: a deflate bomb of 256 MB': () =>
    file(
      bad,
      deflateRawSync(
        Buffer.concat([dataSet(seed, bad), explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(256 * 1024 ** 2))]),
      ),
      syntaxes.deflated,
    ),
  'class 8: items nested 2,000 deep': () => file(bad, dataSet(seed, bad, nested(2000))),
  'class 9: a sequence of 300,000 empty items': () => file(bad, dataSet(seed, bad, emptyItems(300_000))),
  'class 9: fragments without an end': () =>
    file(
      bad,
      dataSet(
        seed,
        bad,
        explicit(0x7fe0, 0x0010, 'OB', Buffer.concat(Array.from({ length: 1000 }, () => item(us(0)))), undefinedLength),
      ),
      syntaxes.rle,
    ),
  'class 9: an item whose delimiter never comes': () =>
    file(bad, dataSet(seed, bad, explicit(0x0040, 0xa730, 'SQ', tagged(0xe000, undefinedLength), undefinedLength))),
  'class 12: a program instead of a file': () => Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4096, 0x90)]),
  'nothing at all': () => Buffer.alloc(0),
  'the prefix and nothing else': () => Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]),
};

for (const [what, bytes] of Object.entries(hostileFiles)) {
  test(`STOW, ${what}: refused, nothing is kept, others are served`, async () => {
    isRefused(await client.store([bytes()]));
    assert.equal((await client.ask(one, { accept: anyDicom })).status, 404);
    await assertServed();
  });
}

test('STOW, class 3: a file head of another instance and class than the data set: the data set says which it is', async () => {
  const own = uidFor('web/own');
  const named = uidFor('web/named');
  assert.equal((await client.store([file(named, dataSet(seed, own))])).status, 200);
  assert.equal((await client.ask(pathOf(study, series, named), { accept: anyDicom })).status, 404);
  const { status, body } = await client.ask(pathOf(study, series, own), { accept: 'application/dicom' });
  assert.equal(status, 200);
  assert.ok(!body.includes(named));
});

test('STOW, class 7: a body that is encoded is refused by its header, whatever it would become', async () => {
  const { header, pixels, sopInstanceUid } = slice('encoded', 1, 1);
  const plain = Buffer.concat([part10Head(sopInstanceUid), header, pixels]);
  for (const [encoding, body] of [
    ['gzip', gzipSync(Buffer.alloc(64 * 1024 ** 2))],
    ['gzip', gzipSync(plain)],
    // What is not encoded and says so is read by nobody as it is meant.
    ['deflate', plain],
    ['gzip, identity', plain],
  ] as const) {
    const headers = { 'content-type': 'application/dicom', 'content-encoding': encoding };
    const got = await client.ask('/studies', { accept: dicomJson, headers, body });
    assert.deepEqual([encoding, got.status], [encoding, 415]);
  }
  const headers = { 'content-type': 'application/dicom', 'content-encoding': 'identity' };
  assert.equal((await client.ask('/studies', { accept: dicomJson, headers, body: plain })).status, 200);
});

/** What is asked of an instance, whatever was stored. */
async function askEverything(instance: string, what: string): Promise<ReadonlyMap<string, Answer>> {
  const path = pathOf(study, series, instance);
  const answers = new Map<string, Answer>();
  for (const [view, accept] of [
    ['', anyDicom],
    ['', 'application/dicom'],
    ['', 'application/zip'],
    ['/metadata', dicomJson],
    ['/metadata', 'multipart/related; type="application/dicom+xml"'],
    ['/frames/1', anyOctets],
    ['/frames/1', 'multipart/related; type="application/octet-stream"'],
    ['/frames/1', 'multipart/related; type="image/jls"'],
    ['/frames/1,2,999999999', anyOctets],
    ['/pixeldata', 'multipart/related; type="application/octet-stream"'],
    ['/bulkdata', anyOctets],
    ['/bulkdata/7FE00010', anyOctets],
    ['/rendered', 'image/jpeg'],
    ['/rendered?viewport=16384,16384', 'image/png'],
    ['/frames/1/rendered', 'image/png'],
    ['/thumbnail', 'image/jpeg'],
  ] as const) {
    const started = performance.now();
    // An answer that was cut off on its way is one, too.
    const answer = await client.ask(path + view, { accept }).catch(() => undefined);
    assert.ok(performance.now() - started < 30_000, `${what}, ${view}: took too long`);
    if (answer === undefined) continue;
    isAnswered(answer, `${what}, ${view} as ${accept}`);
    answers.set(`${view} ${accept}`, answer);
  }
  return answers;
}

const imageElements = (rows: number, columns: number, more: readonly Buffer[] = []): readonly Buffer[] => [
  explicit(0x0028, 0x0002, 'US', us(1)),
  explicit(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
  ...more,
  explicit(0x0028, 0x0010, 'US', us(rows)),
  explicit(0x0028, 0x0011, 'US', us(columns)),
  explicit(0x0028, 0x0100, 'US', us(16)),
  explicit(0x0028, 0x0101, 'US', us(16)),
  explicit(0x0028, 0x0102, 'US', us(15)),
  explicit(0x0028, 0x0103, 'US', us(0)),
];
const encapsulated = (...fragments: readonly Uint8Array[]): Buffer =>
  explicit(
    0x7fe0,
    0x0010,
    'OB',
    Buffer.concat([item(Buffer.alloc(0)), ...fragments.map((bytes) => item(bytes)), tagged(0xe0dd, 0)]),
    undefinedLength,
  );

/** An RLE frame (PS3.5 G) of two segments that repeat for ever. */
const rleBomb = (): Buffer => {
  const frame = Buffer.alloc(64 + 4096, 0x81);
  frame.fill(0, 0, 64);
  frame.writeUInt32LE(2, 0);
  frame.writeUInt32LE(64, 4);
  frame.writeUInt32LE(64, 8);
  return frame;
};
/** SOI and a frame header of 65,535 x 65,535, and no more. */
const jpegBomb = Buffer.from('ffd8ffc0000b08ffffffff01011100ffda0008010100003f00d2cf20ffd9', 'hex');
/** SOC and SIZ of 4,294,967,295 x 4,294,967,295 in tiles of one pixel. */
const jpeg2000Bomb = Buffer.from(
  'ff4fff510029' +
    '0000' +
    'fffffffe' +
    'fffffffe' +
    '00000000'.repeat(2) +
    '00000001'.repeat(2) +
    '00000000'.repeat(2) +
    '0001' +
    '0f0101' +
    '00',
  'hex',
);

const hostileImages: Readonly<
  Record<string, () => { readonly elements: readonly Buffer[]; readonly syntax?: string }>
> = {
  'class 7: an RLE bomb of 65,534 x 65,534': () => ({
    elements: [...imageElements(65_534, 65_534), encapsulated(rleBomb())],
    syntax: syntaxes.rle,
  }),
  'class 7: a small RLE frame that repeats for ever': () => ({
    elements: [...imageElements(16, 16), encapsulated(rleBomb())],
    syntax: syntaxes.rle,
  }),
  'class 7: a JPEG whose own size is 65,535 x 65,535': () => ({
    elements: [...imageElements(16, 16), encapsulated(jpegBomb)],
    syntax: syntaxes.jpeg,
  }),
  'class 7: a JPEG 2000 of four thousand million pixels squared': () => ({
    elements: [...imageElements(16, 16), encapsulated(jpeg2000Bomb)],
    syntax: syntaxes.jpeg2000,
  }),
  'class 7: the same as HTJ2K': () => ({
    elements: [...imageElements(65_535, 65_535), encapsulated(jpeg2000Bomb)],
    syntax: syntaxes.htj2k,
  }),
  'class 7: native pixels of 65,535 x 65,535 of which four bytes are there': () => ({
    elements: [...imageElements(65_535, 65_535), explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(4))],
  }),
  'class 7: a thousand million frames of which one is there': () => ({
    elements: [
      ...imageElements(16, 16, [explicit(0x0028, 0x0008, 'IS', '999999999')]),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(512)),
    ],
  }),
  'class 9: 100,000 fragments of no length for one frame': () => ({
    elements: [...imageElements(16, 16), encapsulated(...Array.from({ length: 100_000 }, () => Buffer.alloc(0)))],
    syntax: syntaxes.jpegLs,
  }),
  'class 9: no fragment at all': () => ({
    elements: [...imageElements(16, 16), encapsulated()],
    syntax: syntaxes.jpegLs,
  }),
  'class 9: an offset table that leads around in circles': () => ({
    elements: [
      ...imageElements(16, 16, [explicit(0x0028, 0x0008, 'IS', '3')]),
      explicit(
        0x7fe0,
        0x0010,
        'OB',
        Buffer.concat([
          item(Buffer.from(Uint32Array.of(0, 0, 0).buffer)),
          ...[1, 2, 3].map(() => item(Buffer.alloc(10))),
          tagged(0xe0dd, 0),
        ]),
        undefinedLength,
      ),
    ],
    syntax: syntaxes.jpegLs,
  }),
  'class 9: sequences of length 0 in front of the pixels': () => ({
    elements: [
      ...Array.from({ length: 1000 }, (_, at) => explicit(0x0019, 0x1000 + at, 'SQ', Buffer.alloc(0))),
      ...imageElements(2, 2),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: rows as UL, columns as text': () => ({
    elements: [
      explicit(0x0028, 0x0002, 'US', us(1)),
      explicit(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
      explicit(0x0028, 0x0010, 'UL', Buffer.alloc(4, 0xff)),
      explicit(0x0028, 0x0011, 'LO', 'wide'),
      explicit(0x0028, 0x0100, 'US', us(16)),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: rows and columns as sequences': () => ({
    elements: [
      explicit(0x0028, 0x0010, 'SQ', tagged(0xe0dd, 0), undefinedLength),
      explicit(0x0028, 0x0011, 'SQ', Buffer.alloc(0)),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: rows of no length and of two values': () => ({
    elements: [
      explicit(0x0028, 0x0002, 'US', Buffer.alloc(0)),
      explicit(0x0028, 0x0010, 'US', Buffer.alloc(0)),
      explicit(0x0028, 0x0011, 'US', Buffer.concat([us(2), us(65_535)])),
      explicit(0x0028, 0x0100, 'US', Buffer.concat([us(8), us(16)])),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: bits allocated 0 and 65,535 samples': () => ({
    elements: [
      explicit(0x0028, 0x0002, 'US', us(65_535)),
      explicit(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
      explicit(0x0028, 0x0010, 'US', us(2)),
      explicit(0x0028, 0x0011, 'US', us(2)),
      explicit(0x0028, 0x0100, 'US', us(0)),
      explicit(0x0028, 0x0101, 'US', us(65_535)),
      explicit(0x0028, 0x0102, 'US', us(65_535)),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: number of frames that is no number': () => ({
    elements: [
      ...imageElements(2, 2, [explicit(0x0028, 0x0008, 'LO', '1e9')]),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ],
  }),
  'class 10: a palette whose tables are texts and whose pixels point beyond them': () => ({
    elements: [
      explicit(0x0028, 0x0002, 'US', us(1)),
      explicit(0x0028, 0x0004, 'CS', 'PALETTE COLOR'),
      explicit(0x0028, 0x0010, 'US', us(2)),
      explicit(0x0028, 0x0011, 'US', us(2)),
      explicit(0x0028, 0x0100, 'US', us(16)),
      explicit(0x0028, 0x0101, 'US', us(16)),
      explicit(0x0028, 0x0102, 'US', us(15)),
      explicit(0x0028, 0x0103, 'US', us(0)),
      explicit(0x0028, 0x1101, 'LO', 'wide'),
      explicit(0x0028, 0x1102, 'UL', Buffer.alloc(4, 0xff)),
      explicit(0x0028, 0x1103, 'US', Buffer.concat([us(0), us(65_535), us(16)])),
      explicit(0x0028, 0x1201, 'OW', Buffer.alloc(2)),
      explicit(0x0028, 0x1202, 'UT', 'green'),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8, 0xff)),
    ],
  }),
  'class 10: windows, slopes and overlays that are none': () => ({
    elements: [
      ...imageElements(2, 2),
      explicit(0x0028, 0x1050, 'DS', 'NaN\\1e999'),
      explicit(0x0028, 0x1051, 'DS', '-0\\'),
      explicit(0x0028, 0x1052, 'DS', '1e308'),
      explicit(0x0028, 0x1053, 'DS', '0'),
      explicit(0x6000, 0x0010, 'US', us(65_535)),
      explicit(0x6000, 0x0011, 'US', us(65_535)),
      explicit(0x6000, 0x0040, 'CS', 'G'),
      explicit(0x6000, 0x0050, 'SS', Buffer.from([0, 0x80, 0, 0x80])),
      explicit(0x6000, 0x0100, 'US', us(1)),
      explicit(0x6000, 0x3000, 'OW', Buffer.alloc(2, 0xff)),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8, 0xff)),
    ],
  }),
};

for (const [what, make] of Object.entries(hostileImages)) {
  test(`${what}: whatever is asked of it is answered, and others are served`, async () => {
    const instance = uidFor(`web/${what}`);
    const { elements, syntax } = make();
    const stored = await client.store([file(instance, dataSet(seed, instance, ...elements), syntax)]);
    isAnswered(stored, what);
    const answers = await askEverything(instance, what);
    if (stored.status === 200) assert.equal(answers.get(` ${anyDicom}`)?.status, 200, 'what was kept is handed out');
    else assert.ok([...answers.values()].every(({ status }) => status === 404));
    await assertServed();
  });
}

test('class 10: a study of nothing but hostile images is answered as a whole, too', async () => {
  for (const [view, accept] of [
    ['/metadata', dicomJson],
    ['/rendered', 'multipart/related; type="image/jpeg"'],
    ['/pixeldata', 'multipart/related; type="application/octet-stream"'],
    ['/thumbnail', 'image/jpeg'],
    ['', anyDicom],
    ['', 'application/zip'],
  ] as const) {
    const answer = await client.ask(pathOf(study) + view, { accept }).catch(() => undefined);
    if (answer !== undefined) isAnswered(answer, view);
  }
  await assertServed();
});

const xml = (inner: string, head = ''): Buffer =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${head}<NativeDicomModel>${inner}</NativeDicomModel>`);
const uidElement = (tag: string, vr: string, value: string): string =>
  `<DicomAttribute tag="${tag}" vr="${vr}"><Value number="1">${value}</Value></DicomAttribute>`;
const namesOf = (instance: string): string =>
  uidElement('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2') +
  uidElement('00080018', 'UI', instance) +
  uidElement('0020000D', 'UI', study) +
  uidElement('0020000E', 'UI', series);

test('class 11: entities of a document are never read: files, other servers, laughs', async () => {
  const away = `http://127.0.0.1:${elsewherePort}/x`;
  for (const head of [
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    `<!DOCTYPE a [<!ENTITY x SYSTEM "${away}">]>`,
    `<!DOCTYPE a SYSTEM "${away}">`,
    `<!DOCTYPE a [<!ENTITY % x SYSTEM "${away}"> %x;]>`,
    `<!DOCTYPE a [<!ENTITY y "ha"><!ENTITY x "${'&y;'.repeat(1000)}">]>`,
    `<?xml-stylesheet href="${away}"?>`,
  ]) {
    const document = xml(namesOf(bad) + uidElement('00100020', 'LO', '&x;'), head);
    const got = await client.store([document], { type: 'application/dicom+xml' });
    isRefused(got);
    assert.ok(!got.text.includes('root:'));
  }
  const included = `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${away}"/>`;
  isRefused(await client.store([xml(namesOf(bad) + included)], { type: 'application/dicom+xml' }));
  assert.equal((await client.ask(one, { accept: anyDicom })).status, 404);
  await assertServed();
});

const jsonNames = (instance: string): Record<string, unknown> => ({
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
  '00080018': { vr: 'UI', Value: [instance] },
  '0020000D': { vr: 'UI', Value: [study] },
  '0020000E': { vr: 'UI', Value: [series] },
});

test('classes 8 and 11: JSON of brackets, of doubles, of members that every object has, and of depth', async () => {
  const deep = (levels: number): string =>
    `${'{"vr":"SQ","Value":[{"0040A730":'.repeat(levels)}{"vr":"SQ"}${'}]}'.repeat(levels)}`;
  const names = JSON.stringify(jsonNames(bad)).slice(1, -1);
  for (const document of [
    '['.repeat(1_000_000),
    '{"a":'.repeat(1_000_000),
    `[{${names},"0040A730":${deep(1000)}}]`,
    `[{${names},"__proto__":{"vr":"LO","Value":["x"]}}]`,
    `[{${names},"00100020":{"vr":"LO","Value":["a"]},"00100020":{"vr":"LO","Value":["b"]}}]`,
    `[{${names},"00100020":{"vr":"LO","Value":["\\ud800"]}}]`,
    `[{${names},"00280010":{"vr":"US","Value":[1e999]}}]`,
    `[{${names},"00280010":{"vr":"US","Value":[${'9'.repeat(1_000_000)}]}}]`,
    '\ufeff[]',
    'null',
    '',
  ]) {
    isRefused(await client.store([Buffer.from(document)], { type: dicomJson }));
  }
  assert.equal((await client.ask(one, { accept: anyDicom })).status, 404);
  assert.equal(Object.hasOwn(Object.prototype, 'vr'), false);
  await assertServed();
});

test('classes 11 and 16: the address of bulk data in what is stored is a name, and nobody calls there', async () => {
  for (const address of [
    `http://127.0.0.1:${elsewherePort}/pixels`,
    `https://127.0.0.1:${elsewherePort}/pixels`,
    `//127.0.0.1:${elsewherePort}/pixels`,
    'file:///etc/passwd',
    `https://localhost:${server.consolePort}/dicom-web${one}/bulkdata/7FE00010`,
  ]) {
    const pixels = { '7FE00010': { vr: 'OW', BulkDataURI: address } };
    isRefused(
      await client.store([Buffer.from(JSON.stringify([{ ...jsonNames(bad), ...pixels }]))], { type: dicomJson }),
    );
    const attribute = `<DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="${address}"/></DicomAttribute>`;
    isRefused(await client.store([xml(namesOf(bad) + attribute)], { type: 'application/dicom+xml' }));
  }
  assert.equal(visits, 0);
  await assertServed();
});

test('class 6: what stands in stored values comes back as a value, in JSON, in XML and in no header', async () => {
  const instance = uidFor('web/values');
  const nasty = '</script><script>alert(1)</script>"\'&<!--';
  const stored = await client.store([
    file(
      instance,
      dataSet(seed, instance, explicit(0x0020, 0x4000, 'LT', nasty), explicit(0x0028, 0x0004, 'CS', '../X')),
    ),
  ]);
  assert.equal(stored.status, 200, stored.text);
  const path = pathOf(study, series, instance);
  const found = await client.ask(`${path}/metadata`, { accept: dicomJson });
  const [document] = JSON.parse(found.text);
  assert.deepEqual(document['00204000'].Value, [nasty]);
  const asXml = await client.ask(`${path}/metadata`, { accept: 'multipart/related; type="application/dicom+xml"' });
  assert.ok(!asXml.text.includes('<script>') && asXml.text.includes('&lt;script'), asXml.text);
  for (const answer of [found, asXml]) assert.ok(!JSON.stringify(answer.headers).includes('script'));
});
