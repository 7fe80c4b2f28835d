/** Above every page while an emergency is open: whom one sees, until when, and the way out. Its end is seen without a question to the server. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { SessionView } from '../../../src/doors/console/people-flows.ts';
import { control, read } from '../api/client.ts';
import { clockTime } from '../i18n/format.ts';
import { t } from '../i18n/i18n.ts';
import { signedIn } from '../model/session.ts';
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';
import { say, sayFailed } from './toasts.tsx';
import { useSubmit } from './use-submit.ts';

export function EmergencyBanner({ emergency }: { readonly emergency: SessionView['emergency'] }): JSX.Element | null {
  const until = emergency?.until;
  useEffect(() => {
    if (until === undefined) return undefined;
    // A moment later, so that the server agrees.
    const timer = setTimeout(
      () => void refresh(t('emergency.over')),
      Math.max(0, Date.parse(until) - Date.now()) + 1000,
    );
    return () => clearTimeout(timer);
  }, [until]);
  if (emergency === undefined) return null;
  return (
    <section class="emergency-banner" aria-label={t('nav.emergency')}>
      <Icon name="emergency" size={22} />
      <p class="grow">
        <strong>{t('emergency.isOpen', { patient: emergency.patientId })}</strong>{' '}
        {t('emergency.onlyThis', { time: clockTime(emergency.until) })}
      </p>
      <EndEmergency />
    </section>
  );
}

export function EndEmergency(): JSX.Element {
  const going = useSubmit(async () => {
    try {
      await control('emergencyEnd', {});
      await refresh(t('emergency.ended'));
    } catch (error) {
      sayFailed(error);
    }
  });
  return (
    <Button icon="close" busy={going.busy} onClick={() => void going.run()}>
      {t('emergency.end')}
    </Button>
  );
}

async function refresh(words: string): Promise<void> {
  try {
    signedIn(await read('session'));
    say(words);
  } catch (error) {
    sayFailed(error);
  }
}
