/**
 * Enrolment by invitation: name, a way to sign in, recovery codes. The token is in the fragment, which no request carries, and
 * leaves the address at once.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { EnrolmentView, SessionView } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { hasPasskeys, makePasskey } from '../../api/passkey.ts';
import { t, word } from '../../i18n/i18n.ts';
import { navigate } from '../../model/navigation.ts';
import { signedIn } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { ChoiceField, TextField } from '../../ui/fields.tsx';
import { Failed, Note, Skeleton } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { CodeStep } from './code-step.tsx';
import { deviceName } from './device-name.ts';
import { PasswordStep } from './password-step.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';

/** Read once: the address does not have it afterwards. */
let invitation = '';

export function EnrolPage(): JSX.Element {
  if (location.hash.length > 1) {
    invitation = location.hash.slice(1);
    history.replaceState(null, '', location.pathname);
  }
  if (invitation !== '') return <Invited />;
  return (
    <Frame title={t('enrol.noLinkTitle')}>
      <p>{t('enrol.noLink')}</p>
    </Frame>
  );
}

function Invited(): JSX.Element {
  const begun = useLoad(() => people('enrol/begin', { invitation }));
  if (begun.error !== undefined) {
    return (
      <Frame title={t('enrol.failedTitle')}>
        <Failed error={begun.error} again={begun.reload} />
        <p class="quiet">{t('enrol.failed')}</p>
      </Frame>
    );
  }
  if (begun.value === undefined) {
    return (
      <Frame title={t('enrol.title')}>
        <Skeleton />
      </Frame>
    );
  }
  return <Steps begun={begun.value} />;
}

function Frame({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return <Entrance title={title}>{children}</Entrance>;
}

type Step =
  | { readonly kind: 'way' }
  | { readonly kind: 'password' }
  | { readonly kind: 'code'; readonly secret: Parameters<typeof CodeStep>[0]['secret'] }
  | { readonly kind: 'codes'; readonly codes: readonly string[]; readonly session: SessionView };

function Steps({ begun }: { readonly begun: EnrolmentView }): JSX.Element {
  const { ceremony } = begun;
  const [step, setStep] = useState<Step>({ kind: 'way' });
  const finish = async (): Promise<void> => {
    const { recoveryCodes, ...session } = await people('enrol/finish', { ceremony });
    invitation = '';
    setStep({ kind: 'codes', codes: recoveryCodes, session });
  };
  switch (step.kind) {
    case 'way':
      return <WayStep begun={begun} onPasskey={finish} onPassword={() => setStep({ kind: 'password' })} />;
    case 'password':
      return (
        <PasswordStep
          begun={begun}
          onBack={() => setStep({ kind: 'way' })}
          onDone={(secret) => setStep({ kind: 'code', secret })}
        />
      );
    case 'code':
      return (
        <Entrance title={t('enrol.codeTitle')} intro={t('enrol.codeIntro')}>
          <CodeStep
            secret={step.secret}
            onCode={async (code) => {
              await people('enrol/code', { ceremony, code });
              await finish();
            }}
          />
        </Entrance>
      );
    case 'codes':
      return (
        <Entrance title={t('recovery.title')} intro={t('recovery.intro')}>
          <RecoveryCodes
            codes={step.codes}
            onKept={() => {
              signedIn(step.session);
              navigate('/', { replace: true });
            }}
          />
        </Entrance>
      );
  }
}

function WayStep(props: {
  readonly begun: EnrolmentView;
  readonly onPasskey: () => Promise<void>;
  readonly onPassword: () => void;
}): JSX.Element {
  const { ceremony, email, role, hospital, passkey } = props.begun;
  const [name, setName] = useState('');
  const [way, setWay] = useState<'passkey' | 'password'>(hasPasskeys() ? 'passkey' : 'password');
  const [label, setLabel] = useState('');
  useEffect(() => setLabel(deviceName(navigator.userAgent)), []);
  const going = useSubmit(
    async () => {
      await people('enrol/name', { ceremony, name: name.trim() });
      if (way === 'password') {
        props.onPassword();
        return;
      }
      const credential = await makePasskey(passkey);
      await people('enrol/passkey', { ceremony, credential, label: label.trim() });
      await props.onPasskey();
    },
    { fields: ['name', 'label'], check: () => ({ name: name.trim() === '' ? t('form.missing') : undefined }) },
  );
  return (
    <Entrance title={t('enrol.title')} intro={t('enrol.intro', { hospital, role: word('role', role) })}>
      <form class="stack wide" onSubmit={going.onSubmit} noValidate>
        {going.problem === undefined ? null : (
          <Note tone="danger" live>
            {going.problem}
          </Note>
        )}
        <div class="stack">
          <div class="field">
            <span class="small quiet">{t('signIn.email')}</span>
            <strong>{email}</strong>
          </div>
          <TextField
            label={t('enrol.name')}
            hint={t('enrol.nameHint')}
            autoComplete="name"
            required
            maxLength={100}
            value={name}
            onValue={setName}
            fault={going.fault('name')}
          />
        </div>
        <ChoiceField
          label={t('enrol.way')}
          value={way}
          onValue={setWay}
          options={[
            { value: 'passkey', label: t('enrol.passkey'), hint: t('enrol.passkeyHint') },
            { value: 'password', label: t('enrol.password'), hint: t('enrol.passwordHint') },
          ]}
        />
        {way === 'passkey' ? (
          <TextField
            label={t('passkey.label')}
            hint={t('passkey.labelHint')}
            maxLength={60}
            value={label}
            onValue={setLabel}
            fault={going.fault('label')}
          />
        ) : null}
        <Button
          type="submit"
          look="primary"
          size="wide"
          busy={going.busy}
          {...(way === 'passkey' ? { icon: 'key' as const } : {})}
        >
          {t(way === 'passkey' ? 'enrol.makePasskey' : 'action.next')}
        </Button>
      </form>
    </Entrance>
  );
}
