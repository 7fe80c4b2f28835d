/** The form that opens images to a person, or something else in the place of what is open. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PersonOpeningView } from '../../../../src/doors/control/control-services.ts';
import type { projectOptions } from '../../../../src/guard/person-opening.ts';
import type { Role } from '../../../../src/guard/roles.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { dayFromNow } from '../../model/openings.ts';
import { CheckGroup, DateField, ReasonField, TextField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { type Submitting, useSubmit } from '../../ui/use-submit.ts';
import { quickDays } from '../devices/quick-days.ts';
import {
  accountOpenOf,
  boundsOf,
  draftOf,
  faultsOfImages,
  type ImagesDraft,
  type ImagesFault,
  narrowing,
  neverHeld,
} from './images-draft.ts';

export interface ImagesPerson {
  readonly email: string;
  /** The name, or the e-mail address of who has none. */
  readonly name: string;
  readonly role: Role;
}

/** In the order in which projects ask for them. */
const options = [
  'retain-modified-dates',
  'retain-patient-characteristics',
  'clean-descriptors',
  'retain-device-identity',
  'retain-institution-identity',
  'retain-safe-private',
] as const satisfies readonly (typeof projectOptions)[number][];

const fields = ['allow', 'project', 'options', 'until', 'reason', ...narrowing] as const;

export function OpenImagesDialog(props: {
  readonly person: ImagesPerson;
  readonly present: PersonOpeningView | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}): JSX.Element {
  const { person, present, onClose, onDone } = props;
  const { name, role } = person;
  const [draft, setDraft] = useState(() => draftOf(role, present));
  const change = (part: Partial<ImagesDraft>): void => setDraft((before) => ({ ...before, ...part }));
  const today = dayFromNow(0, Date.now());
  const going = useSubmit(
    async () => {
      const { until } = await control('accountOpen', accountOpenOf(person, draft, present));
      say(t(present === undefined ? 'images.opened' : 'images.changed', { name, day: dateTime(until) }));
      onDone();
      onClose();
    },
    { fields, check: () => worded(faultsOfImages(draft, role, today)) },
  );
  return (
    <FormDialog
      title={t(present === undefined ? 'images.openTitle' : 'images.changeTitle', { name })}
      action={t(present === undefined ? 'images.open' : 'images.change')}
      going={going}
      onClose={onClose}
    >
      {present === undefined ? null : <p>{t('images.changeText')}</p>}
      <CheckGroup
        label={t('opening.operations')}
        hint={<Bounds role={role} />}
        values={draft.allow}
        onValues={(allow) => change({ allow })}
        options={boundsOf(role).operations.map((value) => ({
          value,
          label: word('operation', value),
          hint: t(`images.may.${value}`),
        }))}
        fault={going.fault('allow')}
      />
      {role === 'researcher' ? <Project draft={draft} change={change} going={going} /> : null}
      <DateField
        label={t('opening.end')}
        hint={t('add.endHint')}
        value={draft.until}
        onValue={(until) => change({ until })}
        min={today}
        quick={quickDays()}
        fault={going.fault('until')}
      />
      <ReasonField value={draft.reason} onValue={(reason) => change({ reason })} fault={going.fault('reason')} />
      <Narrowing draft={draft} change={change} going={going} isNarrow={isNarrow(draftOf(role, present))} />
    </FormDialog>
  );
}

interface PartProps {
  readonly draft: ImagesDraft;
  readonly change: (part: Partial<ImagesDraft>) => void;
  readonly going: Submitting;
}

function Bounds({ role }: { readonly role: Role }): JSX.Element {
  const operations = neverHeld(role).map((operation) => word('operation', operation));
  return (
    <>
      {boundsOf(role).operations.includes('store') && boundsOf(role).stores === 'evidence' ? (
        <p>{t('images.evidence')}</p>
      ) : null}
      <p>{t('images.never', { operations: operations.join(', ') })}</p>
    </>
  );
}

function Project({ draft, change, going }: PartProps): JSX.Element {
  return (
    <>
      <TextField
        label={t('images.project')}
        hint={t('images.projectHint')}
        required
        mono
        maxLength={40}
        value={draft.project}
        onValue={(project) => change({ project })}
        fault={going.fault('project')}
      />
      <CheckGroup
        label={t('images.options')}
        hint={t('images.optionsHint')}
        values={draft.options}
        onValues={(chosen) => change({ options: chosen })}
        options={options.map((value) => ({ value, label: t(`projectOption.${value}`) }))}
        fault={going.fault('options')}
      />
    </>
  );
}

const isNarrow = (draft: ImagesDraft): boolean => narrowing.some((field) => draft[field] !== '');

/** What is rarely needed; open where something of it counts or is wrong. */
function Narrowing({
  draft,
  change,
  going,
  isNarrow: wasNarrow,
}: PartProps & { readonly isNarrow: boolean }): JSX.Element {
  const isWrong = narrowing.some((field) => going.fault(field) !== undefined);
  return (
    <details class="more" open={wasNarrow || isWrong}>
      <summary>{t('add.more')}</summary>
      <div class="stack">
        <TextField
          label={t('scope.modalities')}
          optional
          hint={t('images.modalitiesHint')}
          mono
          value={draft.modalities}
          onValue={(modalities) => change({ modalities })}
          fault={going.fault('modalities')}
        />
        <TextField
          label={t('scope.departments')}
          optional
          hint={t('images.departmentsHint')}
          value={draft.departments}
          onValue={(departments) => change({ departments })}
          fault={going.fault('departments')}
        />
        <DateField
          label={t('images.from')}
          optional
          value={draft.studyDateFrom}
          onValue={(studyDateFrom) => change({ studyDateFrom })}
          fault={going.fault('studyDateFrom')}
        />
        <DateField
          label={t('images.to')}
          optional
          value={draft.studyDateTo}
          onValue={(studyDateTo) => change({ studyDateTo })}
          fault={going.fault('studyDateTo')}
        />
        <TextField
          label={t('opening.addresses')}
          optional
          hint={t('add.addressesHint')}
          mono
          value={draft.addresses}
          onValue={(addresses) => change({ addresses })}
          fault={going.fault('addresses')}
        />
      </div>
    </details>
  );
}

const faultTexts = {
  missing: 'form.missing',
  'none-chosen': 'fault.no-door',
  past: 'form.past',
  dates: 'images.datesWrong',
  project: 'images.projectWrong',
} as const satisfies Record<ImagesFault, string>;

function worded(faults: Readonly<Record<string, ImagesFault>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(faults).map(([field, fault]) => [field, t(faultTexts[fault])]));
}
