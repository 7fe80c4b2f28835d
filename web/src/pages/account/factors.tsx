/** The ways to sign in: passkeys, password, authenticator app, recovery codes. Each change asks for a fresh factor first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NewCode, OwnFactors } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { makePasskey } from '../../api/passkey.ts';
import { date } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { attempt } from '../../ui/attempt.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { PasswordField, TextField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Ago, Card, Problem } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { CodeStep } from '../enrol/code-step.tsx';
import { deviceName } from '../enrol/device-name.ts';
import { RecoveryCodes } from '../enrol/recovery-codes.tsx';

type Open =
  | { readonly kind: 'rename'; readonly id: number; readonly label: string }
  | { readonly kind: 'remove'; readonly id: number; readonly label: string }
  | { readonly kind: 'password' }
  | { readonly kind: 'code'; readonly ceremony: string; readonly secret: NewCode }
  | { readonly kind: 'codes'; readonly codes: readonly string[] };

export function Factors(props: { readonly own: OwnFactors; readonly onChanged: () => void }): JSX.Element {
  const { own } = props;
  const [open, setOpen] = useState<Open | undefined>();
  const close = (): void => setOpen(undefined);
  const done = (text: string): void => {
    say(text);
    close();
    props.onChanged();
  };
  const addPasskey = async (): Promise<void> => {
    const { ceremony, passkey } = await people('own/passkeys/begin', {});
    const credential = await makePasskey(passkey);
    await people('own/passkeys/add', { ceremony, credential, label: deviceName(navigator.userAgent) });
    done(t('factor.passkeyAdded'));
  };
  const beginCode = async (password?: string): Promise<void> => {
    const { ceremony, code } = await people('own/code/begin', password === undefined ? {} : { password });
    setOpen({ kind: 'code', ceremony, secret: code });
  };
  const newCodes = async (): Promise<void> => {
    const { recoveryCodes } = await people('own/recovery-codes', {});
    setOpen({ kind: 'codes', codes: recoveryCodes });
  };
  return (
    <Card title={t('factor.title')}>
      <div class="factors">
        {own.passkeys.map(({ id, label, createdAt, lastUsedAt }) => (
          <Factor
            key={id}
            icon="key"
            name={label}
            about={
              <>
                {t('factor.passkey')}, {t('factor.since', { day: date(createdAt) })}, {t('factor.used')}{' '}
                <Ago at={lastUsedAt} />
              </>
            }
          >
            <Button size="small" onClick={() => setOpen({ kind: 'rename', id, label })}>
              {t('action.rename')}
            </Button>
            <Button size="small" look="danger" onClick={() => setOpen({ kind: 'remove', id, label })}>
              {t('action.remove')}
            </Button>
          </Factor>
        ))}
        <Factor icon="plus" name={t('factor.addPasskey')} about={t('factor.addPasskeyText')}>
          <Button size="small" onClick={() => void attempt(addPasskey)}>
            {t('action.add')}
          </Button>
        </Factor>
        <OtherFactors
          own={own}
          onPassword={() => setOpen({ kind: 'password' })}
          onCode={() => void attempt(() => beginCode())}
          onCodes={() => void attempt(newCodes)}
        />
      </div>
      {open?.kind === 'rename' ? <RenameDialog id={open.id} label={open.label} onClose={close} onDone={done} /> : null}
      {open?.kind === 'remove' ? <RemoveDialog id={open.id} label={open.label} onClose={close} onDone={done} /> : null}
      {open?.kind === 'password' ? (
        <PasswordDialog
          onClose={close}
          hasPassword={own.hasPassword}
          work={async (password, present) => {
            // A password alone is no way to sign in: the first one comes with its app.
            if (!own.hasPassword) {
              await beginCode(password);
              return;
            }
            await people('own/password', { present, password });
            done(t('factor.passwordSet'));
          }}
        />
      ) : null}
      {open?.kind === 'code' ? (
        <Dialog title={t('enrol.codeTitle')} onClose={close}>
          <CodeStep
            secret={open.secret}
            onCode={async (code) => {
              await people('own/code/confirm', { ceremony: open.ceremony, code });
              done(t('factor.codeSet'));
            }}
          />
        </Dialog>
      ) : null}
      {open?.kind === 'codes' ? (
        <Dialog title={t('recovery.title')} onClose={() => done(t('factor.codesMade'))}>
          <p>{t('recovery.intro')}</p>
          <RecoveryCodes codes={open.codes} onKept={() => done(t('factor.codesMade'))} />
        </Dialog>
      ) : null}
    </Card>
  );
}

function OtherFactors(props: {
  readonly own: OwnFactors;
  readonly onPassword: () => void;
  readonly onCode: () => void;
  readonly onCodes: () => void;
}): JSX.Element {
  const { own } = props;
  const left = own.recoveryCodesLeft;
  return (
    <>
      <Factor
        icon="account"
        name={t(own.hasPassword ? 'factor.password' : 'enrol.password')}
        about={t(own.hasPassword ? 'factor.isSet' : 'factor.notSet')}
      >
        <Button size="small" onClick={props.onPassword}>
          {t(own.hasPassword ? 'action.change' : 'action.set')}
        </Button>
      </Factor>
      {own.hasPassword ? (
        <Factor icon="phone" name={t('factor.app')} about={t(own.hasCode ? 'factor.isSet' : 'factor.notSet')}>
          <Button size="small" onClick={props.onCode}>
            {t(own.hasCode ? 'factor.replace' : 'action.set')}
          </Button>
        </Factor>
      ) : null}
      <Factor icon="shield" name={t('recovery.title')} about={tn('factor.codesLeft', left)} isLow={left < 4}>
        <Button size="small" onClick={props.onCodes}>
          {t('factor.newCodes')}
        </Button>
      </Factor>
    </>
  );
}

function Factor(props: {
  readonly icon: IconName;
  readonly name: string;
  readonly about: JSX.Element | string;
  readonly isLow?: boolean;
  readonly children: JSX.Element | readonly JSX.Element[];
}): JSX.Element {
  return (
    <div class="factor">
      <span class="factor-icon">
        <Icon name={props.icon} />
      </span>
      <div class="grow">
        <strong>{props.name}</strong>
        <p class={`small ${props.isLow === true ? 'soon' : 'quiet'}`}>{props.about}</p>
      </div>
      <div class="row">{props.children}</div>
    </div>
  );
}

interface PartProps {
  readonly onClose: () => void;
  readonly onDone: (text: string) => void;
}

function RenameDialog(props: PartProps & { readonly id: number; readonly label: string }): JSX.Element {
  const [label, setLabel] = useState(props.label);
  const going = useSubmit(
    async () => {
      await people('own/passkeys/rename', { id: props.id, label: label.trim() });
      props.onDone(t('factor.renamed'));
    },
    { fields: ['label'], check: () => ({ label: label.trim() === '' ? t('form.missing') : undefined }) },
  );
  return (
    <FormDialog title={t('factor.rename')} action={t('action.rename')} going={going} onClose={props.onClose}>
      <TextField
        label={t('passkey.label')}
        maxLength={60}
        autoFocus
        value={label}
        onValue={setLabel}
        fault={going.fault('label')}
      />
    </FormDialog>
  );
}

function RemoveDialog(props: PartProps & { readonly id: number; readonly label: string }): JSX.Element {
  const going = useSubmit(async () => {
    await people('own/passkeys/remove', { id: props.id });
    props.onDone(t('factor.removed'));
  });
  return (
    <Dialog title={t('factor.removeTitle', { label: props.label })} onClose={props.onClose}>
      <Problem text={going.problem} />
      <p>{t('factor.removeText')}</p>
      <div class="dialog-foot">
        <Button onClick={props.onClose}>{t('action.cancel')}</Button>
        <Button look="danger primary" busy={going.busy} onClick={() => void going.run()}>
          {t('action.remove')}
        </Button>
      </div>
    </Dialog>
  );
}

function PasswordDialog(props: {
  readonly hasPassword: boolean;
  readonly onClose: () => void;
  readonly work: (password: string, present: string) => Promise<void>;
}): JSX.Element {
  const [password, setPassword] = useState('');
  const [present, setPresent] = useState('');
  const going = useSubmit(() => props.work(password, present), {
    fields: ['present', 'password'],
    check: () => ({
      present: props.hasPassword && present === '' ? t('form.missing') : undefined,
      password: password === '' ? t('form.missing') : undefined,
    }),
  });
  return (
    <FormDialog title={t('password.title')} action={t('action.set')} going={going} onClose={props.onClose}>
      {props.hasPassword ? (
        <PasswordField
          label={t('password.present')}
          autoComplete="current-password"
          value={present}
          onValue={setPresent}
          fault={going.fault('present')}
        />
      ) : null}
      <PasswordField
        label={t('password.new')}
        hint={t('password.hint')}
        autoComplete="new-password"
        value={password}
        onValue={setPassword}
        fault={going.fault('password')}
      />
    </FormDialog>
  );
}
