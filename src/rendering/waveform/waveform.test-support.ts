/** Waveforms for tests, with samples that are made up, and a look at what was drawn. */
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { limits } from '../../limits.ts';
import { code } from '../report/report.test-support.ts';
import { EnvelopeReader } from './envelope.ts';
import { planOf } from './plan.ts';
import { readWaveform } from './read-waveform.ts';
import { bytesPerSample } from './samples.ts';
import type { SampleInterpretation } from './waveform.ts';
import { waveformSvg } from './waveform-svg.ts';

export const twelveLead = '1.2.840.10008.5.1.4.1.1.9.1.1';
export const hemodynamic = '1.2.840.10008.5.1.4.1.1.9.2.1';

export interface ChannelFacts {
  readonly label?: string;
  readonly unit?: string;
  readonly texts?: readonly (readonly [Tag, string])[];
}

export function channel({ label = 'Lead I (Einthoven)', unit = 'uV', texts = [] }: ChannelFacts = {}): DataSet {
  const dataSet = new DataSet()
    .setItems(Tags.ChannelSourceSequence, [code('1', label, 'SCPECG')])
    .setText(Tags.ChannelSensitivity, 'DS', '1')
    .setItems(Tags.ChannelSensitivityUnitsSequence, [code(unit, unit, 'UCUM')])
    .setText(Tags.ChannelSensitivityCorrectionFactor, 'DS', '1')
    .setText(Tags.ChannelBaseline, 'DS', '0');
  for (const [tag, value] of texts) dataSet.setText(tag, undefined, value);
  return dataSet;
}

export interface GroupFacts {
  readonly interpretation?: SampleInterpretation;
  readonly hertz?: string;
  readonly channels?: readonly DataSet[];
  /** Of one sample time after the other, each with one value for each channel. */
  readonly values?: readonly number[];
  /** As said; by default as many as there are. */
  readonly samples?: number;
  readonly bytes?: Uint8Array;
}

export function group(facts: GroupFacts = {}): DataSet {
  const { interpretation = 'SS', hertz = '100', channels = [channel()], values = [] } = facts;
  const bytes = facts.bytes ?? encoded(values, interpretation);
  const dataSet = new DataSet()
    .setNumber(Tags.NumberOfWaveformChannels, 'US', channels.length)
    .setNumber(
      Tags.NumberOfWaveformSamples,
      'UL',
      facts.samples ?? Math.floor(values.length / Math.max(1, channels.length)),
    )
    .setText(Tags.SamplingFrequency, 'DS', hertz)
    .setItems(Tags.ChannelDefinitionSequence, channels)
    .setNumber(Tags.WaveformBitsAllocated, 'US', 8 * bytesPerSample[interpretation])
    .setText(Tags.WaveformSampleInterpretation, 'CS', interpretation);
  return dataSet.setBytes(Tags.WaveformData, 'OW', bytes);
}

export function encoded(values: readonly number[], interpretation: SampleInterpretation): Uint8Array {
  const size = bytesPerSample[interpretation];
  const bytes = new Uint8Array(Math.ceil((values.length * size) / 2) * 2);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    if (size === 1) view.setUint8(index, value);
    else if (size === 2) view.setUint16(index * 2, value, true);
    else view.setUint32(index * 4, value, true);
  }
  return bytes;
}

export function waveform(groups: readonly DataSet[], sopClassUid = twelveLead): DataSet {
  return new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192')
    .setText(Tags.SOPClassUID, 'UI', sopClassUid)
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.1.1')
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.1')
    .setItems(Tags.WaveformSequence, groups);
}

/** As the handler draws it, from samples in memory. */
export function drawn(dataSet: DataSet): string {
  const facts = readWaveform(dataSet, limits.waveform);
  const data = dataSet.items(Tags.WaveformSequence).map((item, index) => {
    const bytes = item.get(Tags.WaveformData)?.value;
    const one = facts.groups[index];
    if (one === undefined || !(bytes instanceof Uint8Array)) return undefined;
    const samples = Math.floor(bytes.length / (bytesPerSample[one.interpretation] * one.channels.length));
    if (Math.min(samples, one.samples) < 1) return undefined;
    const { lanesMax, placesMax } = limits.waveform;
    const reader = new EnvelopeReader(one, planOf(one, samples, { isEcg: facts.isEcg, lanesMax, placesMax }));
    reader.push(bytes);
    return reader;
  });
  return waveformSvg(facts, data);
}

/** Points of each trace, calibration pulses left out. */
export function tracesOf(svg: string): readonly (readonly (readonly [x: number, y: number])[])[] {
  return [...svg.matchAll(/<path class="trace" d="(?<d>M[^"]*L[^"]*)"/g)].map((match) =>
    [...(match.groups?.['d'] ?? '').matchAll(/[ML](?<x>-?[\d.]+),(?<y>-?[\d.]+)/g)].map((point) => [
      Number(point.groups?.['x']),
      Number(point.groups?.['y']),
    ]),
  );
}
