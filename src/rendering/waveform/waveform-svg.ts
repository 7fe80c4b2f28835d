/**
 * A waveform as one drawing: a lane for each channel, rows one below the other, ECGs on their paper. All lengths are in
 * millimetres, so that a print is to scale. No script and nothing loaded; of the patient it says nothing.
 */
import { type Markup, markup, markupText } from '../documents/markup.ts';
import { type Area, millimetres, shortened } from './drawing.ts';
import type { Envelope } from './envelope.ts';
import { type Lane, lanesOf } from './lane.ts';
import { annotationBlock, placedAnnotations, wordsMm } from './annotation-svg.ts';
import type { Plan } from './plan.ts';
import { durationText, numberText, techniqueText } from './technique.ts';
import { traceOf } from './trace.ts';
import type { MultiplexGroup, Waveform } from './waveform.ts';
import { waveformStyle } from './waveform-style.ts';

/** What was read of one multiplex group. */
export interface DrawnGroup {
  readonly plan: Plan;
  readonly envelopes: readonly Envelope[];
}

const marginMm = 8;
/** Room for calibration pulses and scales. */
const leftMm = 24;
const rowGapMm = 6;

/** @param drawn by group; undefined where a group has no data */
export function waveformSvg(waveform: Waveform, drawn: readonly (DrawnGroup | undefined)[]): string {
  const widest = Math.max(...drawn.map((group) => (group === undefined ? 0 : widthOf(group.plan))), 200);
  const width = leftMm + widest + marginMm;
  const blocks: Markup[] = [];
  let y = marginMm + 4;
  blocks.push(markup`<text class="title" x="${marginMm}" y="${millimetres(y)}">${waveform.title}</text>\n`);
  y += 4;
  const words = annotationBlock(waveform.annotations, { left: marginMm, top: y, width: width - 2 * marginMm });
  blocks.push(words.markup);
  y += words.heightMm + 2;
  for (const [index, group] of waveform.groups.entries()) {
    const block = groupBlock({ waveform, group, number: index + 1, drawn: drawn[index] }, y);
    blocks.push(block.markup);
    y += block.heightMm;
  }
  const height = millimetres(y + marginMm);
  const head = markup`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${millimetres(width)}mm" height="${height}mm" viewBox="0 0 ${millimetres(width)} ${height}" role="img" aria-labelledby="title description">
<title id="title">${waveform.title}</title>
<desc id="description">${descriptionOf(waveform)}</desc>
<style>`;
  const body = markup`</style>
<defs>
<pattern id="fine" width="1" height="1" patternUnits="userSpaceOnUse"><path class="fine" d="M0,0H1M0,0V1"/></pattern>
<pattern id="coarse" width="5" height="5" patternUnits="userSpaceOnUse"><path class="coarse" d="M0,0H5M0,0V5"/></pattern>
</defs>
<rect class="paper" width="100%" height="100%"/>
${blocks}</svg>
`;
  return markupText(head) + waveformStyle + markupText(body);
}

function widthOf({ secondsPerRow, mmPerSecond }: Plan): number {
  return secondsPerRow * mmPerSecond;
}

function descriptionOf({ groups }: Waveform): string {
  return groups
    .map(({ channels, samplesPerSecond }) => {
      const labels = channels.map(({ label }) => label).join(', ');
      return `${channels.length} channels at ${numberText(samplesPerSecond)} Hz: ${labels}`;
    })
    .join('; ');
}

interface Block {
  readonly markup: Markup;
  readonly heightMm: number;
}

interface GroupFacts {
  readonly waveform: Waveform;
  readonly group: MultiplexGroup;
  /** From 1. */
  readonly number: number;
  readonly drawn: DrawnGroup | undefined;
}

function groupBlock({ waveform, group, number, drawn }: GroupFacts, top: number): Block {
  const name = group.label || (waveform.groups.length === 1 ? '' : `Group ${number}`);
  const lanes = drawn === undefined ? [] : lanesOf(group.channels, drawn.envelopes, waveform);
  const technique = techniqueText(group, { plan: drawn?.plan, lanes });
  const heading = markup`<text class="group" x="${marginMm}" y="${millimetres(top + 5)}">${name} <tspan class="small">${technique}</tspan></text>\n`;
  if (drawn === undefined) return { markup: heading, heightMm: 8 };
  const rows: Markup[] = [];
  // Rows begin on whole lines of the paper.
  const above = wordsMm(waveform.annotations, number);
  let y = Math.ceil((top + 8 + above) / 5) * 5;
  for (let row = 0; row < drawn.plan.rows; row += 1) {
    const block = rowBlock({ waveform, group, number, drawn, lanes, row }, y);
    rows.push(block.markup);
    y = Math.ceil((y + block.heightMm + rowGapMm + above) / 5) * 5;
  }
  return { markup: markup`${heading}${rows}`, heightMm: y - top };
}

interface RowFacts extends GroupFacts {
  readonly drawn: DrawnGroup;
  readonly lanes: readonly Lane[];
  readonly row: number;
}

function rowBlock(facts: RowFacts, top: number): Block {
  const { waveform, group, number, drawn, lanes, row } = facts;
  const { plan } = drawn;
  const tops: number[] = [];
  let y = top;
  for (const { heightMm } of lanes) {
    tops.push(y);
    y += heightMm;
  }
  const area = { left: leftMm, top, width: widthOf(plan), height: y - top };
  const isPaper = waveform.isEcg && Math.abs(plan.mmPerSecond - 25) < 1e-6;
  const traces = group.channels.map((channel, index) => {
    const lane = lanes[index];
    const envelope = drawn.envelopes[index];
    if (lane === undefined || envelope === undefined) return undefined;
    const place = { left: leftMm, top: tops[index] ?? top };
    const { samplesPerSecond } = group;
    const d = traceOf({ plan, envelope, lane, samplesPerSecond, skewSeconds: channel.skewSeconds, row, ...place });
    const trace = d === '' ? undefined : markup`<path class="trace" d="${d}"/>`;
    // Under the trace: nothing of a recording is hidden by words.
    return markup`${laneMarks(lane, place)}${labelOf(channel.label, place)}${trace}\n`;
  });
  const marks = placedAnnotations(waveform.annotations, { group: number, row, plan, area, tops, lanes });
  return {
    markup: markup`${paper(area, isPaper)}${axis(facts, area)}${traces}${marks}`,
    heightMm: area.height,
  };
}

function paper({ left, top, width, height }: Area, isPaper: boolean): Markup {
  const place = markup`x="${millimetres(left)}" y="${millimetres(top)}" width="${millimetres(width)}" height="${millimetres(height)}"`;
  if (!isPaper) return markup`<rect class="axis" ${place}/>\n`;
  return markup`<rect fill="url(#fine)" ${place}/><rect fill="url(#coarse)" ${place}/>\n`;
}

const ticks = 10;

/** When the row begins; without paper also lines at each tenth of it. */
function axis({ waveform, group, drawn, row }: RowFacts, { left, top, width, height }: Area): Markup {
  const { rows, secondsPerRow } = drawn.plan;
  const begin = row * secondsPerRow + group.startSeconds;
  const bottom = millimetres(top + height + 3);
  const start =
    rows === 1 && waveform.isEcg
      ? undefined
      : markup`<text class="small" x="${millimetres(left)}" y="${bottom}">${durationText(begin)}</text>\n`;
  if (waveform.isEcg) return markup`${start}`;
  const lines = Array.from({ length: ticks }, (_, tick) => {
    const x = millimetres(left + ((tick + 1) * width) / ticks);
    const time = durationText(begin + ((tick + 1) * secondsPerRow) / ticks);
    return markup`<path class="axis" d="M${x},${millimetres(top)}v${millimetres(height)}"/>${width < 100 && tick < ticks - 1 ? undefined : markup`<text class="small" text-anchor="end" x="${x}" y="${bottom}">${time}</text>`}
`;
  });
  return markup`${start}${lines}`;
}

function labelOf(label: string, { left, top }: { readonly left: number; readonly top: number }): Markup {
  const text = shortened(label, 60);
  return markup`<text class="label" x="${millimetres(left + 1)}" y="${millimetres(top + 4)}">${text}</text>`;
}

/** One millivolt for a fifth of a second, as devices draw it, or the values between which the lane lies. */
function laneMarks(lane: Lane, { top }: { readonly top: number }): Markup | undefined {
  const { mmPerMillivolt, range, heightMm } = lane;
  if (mmPerMillivolt !== undefined) {
    const y = top + heightMm / 2 + mmPerMillivolt / 2;
    return markup`<path class="trace" d="M${leftMm - 14},${millimetres(y)}h2v${-mmPerMillivolt}h5v${mmPerMillivolt}h2"/>`;
  }
  if (range === undefined) return undefined;
  const x = millimetres(leftMm - 1);
  const value = (y: number, text: string): Markup =>
    markup`<text class="small" text-anchor="end" x="${x}" y="${millimetres(y)}">${text}</text>`;
  if (range.most === range.least) return value(top + heightMm / 2 + 1, numberText(range.most));
  return markup`${value(top + 3, numberText(range.most))}${value(top + heightMm - 1, numberText(range.least))}`;
}
