/** A study for a partner: which one, until when, why. The partner's device can fetch it from that moment on. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { control } from '../../api/client.ts';
import { date } from '../../i18n/format.ts';
import { t } from '../../i18n/i18n.ts';
import { dayFromNow } from '../../model/openings.ts';
import { DateField, ReasonField, SelectField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Loaded, Note } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';

const usualDays = 30;

export function ReleaseDialog({
  study,
  onClose,
}: {
  readonly study: string;
  readonly onClose: () => void;
}): JSX.Element {
  const devices = useLoad(() => control('deviceList', {}));
  const partners = (devices.value ?? []).filter(({ purpose, state }) => purpose === 'exchange' && state === 'active');
  const [chosen, setChosen] = useState('');
  const [until, setUntil] = useState(dayFromNow(usualDays, Date.now()));
  const [reason, setReason] = useState('');
  const device = chosen === '' ? (partners[0]?.aeTitle ?? '') : chosen;
  const today = dayFromNow(0, Date.now());
  const going = useSubmit(
    async () => {
      await control('studyRelease', { studyInstanceUid: study, device, until, reason: reason.trim() });
      say(t('release.done', { device, day: date(until) }));
      onClose();
    },
    {
      fields: ['device', 'until', 'reason'],
      check: () => ({
        device: device === '' ? t('form.missing') : undefined,
        until: until === '' ? t('form.missing') : until < today ? t('form.past') : undefined,
        reason: reason.trim() === '' ? t('form.reasonMissing') : undefined,
      }),
    },
  );
  return (
    <FormDialog title={t('release.title')} action={t('release.do')} going={going} onClose={onClose}>
      <p>{t('release.text')}</p>
      <Loaded of={devices} height={64}>
        {() =>
          partners.length === 0 ? (
            <Note tone="warn">{t('release.noPartner')}</Note>
          ) : (
            <SelectField
              label={t('release.partner')}
              value={device}
              onValue={setChosen}
              options={partners.map(({ aeTitle, reason: what }) => ({ value: aeTitle, label: `${aeTitle} · ${what}` }))}
              fault={going.fault('device')}
            />
          )
        }
      </Loaded>
      <DateField label={t('release.until')} value={until} onValue={setUntil} min={today} fault={going.fault('until')} />
      <ReasonField value={reason} onValue={setReason} fault={going.fault('reason')} />
    </FormDialog>
  );
}
