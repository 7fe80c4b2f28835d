/** Waveforms (PS3.3 A.34) as drawings: what the channels mean is read first, then their samples stream by once. */
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { readHead } from '../../../dicom/read-head.ts';
import { LeadglassError } from '../../../error.ts';
import { EnvelopeReader } from '../../../rendering/waveform/envelope.ts';
import { planOf } from '../../../rendering/waveform/plan.ts';
import { readSamples } from '../../../rendering/waveform/read-samples.ts';
import { readWaveform } from '../../../rendering/waveform/read-waveform.ts';
import { bytesPerSample } from '../../../rendering/waveform/samples.ts';
import { waveformStyle } from '../../../rendering/waveform/waveform-style.ts';
import { waveformSvg } from '../../../rendering/waveform/waveform-svg.ts';
import { type Rendition, type RenditionFacts, styleDigestOf } from './rendition.ts';

const styleDigest = styleDigestOf(waveformStyle);

export function waveformRenditions(facts: RenditionFacts): readonly Rendition[] {
  return [
    {
      mediaType: 'image/svg+xml',
      styleDigest,
      isMade: true,
      read: () => drawn(facts),
    },
  ];
}

async function* drawn({ instance, limits }: RenditionFacts): AsyncGenerator<Uint8Array, void, undefined> {
  const { attributesBytesMax, dataBytesMax, lanesMax, placesMax } = limits.waveform;
  if (instance.lengthBytes > dataBytesMax) {
    throw new LeadglassError('LIMIT_EXCEEDED', `Cannot draw a waveform of more than ${dataBytesMax} bytes`);
  }
  const { dataSet } = await readHead(instance, {
    want: () => true,
    leaveOut: (tag) => tag === Tags.WaveformData,
    limits: { ...limits.dataSet, keptValueBytesMax: attributesBytesMax, keptBytesMax: attributesBytesMax },
  });
  const waveform = readWaveform(dataSet, limits.waveform);
  const { groups, isEcg } = waveform;
  // Each group has its share, so that the whole is bounded.
  const shares = {
    isEcg,
    lanesMax: Math.ceil(lanesMax / groups.length),
    placesMax: Math.ceil(placesMax / groups.length),
  };
  const readers = new Map<number, EnvelopeReader>();
  await readSamples(instance, {
    limits: limits.dataSet,
    begin: (index, lengthBytes) => {
      const group = groups[index];
      if (group === undefined) return undefined;
      const samples = Math.floor(lengthBytes / (bytesPerSample[group.interpretation] * group.channels.length));
      if (Math.min(samples, group.samples) < 1) return undefined;
      const reader = new EnvelopeReader(group, planOf(group, samples, shares));
      readers.set(index, reader);
      return reader;
    },
  });
  yield Buffer.from(
    waveformSvg(
      waveform,
      groups.map((_, index) => readers.get(index)),
    ),
  );
}
