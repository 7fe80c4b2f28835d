/** A new password: its strength as the server sees it, what is refused and why, while one types. No rules of composition. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NewCode, EnrolmentView } from '../../../../src/doors/console/people-flows.ts';
import { people } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { PasswordField } from '../../ui/fields.tsx';
import { Problem } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { Strength, useVerdict } from './strength.tsx';

export function PasswordStep(props: {
  readonly begun: EnrolmentView;
  readonly onBack: () => void;
  readonly onDone: (secret: NewCode) => void;
}): JSX.Element {
  const { ceremony, email, password: bounds } = props.begun;
  const [password, setPassword] = useState('');
  const verdict = useVerdict(password, bounds.min, (text) =>
    people('enrol/check-password', { ceremony, password: text }),
  );
  const going = useSubmit(
    async () => {
      const { code } = await people('enrol/password', { ceremony, password });
      props.onDone(code);
    },
    {
      fields: ['password'],
      check: () => ({ password: password.length < bounds.min ? t('password.short', { min: bounds.min }) : undefined }),
    },
  );
  return (
    <Entrance title={t('password.title')} intro={t('password.intro', { min: bounds.min })}>
      <form class="stack" onSubmit={going.onSubmit} noValidate>
        <Problem text={going.problem} />
        <input type="text" autocomplete="username" value={email} readOnly hidden />
        <PasswordField
          label={t('password.new')}
          autoComplete="new-password"
          maxLength={bounds.max}
          value={password}
          onValue={setPassword}
          fault={going.fault('password')}
        />
        <Strength verdict={verdict} />
        <div class="form-foot">
          <Button look="plain" icon="left" onClick={props.onBack}>
            {t('action.back')}
          </Button>
          <span class="grow" />
          <Button type="submit" look="primary" busy={going.busy}>
            {t('action.next')}
          </Button>
        </div>
      </form>
    </Entrance>
  );
}
