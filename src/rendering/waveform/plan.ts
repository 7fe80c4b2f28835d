/**
 * How a multiplex group is laid out before its samples are read: how many seconds a row has, and how many samples share one place
 * of the drawing. So the size of what is drawn is bounded, however long the recording is.
 */
import type { MultiplexGroup } from './waveform.ts';

export interface PlanLimits {
  /** Rows times channels of one group; a group of more channels has one row. */
  readonly lanesMax: number;
  /** Places in all lanes of one group together. */
  readonly placesMax: number;
}

export interface Plan {
  /** That are there and drawn, of each channel. */
  readonly samples: number;
  readonly rows: number;
  readonly secondsPerRow: number;
  readonly mmPerSecond: number;
  /** Samples of one channel that share a place; at least 1, not always whole. */
  readonly samplesPerPlace: number;
  /** Of one channel, over all rows. */
  readonly places: number;
}

/** A sheet of A4 across, and ten seconds of an ECG. */
const rowMm = 250;
const rowSeconds = [10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400] as const;
/** One row may be a little longer than the others would be. */
const singleRowSecondsMax = 12.5;
/** What an eye and a printer tell apart. */
const placesPerMm = 8;
const mmPerSecondOfEcg = 25;
/** Short recordings are drawn faster, so that something is seen. */
const leastMm = 50;

/** @param samples of each channel that the data hold; not more than the group says are used */
export function planOf(
  group: MultiplexGroup,
  samples: number,
  { isEcg, lanesMax, placesMax }: PlanLimits & { readonly isEcg: boolean },
): Plan {
  const used = Math.min(samples, group.samples);
  const seconds = used / group.samplesPerSecond;
  const channels = group.channels.length;
  const rowsMax = Math.max(1, Math.floor(lanesMax / channels));
  const { rows, secondsPerRow, mmPerSecond } = rowsOf(seconds, rowsMax, isEcg);
  const placesPerRow = Math.max(
    2,
    Math.min(Math.ceil(secondsPerRow * mmPerSecond * placesPerMm), Math.floor(placesMax / (channels * rows))),
  );
  const samplesPerRow = secondsPerRow * group.samplesPerSecond;
  // A place of several samples has two points, so that twice as many single ones cost no more.
  const samplesPerPlace = samplesPerRow <= 2 * placesPerRow ? 1 : samplesPerRow / placesPerRow;
  return {
    samples: used,
    rows,
    secondsPerRow,
    mmPerSecond,
    samplesPerPlace,
    places: Math.ceil(used / samplesPerPlace),
  };
}

function rowsOf(
  seconds: number,
  rowsMax: number,
  isEcg: boolean,
): Pick<Plan, 'rows' | 'secondsPerRow' | 'mmPerSecond'> {
  if (seconds <= singleRowSecondsMax) {
    const secondsPerRow = Math.max(seconds, 0.001);
    const faster = isEcg ? mmPerSecondOfEcg : Math.max(mmPerSecondOfEcg, leastMm / secondsPerRow);
    return { rows: 1, secondsPerRow, mmPerSecond: faster };
  }
  const fitting = rowSeconds.find((each) => Math.ceil(seconds / each) <= rowsMax);
  const secondsPerRow = fitting ?? seconds / rowsMax;
  // Division may come out a little above a whole number.
  const rows = Math.min(rowsMax, Math.ceil(seconds / secondsPerRow));
  return { rows, secondsPerRow, mmPerSecond: rowMm / secondsPerRow };
}
