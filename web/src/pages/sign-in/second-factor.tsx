/** The second proof after a password: a code, a passkey, or one of the recovery codes. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Challenge } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { hasPasskeys, usePasskey } from '../../api/passkey.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { signedIn } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { CodeField } from '../../ui/code-field.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Problem } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

export function SecondFactor({
  wanted,
  onBack,
}: {
  readonly wanted: Challenge;
  readonly onBack: () => void;
}): JSX.Element {
  const { ceremony, next, passkey } = wanted;
  const [isRecovery, setRecovery] = useState(!next.includes('code') && !next.includes('passkey'));
  const [code, setCode] = useState('');
  const byCode = useSubmit(
    async () => {
      try {
        signedIn(await people('sign-in/code', { ceremony, code }));
      } catch (error) {
        setCode('');
        throw error;
      }
    },
    { fields: ['code'], check: () => ({ code: code.length === 6 ? undefined : t('code.short') }) },
  );
  const byRecovery = useSubmit(
    async () => {
      const { recoveryCodesLeft, ...session } = await people('sign-in/recovery-code', { ceremony, code: code.trim() });
      signedIn(session);
      say(tn('signIn.codesLeft', recoveryCodesLeft));
    },
    { fields: ['code'], check: () => ({ code: code.trim() === '' ? t('form.missing') : undefined }) },
  );
  const byPasskey = useSubmit(async () => {
    if (passkey === undefined) return;
    signedIn(await people('sign-in/second-passkey', { ceremony, credential: await usePasskey(passkey) }));
  });
  const problem = byCode.problem ?? byRecovery.problem ?? byPasskey.problem;
  return (
    <Entrance title={t('second.title')} intro={t(isRecovery ? 'second.recoveryIntro' : 'second.intro')}>
      <Problem text={problem} />
      {!isRecovery && next.includes('passkey') && passkey !== undefined && hasPasskeys() ? (
        <Button look="primary" size="wide" icon="key" busy={byPasskey.busy} onClick={() => void byPasskey.run()}>
          {t('second.passkey')}
        </Button>
      ) : null}
      {isRecovery ? (
        <form class="stack" onSubmit={byRecovery.onSubmit} noValidate>
          <TextField
            label={t('second.recoveryCode')}
            mono
            autoFocus
            required
            value={code}
            onValue={setCode}
            fault={byRecovery.fault('code')}
          />
          <Button type="submit" look="primary" size="wide" busy={byRecovery.busy}>
            {t('signIn.finish')}
          </Button>
        </form>
      ) : next.includes('code') ? (
        <form class="stack" onSubmit={byCode.onSubmit} noValidate>
          <CodeField
            value={code}
            onValue={setCode}
            onWhole={() => void byCode.run()}
            fault={byCode.fault('code')}
            autoFocus
          />
          <Button type="submit" look="primary" size="wide" busy={byCode.busy}>
            {t('signIn.finish')}
          </Button>
        </form>
      ) : null}
      <div class="row apart">
        <Button look="plain" icon="left" onClick={onBack}>
          {t('action.back')}
        </Button>
        {next.includes('recovery-code') && (next.includes('code') || next.includes('passkey')) ? (
          <Button
            look="plain"
            onClick={() => {
              setRecovery(!isRecovery);
              setCode('');
            }}
          >
            {t(isRecovery ? 'second.useCode' : 'second.useRecovery')}
          </Button>
        ) : null}
      </div>
    </Entrance>
  );
}
