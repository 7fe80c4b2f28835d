/**
 * Which new password is taken: SP 800-63B-4 3.1.1.2. Length, and neither common, expected nor easily guessed; no rule about kinds of
 * characters, no end date, no hints. A refusal says why, since the clause asks for it.
 */
import type { PasswordJudge } from './password-judge.ts';
import { type PasswordTextLimits, readPassword } from './password-text.ts';

export interface PasswordPolicyLimits extends PasswordTextLimits {
  readonly passwordGuessesLog10Min: number;
}

const refusals = {
  PASSWORD_TOO_SHORT: [
    'This password is too short',
    'Take at least 8 characters; four or five words that have nothing to do with each other are good and easy to keep in mind',
  ],
  PASSWORD_TOO_LONG: ['This password is too long', 'Take at most 256 characters'],
  PASSWORD_CHARACTERS: [
    'This password has characters that cannot be typed everywhere',
    'Leave out tabs, line ends and other invisible characters; letters, digits, signs and spaces of every language are fine',
  ],
  PASSWORD_COMMON: [
    'This password is on lists that attackers try first',
    'Take another one: words that have nothing to do with each other, or let a password manager make one',
  ],
  PASSWORD_PERSONAL: [
    'This password is made of your name, your address, this hospital or words of our work',
    'Attackers try these first; take words that have nothing to do with you or your work',
  ],
  PASSWORD_GUESSABLE: [
    'This password is easily guessed',
    'Add a few more words that have nothing to do with each other; patterns of the keyboard, dates and repetitions count little',
  ],
} as const;
export type PasswordRefusalCode = keyof typeof refusals;

export interface PasswordRefusal {
  readonly code: PasswordRefusalCode;
  readonly text: string;
  readonly hint: string;
}

/** What attackers of this house try with its name: words of the field, in the languages of our users. */
const fieldWords: readonly string[] = [
  ...[
    'leadglass',
    'dicom',
    'dicomweb',
    'pacs',
    'ris',
    'orthanc',
    'radiology',
    'radiologist',
    'radiographer',
    'hospital',
    'clinic',
  ],
  ...[
    'imaging',
    'x-ray',
    'xray',
    'ct',
    'mri',
    'mrt',
    'pet',
    'ultrasound',
    'sonography',
    'mammography',
    'tomography',
    'scanner',
  ],
  ...[
    'patient',
    'doctor',
    'nurse',
    'medical',
    'study',
    'archive',
    'modality',
    'contrast',
    'thorax',
    'physician',
    'technologist',
  ],
  ...[
    'radiologie',
    'röntgen',
    'roentgen',
    'krankenhaus',
    'klinik',
    'klinikum',
    'arzt',
    'ärztin',
    'patientin',
    'schwester',
    'befund',
  ],
  ...[
    'radiología',
    'radiologia',
    'hôpital',
    'hopital',
    'médecin',
    'ospedale',
    'welcome',
    'willkommen',
    'changeme',
    'administrator',
  ],
];

export interface PasswordSubject {
  readonly email: string;
  readonly displayName: string;
  /** Name of the hospital and the like, from the configuration. */
  readonly houseWords: readonly string[];
}

/** The words that a password must not be made of: 3.1.1.2, "context-specific words". */
function expectedWords({ email, displayName, houseWords }: PasswordSubject): readonly string[] {
  const own = [email, displayName, ...houseWords].flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]);
  const words = [...own, ...fieldWords].map(plain).filter((word) => word.length >= 2);
  return [...new Set(words)];
}

/**
 * Why the password is not taken; undefined when it is.
 * @throws PeopleRefusedError `busy`, when too many are being judged
 */
export async function passwordRefusal(
  typed: string,
  subject: PasswordSubject,
  { judge, limits }: { readonly judge: PasswordJudge; readonly limits: PasswordPolicyLimits },
): Promise<PasswordRefusal | undefined> {
  const read = readPassword(typed, limits);
  if ('fault' in read) return refusal(read.fault);
  const words = expectedWords(subject);
  if (isMadeOf(plain(read.text), words)) return refusal('PASSWORD_PERSONAL');
  const { isCommon, guessesLog10 } = await judge.judge(read.text, words);
  if (isCommon) return refusal('PASSWORD_COMMON');
  return guessesLog10 < limits.passwordGuessesLog10Min ? refusal('PASSWORD_GUESSABLE') : undefined;
}

export function refusal(code: PasswordRefusalCode): PasswordRefusal {
  const [text, hint] = refusals[code];
  return { code, text, hint };
}

/** Nothing is left but digits and signs, or one letter or two, when the expected words are taken out, longest first. */
function isMadeOf(password: string, words: readonly string[]): boolean {
  let left = password;
  for (const word of words.filter(({ length }) => length >= 3).toSorted((a, b) => b.length - a.length)) {
    left = left.replaceAll(word, ' ');
  }
  return left !== password && left.replaceAll(/[^\p{L}]/gu, '').length <= 2;
}

/** Without case and accents, as attackers' rules vary words. */
function plain(text: string): string {
  return text.toLowerCase().normalize('NFKD').replaceAll(/\p{M}/gu, '');
}
