import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { test } from 'node:test';
import { somePixels } from '../codecs/codecs.test-support.ts';
import { limits } from '../limits.ts';
import { fitting } from './draw.ts';
import type { Picture } from './picture.ts';
import { writePng } from './png.ts';
import { draw, someImage } from './rendering.test-support.ts';
import { scale } from './scale.ts';
import { crop, turn } from './turn.ts';

const picture = (width: number, ...pixels: readonly number[]): Picture => ({
  width,
  height: pixels.length / width,
  channels: 1,
  pixels: Uint8Array.from(pixels),
});
const still = { flipsHorizontally: false, flipsVertically: false, rotation: 0 } as const;
const rowsOf = ({ width, pixels }: Picture): string =>
  [...pixels].map((grey, at) => (at > 0 && at % width === 0 ? `/${grey}` : String(grey))).join(' ');

test('pictures are mirrored first and turned clockwise then', () => {
  const before = picture(3, 1, 2, 3, 4, 5, 6);
  assert.equal(turn(before, still), before);
  assert.equal(rowsOf(turn(before, { ...still, flipsHorizontally: true })), '3 2 1 /6 5 4');
  assert.equal(rowsOf(turn(before, { ...still, flipsVertically: true })), '4 5 6 /1 2 3');
  assert.equal(rowsOf(turn(before, { ...still, rotation: 90 })), '4 1 /5 2 /6 3');
  assert.equal(rowsOf(turn(before, { ...still, rotation: 180 })), '6 5 4 /3 2 1');
  assert.equal(rowsOf(turn(before, { ...still, rotation: 270 })), '3 6 /2 5 /1 4');
  assert.equal(rowsOf(turn(before, { ...still, flipsHorizontally: true, rotation: 90 })), '6 3 /5 2 /4 1');
});

test('a part is cut out of a picture', () => {
  assert.equal(rowsOf(crop(picture(3, 1, 2, 3, 4, 5, 6), { left: 1, top: 0, width: 2, height: 2 })), '2 3 /5 6');
});

test('a smaller picture has the averages of what its pixels cover', () => {
  assert.equal(rowsOf(scale(picture(4, 0, 10, 20, 30), 2, 1, limits.rendering)), '5 25');
  assert.equal(rowsOf(scale(picture(3, 0, 30, 60), 2, 1, limits.rendering)), '10 50');
  assert.equal(rowsOf(scale(picture(2, 0, 100, 50, 250), 1, 1, limits.rendering)), '100');
});

test('a larger picture lies on the lines between the pixels', () => {
  assert.equal(rowsOf(scale(picture(2, 0, 100), 4, 1, limits.rendering)), '0 25 75 100');
  assert.equal(rowsOf(scale(picture(1, 7), 3, 2, limits.rendering)), '7 7 7 /7 7 7');
});

test('one grey stays one grey at every size', () => {
  const { dataSet, facts } = someImage();
  const pixels = somePixels(facts).fill(255);
  dataSet.setText(0x00281050, 'DS', '10').setText(0x00281051, 'DS', '5');
  for (const [width, height] of [
    [1, 1],
    [33, 28],
    [35, 31],
    [500, 499],
    [7, 400],
  ] as const) {
    const drawn = draw(dataSet, pixels.slice(), { viewport: { width, height } });
    assert.ok(drawn.pixels.every((grey) => grey === 255));
  }
});

test('a viewport is filled as far as the shape of the picture allows', () => {
  assert.deepEqual(fitting({ width: 512, height: 256 }, { width: 100, height: 100 }, 1), { width: 100, height: 50 });
  assert.deepEqual(fitting({ width: 512, height: 256 }, { width: 100, height: 100 }, 2), { width: 100, height: 100 });
  assert.deepEqual(fitting({ width: 10, height: 10 }, { width: 640, height: 480 }, 1), { width: 480, height: 480 });
  assert.deepEqual(fitting({ width: 65_535, height: 1 }, { width: 10, height: 10 }, 1), { width: 10, height: 1 });
});

test('pixels that are not square are drawn square where a viewport is asked for', () => {
  const { dataSet, facts } = someImage({ rows: 20, columns: 40 });
  dataSet.setText(0x00280034, 'IS', '2\\1');
  const { width, height } = draw(dataSet, somePixels(facts), { viewport: { width: 80, height: 80 } });
  assert.deepEqual([width, height], [80, 80]);
});

test('a circular shutter leaves a circle, a polygon its inside, and both together what both leave', () => {
  const { dataSet, facts } = someImage({ rows: 9, columns: 9 });
  const shown = (): string =>
    [...draw(dataSet, somePixels(facts).fill(255)).pixels]
      .map((grey, at) => (at % 9 === 0 ? '/' : '') + (grey === 255 ? '#' : '.'))
      .join('');
  dataSet.setText(0x00281050, 'DS', '10').setText(0x00281051, 'DS', '5');
  dataSet.setText(0x00181600, 'CS', 'CIRCULAR').setText(0x00181610, 'IS', '5\\5').setText(0x00181612, 'IS', '2');
  const circle = '/........./........./....#..../...###.../..#####../...###.../....#..../........./.........';
  assert.equal(shown(), circle);
  dataSet.setText(0x00181600, 'CS', 'POLYGONAL').setText(0x00181620, 'IS', '2\\2\\2\\8\\8\\8\\8\\2');
  const inside = '.#######.';
  const outside = '.........';
  assert.equal(shown(), ['', outside, inside, inside, inside, inside, inside, inside, outside, outside].join('/'));
  dataSet.setText(0x00181600, 'CS', ['CIRCULAR', 'POLYGONAL']);
  assert.equal(shown(), circle);
  dataSet
    .setText(0x00181600, 'CS', 'RECTANGULAR')
    .setText(0x00181602, 'IS', '3')
    .setText(0x00181604, 'IS', '4')
    .setText(0x00181606, 'IS', '9')
    .setText(0x00181608, 'IS', '9');
  assert.equal(shown(), `${`/${outside}`.repeat(8)}/..##.....`);
});

test('a PNG has the pixels, line by line', () => {
  for (const channels of [1, 3] as const) {
    const pixels = Uint8Array.from({ length: 5 * 4 * channels }, (_, at) => (at * 71) & 0xff);
    const file = Buffer.from(writePng({ width: 5, height: 4, channels, pixels }));
    assert.equal(file.toString('latin1', 1, 4), 'PNG');
    assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]], [5, 4, 8, channels - 1]);
    const length = file.readUInt32BE(33);
    const lines = inflateSync(file.subarray(41, 41 + length));
    const line = 5 * channels;
    const read = new Uint8Array(pixels.length);
    for (let at = 0; at < read.length; at += 1) {
      const row = Math.floor(at / line);
      read[at] = (lines[row * (line + 1) + 1 + (at % line)] ?? 0) + (row === 0 ? 0 : (read[at - line] ?? 0));
    }
    assert.deepEqual(read, pixels);
  }
});
