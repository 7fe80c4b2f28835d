/** The options of the Basic Application Level Confidentiality Profile that are kept here, PS3.15 E.3, with their codes of CID 7050. */
import { LeadglassError } from '../../error.ts';

export const deIdentifyOptions = [
  'retain-uids',
  'retain-device-identity',
  'retain-institution-identity',
  'retain-patient-characteristics',
  'retain-full-dates',
  'retain-modified-dates',
  'clean-descriptors',
  'clean-structured-content',
  'clean-graphics',
  'retain-safe-private',
] as const;
export type DeIdentifyOption = (typeof deIdentifyOptions)[number];

/** The one profile of the standard; a name all the same, since another one may come. */
export const deIdentifyProfiles = ['basic'] as const;
export type DeIdentifyProfile = (typeof deIdentifyProfiles)[number];

export interface MethodCode {
  readonly value: string;
  readonly meaning: string;
}

/** PS3.16 CID 7050; the profile itself is named first in every output. */
export const profileCode: MethodCode = { value: '113100', meaning: 'Basic Application Confidentiality Profile' };
export const optionCodes: Readonly<Record<DeIdentifyOption, MethodCode>> = {
  'retain-uids': { value: '113110', meaning: 'Retain UIDs Option' },
  'retain-device-identity': { value: '113109', meaning: 'Retain Device Identity Option' },
  'retain-institution-identity': { value: '113112', meaning: 'Retain Institution Identity Option' },
  'retain-patient-characteristics': { value: '113108', meaning: 'Retain Patient Characteristics Option' },
  'retain-full-dates': { value: '113106', meaning: 'Retain Longitudinal Temporal Information Full Dates Option' },
  'retain-modified-dates': {
    value: '113107',
    meaning: 'Retain Longitudinal Temporal Information Modified Dates Option',
  },
  'clean-descriptors': { value: '113105', meaning: 'Clean Descriptors Option' },
  'clean-structured-content': { value: '113104', meaning: 'Clean Structured Content Option' },
  'clean-graphics': { value: '113103', meaning: 'Clean Graphics Option' },
  'retain-safe-private': { value: '113111', meaning: 'Retain Safe Private Option' },
};

/** Pixels are passed through untouched, so what these two promise is never claimed. */
const notOffered: ReadonlyMap<string, string> = new Map([
  ['clean-pixel-data', 'pixels are not changed here; what shows burned-in text is refused instead'],
  [
    'clean-recognizable-visual-features',
    'faces are not removed here; what is declared recognizable is refused instead',
  ],
]);

/**
 * The options by their names.
 * @throws LeadglassError BAD_REQUEST for an unknown one, one that is not offered, and two that contradict each other
 */
export function parseDeIdentifyOptions(names: readonly string[]): ReadonlySet<DeIdentifyOption> {
  const options = new Set(names.map(optionNamed));
  if (options.has('retain-full-dates') && options.has('retain-modified-dates')) {
    throw new LeadglassError(
      'BAD_REQUEST',
      'Dates are either kept (retain-full-dates) or moved (retain-modified-dates)',
    );
  }
  return options;
}

function optionNamed(name: string): DeIdentifyOption {
  const known = deIdentifyOptions.find((option) => option === name);
  if (known !== undefined) return known;
  const why = notOffered.get(name);
  throw new LeadglassError(
    'BAD_REQUEST',
    why === undefined
      ? `There is no option ${name}; there are ${deIdentifyOptions.join(', ')}`
      : `The option ${name} is not offered: ${why}`,
  );
}
