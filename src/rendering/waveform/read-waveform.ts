/** Reads what a waveform says of itself (PS3.3 C.10.9, C.10.10) out of its data set, which need not hold the samples. */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { sopClassName } from '../../dicom/sop-class.ts';
import type { Tag } from '../../dicom/tag.ts';
import { isUid } from '../../dicom/uid.ts';
import { LeadglassError } from '../../error.ts';
import { codeText } from '../report/content-item.ts';
import { readCode } from '../report/read-item.ts';
import { readAnnotations } from './read-annotations.ts';
import { bytesPerSample, sampleAt } from './samples.ts';
import {
  type Channel,
  type MultiplexGroup,
  type SampleInterpretation,
  sampleInterpretations,
  type Waveform,
} from './waveform.ts';

export interface WaveformLimits {
  /** Of one waveform. */
  readonly groupsMax: number;
  /** Of one multiplex group. */
  readonly channelsMax: number;
  readonly annotationsMax: number;
}

/** The fastest sampler for electrophysiology takes 100,000; audio 48,000. */
const samplesPerSecondMax = 10_000_000;
const ecgRoot = '1.2.840.10008.5.1.4.1.1.9.1.';

/** @throws LeadglassError MALFORMED, LIMIT_EXCEEDED */
export function readWaveform(dataSet: DataSet, limits: WaveformLimits): Waveform {
  const items = dataSet.items(Tags.WaveformSequence);
  if (items.length === 0) throw malformed('it has none');
  if (items.length > limits.groupsMax) throw exceeded('multiplex groups', limits.groupsMax);
  const groups = items.map((item) => groupOf(item, limits));
  const sopClassUid = dataSet.text(Tags.SOPClassUID) ?? '';
  const name = isUid(sopClassUid) ? sopClassName(sopClassUid) : 'Waveform';
  return {
    title: name.replace(/ Storage$/, ''),
    isEcg: sopClassUid.startsWith(ecgRoot),
    groups,
    annotations: readAnnotations(dataSet, groups, limits),
  };
}

function groupOf(item: DataSet, { channelsMax }: WaveformLimits): MultiplexGroup {
  const definitions = item.items(Tags.ChannelDefinitionSequence);
  const channels = item.number(Tags.NumberOfWaveformChannels) ?? definitions.length;
  if (!Number.isInteger(channels) || channels < 1) throw malformed(`a group has ${channels} channels`);
  if (channels > channelsMax) throw exceeded('channels', channelsMax);
  const samplesPerSecond = item.number(Tags.SamplingFrequency) ?? 0;
  if (!(samplesPerSecond > 0 && samplesPerSecond <= samplesPerSecondMax)) {
    throw malformed(`its sampling frequency is ${samplesPerSecond}`);
  }
  const samples = item.number(Tags.NumberOfWaveformSamples) ?? 0;
  const interpretation = interpretationOf(item);
  const padding = paddingOf(item, interpretation);
  return {
    label: short(item.text(Tags.MultiplexGroupLabel) ?? ''),
    channels: Array.from({ length: channels }, (_, index) =>
      channelOf(definitions[index], { index, samplesPerSecond }),
    ),
    samples,
    samplesPerSecond,
    interpretation,
    ...(padding === undefined ? {} : { padding }),
    startSeconds: finite(item.number(Tags.MultiplexGroupTimeOffset), 0) / 1000,
    isDerived: item.text(Tags.WaveformOriginality) === 'DERIVED',
  };
}

/** The interpretation and the bits it stands in have to agree, or every sample would be another. */
function interpretationOf(item: DataSet): SampleInterpretation {
  const word = item.text(Tags.WaveformSampleInterpretation) ?? '';
  const known = sampleInterpretations.find((one) => one === word);
  if (known === undefined) throw malformed('its sample interpretation is not known');
  const bits = item.number(Tags.WaveformBitsAllocated);
  if (bits !== undefined && bits !== 8 * bytesPerSample[known])
    throw malformed(`${known} does not stand in ${bits} bits`);
  return known;
}

/** One sample, in as many bytes as the others or padded to two. */
function paddingOf(item: DataSet, interpretation: SampleInterpretation): number | undefined {
  const value = item.get(Tags.WaveformPaddingValue)?.value;
  if (!(value instanceof Uint8Array) || value.length < bytesPerSample[interpretation]) return undefined;
  return sampleAt[interpretation](new DataView(value.buffer, value.byteOffset, value.byteLength), 0);
}

function channelOf(
  definition: DataSet | undefined,
  { index, samplesPerSecond }: { readonly index: number; readonly samplesPerSecond: number },
): Channel {
  if (definition === undefined) {
    return { label: `Channel ${index + 1}`, unit: '', scale: 1, offset: 0, skewSeconds: 0, filters: '' };
  }
  const number = (tag: Tag, otherwise: number): number => finite(definition.number(tag), otherwise);
  const sensitivity = number(Tags.ChannelSensitivity, 1);
  const correction = number(Tags.ChannelSensitivityCorrectionFactor, 1);
  const hasUnit = definition.number(Tags.ChannelSensitivity) !== undefined;
  return {
    label: labelOf(definition, index),
    unit: hasUnit ? short(readCode(definition, Tags.ChannelSensitivityUnitsSequence)?.value ?? '') : '',
    scale: sensitivity * correction,
    offset: number(Tags.ChannelBaseline, 0),
    skewSeconds:
      number(Tags.ChannelTimeSkew, 0) +
      number(Tags.ChannelSampleSkew, 0) / samplesPerSecond +
      number(Tags.ChannelOffset, 0),
    filters: filtersOf(definition),
  };
}

/** Of ECG leads what stands on paper, `aVR` of `Lead aVR (…)`. */
function labelOf(definition: DataSet, index: number): string {
  const label = definition.text(Tags.ChannelLabel) ?? '';
  const source = readCode(definition, Tags.ChannelSourceSequence);
  const name = short(label || (source === undefined ? '' : codeText(source))) || `Channel ${index + 1}`;
  return /^Lead (?<lead>[IVX]+|a?V[RLF]|V\d[R]?|[XYZ])\b/i.exec(name)?.groups?.['lead'] ?? name;
}

/** Labels and units stand in each row; VR LO has 64 characters, a code with its meaning twice that. */
const labelMax = 200;

function short(text: string): string {
  return text.slice(0, labelMax);
}

/** A frequency of 0 is how devices say that there is no such filter. */
function filtersOf(definition: DataSet): string {
  const hertz = (tag: Tag): number | undefined => definition.number(tag) || undefined;
  const low = hertz(Tags.FilterLowFrequency);
  const high = hertz(Tags.FilterHighFrequency);
  const notch = hertz(Tags.NotchFilterFrequency);
  const from = low === undefined ? '' : `from ${low}`;
  const to = high === undefined ? '' : `to ${high}`;
  const band = [from, to].filter((part) => part !== '').join(' ');
  return [band === '' ? '' : `${band} Hz`, notch === undefined ? '' : `without ${notch} Hz`]
    .filter((part) => part !== '')
    .join(', ');
}

function finite(value: number | undefined, otherwise: number): number {
  return value !== undefined && Number.isFinite(value) ? value : otherwise;
}

function malformed(what: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot render the waveform: ${what}`, { field: 'Waveform Sequence' });
}

function exceeded(what: string, most: number): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot render the waveform: more than ${most} ${what}`, {
    field: 'Waveform Sequence',
  });
}
