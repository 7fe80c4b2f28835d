/** The server's estimate of a password while it is typed, asked for when the typing pauses. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PasswordVerdict } from '../../../../src/doors/console/console-api.ts';
import { t } from '../../i18n/i18n.ts';

const pauseMs = 350;

export function useVerdict(
  password: string,
  min: number,
  ask: (password: string) => Promise<PasswordVerdict>,
): PasswordVerdict | undefined {
  const [verdict, setVerdict] = useState<PasswordVerdict | undefined>();
  useEffect(() => {
    setVerdict(undefined);
    if (password.length < min) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      ask(password).then(
        (found) => isCurrent && setVerdict(found),
        // The same check is made again when the form is sent.
        () => undefined,
      );
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [password]);
  return verdict;
}

export function Strength({ verdict }: { readonly verdict: PasswordVerdict | undefined }): JSX.Element {
  const score = verdict?.score;
  return (
    <div class="strength">
      <div class={`meter n${score ?? 0}`} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </div>
      <p class="small quiet" role="status">
        {verdict === undefined
          ? t('password.hint')
          : verdict.refusal === undefined
            ? t(`password.score${verdict.score}`)
            : `${verdict.refusal.text} ${verdict.refusal.hint}`}
      </p>
    </div>
  );
}
