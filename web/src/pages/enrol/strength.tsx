/** The server's estimate of a password while it is typed, asked for when the typing pauses. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PasswordView } from '../../../../src/doors/console/people-flows.ts';
import { t } from '../../i18n/i18n.ts';

const pauseMs = 350;

export function useVerdict(
  password: string,
  min: number,
  ask: (password: string) => Promise<PasswordView>,
): PasswordView | undefined {
  const [verdict, setVerdict] = useState<PasswordView | undefined>();
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

export function Strength({ verdict }: { readonly verdict: PasswordView | undefined }): JSX.Element {
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
            ? scoreWords(verdict.score)
            : `${verdict.refusal.text} ${verdict.refusal.hint}`}
      </p>
    </div>
  );
}

function scoreWords(score: number): string {
  const words = [
    'password.score0',
    'password.score1',
    'password.score2',
    'password.score3',
    'password.score4',
  ] as const;
  return t(words[Math.max(0, Math.min(4, Math.round(score)))] ?? 'password.score0');
}
