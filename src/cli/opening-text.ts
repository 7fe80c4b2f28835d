/** How openings and devices look in text; shared by `device` and `opening`. */
import type { DeviceView, OpeningView } from '../doors/control/control-services.ts';
import { factLines, shortInstant } from './output.ts';

export function scopeText({ purpose, scope }: Pick<OpeningView, 'purpose' | 'scope'>): string {
  const parts = [
    purpose === 'exchange' ? 'only studies that are released to it' : '',
    scope.modalities === undefined ? '' : `modality ${scope.modalities.join(', ')}`,
    scope.departments === undefined ? '' : `department ${scope.departments.join(', ')}`,
    scope.studyDateFrom === undefined ? '' : `study date from ${scope.studyDateFrom}`,
    scope.studyDateTo === undefined ? '' : `study date to ${scope.studyDateTo}`,
    scope.patientIdIssuers === undefined ? '' : `patient ID issuer ${scope.patientIdIssuers.join(', ')}`,
    scope.ownStudiesOnly === true ? 'own studies only' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'all data' : parts.join('; ');
}

function doorText(door: OpeningView['openDoors'][number], { plain }: OpeningView): string {
  switch (door) {
    case 'dimse-plain':
      return `PLAIN, port ${plain?.port ?? '?'}`;
    case 'dimse-tls':
      return 'DIMSE over TLS';
    case 'web':
      return 'web (DICOMweb)';
  }
}

export function openingLines(opening: OpeningView): string[] {
  return [
    ...factLines([
      ['opening', opening.name],
      ['state', opening.state],
      ['device', opening.device],
      ['purpose', opening.purpose],
      ['door', opening.openDoors.map((door) => doorText(door, opening)).join(', ')],
      ['risk', opening.plain?.risk],
      ['operations', opening.operations.join(', ')],
      ['scope', scopeText(opening)],
      ['addresses', opening.addresses.join(', ') || 'any'],
      ['private SOP classes', opening.privateSopClasses ? 'allowed' : undefined],
      [
        'move destinations',
        opening.moveDestinations
          .map(({ aeTitle, host, port, trust }) => [aeTitle, `${host}:${port}`, ...(trust ? [trust] : [])].join('='))
          .join(', '),
      ],
      ['reason', opening.reason],
      ['owner', opening.owner],
      ['from', opening.from],
      ['until', opening.until],
      ['last used', shortInstant(opening.lastUsedAt) || 'never'],
      ['uses', opening.useCount],
      [
        'closed',
        opening.closed === undefined
          ? undefined
          : `${shortInstant(opening.closed.at)} by ${opening.closed.by}: ${opening.closed.reason}`,
      ],
    ]),
    ...opening.warnings.map((warning) => `WARNING  ${warning}`),
  ];
}

export function deviceLines(device: DeviceView): string[] {
  return [
    ...factLines([
      ['device', device.aeTitle],
      ['state', device.state],
      ['purpose', device.purpose],
      ['reason', device.reason],
      ['owner', device.owner],
      ['enrolled', shortInstant(device.enrolledAt)],
      ['last used', shortInstant(device.lastUsedAt) || 'never'],
    ]),
    ...device.certificates.flatMap(({ fingerprint256, origin, subject, notAfter, state }) =>
      factLines([
        ['certificate', `${state}, ${origin === 'own' ? 'issued here' : 'pinned'}, until ${shortInstant(notAfter)}`],
        ['  subject', subject],
        ['  SHA-256', fingerprint256],
      ]),
    ),
    ...device.warnings.map((warning) => `WARNING  ${warning}`),
  ];
}
