/** Rendered resources of segmentations: their segments in colours, over the images that they were drawn on. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { instanceOf, type TestInstance } from '../../../backends/backend.test-support.ts';
import { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import type { Picture } from '../../../rendering/picture.ts';
import { pixelAt, readPng } from '../../../rendering/png.test-support.ts';
import { someImage } from '../../../rendering/rendering.test-support.ts';
import { partsOf, type WebHouse, webHouse } from './handlers.test-support.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
after(() => codecs.close());
const house = (): Promise<WebHouse> => webHouse({ codecs });

const [rows, columns] = [20, 30];
const study = '/studies/1.2.3.1';
const segUrl = `${study}/series/1.2.3.1.8/instances/1.2.3.1.8.1`;
const png = { accept: 'image/png' };
const red = [34_904, 53_496, 50_115];
const green = [57_487, 10_713, 54_301];

/** One grey all over: the instance's number times 1,000, shown from 0 to 4,095. */
function source(instance: number, change: (dataSet: DataSet) => unknown = () => undefined): TestInstance {
  const { dataSet } = someImage({ rows, columns });
  const pixels = new Uint16Array(rows * columns).fill(1000 * instance);
  dataSet
    .setText(0x00080018, 'UI', `1.2.3.1.1.${instance}`)
    .setText(0x00080060, 'CS', 'CT')
    .setText(0x00100010, 'PN', 'DOE^JANE')
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', '1.2.3.1')
    .setText(0x0020000e, 'UI', '1.2.3.1.1')
    .setText(0x00281050, 'DS', '2048')
    .setText(0x00281051, 'DS', '4096')
    .setBytes(0x7fe00010, 'OW', new Uint8Array(pixels.buffer));
  change(dataSet);
  return instanceOf(dataSet);
}

interface Frame {
  readonly segment: number;
  /** The instance's number. */
  readonly source?: number;
  readonly position?: readonly number[];
  /** Which pixels, from the left upper corner on. */
  readonly pixels: Uint8Array;
}

const bits = (isSet: (x: number, y: number) => boolean): Uint8Array => {
  const packed = new Uint8Array(Math.ceil((rows * columns) / 8));
  for (let y = 0, bit = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1, bit += 1) {
      if (isSet(x, y)) packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return packed;
};
const leftHalf = bits((x) => x < columns / 2);
const topHalf = bits((_, y) => y < rows / 2);

function segmentation(frames: readonly Frame[], change: (dataSet: DataSet) => unknown = () => undefined): TestInstance {
  const { dataSet } = someImage({ rows, columns, bitsAllocated: 1, bitsStored: 1 });
  const segment = (number: number, lab: readonly number[]): DataSet =>
    new DataSet().setNumber(0x00620004, 'US', number).setNumber(0x0062000d, 'US', lab);
  const groups = frames.map(({ segment: number, source: from, position }) => {
    const group = new DataSet().setItems(0x0062000a, [new DataSet().setNumber(0x0062000b, 'US', number)]);
    if (position !== undefined) group.setItems(0x00209113, [new DataSet().setNumber(0x00200032, 'DS', position)]);
    if (from === undefined) return group;
    const image = new DataSet().setText(0x00081155, 'UI', `1.2.3.1.1.${from}`);
    return group.setItems(0x00089124, [new DataSet().setItems(0x00082112, [image])]);
  });
  dataSet
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.66.4')
    .setText(0x00080018, 'UI', '1.2.3.1.8.1')
    .setText(0x00080060, 'CS', 'SEG')
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', '1.2.3.1')
    .setText(0x0020000e, 'UI', '1.2.3.1.8')
    .setText(0x00280008, 'IS', String(frames.length))
    .setText(0x00620001, 'CS', 'BINARY')
    .setItems(0x00620002, [segment(1, red), segment(2, green)])
    .setItems(0x52009230, groups)
    .setBytes(0x7fe00010, 'OB', Buffer.concat(frames.map(({ pixels }) => pixels)));
  change(dataSet);
  return instanceOf(dataSet);
}

const picture = async (web: WebHouse, url: string): Promise<Picture> =>
  readPng((await web.ask(url, { headers: png })).body);

/** Which of the two colours, and the grey under it. */
function colourAt(drawn: Picture, x: number, y: number): string {
  const [r = 0, g = 0, b = 0] = pixelAt(drawn, x, y);
  return r > g + 40 ? 'red' : g > r + 40 ? 'green' : `grey ${r === g && g === b ? r : '?'}`;
}

async function refusal(web: WebHouse, url: string): Promise<unknown> {
  try {
    return (await web.ask(url)).status;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return 'status' in error ? error.status : error.code;
  }
}

test('segments of one place are drawn in their colours over the image that they are of', async () => {
  await using web = await house();
  const frames = [
    { segment: 1, source: 1, pixels: leftHalf },
    { segment: 2, source: 2, pixels: topHalf },
    { segment: 1, source: 2, pixels: leftHalf },
  ];
  await web.keep(source(1), source(2), segmentation(frames));
  // The middle one of two places.
  const drawn = await picture(web, `${segUrl}/rendered`);
  assert.deepEqual([drawn.width, drawn.height], [columns, rows]);
  assert.equal(colourAt(drawn, 25, 15), 'grey 124');
  assert.equal(colourAt(drawn, 25, 5), 'green');
  assert.equal(colourAt(drawn, 5, 15), 'red');
  const first = await picture(web, `${segUrl}/frames/1/rendered`);
  assert.deepEqual([colourAt(first, 5, 5), colourAt(first, 25, 5)], ['red', 'grey 62']);
  const headers = { accept: 'multipart/related; type="image/png"' };
  assert.equal((await partsOf(await web.ask(`${segUrl}/rendered`, { headers }))).length, 2);
  assert.equal(await refusal(web, `${segUrl}/frames/4/rendered`), 'NOT_FOUND');
});

test('without its source, or for who may not see it, a segmentation is drawn over black', async () => {
  await using web = await house();
  await web.keep(source(1), segmentation([{ segment: 1, source: 1, pixels: leftHalf }]));
  const session = await web.sessionOf({ name: 'SEGS', purpose: 'archive', scope: { modalities: ['SEG'] } });
  const kept = readPng((await web.ask(`${segUrl}/rendered`, { headers: png, session })).body);
  assert.deepEqual([colourAt(kept, 5, 5), colourAt(kept, 25, 5)], ['red', 'grey 0']);
  await using other = await house();
  await other.keep(segmentation([{ segment: 1, source: 1, pixels: leftHalf }]));
  const without = readPng((await other.ask(`${segUrl}/rendered`, { headers: png })).body);
  assert.deepEqual(without.pixels, kept.pixels);
});

test('a source in another study is drawn where the segmentation names that study and who asks may see it', async () => {
  const frames = [{ segment: 1, source: 1, pixels: leftHalf }];
  const elsewhere = source(1, (dataSet) => dataSet.setText(0x0020000d, 'UI', '1.2.3.2'));
  const under = async (change: (dataSet: DataSet) => unknown): Promise<string> => {
    await using web = await house();
    await web.keep(elsewhere, segmentation(frames, change));
    return colourAt(await picture(web, `${segUrl}/rendered`), 25, 5);
  };
  const naming = (dataSet: DataSet): unknown =>
    dataSet.setItems(0x00081200, [new DataSet().setText(0x0020000d, 'UI', '1.2.3.2')]);
  assert.equal(await under(naming), 'grey 62');
  assert.equal(await under(() => undefined), 'grey 0');
});

test('a segmentation that claims frames without end is drawn as far as it describes them', async () => {
  await using web = await house();
  await web.keep(
    source(1),
    segmentation([{ segment: 1, source: 1, pixels: leftHalf }], (dataSet) =>
      dataSet.setText(0x00280008, 'IS', '2147483647'),
    ),
  );
  assert.equal(colourAt(await picture(web, `${segUrl}/rendered`), 5, 5), 'red');
});

test('a segmentation of other pixels than its source is drawn where it is in the patient', async () => {
  const orientation = (dataSet: DataSet, spacing: string): DataSet =>
    dataSet.setText(0x00200037, 'DS', '1\\0\\0\\0\\1\\0').setText(0x00280030, 'DS', spacing);
  await using web = await house();
  const shared = new DataSet()
    .setItems(0x00209116, [new DataSet().setText(0x00200037, 'DS', '1\\0\\0\\0\\1\\0')])
    .setItems(0x00289110, [new DataSet().setText(0x00280030, 'DS', '0.5\\0.5')]);
  const all = bits(() => true);
  const position = [10, 20, 5];
  await web.keep(
    source(1, (dataSet) => orientation(dataSet, '1\\1').setText(0x00200032, 'DS', '0\\15\\5')),
    segmentation([{ segment: 2, source: 1, position, pixels: all }], (dataSet) =>
      dataSet.setItems(0x52009229, [shared]),
    ),
  );
  const drawn = await picture(web, `${segUrl}/rendered`);
  // Columns 10 to 24, rows 5 to 14 of the image.
  assert.deepEqual(
    [9, 10, 24, 25].map((x) => colourAt(drawn, x, 10)),
    ['grey 62', 'green', 'green', 'grey 62'],
  );
  assert.deepEqual(
    [4, 5, 14, 15].map((y) => colourAt(drawn, 15, y)),
    ['grey 62', 'green', 'green', 'grey 62'],
  );
});

test('shares of a segment are drawn as strong as they are, and labels each in its colour', async () => {
  const bytes = Uint8Array.from({ length: rows * columns }, (_, at) => (at % columns < 15 ? 2 : 1));
  const asBytes = (dataSet: DataSet): DataSet =>
    dataSet
      .setNumber(0x00280100, 'US', 8)
      .setNumber(0x00280101, 'US', 8)
      .setNumber(0x00280102, 'US', 7)
      .setBytes(0x7fe00010, 'OB', bytes);
  await using fractional = await house();
  const frames = [{ segment: 1, source: 1, pixels: bytes }];
  await fractional.keep(
    source(1),
    segmentation(frames, (dataSet) =>
      asBytes(dataSet).setText(0x00620001, 'CS', 'FRACTIONAL').setNumber(0x0062000e, 'US', 2),
    ),
  );
  const shares = await picture(fractional, `${segUrl}/rendered`);
  const redness = (x: number): number => (pixelAt(shares, x, 5)[0] ?? 0) - 62;
  assert.ok(Math.abs(redness(5) - 2 * redness(25)) <= 2 && redness(25) > 20, `${redness(5)} ${redness(25)}`);
  await using labels = await house();
  await labels.keep(
    source(1),
    segmentation(frames, (dataSet) => asBytes(dataSet).setText(0x00620001, 'CS', 'LABELMAP')),
  );
  const map = await picture(labels, `${segUrl}/rendered`);
  assert.deepEqual([colourAt(map, 5, 5), colourAt(map, 25, 5)], ['green', 'red']);
});

test('too many segments at one place, and segments of no kind, are refused', async () => {
  await using web = await webHouse({ codecs, limits: { ...limits, rendering: { ...limits.rendering, masksMax: 1 } } });
  const frame = { segment: 1, source: 1, pixels: leftHalf };
  await web.keep(source(1), segmentation([frame, frame]));
  assert.equal(await refusal(web, `${segUrl}/rendered`), 'LIMIT_EXCEEDED');
  await using other = await house();
  await other.keep(segmentation([frame], (dataSet) => dataSet.setText(0x00620001, 'CS', 'X')));
  assert.equal(await refusal(other, `${segUrl}/rendered`), 406);
});

test('a segmentation that names itself as its source is drawn once, over its own bits', async () => {
  await using web = await house();
  const itself = new DataSet().setText(0x00081155, 'UI', '1.2.3.1.8.1');
  const group = new DataSet()
    .setItems(0x0062000a, [new DataSet().setNumber(0x0062000b, 'US', 1)])
    .setItems(0x00089124, [new DataSet().setItems(0x00082112, [itself])]);
  await web.keep(segmentation([{ segment: 1, pixels: leftHalf }], (dataSet) => dataSet.setItems(0x52009230, [group])));
  assert.equal(colourAt(await picture(web, `${segUrl}/rendered`), 5, 5), 'red');
});

test('a study of images and segmentations is rendered with both, and its thumbnail has no colours', async () => {
  await using web = await house();
  await web.keep(source(1), segmentation([{ segment: 1, source: 1, pixels: leftHalf }]));
  const headers = { accept: 'multipart/related; type="image/png"' };
  assert.equal((await partsOf(await web.ask(`${study}/rendered`, { headers }))).length, 2);
  const small = readPng((await web.ask(`${segUrl}/thumbnail`, { headers: png })).body);
  assert.equal(small.channels, 1);
});

test('endless lists: a megabyte where a place or a source frame should be is not read for each frame', async () => {
  await using web = await house();
  const list = Buffer.from('1\\'.repeat(512 * 1024));
  const frames = Array.from({ length: 300 }, () => ({ segment: 1, pixels: leftHalf }));
  for (const [sequence, tag, vr] of [
    [0x00209113, 0x00200032, 'DS'],
    [0x00289110, 0x00280030, 'DS'],
  ] as const) {
    const shared = new DataSet().setItems(sequence, [new DataSet().setBytes(tag, vr, list)]);
    await web.keep(segmentation(frames, (dataSet) => dataSet.setItems(0x52009229, [shared])));
    const startedMs = performance.now();
    assert.equal(await refusal(web, `${segUrl}/rendered`), 'LIMIT_EXCEEDED');
    assert.ok(performance.now() - startedMs < 10_000);
  }
});

test('mistaken patient: the image of another patient is never drawn under a segmentation, whoever may see both', async () => {
  await using web = await house();
  const foreign = source(1, (dataSet) => dataSet.setText(0x0020000d, 'UI', '1.2.3.2').setText(0x00100020, 'LO', 'P2'));
  const claiming = segmentation([{ segment: 1, source: 1, pixels: leftHalf }], (dataSet) =>
    dataSet.setItems(0x00081200, [new DataSet().setText(0x0020000d, 'UI', '1.2.3.2')]),
  );
  await web.keep(foreign, claiming);
  assert.equal(colourAt(await picture(web, `${segUrl}/rendered`), 25, 5), 'grey 0');
});
