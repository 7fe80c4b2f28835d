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

export function OpeningBadges({ opening }: { readonly opening: OpeningView }): JSX.Element {
  return (
    <span class="badges">
      <Badge tone={stateTones[opening.state]}>{word('state', opening.state)}</Badge>
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

/** One line for each limit; nothing: all data. */
export function scopeLines({ scope }: Pick<OpeningView, 'scope'>): readonly string[] {
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
