/** Annotations in the drawing of a waveform: words about the whole above it, moments as marks in their rows. */
import { type Markup, markup } from '../documents/markup.ts';
import { type Area, millimetres, shortened } from './drawing.ts';
import type { Lane } from './lane.ts';
import type { Plan } from './plan.ts';
import type { WaveformAnnotation } from './waveform.ts';

const lineMm = 4;
/** Characters of a short one, of which several stand beside each other; and of a line. */
const shortMax = 42;
const lineMax = 130;
const linesOfOneMax = 6;
const columnMm = 75;

/** Those without moments. */
export function annotationBlock(
  annotations: readonly WaveformAnnotation[],
  { left, top, width }: { readonly left: number; readonly top: number; readonly width: number },
): { readonly markup: Markup; readonly heightMm: number } {
  const whole = annotations
    .filter(({ seconds }) => seconds.length === 0)
    .map(({ text }) => text.replaceAll(/\s+/g, ' '));
  const long = whole.filter((text) => text.length > shortMax).flatMap(linesOf);
  const short = whole.filter((text) => text.length <= shortMax);
  const columns = Math.max(1, Math.floor(width / columnMm));
  const lines = long.map((text, index) => line(text, left, top + (index + 1) * lineMm));
  const below = top + long.length * lineMm;
  const cells = short.map((text, index) =>
    line(text, left + (index % columns) * columnMm, below + (Math.floor(index / columns) + 1) * lineMm),
  );
  return {
    markup: markup`${lines}${cells}`,
    heightMm: (long.length + Math.ceil(short.length / columns)) * lineMm,
  };
}

function line(text: string, x: number, y: number): Markup {
  return markup`<text x="${millimetres(x)}" y="${millimetres(y)}">${text}</text>\n`;
}

function linesOf(text: string): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length >= lineMax) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.slice(0, linesOfOneMax).map((each) => shortened(each, lineMax));
}

export interface RowPlace {
  readonly group: number;
  readonly row: number;
  readonly plan: Plan;
  /** Of the lanes; the words stand above them. */
  readonly area: Area;
  readonly tops: readonly number[];
  readonly lanes: readonly Lane[];
}

/** Words of neighbouring moments stand one above the other, as far as there is room. */
const wordLevels = 3;
const wordMm = 2.6;
const characterMm = 1.35;

/** The height of the words above the lanes, for a group that has moments. */
export function wordsMm(annotations: readonly WaveformAnnotation[], group: number): number {
  return annotations.some((one) => one.group === group && one.seconds.length > 0) ? wordLevels * wordMm : 0;
}

interface Moment {
  readonly annotation: WaveformAnnotation;
  readonly x: number;
}

/** A line through the lanes that are meant, with its words above them; words that have no room are left to the tooltip. */
export function placedAnnotations(annotations: readonly WaveformAnnotation[], place: RowPlace): readonly Markup[] {
  const ends: number[] = Array.from({ length: wordLevels }, () => Number.NEGATIVE_INFINITY);
  return momentsOf(annotations, place).map((moment) => {
    const text = shortened(moment.annotation.text, 32);
    const level = ends.findIndex((end) => end < moment.x);
    if (level >= 0) ends[level] = moment.x + 0.6 + text.length * characterMm;
    const y = place.area.top - 0.6 - level * wordMm;
    const words = markup`<text class="marked" x="${millimetres(moment.x + 0.6)}" y="${millimetres(y)}">${text}</text>`;
    return markup`${momentLine(moment, place)}${level < 0 ? undefined : words}\n`;
  });
}

function momentsOf(
  annotations: readonly WaveformAnnotation[],
  { group, row, plan, area }: RowPlace,
): readonly Moment[] {
  const begin = row * plan.secondsPerRow;
  return annotations
    .filter((annotation) => annotation.group === group)
    .flatMap((annotation) =>
      annotation.seconds
        .filter((second) => Math.floor(second / plan.secondsPerRow) === row)
        .map((second) => ({ annotation, x: area.left + (second - begin) * plan.mmPerSecond })),
    )
    .toSorted((a, b) => a.x - b.x);
}

function momentLine({ annotation, x }: Moment, { area, tops, lanes }: RowPlace): Markup {
  const meant = annotation.channels.filter((channel) => channel >= 1 && channel <= tops.length);
  const first = meant.length === 0 ? 1 : Math.min(...meant);
  const last = meant.length === 0 ? tops.length : Math.max(...meant);
  const top = tops[first - 1] ?? area.top;
  const bottom = (tops[last - 1] ?? area.top) + (lanes[last - 1]?.heightMm ?? 0);
  const title = markup`<title>${annotation.text}</title>`;
  return markup`<path class="mark" d="M${millimetres(x)},${millimetres(top)}V${millimetres(bottom)}">${title}</path>`;
}
