/** The secret of an authenticator app as a picture and as text, and the first code that proves it was taken over. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NewCode } from '../../../../src/doors/console/people-flows.ts';
import { t } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { CodeField } from '../../ui/code-field.tsx';
import { Problem, Secret } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

export function CodeStep(props: {
  readonly secret: NewCode;
  readonly onCode: (code: string) => Promise<void>;
}): JSX.Element {
  const { secret, onCode } = props;
  const [code, setCode] = useState('');
  const going = useSubmit(
    async () => {
      try {
        await onCode(code);
      } catch (error) {
        setCode('');
        throw error;
      }
    },
    { fields: ['code'], check: () => ({ code: code.length === 6 ? undefined : t('code.short') }) },
  );
  return (
    <form class="stack" onSubmit={going.onSubmit} noValidate>
      <Problem text={going.problem} />
      <div class="qr">
        <img
          src={`data:image/svg+xml,${encodeURIComponent(secret.qrSvg)}`}
          alt={t('code.qr')}
          width={176}
          height={176}
        />
        <div class="stack tight grow">
          <p class="small quiet">{t('code.byHand')}</p>
          <Secret text={secret.secret} />
        </div>
      </div>
      <CodeField value={code} onValue={setCode} onWhole={() => void going.run()} fault={going.fault('code')} />
      <Button type="submit" look="primary" size="wide" busy={going.busy}>
        {t('action.confirm')}
      </Button>
    </form>
  );
}
