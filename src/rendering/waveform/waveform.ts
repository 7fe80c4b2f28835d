/** Waveforms (PS3.3 A.34, C.10.9) as facts: what the channels mean, without their samples. Made by read-waveform.ts. */

/** PS3.3 C.10.9.1.5: signed, unsigned, and 8 bits of mu-law and A-law. */
export const sampleInterpretations = ['SB', 'UB', 'MB', 'AB', 'SS', 'US', 'SL', 'UL'] as const;
export type SampleInterpretation = (typeof sampleInterpretations)[number];

export interface Channel {
  readonly label: string;
  /** As written (UCUM mostly), '' without. */
  readonly unit: string;
  /** A sample times this … (sensitivity and its correction, C.10.9.1.4.2). */
  readonly scale: number;
  /** … plus this is the value in the unit (Channel Baseline). */
  readonly offset: number;
  /** How much later its first sample was taken than that of the group. */
  readonly skewSeconds: number;
  /** `0.05 to 150 Hz, without 50 Hz`, '' without. */
  readonly filters: string;
}

/** Channels that were sampled together (C.10.9.1): their samples take turns. */
export interface MultiplexGroup {
  readonly label: string;
  readonly channels: readonly Channel[];
  /** Of each channel, as it is said; the data may have fewer. */
  readonly samples: number;
  readonly samplesPerSecond: number;
  readonly interpretation: SampleInterpretation;
  /** What stands where nothing was acquired, as a sample. */
  readonly padding?: number;
  /** From the beginning of the recording. */
  readonly startSeconds: number;
  readonly isDerived: boolean;
}

export interface WaveformAnnotation {
  readonly text: string;
  /** From 1. */
  readonly group: number;
  /** From 1; none are all of the group. */
  readonly channels: readonly number[];
  /** From the first sample of the group; none: it is about the whole. */
  readonly seconds: readonly number[];
}

export interface Waveform {
  readonly title: string;
  /** Drawn as on paper: 25 mm/s and 10 mm/mV. */
  readonly isEcg: boolean;
  readonly groups: readonly MultiplexGroup[];
  readonly annotations: readonly WaveformAnnotation[];
}
