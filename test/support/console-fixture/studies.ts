/** Invented studies as DICOMweb answers them, and drawn pictures in place of rendered ones. */
type Json = Readonly<Record<string, { readonly vr: string; readonly Value: readonly unknown[] }>>;

const names = ['Almeida^Rosa', 'Bergström^Lars', 'Chen^Mei', 'Dubois^Élise', 'Okafor^Chidi', 'Yamada^Tarou'];
const kinds = [
  ['CT', 'CT chest with contrast'],
  ['MR', 'MR brain'],
  ['DX', 'X-ray chest PA'],
  ['US', 'Ultrasound abdomen'],
  ['MG', 'Mammography screening'],
] as const;

const value = (vr: string, ...values: readonly unknown[]): Json[string] => ({ vr, Value: values });

export interface FixtureStudy {
  readonly uid: string;
  readonly patientId: string;
  readonly name: string;
  readonly json: Json;
  readonly modality: string;
}

export const studies: readonly FixtureStudy[] = Array.from({ length: 42 }, (_, index) => {
  const patient = index % names.length;
  const [modality, description] = kinds[(index * 3) % kinds.length] ?? kinds[0];
  const uid = `1.2.826.0.1.3680043.8.498.${1000 + index}`;
  const name = names[patient] ?? '';
  const patientId = `P${1000 + patient}`;
  const date = new Date(Date.UTC(2026, 10, 27) - index * 5 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  return {
    uid,
    patientId,
    name,
    modality,
    json: {
      '00080020': value('DA', date),
      '00080030': value('TM', '101500'),
      '00080050': value('SH', `A${20_000 + index}`),
      '00080061': value('CS', modality),
      '00081030': value('LO', description),
      '00100010': value('PN', { Alphabetic: name }),
      '00100020': value('LO', patientId),
      '00100030': value('DA', `19${50 + patient * 7}0${1 + patient}14`),
      '00100040': value('CS', patient % 2 === 0 ? 'F' : 'M'),
      '0020000D': value('UI', uid),
      '00201206': value('IS', 3),
      '00201208': value('IS', 66),
    },
  };
});

export function seriesOf({ uid, modality }: FixtureStudy): readonly Json[] {
  return ['Scout', 'Axial 1.0 mm', 'Coronal reformats'].map((description, index) => ({
    '00080060': value('CS', modality),
    '0008103E': value('LO', description),
    '0020000E': value('UI', `${uid}.${index + 1}`),
    '00200011': value('IS', index + 1),
    '00201209': value('IS', index === 0 ? 2 : 32),
  }));
}

export function instancesOf(series: string): readonly Json[] {
  return Array.from({ length: series.endsWith('.1') ? 2 : 32 }, (_, index) => ({
    '00080018': value('UI', `${series}.${index + 1}`),
    '00200013': value('IS', index + 1),
  }));
}

/** QIDO-RS as far as the console uses it. */
export function find(query: URLSearchParams): readonly Json[] {
  const like = (pattern: string | null, text: string): boolean => {
    if (pattern === null) return true;
    const expression = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${expression}$`, 'iu').test(text);
  };
  const [from = '', to = ''] = (query.get('StudyDate') ?? '').split('-');
  return studies
    .filter(({ name, patientId, uid, json, modality }) => {
      const date = String(json['00080020']?.Value[0]);
      return (
        like(query.get('PatientName'), name) &&
        like(query.get('PatientID'), patientId) &&
        like(query.get('AccessionNumber'), String(json['00080050']?.Value[0])) &&
        like(query.get('StudyInstanceUID'), uid) &&
        like(query.get('ModalitiesInStudy'), modality) &&
        (from === '' || date >= from) &&
        (to === '' || date <= to)
      );
    })
    .slice(0, Number(query.get('limit') ?? 100))
    .map(({ json }) => json);
}

/** Something like a slice: rings whose shape follows from the address. */
export function picture(path: string): string {
  let seed = 7;
  for (const character of path) seed = (seed * 31 + character.charCodeAt(0)) % 9973;
  const x = 100 + (seed % 17) - 8;
  const r = 52 + (seed % 13);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 200 200"><defs><radialGradient id="g"><stop offset="0" stop-color="#8b8b8b"/><stop offset=".72" stop-color="#5a5a5a"/><stop offset=".86" stop-color="#dcdcdc"/><stop offset="1" stop-color="#111"/></radialGradient></defs><rect width="200" height="200" fill="#020202"/><ellipse cx="100" cy="100" rx="86" ry="${70 + (seed % 11)}" fill="url(#g)"/><ellipse cx="${x - 34}" cy="98" rx="26" ry="${r - 16}" fill="#161616"/><ellipse cx="${x + 34}" cy="98" rx="26" ry="${r - 14}" fill="#1b1b1b"/><circle cx="100" cy="148" r="11" fill="#f2f2f2"/><circle cx="${x}" cy="86" r="13" fill="#9d9d9d"/></svg>`;
}
