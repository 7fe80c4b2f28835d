/** Prolongs a device's opening, with a new certificate or without one. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DeviceAdded } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { type DeviceKey, makeDeviceKey } from '../../model/device-key.ts';
import { dayFromNow } from '../../model/openings.ts';
import { ChoiceField, DateField, TextField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { OnceDialog } from '../../ui/once-dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { DeviceFiles } from './device-files.tsx';
import { quickDays } from './quick-days.ts';
import { WaitingNote } from './waiting-changes.tsx';

export function RenewDialog(props: {
  readonly aeTitle: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}): JSX.Element {
  const { aeTitle, onClose, onDone } = props;
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [certificate, setCertificate] = useState<'keep' | 'new'>('keep');
  const [made, setMade] = useState<{ readonly added: DeviceAdded; readonly key: DeviceKey } | undefined>();
  const today = dayFromNow(0, Date.now());
  const going = useSubmit(
    async () => {
      const key = certificate === 'new' ? await makeDeviceKey() : undefined;
      const added = await control('deviceRenew', {
        aeTitle,
        until,
        ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
        ...(key === undefined ? {} : { credential: { kind: 'public-key', pem: key.publicPem } as const }),
      });
      onDone();
      if (key === undefined) {
        say(added.waiting === undefined ? t('device.renewed', { aeTitle }) : t('waiting.title'));
        onClose();
      } else setMade({ added, key });
    },
    {
      fields: ['until', 'reason'],
      check: () => ({ until: until === '' ? t('form.missing') : until < today ? t('form.past') : undefined }),
    },
  );
  if (made !== undefined) {
    return (
      <OnceDialog title={t('device.newCertificate')} onClose={onClose}>
        <p>{t('device.newCertificateText')}</p>
        <WaitingNote waiting={made.added.waiting} />
        <DeviceFiles added={made.added} privatePem={made.key.privatePem} />
      </OnceDialog>
    );
  }
  return (
    <FormDialog title={t('device.renewTitle', { aeTitle })} action={t('device.renew')} going={going} onClose={onClose}>
      <DateField
        label={t('opening.end')}
        value={until}
        onValue={setUntil}
        min={today}
        quick={quickDays()}
        fault={going.fault('until')}
      />
      <ChoiceField
        label={t('device.certificate')}
        value={certificate}
        onValue={setCertificate}
        options={[
          { value: 'keep', label: t('device.keepCertificate'), hint: t('device.keepCertificateHint') },
          { value: 'new', label: t('device.newKey'), hint: t('device.newKeyHint') },
        ]}
      />
      <TextField
        label={t('form.reason')}
        optional
        maxLength={500}
        value={reason}
        onValue={setReason}
        fault={going.fault('reason')}
      />
    </FormDialog>
  );
}
