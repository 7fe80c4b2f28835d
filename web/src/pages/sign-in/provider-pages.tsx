/** The two pages of a trip to the hospital's own sign-in: where the browser comes back, and where a second window begins. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/i18n.ts';
import { navigate } from '../../model/navigation.ts';
import { confirmAtProvider, handOver, placeBefore, tellConfirmed } from '../../model/provider-trip.ts';
import { signedIn } from '../../model/session.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { errorWords } from '../../ui/errors.ts';
import { Problem } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';

export function CallbackPage(): JSX.Element {
  const [state, setState] = useState<'waiting' | 'confirmed' | { readonly problem: string }>('waiting');
  const arrive = async (): Promise<void> => {
    try {
      const done = await handOver();
      if (done === undefined || done.done === 'enrol') {
        if (done !== undefined) say(t('enrol.done'));
        navigate('/sign-in', { replace: true });
      } else if (done.done === 'sign-in') {
        signedIn(done);
        navigate(placeBefore(), { replace: true });
      } else {
        tellConfirmed();
        setState('confirmed');
        // Browsers close only what a script has opened; the text is for the others.
        close();
      }
    } catch (error) {
      setState({ problem: errorWords(error) });
    }
  };
  useEffect(() => void arrive(), []);
  if (state === 'waiting') return <Waiting />;
  if (state === 'confirmed') return <Done />;
  return (
    <Entrance title={t('provider.failed')}>
      <Problem text={state.problem} />
      <ButtonLink href="/sign-in" look="primary">
        {t('provider.again')}
      </ButtonLink>
    </Entrance>
  );
}

/** Nothing to read yet, and nothing that would move when there is. */
function Waiting(): JSX.Element {
  return <div aria-busy="true" />;
}

function Done(): JSX.Element {
  return (
    <Entrance title={t('provider.confirmed')}>
      <p>{t('provider.closeWindow')}</p>
    </Entrance>
  );
}

/** A window that goes on to the provider at once. */
export function ConfirmPage(): JSX.Element {
  const [problem, setProblem] = useState<string | undefined>();
  useEffect(() => {
    confirmAtProvider().catch((error: unknown) => setProblem(errorWords(error)));
  }, []);
  if (problem === undefined) return <Waiting />;
  return (
    <Entrance title={t('stepUp.title')}>
      <Problem text={problem} />
    </Entrance>
  );
}
