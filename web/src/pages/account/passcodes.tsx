/** Passcodes by which one says at a DICOM device who one is: made after a fresh factor, shown once, ended here. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NewPasscode, PasscodeView } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t } from '../../i18n/i18n.ts';
import { attempt } from '../../ui/attempt.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { OnceDialog } from '../../ui/once-dialog.tsx';
import { Ago, Copyable, Facts, Secret, Until } from '../../ui/parts.tsx';
import { Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

export function Passcodes(props: {
  readonly own: readonly PasscodeView[];
  readonly onChanged: () => void;
}): JSX.Element {
  const { own, onChanged } = props;
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<NewPasscode | undefined>();
  const end = (id: number): Promise<void> =>
    attempt(async () => {
      await people('own/passcodes/end', { id });
      say(t('passcode.ended'));
      onChanged();
    });
  return (
    <section class="stack" aria-label={t('passcode.title')}>
      <div class="row apart">
        <h2>{t('passcode.title')}</h2>
        <Button size="small" icon="key" onClick={() => setMaking(true)}>
          {t('passcode.make')}
        </Button>
      </div>
      <p class="quiet">{t('passcode.text')}</p>
      {own.length === 0 ? null : (
        <Table
          caption={t('passcode.title')}
          rows={own}
          rowKey={({ id }) => String(id)}
          order={{ key: 'until', descending: false }}
          empty=""
          columns={[
            { key: 'device', title: t('passcode.device'), cell: ({ device }) => <code>{device}</code> },
            {
              key: 'createdAt',
              title: t('passcode.made'),
              cell: ({ createdAt }) => <Ago at={createdAt} />,
              priority: 2,
            },
            {
              key: 'until',
              title: t('opening.end'),
              cell: ({ until }) => <Until at={until} />,
              sortBy: ({ until }) => Date.parse(until),
            },
            {
              key: 'action',
              title: t('table.actions'),
              end: true,
              cell: ({ id, device }) => (
                <Button size="small" onClick={() => void end(id)}>
                  {t('passcode.end')}
                  <span class="hidden-visually"> {device}</span>
                </Button>
              ),
            },
          ]}
        />
      )}
      {isMaking ? (
        <MakeDialog
          onClose={() => setMaking(false)}
          onMade={(passcode) => {
            setMaking(false);
            setMade(passcode);
            onChanged();
          }}
        />
      ) : null}
      {made === undefined ? null : <MadeDialog made={made} onClose={() => setMade(undefined)} />}
    </section>
  );
}

function MakeDialog(props: {
  readonly onClose: () => void;
  readonly onMade: (made: NewPasscode) => void;
}): JSX.Element {
  const [device, setDevice] = useState('');
  const going = useSubmit(async () => props.onMade(await people('own/passcodes/make', { device: device.trim() })), {
    fields: ['device'],
    check: () => ({ device: device.trim() === '' ? t('fault.missing') : undefined }),
  });
  return (
    <FormDialog title={t('passcode.make')} action={t('passcode.make')} going={going} onClose={props.onClose}>
      <TextField
        label={t('passcode.device')}
        hint={t('passcode.deviceHint')}
        mono
        required
        autoFocus
        maxLength={16}
        value={device}
        onValue={setDevice}
        fault={going.fault('device')}
      />
    </FormDialog>
  );
}

function MadeDialog({ made, onClose }: { readonly made: NewPasscode; readonly onClose: () => void }): JSX.Element {
  return (
    <OnceDialog title={t('passcode.title')} onClose={onClose}>
      <p>{t('passcode.once', { device: made.device, at: dateTime(made.until) })}</p>
      <Facts facts={[[t('passcode.userName'), <Copyable text={made.userName} />]]} />
      <p class="small">{t('passcode.word')}</p>
      <Secret text={made.passcode} />
      <p class="small">{t('passcode.token')}</p>
      <Secret text={made.token} />
    </OnceDialog>
  );
}
