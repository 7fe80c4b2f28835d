/** The codes of a measurement report (PS3.16 TID 1500), and how its content items look in the DICOM JSON model. Pure. */
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { itemAt, textAt } from './attributes.ts';

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}
const code = (value: string, scheme: string, meaning: string): Code => ({ value, scheme, meaning });

export const codes = {
  report: code('126000', 'DCM', 'Imaging Measurement Report'),
  language: code('121049', 'DCM', 'Language of Content Item and Descendants'),
  english: code('en', 'RFC5646', 'English'),
  observerType: code('121005', 'DCM', 'Observer Type'),
  person: code('121006', 'DCM', 'Person'),
  observerName: code('121008', 'DCM', 'Person Observer Name'),
  procedure: code('121058', 'DCM', 'Procedure reported'),
  imaging: code('363679005', 'SCT', 'Imaging procedure'),
  measurements: code('126010', 'DCM', 'Imaging Measurements'),
  group: code('125007', 'DCM', 'Measurement Group'),
  tracking: code('112039', 'DCM', 'Tracking Identifier'),
  trackingUid: code('112040', 'DCM', 'Tracking Unique Identifier'),
  region: code('111030', 'DCM', 'Image Region'),
  length: code('410668003', 'SCT', 'Length'),
  angle: code('1483009', 'SCT', 'Angle'),
  area: code('42798000', 'SCT', 'Area'),
  attenuation: code('112031', 'DCM', 'Attenuation Coefficient'),
  signal: code('110852', 'DCM', 'MR signal intensity'),
  derivation: code('121401', 'DCM', 'Derivation'),
  mean: code('373098007', 'SCT', 'Mean'),
  deviation: code('386136009', 'SCT', 'Standard Deviation'),
  min: code('255605001', 'SCT', 'Minimum'),
  max: code('56851009', 'SCT', 'Maximum'),
  mm: code('mm', 'UCUM', 'millimeter'),
  mm2: code('mm2', 'UCUM', 'square millimeter'),
  degree: code('deg', 'UCUM', 'degree'),
  hounsfield: code("[hnsf'U]", 'UCUM', 'Hounsfield unit'),
  noUnits: code('1', 'UCUM', 'no units'),
} as const;

export type Json = Record<string, { vr: string; Value?: readonly unknown[] }>;

export const value = (vr: string, ...values: readonly unknown[]): Json[string] =>
  values.length === 0 ? { vr } : { vr, Value: values };

export const codeItem = ({ value: text, scheme, meaning }: Code): Json => ({
  '00080100': value('SH', text),
  '00080102': value('SH', scheme),
  '00080104': value('LO', meaning),
});

export type Relation =
  | 'CONTAINS'
  | 'HAS OBS CONTEXT'
  | 'HAS CONCEPT MOD'
  | 'INFERRED FROM'
  | 'SELECTED FROM'
  | 'HAS PROPERTIES';

interface ItemFacts {
  readonly relation?: Relation;
  readonly type: string;
  readonly concept?: Code;
  readonly content?: Json;
  readonly children?: readonly Json[];
}

/** PS3.3 C.17.3. */
export function contentItem({ relation, type, concept, content = {}, children = [] }: ItemFacts): Json {
  return {
    ...(relation === undefined ? {} : { '0040A010': value('CS', relation) }),
    '0040A040': value('CS', type),
    ...(concept === undefined ? {} : { '0040A043': value('SQ', codeItem(concept)) }),
    ...content,
    ...(children.length === 0 ? {} : { '0040A730': value('SQ', ...children) }),
  };
}

export function isConcept(item: DataSetJson, { value: wanted, scheme }: Code): boolean {
  const name = itemAt(item, '0040A043');
  return textAt(name, '00080100') === wanted && textAt(name, '00080102') === scheme;
}
