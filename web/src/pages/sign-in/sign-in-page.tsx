/** Sign-in: a passkey, offered by the browser in the field itself; or password, then a code. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Challenge } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { hasConditionalUi, hasPasskeys, usePasskey } from '../../api/passkey.ts';
import { t } from '../../i18n/i18n.ts';
import { signInAtProvider } from '../../model/provider-trip.ts';
import { signedIn } from '../../model/session.ts';
import { signInWays } from '../../model/sign-in-ways.ts';
import { useStore } from '../../model/store.ts';
import { Button } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { PasswordField, TextField } from '../../ui/fields.tsx';
import { Note, Problem } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { SecondFactor } from './second-factor.tsx';

export function SignInPage({ ended }: { readonly ended: boolean }): JSX.Element {
  const [wanted, setWanted] = useState<Challenge | undefined>();
  if (wanted !== undefined) return <SecondFactor wanted={wanted} onBack={() => setWanted(undefined)} />;
  return (
    <Entrance title={t('signIn.title')} intro={t('signIn.intro')}>
      {ended ? <Note tone="info">{t('signIn.ended')}</Note> : null}
      <Ways onSecond={setWanted} />
    </Entrance>
  );
}

function Ways({ onSecond }: { readonly onSecond: (wanted: Challenge) => void }): JSX.Element {
  const { provider, local } = useStore(signInWays);
  if (provider === undefined) return <FirstFactor onSecond={onSecond} />;
  return (
    <div class="stack wide">
      <ProviderButton name={provider.name} />
      <div class="or">
        <span>{t(local === 'administrators' ? 'signIn.localAdministrators' : 'signIn.local')}</span>
      </div>
      <FirstFactor onSecond={onSecond} isSecondary />
    </div>
  );
}

function ProviderButton({ name }: { readonly name: string }): JSX.Element {
  const going = useSubmit(signInAtProvider);
  return (
    <>
      <Problem text={going.problem} />
      <Button look="primary" size="wide" icon="out" busy={going.busy} onClick={() => void going.run()}>
        {t('signIn.provider', { name })}
      </Button>
    </>
  );
}

function FirstFactor(props: {
  readonly onSecond: (wanted: Challenge) => void;
  /** Another way goes before. */
  readonly isSecondary?: boolean;
}): JSX.Element {
  const { onSecond, isSecondary = false } = props;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const conditional = useRef<AbortController | undefined>(undefined);
  const start = async (mediation?: CredentialMediationRequirement): Promise<void> => {
    // The browser runs one ceremony at a time.
    conditional.current?.abort();
    const { ceremony, passkey } = await people('sign-in/begin', {});
    const stop = new AbortController();
    if (mediation !== undefined) conditional.current = stop;
    const credential = await usePasskey(passkey, {
      ...(mediation === undefined ? {} : { mediation }),
      signal: stop.signal,
    });
    signedIn(await people('sign-in/passkey', { ceremony, credential }));
  };
  const byPasskey = useSubmit(() => start());
  const offered = useSubmit(() => start('conditional'));
  const byPassword = useSubmit(
    async () => {
      const next = await people('sign-in/password', { email: email.trim(), password });
      conditional.current?.abort();
      onSecond(next);
    },
    {
      fields: ['email', 'password'],
      check: () => ({
        email: email.trim() === '' ? t('form.missing') : undefined,
        password: password === '' ? t('form.missing') : undefined,
      }),
    },
  );
  useEffect(() => {
    void hasConditionalUi().then((has) => (has ? offered.run() : undefined));
    return () => conditional.current?.abort();
  }, []);
  const problem = byPasskey.problem ?? byPassword.problem;
  return (
    <div class="stack wide">
      <Problem text={problem} />
      {hasPasskeys() ? (
        <Button
          {...(isSecondary ? {} : { look: 'primary' as const })}
          size="wide"
          icon="key"
          busy={byPasskey.busy}
          onClick={() => void byPasskey.run()}
        >
          {t('signIn.passkey')}
        </Button>
      ) : (
        <Note tone="warn">{t('passkey.unsupported')}</Note>
      )}
      <div class="or">
        <span>{t('signIn.or')}</span>
      </div>
      <form class="stack" onSubmit={byPassword.onSubmit} noValidate>
        <TextField
          label={t('signIn.email')}
          type="email"
          autoComplete="username webauthn"
          required
          value={email}
          onValue={setEmail}
          fault={byPassword.fault('email')}
        />
        <PasswordField
          label={t('signIn.password')}
          autoComplete="current-password"
          value={password}
          onValue={setPassword}
          fault={byPassword.fault('password')}
        />
        <Button type="submit" size="wide" busy={byPassword.busy}>
          {t('signIn.next')}
        </Button>
      </form>
      <p class="small quiet">{t('signIn.help')}</p>
    </div>
  );
}
