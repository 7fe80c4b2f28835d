/** Openings in words: what stands out, what they allow, on which data. */
import type { JSX } from 'preact';
import type { OpeningView } from '../../../../src/doors/control/control-services.ts';
import { date } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { type Mark, marksOf } from '../../model/openings.ts';
import { Badge, type Tone } from '../../ui/parts.tsx';

const markTones: Readonly<Record<Mark, Tone>> = {
  plain: 'danger',
  expiring: 'warn',
  'never-used': 'warn',
  unused: 'warn',
};
const stateTones: Readonly<Record<OpeningView['state'], Tone>> = {
  open: 'ok',
  waiting: 'warn',
  'not-yet': 'accent',
  ended: 'plain',
  closed: 'plain',
};

export function StateBadge({ state }: Pick<OpeningView, 'state'>): JSX.Element {
  return <Badge tone={stateTones[state]}>{word('state', state)}</Badge>;
}

export function OpeningBadges({ opening }: { readonly opening: OpeningView }): JSX.Element {
  return (
    <span class="badges">
      <StateBadge state={opening.state} />
      {marksOf(opening, Date.now()).map((mark) => (
        <Badge key={mark} tone={markTones[mark]}>
          {t(`mark.${mark}`)}
        </Badge>
      ))}
    </span>
  );
}

export function toneOf(opening: OpeningView): 'flagged' | 'bad' | undefined {
  const marks = marksOf(opening, Date.now());
  if (marks.includes('plain')) return 'bad';
  return marks.length > 0 ? 'flagged' : undefined;
}

/** What narrows an opening of a device, or of a person. */
interface Limits {
  readonly modalities?: readonly string[] | undefined;
  readonly departments?: readonly string[] | undefined;
  readonly studyDateFrom?: string | undefined;
  readonly studyDateTo?: string | undefined;
  readonly patientIdIssuers?: readonly string[] | undefined;
  readonly ownStudiesOnly?: boolean | undefined;
}

/** One line for each limit; nothing: all data. */
export function scopeLines({ scope }: { readonly scope: Limits }): readonly string[] {
  const { modalities, departments, studyDateFrom, studyDateTo, patientIdIssuers, ownStudiesOnly } = scope;
  return [
    modalities === undefined ? '' : `${t('scope.modalities')}: ${modalities.join(', ')}`,
    departments === undefined ? '' : `${t('scope.departments')}: ${departments.join(', ')}`,
    studyDateFrom === undefined ? '' : t('scope.from', { day: date(studyDateFrom) }),
    studyDateTo === undefined ? '' : t('scope.to', { day: date(studyDateTo) }),
    patientIdIssuers === undefined ? '' : `${t('scope.issuers')}: ${patientIdIssuers.join(', ')}`,
    ownStudiesOnly === true ? t('scope.own') : '',
  ].filter((line) => line !== '');
}
