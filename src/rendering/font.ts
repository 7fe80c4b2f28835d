/**
 * GNU Unifont as bitmaps of 16 lines: every character of the Basic Multilingual Plane from one file (decision 0015). A reader of
 * the few tables of WOFF 1.0 and TrueType that are needed, for this one font: its outlines run along the edges of pixels.
 */
import { inflateSync } from 'node:zlib';

export interface Glyph {
  /** Pixels to the next character: 8 or 16, 0 for marks that stand upon the character before. */
  readonly advance: number;
  /** Of the pixel that is the highest bit of a row, from the pen. */
  readonly left: number;
  /** 16 rows of 32 pixels, from the top; the highest bit is the leftmost. */
  readonly rows: Uint32Array;
}

export const glyphRows = 16;
/** Rows above the line on which characters stand. */
const ascent = 14;
/** Units of the font's outlines for one pixel. */
const unitsPerPixel = 64;
/** Texts of a picture repeat their characters; a glyph has some 200 bytes. */
const glyphsKeptMax = 512;
const replacement = 0x25a1;

export class Font {
  readonly #woff: Uint8Array;
  readonly #kept = new Map<number, Glyph>();
  #tables: Tables | undefined;

  /** @param woff the file; it is read when the first character is wanted */
  constructor(woff: Uint8Array) {
    this.#woff = woff;
  }

  /** A character that the font lacks is shown as an empty square. */
  glyph(codePoint: number): Glyph {
    const kept = this.#kept.get(codePoint);
    if (kept !== undefined) return kept;
    this.#tables ??= readTables(this.#woff);
    const tables = this.#tables;
    const index = glyphIndex(tables.cmap, codePoint) || glyphIndex(tables.cmap, replacement);
    const glyph = readGlyph(tables, index);
    if (this.#kept.size >= glyphsKeptMax) this.#kept.clear();
    this.#kept.set(codePoint, glyph);
    return glyph;
  }
}

interface Tables {
  readonly cmap: DataView;
  readonly glyf: DataView;
  readonly hmtx: DataView;
  readonly loca: DataView;
  /** Glyphs with an advance of their own; the last one's stands for the others. */
  readonly advances: number;
}

/** WOFF 1.0 section 4: a directory of tables, each deflated where that makes it shorter. */
function readTables(woff: Uint8Array): Tables {
  const view = new DataView(woff.buffer, woff.byteOffset, woff.byteLength);
  const found = new Map<string, DataView>();
  for (let index = 0; index < view.getUint16(12); index += 1) {
    const at = 44 + 20 * index;
    const tag = String.fromCharCode(...woff.subarray(at, at + 4));
    const [offset, lengthBytes, wholeBytes] = [view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!['cmap', 'glyf', 'head', 'hhea', 'hmtx', 'loca'].includes(tag)) continue;
    const bytes = woff.subarray(offset, offset + lengthBytes);
    // A copy where it is not inflated: memory that threads share has no views of the usual kind.
    const table =
      lengthBytes < wholeBytes ? inflateSync(bytes, { maxOutputLength: wholeBytes }) : Uint8Array.from(bytes);
    found.set(tag, new DataView(table.buffer, table.byteOffset, table.byteLength));
  }
  const table = (tag: string): DataView => {
    const bytes = found.get(tag);
    if (bytes === undefined) throw new Error(`The font has no table ${tag}`);
    return bytes;
  };
  if (table('head').getUint16(18) !== 16 * unitsPerPixel || table('head').getInt16(50) !== 1) {
    throw new Error('The font is not the one that this reader is for');
  }
  const advances = table('hhea').getUint16(34);
  return { cmap: table('cmap'), glyf: table('glyf'), hmtx: table('hmtx'), loca: table('loca'), advances };
}

/** Segmented coverage (format 12), which this font has. @returns 0 where there is none */
function glyphIndex(cmap: DataView, codePoint: number): number {
  for (let index = 0; index < cmap.getUint16(2); index += 1) {
    const at = cmap.getUint32(8 + 8 * index);
    if (cmap.getUint16(at) !== 12) continue;
    for (let group = 0; group < cmap.getUint32(at + 12); group += 1) {
      const from = at + 16 + 12 * group;
      const [first, last] = [cmap.getUint32(from), cmap.getUint32(from + 4)];
      if (codePoint >= first && codePoint <= last) return cmap.getUint32(from + 8) + codePoint - first;
    }
  }
  return 0;
}

function readGlyph(tables: Tables, index: number): Glyph {
  const { glyf, loca, hmtx, advances } = tables;
  const advance = hmtx.getUint16(4 * Math.min(index, advances - 1)) / unitsPerPixel;
  const rows = new Uint32Array(glyphRows);
  const from = loca.getUint32(4 * index);
  if (loca.getUint32(4 * index + 4) === from) return { advance, left: 0, rows };
  const contours = readContours(glyf, from);
  const least = Math.min(...contours.flatMap((points) => points.map(({ x }) => x)));
  const left = Math.min(0, least);
  for (const points of contours) {
    for (const [at, { x, y }] of points.entries()) {
      const next = points[(at + 1) % points.length] ?? { x, y };
      for (let line = Math.min(y, next.y); line < Math.max(y, next.y); line += 1) {
        const row = ascent - 1 - line;
        // Even and odd: all that is right of a vertical edge turns around.
        if (row >= 0 && row < glyphRows && x - left < 32) rows[row] = (rows[row] ?? 0) ^ (0xffff_ffff >>> (x - left));
      }
    }
  }
  return { advance, left, rows };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A simple glyph (TrueType, table glyf): points as differences with flags, in pixels here. */
function readContours(glyf: DataView, offset: number): readonly (readonly Point[])[] {
  const contours = glyf.getInt16(offset);
  const ends = Array.from({ length: contours }, (_, index) => glyf.getUint16(offset + 10 + 2 * index));
  const count = (ends.at(-1) ?? -1) + 1;
  let at = offset + 10 + 2 * contours;
  at += 2 + glyf.getUint16(at);
  const flags: number[] = [];
  while (flags.length < count) {
    const flag = glyf.getUint8(at);
    at += 1;
    flags.push(flag);
    if ((flag & 8) === 0) continue;
    for (let repeats = glyf.getUint8(at); repeats > 0; repeats -= 1) flags.push(flag);
    at += 1;
  }
  const coordinates = (short: number, same: number): readonly number[] => {
    let value = 0;
    return flags.slice(0, count).map((flag) => {
      if ((flag & short) !== 0) {
        value += (flag & same) !== 0 ? glyf.getUint8(at) : -glyf.getUint8(at);
        at += 1;
      } else if ((flag & same) === 0) {
        value += glyf.getInt16(at);
        at += 2;
      }
      return value / unitsPerPixel;
    });
  };
  const columns = coordinates(2, 16);
  const lines = coordinates(4, 32);
  const points = columns.map((x, index) => ({ x, y: lines[index] ?? 0 }));
  return ends.map((end, index) => points.slice(index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, end + 1));
}
