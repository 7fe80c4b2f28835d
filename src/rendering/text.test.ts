/** The font, texts and colours of what is drawn over pictures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecsHere } from '../codecs/codecs.test-support.ts';
import { DataSet } from '../dicom/data-set.ts';
import { limits } from '../limits.ts';
import { Canvas } from './canvas.ts';
import { labToRgb, readColour } from './cielab.ts';
import type { Picture } from './picture.ts';
import { readLabels } from './read-labels.ts';
import { drawLine, plainLines, textScale, textWidth, visualOrder, wrapped } from './text.ts';

const { font } = codecsHere();

/** The rows of a character as text. */
function shape(character: string): readonly string[] {
  const { rows, advance } = font.glyph(character.codePointAt(0) ?? 0);
  return [...rows].map((row) =>
    Array.from({ length: advance }, (_, at) => ((row << at) & 0x8000_0000 ? '#' : '.')).join(''),
  );
}

test('the font has the bitmaps of Unifont', () => {
  assert.deepEqual(shape('A').slice(4, 14), [
    '...##...',
    '..#..#..',
    '..#..#..',
    '.#....#.',
    '.#....#.',
    '.######.',
    '.#....#.',
    '.#....#.',
    '.#....#.',
    '.#....#.',
  ]);
  assert.ok(shape(' ').every((row) => row === '........'));
});

test('Latin, Greek, Cyrillic, Hebrew, Arabic, Japanese, Chinese and Korean have glyphs of their own', () => {
  const missing = shape('\u{10ffff}').join();
  for (const character of 'zßżğőỄαΩжЯ‡№שع日本語漢字かなカナ한글€°µ×−') {
    assert.notEqual(shape(character).join(), missing, character);
  }
  assert.equal(shape('\u{1f600}').join(), missing);
  assert.equal(shape('漢')[0]?.length, 16);
});

function inkOf(line: string): Picture {
  const picture: Picture = { width: 160, height: 16, channels: 1, pixels: new Uint8Array(160 * 16).fill(50) };
  drawLine(new Canvas(picture, limits.rendering), line, [0, 0], { font, scale: 1, colour: [255, 255, 255] });
  return picture;
}

test('letters from right to left are drawn so, with numbers in them as they are', () => {
  const [alef, bet, gimel, dalet] = ['\u05d0', '\u05d1', '\u05d2', '\u05d3'];
  assert.equal(visualOrder(`${alef}${bet} 12.5 ${gimel}${dalet}`), `${dalet}${gimel} 12.5 ${bet}${alef}`);
  assert.equal(visualOrder(`CT ${alef}${bet} mm`), `CT ${bet}${alef} mm`);
  assert.equal(visualOrder('Länge 34,5 mm'), 'Länge 34,5 mm');
});

test('a text is white with a dark edge', () => {
  const { pixels } = inkOf('I');
  assert.ok(pixels.includes(255) && pixels.includes(0) && pixels.includes(50));
});

test('lines are cut at their ends and cleaned of what is not to be seen', () => {
  assert.deepEqual(plainLines('a\r\nb\tc\n\u202ed\u0000\u200be\u2028f  '), ['a', 'b c', 'de', 'f']);
});

test('lines that are too wide are broken at a space, else where they are full', () => {
  assert.deepEqual(wrapped(['one two three'], 7 * 8, font, 1), ['one two', 'three']);
  assert.deepEqual(wrapped(['abcdefgh'], 3 * 8, font, 1), ['abc', 'def', 'gh']);
  assert.deepEqual(wrapped(['日本'], 1, font, 1), ['日', '本']);
  assert.equal(textWidth('日a', font, 2), 48);
});

test('about thirty lines fit on a picture of any size', () => {
  assert.deepEqual(
    [64, 512, 1024, 4096, 65_535].map((side) => textScale(side, side + 9)),
    [1, 1, 2, 8, 16],
  );
});

test('CIELab values are the colours that they are in sRGB', () => {
  const near = (lab: readonly [number, number, number], rgb: readonly number[]): void => {
    const [l, a, b] = lab;
    const made = labToRgb((l / 100) * 65_535, ((a + 128) / 255) * 65_535, ((b + 128) / 255) * 65_535);
    assert.ok(
      made.every((value, at) => Math.abs(value - (rgb[at] ?? 0)) <= 2),
      `${lab.join()}: ${made.join()}`,
    );
  };
  // sRGB's own corners, computed with D50 (Lindbloom).
  near([100, 0, 0], [255, 255, 255]);
  near([0, 0, 0], [0, 0, 0]);
  near([53.39, 0, 0], [127, 127, 127]);
  near([54.29, 80.81, 69.89], [255, 0, 0]);
  near([87.82, -79.29, 80.99], [0, 255, 0]);
  near([29.57, 68.3, -112.03], [0, 0, 255]);
  assert.equal(readColour(new DataSet().setNumber(0x00700401, 'US', [1, 2]), { lab: 0x00700401 }), undefined);
  assert.deepEqual(
    readColour(new DataSet().setNumber(0x00700066, 'US', 0x8000), { grey: 0x00700066 }),
    [128, 128, 128],
  );
});

test('labels say whose image it is and how it was made, and only what it says itself', () => {
  const image = new DataSet()
    .setText(0x00080005, 'CS', 'ISO_IR 192')
    .setText(0x00080020, 'DA', '20260131')
    .setText(0x00080060, 'CS', 'CT')
    .setText(0x00100010, 'PN', 'Yamada^Tarou^^Dr.=山田^太郎=やまだ^たろう')
    .setText(0x00100020, 'LO', 'P\u202e1')
    .setText(0x00100030, 'DA', '19640229')
    .setText(0x00100040, 'CS', 'M')
    .setText(0x00180060, 'DS', '120.000000')
    .setText(0x00181314, 'DS', '90');
  assert.deepEqual(readLabels(image, ['patient', 'technique'], limits.rendering), {
    top: ['Dr. Tarou Yamada  山田 太郎', 'ID P1', 'born 1964-02-29  M', 'study of 2026-01-31'],
    bottom: ['CT  120 kV  FA 90°'],
  });
  assert.deepEqual(readLabels(new DataSet(), ['patient', 'technique'], limits.rendering), { top: [], bottom: [] });
  assert.equal(readLabels(image, [], limits.rendering), undefined);
  const long = new DataSet().setText(0x00100020, 'LO', 'x'.repeat(5000));
  assert.equal(readLabels(long, ['patient'], { labelCharactersMax: 10 })?.top[0], 'ID xxxxxxxxxx');
});
