/** How a new device connects: its doors, its proof, until when; what is rarely needed is folded away. */
import type { JSX } from 'preact';
import { t, word } from '../../i18n/i18n.ts';
import { CheckField, CheckGroup, ChoiceField, DateField, TextArea, TextField } from '../../ui/fields.tsx';
import { Note } from '../../ui/parts.tsx';
import type { StepProps } from './device-add-page.tsx';
import { isWorkstationDraft, type Operation, type Purpose } from './device-draft.ts';
import { quickDays } from './quick-days.ts';

/** What a purpose may ever do; the server has the last word. */
const operationsOf: Readonly<Record<Purpose, readonly Operation[]>> = {
  acquisition: ['verify', 'store', 'find', 'commit'],
  reading: ['verify', 'find', 'get', 'move', 'store'],
  exchange: ['verify', 'store', 'find', 'get', 'move', 'commit'],
  archive: ['verify', 'store', 'find', 'get', 'move', 'commit'],
  'workstation-reading': ['sign-in'],
  'workstation-exchange': ['sign-in'],
  'workstation-administration': ['sign-in'],
};
/** What it usually does, as `leadglass device add` without --operation. */
const usualOf: Readonly<Record<Purpose, readonly Operation[]>> = {
  acquisition: ['verify', 'store', 'commit'],
  reading: ['verify', 'find', 'get', 'move', 'store'],
  exchange: ['verify', 'store', 'find', 'get'],
  archive: ['verify', 'store', 'find', 'get', 'move', 'commit'],
  'workstation-reading': ['sign-in'],
  'workstation-exchange': ['sign-in'],
  'workstation-administration': ['sign-in'],
};

export function ConnectionStep(
  props: StepProps & {
    readonly fault: (field: string) => string | undefined;
    readonly bounds: { readonly today: string; readonly plainEnd: string };
  },
): JSX.Element {
  const { draft, change, fault, bounds } = props;
  const isPlain = draft.proof === 'plain';
  // A workstation has the web door alone, and no scope: what people see is a matter of their own openings.
  const isWorkstation = isWorkstationDraft(draft);
  return (
    <>
      <ChoiceField
        label={t('add.proof')}
        value={draft.proof}
        onValue={(proof) => change({ proof })}
        options={[
          { value: 'key', label: t('add.key'), hint: t('add.keyHint') },
          { value: 'csr', label: t('add.csr'), hint: t('add.csrHint') },
          { value: 'certificate', label: t('add.certificate'), hint: t('add.certificateHint') },
          ...(isWorkstation ? [] : [{ value: 'plain', label: t('add.plain'), hint: t('add.plainHint') } as const]),
        ]}
      />
      {draft.proof === 'csr' || draft.proof === 'certificate' ? (
        <PemField
          value={draft.pem}
          onValue={(pem) => change({ pem })}
          fault={fault('pem')}
          isRequest={draft.proof === 'csr'}
        />
      ) : null}
      {isPlain ? (
        <>
          <Note tone="danger">{t('add.plainWarning')}</Note>
          <TextField
            label={t('opening.risk')}
            hint={t('add.riskHint')}
            required
            value={draft.risk}
            onValue={(risk) => change({ risk })}
            fault={fault('risk')}
          />
        </>
      ) : isWorkstation ? null : (
        <CheckGroup
          label={t('opening.doors')}
          values={draft.doors}
          onValues={(doors) => change({ doors })}
          options={[
            { value: 'dimse', label: t('add.dimse'), hint: t('add.dimseHint') },
            { value: 'web', label: t('add.web'), hint: t('add.webHint') },
          ]}
          fault={fault('doors')}
        />
      )}
      <TextField
        label={t('opening.addresses')}
        optional={!isPlain}
        hint={t('add.addressesHint')}
        mono
        value={draft.addresses}
        onValue={(addresses) => change({ addresses })}
        fault={fault('addresses')}
      />
      <DateField
        label={t('opening.end')}
        hint={isPlain ? t('add.plainEnd') : t('add.endHint')}
        value={draft.until}
        onValue={(until) => change({ until })}
        min={bounds.today}
        {...(isPlain ? { max: bounds.plainEnd } : {})}
        quick={isPlain ? quickDays().slice(0, 1) : quickDays()}
        fault={fault('until')}
      />
      {isWorkstation ? null : <More {...props} />}
    </>
  );
}

/** What is rarely needed. */
function More({ draft, change }: StepProps): JSX.Element {
  return (
    <details class="more">
      <summary>{t('add.more')}</summary>
      <div class="stack wide">
        <CheckGroup
          label={t('opening.operations')}
          hint={t('add.operationsHint')}
          values={draft.operations ?? usualOf[draft.purpose]}
          onValues={(operations) => change({ operations })}
          options={operationsOf[draft.purpose].map((value) => ({ value, label: word('operation', value) }))}
        />
        <TextField
          label={t('scope.modalities')}
          optional
          hint={t('add.modalitiesHint')}
          mono
          value={draft.modalities}
          onValue={(modalities) => change({ modalities })}
        />
        <CheckField
          label={t('scope.own')}
          checked={draft.ownStudiesOnly}
          onChecked={(ownStudiesOnly) => change({ ownStudiesOnly })}
        />
        <CheckField
          label={t('opening.privateClasses')}
          hint={t('add.privateHint')}
          checked={draft.privateSopClasses}
          onChecked={(privateSopClasses) => change({ privateSopClasses })}
        />
      </div>
    </details>
  );
}

function PemField(props: {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly fault: string | undefined;
  readonly isRequest: boolean;
}): JSX.Element {
  return (
    <div class="stack tight">
      <TextArea
        label={t(props.isRequest ? 'add.csrPem' : 'add.certificatePem')}
        hint={t('add.pemHint')}
        rows={5}
        value={props.value}
        onValue={props.onValue}
        fault={props.fault}
      />
      <input
        type="file"
        accept=".pem,.csr,.crt,.cer"
        aria-label={t('add.pemFile')}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) void file.slice(0, 65_536).text().then(props.onValue);
        }}
      />
    </div>
  );
}
