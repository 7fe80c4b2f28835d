/** Text on a picture: which characters stand where, and their pixels, with a dark edge so that they show on white, too. */
import type { Canvas } from './canvas.ts';
import { type Font, glyphRows } from './font.ts';
import type { Rgb } from './marks.ts';

const black: Rgb = [0, 0, 0];

/** Whole times the font's 16 lines: about 32 lines of text fit on a picture of any size. */
export function textScale(width: number, height: number): number {
  return Math.min(16, Math.max(1, Math.round(Math.min(width, height) / 512)));
}

/** Lines of a text without what is not to be seen: controls, marks of direction, and the like. */
export function plainLines(text: string): readonly string[] {
  return text
    .normalize('NFC')
    .split(/\r\n|[\n\r\f\u0085\u2028\u2029]/)
    .map((line) =>
      line
        .replaceAll('\t', ' ')
        .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
        .trimEnd(),
    );
}

/** One line of at most so many characters. */
export function shortLine(text: string, charactersMax: number): string {
  return Array.from(plainLines(text).join(' ')).slice(0, charactersMax).join('');
}

export function textWidth(line: string, font: Font, scale: number): number {
  let width = 0;
  for (const character of line) width += font.glyph(character.codePointAt(0) ?? 0).advance;
  return width * scale;
}

/** Breaks lines that are too wide, where there is a space if there is one. */
export function wrapped(lines: readonly string[], widthMax: number, font: Font, scale: number): readonly string[] {
  return lines.flatMap((line) => {
    const parts: string[] = [];
    let part = '';
    let width = 0;
    for (const character of line) {
      const advance = font.glyph(character.codePointAt(0) ?? 0).advance * scale;
      const isFull = width + advance > widthMax && part !== '';
      if (isFull && character === ' ') {
        parts.push(part);
        [part, width] = ['', 0];
        continue;
      }
      if (isFull) {
        const space = part.lastIndexOf(' ');
        const rest = space > 0 ? part.slice(space + 1) : '';
        parts.push(space > 0 ? part.slice(0, space) : part);
        part = rest;
        width = textWidth(rest, font, scale);
      }
      part += character;
      width += advance;
    }
    return [...parts, part];
  });
}

export interface TextStyle {
  readonly font: Font;
  readonly scale: number;
  readonly colour: Rgb;
}

/** One line, its left upper corner at this pixel. */
export function drawLine(canvas: Canvas, line: string, [x, y]: readonly [number, number], style: TextStyle): void {
  const { font, scale, colour } = style;
  const characters = Array.from(visualOrder(line), (character) => font.glyph(character.codePointAt(0) ?? 0));
  // Edges first, so that none lies over the character before.
  for (const isEdge of [true, false]) {
    let pen = x;
    for (const glyph of characters) {
      canvas.spend(glyphRows * 16);
      const at = [pen + glyph.left * scale, y] as const;
      if (isEdge) drawEdge(canvas, glyph.rows, at, scale);
      else drawBits(canvas, glyph.rows, at, { scale, grown: 0, colour });
      pen += glyph.advance * scale;
    }
  }
}

function drawEdge(canvas: Canvas, rows: Uint32Array, at: readonly [number, number], scale: number): void {
  drawBits(canvas, rows, at, { scale, grown: Math.max(1, Math.round(scale / 2)), colour: black });
}

function drawBits(
  canvas: Canvas,
  rows: Uint32Array,
  [left, top]: readonly [number, number],
  { scale, grown, colour }: { readonly scale: number; readonly grown: number; readonly colour: Rgb },
): void {
  const side = scale + 2 * grown;
  for (const [row, bits] of rows.entries()) {
    for (let column = 0; column < 32; column += 1) {
      if (((bits << column) & 0x8000_0000) === 0) continue;
      const [x, y] = [left + column * scale - grown, top + row * scale - grown];
      if (x + side <= 0 || y + side <= 0 || x >= canvas.width || y >= canvas.height) continue;
      canvas.spend(side * side);
      for (let down = 0; down < side; down += 1) {
        for (let across = 0; across < side; across += 1) canvas.blend(x + across, y + down, colour, 1);
      }
    }
  }
}

/**
 * Runs of Hebrew and Arabic from right to left, numbers in them as they are. Not the whole algorithm of Unicode (UAX 9): letters
 * are not joined, and a line begins on the left.
 */
export function visualOrder(line: string): string {
  return line.replaceAll(
    /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc](?:[^\p{L}]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])*/gu,
    (run) =>
      [...run.matchAll(/\p{Nd}(?:[\d.,:/-]*\p{Nd})?|\P{M}\p{M}*|\p{M}/gu)]
        .map(([part]) => part)
        .toReversed()
        .join(''),
  );
}
