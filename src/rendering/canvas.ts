/**
 * Lines, areas and bitmaps with soft edges on a picture. Whatever the coordinates, no more is touched than the picture has, and no
 * more in all than a budget: thousands of lines across a large picture are refused.
 */
import { LeadglassError } from '../error.ts';
import type { MarkLimits, Rgb } from './marks.ts';
import type { Picture } from './picture.ts';

/** Pixels of one line that are remembered at once; a longer one is drawn in parts. */
const touchedMax = 2 ** 18;

export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #picture: Picture;
  #left: number;
  /** How much of each pixel the line that is being drawn covers, in 255ths, and which pixels it touches. */
  #coverage: Uint8Array | undefined;
  #touched: Uint32Array | undefined;
  #touchedCount = 0;

  constructor(picture: Picture, limits: MarkLimits) {
    this.#picture = picture;
    this.width = picture.width;
    this.height = picture.height;
    this.#left = limits.markPixelsMax;
  }

  /** Counts before it is done. @throws LeadglassError LIMIT_EXCEEDED */
  spend(pixels: number): void {
    this.#left -= pixels;
    if (this.#left >= 0) return;
    throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot draw the picture: there are too many marks on it');
  }

  /** @param opacity 0 to 1 */
  blend(x: number, y: number, colour: Rgb, opacity: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height || opacity <= 0) return;
    const { channels, pixels } = this.#picture;
    const at = (y * this.width + x) * channels;
    for (let channel = 0; channel < channels; channel += 1) {
      const before = pixels[at + channel] ?? 0;
      pixels[at + channel] = Math.round(before + ((colour[channel] ?? 0) - before) * opacity);
    }
  }

  /** Lines from point to point with round ends and joints; of one point a dot. @param points x and y in turn */
  stroke(points: Float64Array, width: number, colour: Rgb): void {
    const at = (index: number): readonly [number, number] => [points[index] ?? 0, points[index + 1] ?? 0];
    if (points.length === 2) this.#line(at(0), at(0), width, colour);
    for (let index = 0; index + 3 < points.length; index += 2) this.#line(at(index), at(index + 2), width, colour);
    this.#blendTouched(colour);
  }

  /**
   * The soft edges of lines that meet must not add up: what counts is the most that one of them covers.
   * @param covered 1 to 255
   */
  #cover(at: number, covered: number, colour: Rgb): void {
    this.#coverage ??= new Uint8Array(this.width * this.height);
    this.#touched ??= new Uint32Array(touchedMax);
    const before = this.#coverage[at] ?? 0;
    if (covered <= before) return;
    this.#coverage[at] = covered;
    if (before > 0) return;
    this.#touched[this.#touchedCount] = at;
    this.#touchedCount += 1;
    if (this.#touchedCount === touchedMax) this.#blendTouched(colour);
  }

  #blendTouched(colour: Rgb): void {
    const [touched, coverage] = [this.#touched, this.#coverage];
    if (touched === undefined || coverage === undefined) return;
    for (let index = 0; index < this.#touchedCount; index += 1) {
      const at = touched[index] ?? 0;
      this.blend(at % this.width, Math.floor(at / this.width), colour, (coverage[at] ?? 0) / 255);
      coverage[at] = 0;
    }
    this.#touchedCount = 0;
  }

  #line(from: readonly [number, number], to: readonly [number, number], width: number, colour: Rgb): void {
    const half = width / 2;
    const clipped = clip(from, to, [-half - 1, -half - 1, this.width + half + 1, this.height + half + 1]);
    if (clipped === undefined) return;
    const [x0, y0, x1, y1] = clipped;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const isSteep = Math.abs(dy) > Math.abs(dx);
    const [along, across] = isSteep ? [dy, dx] : [dx, dy];
    const slope = along === 0 ? 0 : across / along;
    const reach = (half + 0.5) * Math.sqrt(1 + slope * slope);
    const [begin, end] = isSteep ? [Math.min(y0, y1), Math.max(y0, y1)] : [Math.min(x0, x1), Math.max(x0, x1)];
    const first = Math.max(0, Math.floor(begin - half - 1));
    const last = Math.min((isSteep ? this.height : this.width) - 1, Math.ceil(end + half + 1));
    if (last < first) return;
    this.spend((last - first + 1) * Math.ceil(2 * reach + 1));
    const otherSide = isSteep ? this.width : this.height;
    const [alongStep, acrossStep] = isSteep ? [this.width, 1] : [1, this.width];
    const [alongStart, acrossStart] = isSteep ? [y0, x0] : [x0, y0];
    const squared = along * along + across * across;
    for (let at = first; at <= last; at += 1) {
      const p = at + 0.5 - alongStart;
      const center = acrossStart + p * slope;
      const end = Math.min(otherSide - 1, Math.ceil(center + reach));
      for (let other = Math.max(0, Math.floor(center - reach)); other <= end; other += 1) {
        const q = other + 0.5 - acrossStart;
        const share = squared === 0 ? 0 : Math.min(1, Math.max(0, (p * along + q * across) / squared));
        const [u, v] = [p - share * along, q - share * across];
        const covered = Math.min(255, Math.round(255 * (half + 0.5 - Math.sqrt(u * u + v * v))));
        if (covered > 0) this.#cover(at * alongStep + other * acrossStep, covered, colour);
      }
    }
  }

  /** The inside by even and odd crossings, exact across each row. @param points x and y in turn */
  fill(points: Float64Array, colour: Rgb, opacity: number): void {
    const rows = new Map<number, number[]>();
    for (let at = 0; at < points.length; at += 2) {
      const next = (at + 2) % points.length;
      this.#cross(rows, [points[at] ?? 0, points[at + 1] ?? 0], [points[next] ?? 0, points[next + 1] ?? 0]);
    }
    for (const [row, crossings] of rows) {
      crossings.sort((a, b) => a - b);
      for (let index = 0; index + 1 < crossings.length; index += 2) {
        this.#span(row, [crossings[index] ?? 0, crossings[index + 1] ?? 0], colour, opacity);
      }
    }
  }

  #cross(rows: Map<number, number[]>, [x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): void {
    const first = Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5));
    const last = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1) - 0.5) - 1);
    if (last < first) return;
    // A crossing is kept until the area is drawn, and costs memory.
    this.spend((last - first + 1) * 32);
    for (let row = first; row <= last; row += 1) {
      const x = x0 + ((row + 0.5 - y0) / (y1 - y0)) * (x1 - x0);
      const crossings = rows.get(row);
      if (crossings === undefined) rows.set(row, [x]);
      else crossings.push(x);
    }
  }

  #span(row: number, [from, to]: readonly [number, number], colour: Rgb, opacity: number): void {
    const [left, right] = [Math.max(0, from), Math.min(this.width, to)];
    if (!(right > left)) return;
    const [first, last] = [Math.floor(left), Math.ceil(right)];
    this.spend(last - first);
    for (let x = first; x < last; x += 1) {
      const covered = Math.min(right, x + 1) - Math.max(left, x);
      this.blend(x, row, colour, opacity * covered);
    }
  }
}

/** The part of a line within a rectangle (Liang and Barsky), or undefined. */
function clip(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  [left, top, right, bottom]: readonly [number, number, number, number],
): readonly [number, number, number, number] | undefined {
  const [dx, dy] = [x1 - x0, y1 - y0];
  if (!Number.isFinite(dx + dy + x0 + y0)) return undefined;
  let [from, to] = [0, 1];
  for (const [step, room] of [
    [-dx, x0 - left],
    [dx, right - x0],
    [-dy, y0 - top],
    [dy, bottom - y0],
  ] as const) {
    if (step === 0 && room < 0) return undefined;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  if (from > to) return undefined;
  return [x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy];
}
