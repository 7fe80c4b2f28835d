/**
 * Who is meant by somebody that may not look: an exact Patient ID, and the birth date or the family name beside it. Nothing is told but
 * that exactly one patient fits, or that none does, whichever of the two was wrong.
 */
import type { Archive } from '../backends/archive/archive.ts';
import { normalizeForMatching } from '../dicom/person-name.ts';
import { LeadglassError } from '../error.ts';
import type { PatientKey } from '../guard/scope.ts';
import { limits } from '../limits.ts';

export interface NamedPatient {
  readonly patientId: string;
  /** Only when several issuers give out the same ID. */
  readonly issuer?: string | undefined;
  /** YYYY-MM-DD. */
  readonly birthDate?: string | undefined;
  readonly familyName?: string | undefined;
}

/**
 * A name is compared as searches compare it, in each of its writings; what was typed is no pattern.
 * @throws LeadglassError NOT_FOUND; CONFLICT when patients of several issuers fit; BAD_REQUEST without birth date and name
 */
export function emergencyPatient({ index }: Pick<Archive, 'index'>, named: NamedPatient): PatientKey {
  const { patientId, issuer, birthDate } = named;
  const familyName = named.familyName === undefined ? '' : normalizeForMatching(named.familyName);
  if (birthDate === undefined && familyName === '') {
    throw new LeadglassError('BAD_REQUEST', 'Say the birth date or the family name of the patient');
  }
  const rows = index
    .statement(
      `SELECT issuer, name, name_ideographic, name_phonetic, birth_date FROM study
       WHERE patient_id = ? AND hidden = 0 ORDER BY id LIMIT ?`,
    )
    .all(patientId, limits.emergencyStudiesMax);
  const fitting = rows.filter((row) => {
    if (issuer !== undefined && row['issuer'] !== issuer) return false;
    if (birthDate !== undefined && row['birth_date'] !== birthDate.replaceAll('-', '')) return false;
    const names = [row['name'], row['name_ideographic'], row['name_phonetic']].map(familyOf);
    return familyName === '' || names.includes(familyName);
  });
  const issuers = new Set(fitting.map((row) => String(row['issuer'])));
  const [only] = issuers;
  if (patientId === '' || only === undefined) {
    throw new LeadglassError('NOT_FOUND', 'No patient here has this Patient ID together with what you said');
  }
  if (issuers.size > 1) {
    throw new LeadglassError('CONFLICT', 'Several patients have this Patient ID: say its issuer too', {
      field: 'issuer',
    });
  }
  return { patientId, issuer: only };
}

/** The columns hold names as they are compared. */
function familyOf(name: unknown): string {
  return normalizeForMatching(String(name).split('^', 1)[0] ?? '');
}
