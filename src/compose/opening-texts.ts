/** Openings between the guard's own terms and the texts of the control door: days as YYYY-MM-DD, one door, few defaults. */
import { parseAeTitle } from '../dicom/ae-title.ts';
import type { OpeningTermsText } from '../doors/control/control-calls.ts';
import { formatFrom, formatUntil } from '../guard/dates.ts';
import type { DeviceAdd } from '../guard/device-requests.ts';
import type { Opening } from '../guard/opening.ts';

const dicomDate = (day: string): string => day.replaceAll('-', '');
const isoDay = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

type ScopeText = OpeningTermsText['scope'];

export function scopeOf(scope: ScopeText): NonNullable<DeviceAdd['scope']> {
  return {
    ...(scope.modalities === undefined ? {} : { modalities: scope.modalities }),
    ...(scope.departments === undefined ? {} : { departments: scope.departments }),
    ...(scope.studyDateFrom === undefined ? {} : { studyDateFrom: dicomDate(scope.studyDateFrom) }),
    ...(scope.studyDateTo === undefined ? {} : { studyDateTo: dicomDate(scope.studyDateTo) }),
    ...(scope.patientIdIssuers === undefined ? {} : { patientIdIssuers: scope.patientIdIssuers }),
    ...(scope.ownStudiesOnly === true ? { ownStudiesOnly: true as const } : {}),
  };
}

/** Days as YYYY-MM-DD; members that only openings of people have are not among them. */
export function scopeText(scope: Opening['scope']) {
  return {
    ...(scope.modalities === undefined ? {} : { modalities: [...scope.modalities] }),
    ...(scope.departments === undefined ? {} : { departments: [...scope.departments] }),
    ...(scope.studyDateFrom === undefined ? {} : { studyDateFrom: isoDay(scope.studyDateFrom) }),
    ...(scope.studyDateTo === undefined ? {} : { studyDateTo: isoDay(scope.studyDateTo) }),
    ...(scope.patientIdIssuers === undefined ? {} : { patientIdIssuers: [...scope.patientIdIssuers] }),
    ...(scope.ownStudiesOnly === true ? { ownStudiesOnly: true } : {}),
  };
}

/** What people call the doors; said only where it is not the DIMSE door alone, which every opening has had so far. */
function doorsText({ doors }: Opening): Pick<OpeningTermsText, 'doors'> {
  if (!doors.includes('web')) return {};
  return { doors: doors.flatMap((door) => (door === 'web' ? ['web'] : door === 'dimse-tls' ? ['dimse'] : [])) };
}

/** The guard objects to a plain door beside another one. */
export function doorsOf(doors: OpeningTermsText['doors'], isPlain: boolean): Opening['doors'] {
  const named = (doors ?? (isPlain ? [] : ['dimse'])).map((door) => (door === 'web' ? 'web' : 'dimse-tls'));
  return [...new Set<Opening['doors'][number]>([...(isPlain ? ['dimse-plain' as const] : []), ...named])];
}

type Destination = OpeningTermsText['moveDestinations'][number];

/** Without a fingerprint a destination's certificate must come from our own authority. */
export function destinationsOf(destinations: readonly Destination[]): NonNullable<DeviceAdd['moveDestinations']> {
  return destinations.map(({ aeTitle, host, port, trust = 'own-authority' }) => ({
    aeTitle: parseAeTitle(aeTitle, 'move destination'),
    host,
    port,
    trust,
  }));
}

export function termsText(opening: Opening, timeZone: string): OpeningTermsText {
  return {
    name: opening.name,
    device: opening.device,
    purpose: opening.purpose,
    operations: [...opening.operations],
    ...doorsText(opening),
    addresses: [...opening.addresses],
    scope: scopeText(opening.scope),
    privateSopClasses: opening.privateSopClasses,
    moveDestinations: opening.moveDestinations.map(({ aeTitle, host, port, trust }) => ({
      aeTitle,
      host,
      port,
      ...(trust === 'own-authority' ? {} : { trust }),
    })),
    reason: opening.reason,
    from: formatFrom(opening.validFromMs, timeZone),
    until: formatUntil(opening.validUntilMs, timeZone),
    ...(opening.plain === undefined ? {} : { plain: { ...opening.plain } }),
  };
}

export function entryOf(terms: OpeningTermsText): unknown {
  const { plain, from, scope, moveDestinations, doors, ...rest } = terms;
  return {
    ...rest,
    doors: doorsOf(doors, plain !== undefined),
    scope: scopeOf(scope),
    moveDestinations: destinationsOf(moveDestinations),
    ...(from === undefined ? {} : { from }),
    ...(plain === undefined ? {} : { plain }),
  };
}
