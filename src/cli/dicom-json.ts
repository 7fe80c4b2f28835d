/** A small data set, such as a query's answer, as the DICOM JSON model (PS3.18 F.2), for `--json`. */
import type { DataSet } from '../dicom/data-set.ts';
import type { Vr } from '../dicom/vr.ts';

type JsonAttribute = { readonly vr: Vr; readonly Value?: readonly unknown[]; readonly InlineBinary?: string };

const numeric: ReadonlySet<Vr> = new Set(['DS', 'FD', 'FL', 'IS', 'SL', 'SS', 'UL', 'US']);
const binary: ReadonlySet<Vr> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);

export function dicomJsonOf(dataSet: DataSet): Readonly<Record<string, JsonAttribute>> {
  const json: Record<string, JsonAttribute> = {};
  for (const { tag, vr, value } of dataSet) {
    json[tag.toString(16).toUpperCase().padStart(8, '0')] = { vr, ...valueOf(dataSet, tag, vr, value) };
  }
  return json;
}

function valueOf(
  dataSet: DataSet,
  tag: number,
  vr: Vr,
  value: Uint8Array | readonly DataSet[],
): Partial<Pick<JsonAttribute, 'Value' | 'InlineBinary'>> {
  if (!(value instanceof Uint8Array)) return value.length === 0 ? {} : { Value: value.map(dicomJsonOf) };
  if (value.length === 0) return {};
  if (binary.has(vr)) return { InlineBinary: Buffer.from(value).toString('base64') };
  if (vr === 'AT')
    return { Value: dataSet.numbers(tag).map((number) => number.toString(16).toUpperCase().padStart(8, '0')) };
  if (numeric.has(vr)) {
    // Text that is no number stays text rather than becoming null, F.2.3 note.
    const numbers = dataSet.numbers(tag);
    if (numbers.every(Number.isFinite)) return { Value: numbers };
  }
  if (vr === 'PN') return { Value: dataSet.texts(tag).map(personNameOf) };
  return { Value: dataSet.texts(tag).map((text) => (text === '' ? null : text)) };
}

function personNameOf(text: string): object | null {
  if (text === '') return null;
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  return {
    ...(alphabetic === '' ? {} : { Alphabetic: alphabetic }),
    ...(ideographic === '' ? {} : { Ideographic: ideographic }),
    ...(phonetic === '' ? {} : { Phonetic: phonetic }),
  };
}
