/** Annotations of waveforms (PS3.3 C.10.10): words, measurements and codes, of the whole or of moments in it. */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { codeText } from '../report/content-item.ts';
import { readCode } from '../report/read-item.ts';
import type { MultiplexGroup, WaveformAnnotation } from './waveform.ts';

/** Moments of one annotation that are marked. */
const momentsMax = 64;
/** Channels that it names; they are looked through for each moment. */
const channelsMax = 1024;
/** VR ST has as many; each moment has the whole of it as its tooltip. */
const textMax = 1024;

/** Those beyond the limit are left out; the caller says how many there are. */
export function readAnnotations(
  dataSet: DataSet,
  groups: readonly MultiplexGroup[],
  { annotationsMax }: { readonly annotationsMax: number },
): readonly WaveformAnnotation[] {
  return dataSet
    .items(Tags.WaveformAnnotationSequence)
    .slice(0, annotationsMax)
    .map((item) => annotationOf(item, groups))
    .filter(({ text }) => text !== '');
}

function annotationOf(item: DataSet, groups: readonly MultiplexGroup[]): WaveformAnnotation {
  const references = item.numbers(Tags.ReferencedWaveformChannels);
  const [group = 1] = references;
  const channels = references.filter((_, at) => at % 2 === 1 && references[at - 1] === group);
  return {
    text: textOf(item).slice(0, textMax),
    group,
    channels: channels.includes(0) ? [] : [...new Set(channels)].slice(0, channelsMax),
    seconds: secondsOf(item, groups[group - 1]),
  };
}

/** C.10.10.1: free text, or a name with a number or a code as its value. */
function textOf(item: DataSet): string {
  const free = item.text(Tags.UnformattedTextValue) ?? '';
  if (free !== '') return free;
  const name = readCode(item, Tags.ConceptNameCodeSequence);
  const code = readCode(item, Tags.ConceptCodeSequence);
  const number = item.text(Tags.NumericValue) ?? '';
  const unit = readCode(item, Tags.MeasurementUnitsCodeSequence)?.value ?? '';
  const value = code === undefined ? (number === '' ? '' : `${number} ${unit}`.trim()) : codeText(code);
  return [name === undefined ? '' : codeText(name), value].filter((part) => part !== '').join(': ');
}

/** C.10.10.1.3: samples count from 1, offsets from the beginning. Moments of the calendar are not placed. */
function secondsOf(item: DataSet, group: MultiplexGroup | undefined): readonly number[] {
  if (group === undefined) return [];
  const samples = item.numbers(Tags.ReferencedSamplePositions);
  const seconds =
    samples.length > 0
      ? samples.map((sample) => (sample - 1) / group.samplesPerSecond)
      : item.numbers(Tags.ReferencedTimeOffsets);
  return seconds.filter((second) => Number.isFinite(second) && second >= 0).slice(0, momentsMax);
}
