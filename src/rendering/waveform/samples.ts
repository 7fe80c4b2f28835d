/** Samples of waveforms as numbers (PS3.3 C.10.9.1.5), little endian. */
import type { SampleInterpretation } from './waveform.ts';

export const bytesPerSample: Readonly<Record<SampleInterpretation, 1 | 2 | 4>> = {
  SB: 1,
  UB: 1,
  MB: 1,
  AB: 1,
  SS: 2,
  US: 2,
  SL: 4,
  UL: 4,
};

export type SampleReader = (view: DataView, at: number) => number;

export const sampleAt: Readonly<Record<SampleInterpretation, SampleReader>> = {
  SB: (view, at) => view.getInt8(at),
  UB: (view, at) => view.getUint8(at),
  MB: (view, at) => muLaw[view.getUint8(at)] ?? 0,
  AB: (view, at) => aLaw[view.getUint8(at)] ?? 0,
  SS: (view, at) => view.getInt16(at, true),
  US: (view, at) => view.getUint16(at, true),
  SL: (view, at) => view.getInt32(at, true),
  UL: (view, at) => view.getUint32(at, true),
};

/** ITU-T G.711 table 2: 14 bits with their sign; all bits come inverted. */
const muLaw: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  const bits = ~byte & 0xff;
  const segment = (bits >> 4) & 7;
  const magnitude = ((((bits & 15) << 1) + 33) << segment) - 33;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
});

/** ITU-T G.711 table 1: 13 bits with their sign; every other bit comes inverted. */
const aLaw: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  const bits = byte ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 15) << 1) + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
});
