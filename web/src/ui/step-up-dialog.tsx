/** Asks for a fresh second factor when a request needs one; the request goes on by itself afterwards. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Challenge } from '../../../src/doors/console/people-flows.ts';
import { people, read } from '../api/client.ts';
import { hasPasskeys, usePasskey } from '../api/passkey.ts';
import { t } from '../i18n/i18n.ts';
import { confirmPath, onConfirmed } from '../model/provider-trip.ts';
import { signedIn } from '../model/session.ts';
import { stepUp } from '../model/step-up.ts';
import { useStore } from '../model/store.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { CodeField } from './code-field.tsx';
import { Failed, Problem, Skeleton } from './parts.tsx';
import { useLoad } from './use-load.ts';
import { useSubmit } from './use-submit.ts';

export function StepUpDialog(): JSX.Element | null {
  const asked = useStore(stepUp);
  if (asked === undefined) return null;
  return (
    <Dialog title={t('stepUp.title')} onClose={asked.given}>
      <p class="quiet">{t('stepUp.why')}</p>
      <Factor onDone={asked.done} />
    </Dialog>
  );
}

function Factor({ onDone }: { readonly onDone: () => void }): JSX.Element {
  const wanted = useLoad(() => people('step-up/begin', {}));
  if (wanted.error !== undefined) return <Failed error={wanted.error} again={wanted.reload} />;
  if (wanted.value === undefined) return <Skeleton lines={2} />;
  return <Proof wanted={wanted.value} onDone={onDone} onAgain={wanted.reload} />;
}

function Proof(props: {
  readonly wanted: Challenge;
  readonly onDone: () => void;
  readonly onAgain: () => void;
}): JSX.Element {
  const { wanted, onDone } = props;
  const { ceremony, next, passkey } = wanted;
  const [code, setCode] = useState('');
  const byPasskey = useSubmit(async () => {
    if (passkey === undefined) return;
    const credential = await usePasskey(passkey);
    signedIn(await people('step-up/passkey', { ceremony, credential }));
    onDone();
  });
  const byCode = useSubmit(async () => {
    try {
      signedIn(await people('step-up/code', { ceremony, code }));
    } catch (error) {
      setCode('');
      throw error;
    }
    onDone();
  });
  const hasPasskey = next.includes('passkey') && passkey !== undefined && hasPasskeys();
  const problem = byPasskey.problem ?? byCode.problem;
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => frame.current?.querySelector<HTMLElement>('input, button, a')?.focus(), []);
  return (
    <div class="stack" ref={frame}>
      <Problem text={problem} />
      {hasPasskey ? (
        <Button look="primary" size="wide" icon="key" busy={byPasskey.busy} onClick={() => void byPasskey.run()}>
          {t('signIn.passkey')}
        </Button>
      ) : null}
      {next.includes('provider') ? <AtProvider onDone={onDone} /> : null}
      {next.includes('code') ? (
        <form class="stack" onSubmit={byCode.onSubmit}>
          <CodeField value={code} onValue={setCode} onWhole={() => void byCode.run()} />
          <Button type="submit" size="wide" busy={byCode.busy} {...(hasPasskey ? {} : { look: 'primary' as const })}>
            {t('action.confirm')}
          </Button>
        </form>
      ) : null}
    </div>
  );
}

/** In a window of its own, so that what was begun here stays; that window tells when it is done. */
function AtProvider({ onDone }: { readonly onDone: () => void }): JSX.Element {
  const confirmed = useSubmit(async () => {
    signedIn(await read('session'));
    onDone();
  });
  useEffect(() => onConfirmed(() => void confirmed.run()), []);
  return (
    <div class="stack">
      <Problem text={confirmed.problem} />
      <p>{t('stepUp.provider')}</p>
      <a class="button primary wide" href={confirmPath} target="_blank" rel="noopener">
        {t('stepUp.atProvider')}
      </a>
    </div>
  );
}
