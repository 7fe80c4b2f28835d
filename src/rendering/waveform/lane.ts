/** Where the values of a channel lie in its lane: a fixed gain for ECGs, as on paper, else as much as fits. */
import type { Envelope } from './envelope.ts';
import type { Channel } from './waveform.ts';

export interface Lane {
  readonly heightMm: number;
  /** From the top of the lane; undefined for what is no value that can be drawn. */
  readonly yOf: (sample: number) => number | undefined;
  /** Of an ECG: millimetres for one millivolt. */
  readonly mmPerMillivolt?: number;
  /** Values at the top and at the bottom of what is drawn, in the unit; absent without any. */
  readonly range?: { readonly least: number; readonly most: number };
}

/** UCUM codes of voltages, in millivolts. */
const millivolts: ReadonlyMap<string, number> = new Map([
  ['V', 1000],
  ['mV', 1],
  ['uV', 0.001],
  ['nV', 0.000001],
]);
/** Printers go down in these steps when a lead is too high. */
const gains = [10, 5, 2.5] as const;
const ecgLaneMm = { least: 14, most: 64, margin: 4 } as const;
const laneMm = 22;
const marginMm = 2;
/** Beyond this nothing is measured, and sums would lose their sense. */
const valueMax = 1e100;

/** Of one multiplex group: leads that belong together have the same gain. */
export function lanesOf(
  channels: readonly Channel[],
  envelopes: readonly Envelope[],
  { isEcg }: { readonly isEcg: boolean },
): readonly Lane[] {
  const ranges = channels.map((channel, index) => rangeOf(channel, envelopes[index]));
  const gain = isEcg ? gainOf(channels, ranges) : undefined;
  return channels.map((channel, index) => {
    const range = ranges[index];
    const factor = millivolts.get(channel.unit);
    if (gain === undefined || factor === undefined) return fittedLane(channel, range);
    return ecgLane(channel, { range, mmPerUnit: gain * factor, mmPerMillivolt: gain });
  });
}

type Range = Lane['range'];

function valueOf({ scale, offset }: Channel, sample: number): number | undefined {
  const value = sample * scale + offset;
  return Math.abs(value) <= valueMax ? value : undefined;
}

function rangeOf(channel: Channel, envelope: Envelope | undefined): Range {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < (envelope?.least.length ?? 0); place += 1) {
    // A negative scale turns them around.
    for (const sample of [envelope?.least[place] ?? Number.NaN, envelope?.most[place] ?? Number.NaN]) {
      const value = Number.isFinite(sample) ? valueOf(channel, sample) : undefined;
      if (value === undefined) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return least <= most ? { least, most } : undefined;
}

/** The highest with which every lead fits; undefined when none does, or there is no voltage. */
function gainOf(channels: readonly Channel[], ranges: readonly Range[]): number | undefined {
  const heights = channels.flatMap(({ unit }, index) => {
    const factor = millivolts.get(unit);
    const range = ranges[index];
    return factor === undefined || range === undefined ? [] : [(range.most - range.least) * factor];
  });
  if (heights.length === 0) return undefined;
  const highest = Math.max(...heights);
  return gains.find((gain) => highest * gain <= ecgLaneMm.most - ecgLaneMm.margin);
}

function ecgLane(
  channel: Channel,
  facts: { readonly range: Range; readonly mmPerUnit: number; readonly mmPerMillivolt: number },
): Lane {
  const { range, mmPerUnit, mmPerMillivolt } = facts;
  const { least, most } = range ?? { least: 0, most: 0 };
  const drawn = (most - least) * mmPerUnit;
  const heightMm = Math.max(ecgLaneMm.least, drawn + ecgLaneMm.margin);
  const top = (heightMm - drawn) / 2;
  return {
    heightMm,
    yOf: (sample) => placed(valueOf(channel, sample), (value) => top + (most - value) * mmPerUnit),
    mmPerMillivolt,
    ...(range === undefined ? {} : { range }),
  };
}

function fittedLane(channel: Channel, range: Range): Lane {
  const { least, most } = range ?? { least: 0, most: 0 };
  const room = laneMm - 2 * marginMm;
  // Shares of the range: the range itself may be too small to divide by.
  const share = (value: number): number => (most > least ? (most - value) / (most - least) : 0);
  const top = most > least ? marginMm : laneMm / 2;
  return {
    heightMm: laneMm,
    yOf: (sample) => placed(valueOf(channel, sample), (value) => top + share(value) * room),
    ...(range === undefined ? {} : { range }),
  };
}

function placed(value: number | undefined, place: (value: number) => number): number | undefined {
  return value === undefined ? undefined : place(value);
}
