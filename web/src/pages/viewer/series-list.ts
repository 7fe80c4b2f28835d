/** The series of a study by what the viewer does with them: images, segments over images, documents. Pure. */
import { count, type DataSetJson, text } from '../../model/dicom-json.ts';

export interface SeriesEntry {
  readonly uid: string;
  readonly number: string;
  readonly modality: string;
  readonly description: string;
  readonly instances: number;
  readonly kind: 'images' | 'segments' | 'report' | 'document';
}

/** By modality (PS3.3 C.7.3.1.1.1), which a search tells; the objects themselves say more when they are opened. */
const documents: ReadonlySet<string> = new Set([
  'DOC',
  'ECG',
  'EPS',
  'HD',
  'AU',
  'RESP',
  'EEG',
  'EMG',
  'PLAN',
  'RTPLAN',
  'RTRECORD',
  'RTSTRUCT',
  'PR',
  'KO',
  'REG',
  'FID',
  'STAIN',
  'SMR',
  'CFM',
]);

export function entryOf(series: DataSetJson): SeriesEntry {
  const modality = text(series, 'Modality');
  return {
    uid: text(series, 'SeriesInstanceUID'),
    number: text(series, 'SeriesNumber'),
    modality,
    description: text(series, 'SeriesDescription') || text(series, 'BodyPartExamined'),
    instances: count(series, 'NumberOfSeriesRelatedInstances') ?? 0,
    kind: kindOf(modality),
  };
}

function kindOf(modality: string): SeriesEntry['kind'] {
  if (modality === 'SEG') return 'segments';
  if (modality === 'SR') return 'report';
  return documents.has(modality) ? 'document' : 'images';
}
