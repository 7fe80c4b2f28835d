/** A program asks to act for whoever is signed in: which, with what, how long; yes or no leads back to it. */
import type { JSX } from 'preact';
import type { AskingView } from '../../../../src/doors/console/program-flows.ts';
import { ApiError } from '../../api/api-error.ts';
import { people } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { signedOut } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { Facts, Failed, Note, Problem } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';

export function AuthorizePage({ question }: { readonly question: string }): JSX.Element {
  const asking = useLoad(() => people('authorize/show', { request: question }), [question]);
  if (asking.error !== undefined) {
    const isOver = asking.error instanceof ApiError && asking.error.status === 404;
    return (
      <Entrance title={t('authorize.overTitle')}>
        {isOver ? (
          <Note tone="warn">{t('authorize.overText')}</Note>
        ) : (
          <Failed error={asking.error} again={asking.reload} />
        )}
      </Entrance>
    );
  }
  // Nothing before all of it is there: what a person says yes to does not move.
  if (asking.value === undefined) return <div aria-busy="true" />;
  return <Question question={question} asking={asking.value} />;
}

function Question({ question, asking }: { readonly question: string; readonly asking: AskingView }): JSX.Element {
  const { program, account, operations } = asking;
  const say = (allow: boolean) => async (): Promise<void> => {
    const decided = await people('authorize/decide', { request: question, allow });
    // A path of this server, which leads back to the program.
    location.assign(new URL(decided.location, location.origin));
  };
  const allowing = useSubmit(say(true));
  const denying = useSubmit(say(false));
  // The question stays: whoever signs in next is asked.
  const leaving = useSubmit(async () => {
    await people('sign-out', {});
    signedOut();
  });
  const isBusy = allowing.busy || denying.busy;
  const isNothing = operations.length === 0;
  return (
    <Entrance title={t('authorize.title', { program: program.title })} intro={t('authorize.intro')}>
      <Problem text={allowing.problem ?? denying.problem ?? leaving.problem} />
      {isNothing ? <Note tone="warn">{t('authorize.nothing')}</Note> : null}
      <Facts
        facts={[
          [t('authorize.program'), `${program.title} (${program.name})`],
          [t('authorize.back'), program.host],
          [t('authorize.as'), account],
          ...(isNothing
            ? []
            : ([
                [t('authorize.may'), <Operations operations={operations} />],
                [t('authorize.howLong'), howLong(asking)],
              ] as const)),
        ]}
      />
      {isNothing ? null : <p class="small quiet">{t('authorize.never')}</p>}
      <div class="stack">
        {isNothing ? null : (
          <Button
            look="primary"
            size="wide"
            busy={allowing.busy}
            disabled={denying.busy}
            onClick={() => void allowing.run()}
          >
            {t('authorize.allow')}
          </Button>
        )}
        <Button size="wide" busy={denying.busy} disabled={allowing.busy} onClick={() => void denying.run()}>
          {t(isNothing ? 'authorize.backOnly' : 'authorize.deny')}
        </Button>
        <Button look="plain" size="wide" disabled={isBusy} busy={leaving.busy} onClick={() => void leaving.run()}>
          {t('authorize.notYou')}
        </Button>
      </div>
    </Entrance>
  );
}

function Operations({ operations }: { readonly operations: readonly string[] }): JSX.Element {
  const words = { find: t('authorize.find'), get: t('authorize.get'), store: t('authorize.store') };
  const shown = Object.entries(words).filter(([operation]) => operations.includes(operation));
  return (
    <>
      {shown.map(([operation, text]) => (
        <div key={operation}>{text}</div>
      ))}
    </>
  );
}

function howLong({ minutes, renewedUntil }: AskingView): string {
  return renewedUntil === undefined
    ? tn('authorize.minutes', minutes)
    : t('authorize.renewed', { until: dateTime(renewedUntil) });
}

/** A program sent somebody here in a way that cannot be answered to the program itself. Nothing of what it sent is shown. */
export function WrongRequestPage(): JSX.Element {
  return (
    <Entrance title={t('authorize.wrongTitle')}>
      <Note tone="warn">{t('authorize.wrongText')}</Note>
    </Entrance>
  );
}
