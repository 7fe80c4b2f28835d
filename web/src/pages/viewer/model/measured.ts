/** A measurement as numbers with their units, and in words. Pure. */
import type { MeasureTool } from './tools.ts';

export interface Measured {
  readonly tool: MeasureTool;
  /** Column and row on the image, the middle of its first pixel 0, 0. */
  readonly points: readonly (readonly [number, number])[];
  readonly lengthMm?: number | undefined;
  /** Where the image has no spacing. */
  readonly lengthPixels?: number | undefined;
  /** Degrees. */
  readonly angle?: number | undefined;
  readonly areaMm2?: number | undefined;
  readonly areaPixels?: number | undefined;
  readonly mean?: number | undefined;
  readonly deviation?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** At one point. */
  readonly value?: number | undefined;
  /** Of mean, deviation, min, max and value: `HU` or nothing. */
  readonly unit: string;
}
