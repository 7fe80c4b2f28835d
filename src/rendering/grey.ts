/**
 * Greyscale: stored values through modality, VOI and presentation transform to 8 bits (PS3.4 N.2). Up to 16 bits each possible
 * code is computed once, so a pixel costs one look into a table.
 *
 * Greys are cut, not rounded: PS3.3 leaves it open, DCMTK and others cut, and one image should not look different here.
 */
import { codesIn, lookUpAll } from './codes.ts';
import type { ImageFacts, ModalityTransform } from './image-facts.ts';
import { lookUp } from './lookup-table.ts';
import type { CodedSamples, WideSamples } from './samples.ts';
import { samplesOf } from './samples.ts';
import { greyFunction, type ValueRange } from './window.ts';

/** 255 times a ratio may fall a last bit below the whole number that it is. */
const lastBit = 2 ** -20;

/** @throws LeadglassError MALFORMED, UNSUPPORTED */
export function drawGrey(pixels: Uint8Array, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  const samples = samplesOf(pixels, facts);
  return samples.kind === 'coded' ? drawCoded(samples, facts) : drawWide(samples, facts);
}

/** Only what occurs is computed: of 65,536 codes a CT slice has some thousands. */
function drawCoded(samples: CodedSamples, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  const { mask, valueOf } = samples;
  const toUnits = modalityFunction(facts.modality);
  const isPadding = paddingTest(facts);
  const codes = codesIn(samples);
  const units = new Float64Array(codes.length);
  let count = 0;
  for (const code of codes) {
    const value = valueOf(code);
    if (isPadding(value)) continue;
    codes[count] = code;
    units[count++] = toUnits(value);
  }
  const greyOf = greyFunction(facts.voi, () => rangeOf(count, (at) => units[at] ?? Number.NaN));
  const table = new Uint8Array(mask + 1);
  for (let at = 0; at < count; at += 1) table[codes[at] ?? 0] = shown(greyOf(units[at] ?? 0), facts);
  return lookUpAll(samples, table);
}

function drawWide({ values }: WideSamples, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  const toUnits = modalityFunction(facts.modality);
  const isPadding = paddingTest(facts);
  const unitsAt = (at: number): number => {
    const value = values[at] ?? 0;
    return isPadding(value) ? Number.NaN : toUnits(value);
  };
  const greyOf = greyFunction(facts.voi, () => rangeOf(values.length, unitsAt));
  const greys = new Uint8Array(values.length);
  for (let at = 0; at < greys.length; at += 1) {
    const units = unitsAt(at);
    greys[at] = Number.isNaN(units) ? 0 : shown(greyOf(units), facts);
  }
  return greys;
}

/** The presentation transform (PS3.4 N.2.3): a table is over all greys, from black to white. */
function shown(grey: number, { isInverse, presentation }: ImageFacts): number {
  if (presentation === undefined) return Math.floor((isInverse ? 255 - grey : grey) + lastBit);
  const { values, bits } = presentation;
  const value = values[Math.min(values.length - 1, Math.floor((grey / 255) * (values.length - 1) + lastBit))] ?? 0;
  return Math.floor((value * 255) / (2 ** bits - 1) + lastBit);
}

/** Of the finite ones; those of nothing are 0 to 0. */
function rangeOf(count: number, unitsAt: (at: number) => number): ValueRange {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < count; at += 1) {
    const units = unitsAt(at);
    if (!Number.isFinite(units)) continue;
    if (units < least) least = units;
    if (units > most) most = units;
  }
  return least <= most ? { least, most } : { least: 0, most: 0 };
}

function modalityFunction(modality: ModalityTransform): (value: number) => number {
  if (modality.kind === 'table') return (value) => lookUp(modality.table, value);
  const { slope, intercept } = modality;
  return (value) => value * slope + intercept;
}

function paddingTest({ padding }: ImageFacts): (value: number) => boolean {
  if (padding === undefined) return () => false;
  const { least, most } = padding;
  return (value) => value >= least && value <= most;
}
