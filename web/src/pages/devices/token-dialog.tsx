/** A short-lived token for a program that cannot show the device's certificate; shown once. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DeviceTokenMade } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t } from '../../i18n/i18n.ts';
import { ReasonField, SelectField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { OnceDialog } from '../../ui/once-dialog.tsx';
import { Copyable, Facts, Secret } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { WaitingNote } from './waiting-changes.tsx';

const spans = ['60', '240', '480'] as const;

export function TokenDialog({
  aeTitle,
  onClose,
}: {
  readonly aeTitle: string;
  readonly onClose: () => void;
}): JSX.Element {
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState<(typeof spans)[number]>('60');
  const [made, setMade] = useState<DeviceTokenMade | undefined>();
  const going = useSubmit(
    async () => setMade(await control('deviceToken', { aeTitle, reason: reason.trim(), minutes: Number(minutes) })),
    { fields: ['reason'], check: () => ({ reason: reason.trim() === '' ? t('form.reasonMissing') : undefined }) },
  );
  if (made !== undefined) {
    return (
      <OnceDialog title={t('token.title')} onClose={onClose}>
        <p>{t('token.once')}</p>
        <WaitingNote waiting={made.waiting} />
        <Secret text={made.token} />
        <Facts
          facts={[
            [t('token.address'), made.baseUrl === undefined ? undefined : <Copyable text={made.baseUrl} />],
            [t('opening.end'), dateTime(made.until)],
            [t('token.number'), made.waiting === undefined ? String(made.number) : undefined],
          ]}
        />
      </OnceDialog>
    );
  }
  return (
    <FormDialog title={t('device.token')} action={t('token.make')} going={going} onClose={onClose}>
      <p>{t('token.text')}</p>
      <ReasonField autoFocus value={reason} onValue={setReason} fault={going.fault('reason')} />
      <SelectField
        label={t('token.span')}
        value={minutes}
        onValue={setMinutes}
        options={spans.map((value) => ({ value, label: t(`token.span${value}`) }))}
      />
    </FormDialog>
  );
}
