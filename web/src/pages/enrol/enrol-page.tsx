/**
 * Enrolment by invitation: name, a way to sign in, recovery codes. The token is in the fragment, which no request carries, and
 * leaves the address at once.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Enrolled, EnrolmentView, NewCode } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { hasPasskeys, makePasskey } from '../../api/passkey.ts';
import { t, word } from '../../i18n/i18n.ts';
import { navigate } from '../../model/navigation.ts';
import { enrolAtProvider } from '../../model/provider-trip.ts';
import { Button } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { ChoiceField, TextField } from '../../ui/fields.tsx';
import { Failed, Problem, Skeleton } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';
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
    <Entrance title={t('enrol.noLinkTitle')}>
      <p>{t('enrol.noLink')}</p>
    </Entrance>
  );
}

function Invited(): JSX.Element {
  const begun = useLoad(() => people('enrol/begin', { invitation }));
  if (begun.error !== undefined) {
    return (
      <Entrance title={t('enrol.failedTitle')}>
        <Failed error={begun.error} again={begun.reload} />
        <p class="quiet">{t('enrol.failed')}</p>
      </Entrance>
    );
  }
  if (begun.value === undefined) {
    return (
      <Entrance title={t('enrol.title')}>
        <Skeleton />
      </Entrance>
    );
  }
  return <Steps begun={begun.value} />;
}

type Step =
  | { readonly kind: 'way' }
  | { readonly kind: 'password' }
  | { readonly kind: 'code'; readonly secret: NewCode }
  | { readonly kind: 'codes'; readonly codes: readonly string[] };

function Steps({ begun: first }: { readonly begun: EnrolmentView }): JSX.Element {
  const [begun, setBegun] = useState(first);
  const { ceremony } = begun;
  const [step, setStep] = useState<Step>({ kind: 'way' });
  // Enrolled is not signed in: the first sign-in shows that the new factors work.
  const finish = ({ recoveryCodes }: Enrolled): void => {
    invitation = '';
    if (recoveryCodes.length > 0) setStep({ kind: 'codes', codes: recoveryCodes });
    else toSignIn();
  };
  switch (step.kind) {
    case 'way':
      return (
        <WayStep
          begun={begun}
          onNamed={setBegun}
          onEnrolled={finish}
          onPassword={() => setStep({ kind: 'password' })}
        />
      );
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
              finish(await people('enrol/code', { ceremony, code }));
            }}
          />
        </Entrance>
      );
    case 'codes':
      return (
        <Entrance title={t('recovery.title')} intro={t('recovery.intro')}>
          <RecoveryCodes codes={step.codes} onKept={toSignIn} />
        </Entrance>
      );
  }
}

function toSignIn(): void {
  say(t('enrol.done'));
  navigate('/sign-in', { replace: true });
}

type Way = 'provider' | 'passkey' | 'password';

function waysOf({ provider, local }: EnrolmentView): { value: Way; label: string; hint: string }[] {
  return [
    ...(provider === undefined
      ? []
      : [{ value: 'provider' as const, label: provider.name, hint: t('enrol.providerHint') }]),
    ...(local
      ? [
          { value: 'passkey' as const, label: t('enrol.passkey'), hint: t('enrol.passkeyHint') },
          { value: 'password' as const, label: t('enrol.password'), hint: t('enrol.passwordHint') },
        ]
      : []),
  ];
}

function WayStep(props: {
  readonly begun: EnrolmentView;
  readonly onNamed: (begun: EnrolmentView) => void;
  readonly onEnrolled: (enrolled: Enrolled) => void;
  readonly onPassword: () => void;
}): JSX.Element {
  const { begun } = props;
  const { ceremony, role } = begun;
  const isNameless = begun.email === undefined;
  const [email, setEmail] = useState(begun.email ?? '');
  const [name, setName] = useState(begun.name ?? '');
  const [way, setWay] = useState<Way>(
    begun.provider !== undefined ? 'provider' : hasPasskeys() ? 'passkey' : 'password',
  );
  const [label, setLabel] = useState('');
  useEffect(() => setLabel(deviceName(navigator.userAgent)), []);
  const going = useSubmit(
    async () => {
      let { passkey } = begun;
      if (isNameless) {
        const named = await people('enrol/name', { ceremony, email: email.trim(), name: name.trim() });
        passkey = named.passkey;
        props.onNamed({ ...begun, email: named.email, name: name.trim(), passkey });
      }
      if (way === 'provider') await enrolAtProvider(ceremony);
      if (way === 'password') {
        props.onPassword();
        return;
      }
      const credential = await makePasskey(passkey);
      props.onEnrolled(await people('enrol/passkey', { ceremony, credential, label: label.trim() }));
    },
    {
      fields: ['email', 'name', 'label'],
      check: () => ({
        email: email.trim() === '' ? t('form.missing') : undefined,
        name: name.trim() === '' ? t('form.missing') : undefined,
      }),
    },
  );
  return (
    <Entrance title={t('enrol.title')} intro={t('enrol.intro', { role: word('role', role) })}>
      <form class="stack wide" onSubmit={going.onSubmit} noValidate>
        <Problem text={going.problem} />
        <div class="stack">
          {isNameless ? (
            <>
              <TextField
                label={t('signIn.email')}
                autoComplete="username"
                required
                maxLength={254}
                value={email}
                onValue={setEmail}
                fault={going.fault('email')}
              />
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
            </>
          ) : (
            <div class="field">
              <span class="small quiet">{name === email ? t('signIn.email') : name}</span>
              <strong>{email}</strong>
            </div>
          )}
        </div>
        <ChoiceField label={t('enrol.way')} value={way} onValue={setWay} options={waysOf(begun)} />
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
