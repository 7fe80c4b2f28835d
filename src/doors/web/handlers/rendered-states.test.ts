/** Rendered resources of presentation states: whose pixels they are made of, and who gets them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { instanceOf, type TestInstance } from '../../../backends/backend.test-support.ts';
import { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { pixelAt, readPng } from '../../../rendering/png.test-support.ts';
import { someImage } from '../../../rendering/rendering.test-support.ts';
import { baseUrl, partsOf, type WebHouse, webHouse } from './handlers.test-support.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
after(() => codecs.close());
const house = (): Promise<WebHouse> => webHouse({ codecs });

const [rows, columns] = [40, 60];
const study = '/studies/1.2.3.1';
const stateUrl = `${study}/series/1.2.3.1.9/instances/1.2.3.1.9.1`;
const png = { accept: 'image/png' };

interface ImageFacts {
  readonly instance?: number;
  readonly studyUid?: string;
  readonly frames?: number;
  readonly modality?: string;
}

/** One grey all over: 1,000 of 4,095, or 2,000 from the second frame on. */
function image({ instance = 1, studyUid = '1.2.3.1', frames = 1, modality = 'CT' }: ImageFacts = {}): TestInstance {
  const { dataSet } = someImage({ rows, columns });
  const pixels = Uint16Array.from({ length: rows * columns * frames }, (_, at) => (at < rows * columns ? 1000 : 2000));
  dataSet
    .setText(0x00080018, 'UI', `1.2.3.1.1.${instance}`)
    .setText(0x00080060, 'CS', modality)
    .setText(0x00100010, 'PN', 'DOE^JANE')
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', studyUid)
    .setText(0x0020000e, 'UI', '1.2.3.1.1')
    .setText(0x00280008, 'IS', String(frames))
    .setBytes(0x7fe00010, 'OW', new Uint8Array(pixels.buffer));
  return instanceOf(dataSet);
}

const reference = (uid: string, frames: readonly number[] = []): DataSet => {
  const item = new DataSet().setText(0x00081155, 'UI', uid);
  return frames.length === 0 ? item : item.setNumber(0x00081160, 'IS', frames);
};

/** Turned by a quarter, a window from 0 to 2,000, and a red box in the left upper corner. */
function state(references: readonly DataSet[], change: (state: DataSet) => unknown = () => undefined): TestInstance {
  const box = new DataSet()
    .setText(0x00700005, 'CS', 'DISPLAY')
    .setNumber(0x00700020, 'US', 2)
    .setNumber(0x00700022, 'FL', [0, 0, 0.5, 0, 0.5, 0.25, 0, 0.25, 0, 0])
    .setText(0x00700023, 'CS', 'POLYLINE')
    .setText(0x00700024, 'CS', 'Y');
  const series = new DataSet().setText(0x0020000e, 'UI', '1.2.3.1.1').setItems(0x00081140, references);
  const made = new DataSet()
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.11.1')
    .setText(0x00080018, 'UI', '1.2.3.1.9.1')
    .setText(0x00080060, 'CS', 'PR')
    .setItems(0x00081115, [series])
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', '1.2.3.1')
    .setText(0x0020000e, 'UI', '1.2.3.1.9')
    .setItems(0x00283110, [new DataSet().setText(0x00281050, 'DS', '1000.5').setText(0x00281051, 'DS', '2001')])
    .setItems(0x00700001, [new DataSet().setText(0x00700002, 'CS', 'ONE').setItems(0x00700009, [box])])
    .setText(0x00700041, 'CS', 'N')
    .setNumber(0x00700042, 'US', 90)
    .setItems(0x00700060, [
      new DataSet()
        .setText(0x00700002, 'CS', 'ONE')
        .setText(0x00700062, 'IS', '1')
        .setNumber(0x00700401, 'US', [34_904, 53_496, 50_115]),
    ]);
  change(made);
  return instanceOf(made);
}

async function refusal(web: WebHouse, url: string, asked: Parameters<WebHouse['ask']>[1] = {}): Promise<unknown> {
  try {
    return (await web.ask(url, asked)).status;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return 'status' in error ? error.status : error.code;
  }
}

test('a presentation state is rendered as its image, turned, windowed and drawn upon as it says', async () => {
  await using web = await house();
  await web.keep(image(), state([reference('1.2.3.1.1.1')]));
  const answer = await web.ask(`${stateUrl}/rendered`, { headers: png });
  const picture = readPng(answer.body);
  assert.deepEqual([picture.width, picture.height, picture.channels], [rows, columns, 3]);
  const [red = 0, green = 0, blue = 0] = pixelAt(picture, 5, 5);
  assert.ok(red > 200 && green < 60 && blue < 60, String([red, green, blue]));
  assert.deepEqual(pixelAt(picture, 30, 40), [127, 127, 127]);
  assert.equal(answer.headers.get('content-location'), `${baseUrl}${stateUrl}/rendered`);
  const small = readPng((await web.ask(`${stateUrl}/rendered?viewport=20,20`, { headers: png })).body);
  assert.deepEqual([small.width, small.height], [13, 20]);
});

test('a state says window and region itself: others beside it are refused', async () => {
  await using web = await house();
  await web.keep(image(), state([reference('1.2.3.1.1.1')]));
  for (const query of ['window=1,2,linear', 'viewport=10,10,0,0', 'viewport=10,10,,,5,5']) {
    assert.equal(await refusal(web, `${stateUrl}/rendered?${query}`), 'BAD_REQUEST', query);
    const headers = { accept: 'multipart/related; type="image/png"' };
    assert.equal(await refusal(web, `${stateUrl}/rendered?${query}`, { headers }), 'BAD_REQUEST', query);
  }
  assert.equal(await refusal(web, `${stateUrl}/frames/1/rendered`), 'NOT_FOUND');
});

test('a message has a picture for each frame that the state is about', async () => {
  await using web = await house();
  const references = [reference('1.2.3.1.1.2', [2, 3, 99]), reference('1.2.3.1.1.1')];
  await web.keep(image(), image({ instance: 2, frames: 4 }), state(references));
  const headers = { accept: 'multipart/related; type="image/png"' };
  const parts = await partsOf(await web.ask(`${stateUrl}/rendered`, { headers }));
  assert.deepEqual(
    parts.map(({ bytes }) => pixelAt(readPng(bytes), 30, 40)[0]),
    [255, 255, 127],
  );
  assert.ok(parts.every(({ location }) => location === `${baseUrl}${stateUrl}/rendered`));
  // Of the study: five frames, and three pictures of the state; a window is for the images.
  assert.equal((await partsOf(await web.ask(`${study}/rendered?window=1,2,linear`, { headers }))).length, 8);
});

test('an image that who asks may not see is not drawn, and looks like one that is not there', async () => {
  await using web = await house();
  await web.keep(image(), state([reference('1.2.3.1.1.1')]));
  const session = await web.sessionOf({ name: 'STATES', purpose: 'archive', scope: { modalities: ['PR'] } });
  assert.equal((await web.ask(`${stateUrl}/rendered`)).status, 200);
  assert.equal(await refusal(web, `${stateUrl}/rendered`, { session }), 406);
  await using empty = await house();
  await empty.keep(state([reference('1.2.3.1.1.1')]));
  assert.equal(await refusal(empty, `${stateUrl}/rendered`), 406);
});

test('images of other studies, the state itself, and what is no image are not drawn', async () => {
  await using web = await house();
  const itself = (made: DataSet): unknown =>
    made.setItems(0x00081115, [
      new DataSet()
        .setText(0x0020000e, 'UI', '1.2.3.1.9')
        .setItems(0x00081140, [reference('1.2.3.1.9.1'), reference('../../x'), reference('')]),
      new DataSet().setText(0x0020000e, 'UI', '1.2.3.1.1').setItems(0x00081140, [reference('1.2.3.1.1.7')]),
    ]);
  await web.keep(image({ instance: 7, studyUid: '1.2.3.2' }), state([], itself));
  assert.equal(await refusal(web, `${stateUrl}/rendered`), 406);
  assert.equal(await refusal(web, `${study}/rendered`), 406);
});

test('an image that claims frames without end costs a state some tries, and one named often is drawn once', async () => {
  await using web = await house();
  const { dataSet } = someImage({ rows, columns });
  dataSet
    .setText(0x00080018, 'UI', '1.2.3.1.1.3')
    .setText(0x00100020, 'LO', 'P1')
    .setText(0x0020000d, 'UI', '1.2.3.1')
    .setText(0x0020000e, 'UI', '1.2.3.1.1')
    .setText(0x00280008, 'IS', '2147483647')
    .setBytes(0x7fe00010, 'OW', new Uint8Array(rows * columns * 2));
  const often = Array.from({ length: 50 }, () => reference('1.2.3.1.1.1', [1, 1, 1]));
  await web.keep(instanceOf(dataSet), image(), state([...often, reference('1.2.3.1.1.3')]));
  const headers = { accept: 'multipart/related; type="image/png"' };
  await assert.rejects(web.ask(`${stateUrl}/rendered`, { headers }), { code: 'MALFORMED' });
  const body = (await web.open(`${stateUrl}/rendered`, { headers })).body;
  assert.ok(body !== undefined && !(body instanceof Uint8Array));
  let parts = 0;
  await assert.rejects(async () => {
    for await (const chunk of body) parts += Buffer.from(chunk).includes('\x89PNG', 0, 'latin1') ? 1 : 0;
  });
  assert.equal(parts, 2);
});

test('a state that names more images than is allowed is refused before any is read', async () => {
  const rendering = { ...limits.rendering, stateImagesMax: 2 };
  await using web = await webHouse({ codecs, limits: { ...limits, rendering } });
  await web.keep(image(), state([1, 2, 3].map((number) => reference(`1.2.3.1.1.${number}`))));
  assert.equal(await refusal(web, `${stateUrl}/rendered`), 'LIMIT_EXCEEDED');
});

test('the tag of a picture of a state is of the state and of the image', async () => {
  const tagOf = async (made: TestInstance, query = ''): Promise<string> => {
    await using web = await house();
    await web.keep(image({ frames: 2 }), made);
    return (await web.ask(`${stateUrl}/rendered${query}`, { method: 'HEAD' })).headers.get('etag') ?? '';
  };
  const first = state([reference('1.2.3.1.1.1')]);
  const other = state([reference('1.2.3.1.1.1', [2])]);
  const tags = [await tagOf(first), await tagOf(first, '?viewport=9,9'), await tagOf(other)];
  assert.equal(new Set(tags).size, 3);
  assert.equal(await tagOf(first), tags[0]);
  await using web = await house();
  await web.keep(image({ frames: 2 }), first);
  const { status } = await web.ask(`${stateUrl}/rendered`, { headers: { 'if-none-match': tags[0] } });
  assert.equal(status, 304);
});

test('the ledger names the classes of state and image', async () => {
  await using web = await house();
  await web.keep(image(), state([reference('1.2.3.1.1.1')]));
  await web.ask(`${stateUrl}/rendered`);
  await web.session.end('test');
  const transferred = web.house.ledger.records.filter(({ event }) => event.event.id.code === '110104');
  const xml = transferred.map((record) => record.xml).join('');
  assert.match(xml, /1\.2\.840\.10008\.5\.1\.4\.1\.1\.11\.1"/);
  assert.match(xml, /1\.2\.840\.10008\.5\.1\.4\.1\.1\.7"/);
});

/** What the main thread did for it, in ms, and how it was answered. */
async function blockedMs(web: WebHouse, url: string): Promise<{ readonly ms: number; readonly answer: unknown }> {
  const startedMs = performance.now();
  const answer: unknown = await web.ask(url, { headers: png }).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof LeadglassError ? error.code : error),
  );
  return { ms: performance.now() - startedMs, answer };
}

test('quadratic work: an image that is named once for each of its frames, twenty thousand times', async () => {
  await using web = await house();
  const references = Array.from({ length: 20_000 }, (_, index) => reference('1.2.3.1.1.1', [index + 1]));
  await web.keep(image(), state(references));
  const { ms, answer } = await blockedMs(web, `${stateUrl}/rendered`);
  assert.equal(answer, 200);
  assert.ok(ms < 10_000, `${ms} ms`);
});

test('endless lists: frames that a state names are bounded before they become numbers', async () => {
  await using web = await house();
  const long = new DataSet()
    .setText(0x00081155, 'UI', '1.2.3.1.1.1')
    .setBytes(0x00081160, 'IS', Buffer.from('1\\'.repeat(4 * 1024 ** 2)));
  const many = Array.from({ length: 40 }, () =>
    new DataSet()
      .setText(0x00081155, 'UI', '1.2.3.1.1.1')
      .setBytes(0x00081160, 'IS', Buffer.from('1\\'.repeat(32 * 1024))),
  );
  await web.keep(image(), state([long]));
  assert.deepEqual((await blockedMs(web, `${stateUrl}/rendered`)).answer, 'LIMIT_EXCEEDED');
  await using other = await house();
  await other.keep(image(), state(many));
  assert.deepEqual((await blockedMs(other, `${stateUrl}/rendered`)).answer, 'LIMIT_EXCEEDED');
});
