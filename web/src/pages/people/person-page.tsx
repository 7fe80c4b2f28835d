/** One person's account: role, factors, sessions; ending them, a new start, disabling. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountView } from '../../../../src/doors/console/console-api.ts';
import { account } from '../../api/client.ts';
import { t, word } from '../../i18n/i18n.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Card, Empty, Facts, Loaded, PageHead, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { SessionsTable } from '../account/sessions-table.tsx';
import { LinkDialog, type LinkMade } from './invite-dialog.tsx';
import { AccountBadge, FactorBadges } from './people-page.tsx';

export function PersonPage({ id }: { readonly id: string }): JSX.Element {
  const accounts = useLoad(() => account('accountList', {}), [id]);
  const found = accounts.value?.find((entry) => entry.id === id);
  return (
    <>
      <PageHead
        title={found === undefined ? t('nav.people') : found.name === '' ? found.email : found.name}
        crumbs={[{ href: '/people', text: t('nav.people') }]}
        {...(found === undefined ? {} : { intro: found.email, badges: <AccountBadge state={found.state} /> })}
      >
        {found === undefined ? undefined : <Actions person={found} onDone={accounts.reload} />}
      </PageHead>
      <Loaded of={accounts} height={280}>
        {() =>
          found === undefined ? (
            <Empty icon="people" title={t('people.missing')} />
          ) : (
            <div class="stack wide">
              <Card title={t('people.account')}>
                <Facts
                  facts={[
                    [t('people.role'), word('role', found.role)],
                    [t('people.may'), t(`roleHint.${found.role}`)],
                    [t('people.factors'), <FactorBadges factors={found.factors} />],
                    [t('people.lastSignIn'), <Ago at={found.lastSignInAt} />],
                    [t('opening.end'), <Until at={found.until} />],
                  ]}
                />
              </Card>
              <Sessions person={found} onEnded={accounts.reload} />
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Actions({
  person,
  onDone,
}: {
  readonly person: AccountView;
  readonly onDone: () => void;
}): JSX.Element | null {
  const [asked, setAsked] = useState<'disable' | 'reset' | undefined>();
  const [made, setMade] = useState<LinkMade | undefined>();
  const me = currentSession()?.account;
  if (me === undefined || !mayAdminister(me.role) || me.id === person.id || person.state === 'disabled') return null;
  const { email } = person;
  return (
    <>
      <Button icon="key" onClick={() => setAsked('reset')}>
        {t('people.reset')}
      </Button>
      <Button look="danger" icon="close" onClick={() => setAsked('disable')}>
        {t('people.disable')}
      </Button>
      {asked === 'reset' ? (
        <ReasonDialog
          title={t('people.resetTitle')}
          text={t('people.resetText', { email })}
          action={t('people.reset')}
          onClose={() => setAsked(undefined)}
          work={async (reason) => {
            setMade(await account('accountReset', { email, reason }));
            onDone();
          }}
        />
      ) : null}
      {asked === 'disable' ? (
        <ReasonDialog
          title={t('people.disableTitle')}
          text={t('people.disableText', { email })}
          action={t('people.disable')}
          danger
          onClose={() => setAsked(undefined)}
          work={async (reason) => {
            await account('accountDisable', { email, reason });
            say(t('people.disabled', { email }));
            onDone();
          }}
        />
      ) : null}
      {made === undefined ? null : <LinkDialog made={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

function Sessions({ person, onEnded }: { readonly person: AccountView; readonly onEnded: () => void }): JSX.Element {
  const { email } = person;
  const sessions = useLoad(() => account('accountSessions', { email }), [email]);
  const role = currentSession()?.account.role;
  const ending = useSubmit(async () => {
    await account('accountSessionsEnd', { email });
    say(t('people.sessionsEnded', { email }));
    sessions.reload();
    onEnded();
  });
  return (
    <section class="stack" aria-label={t('people.sessions')}>
      <div class="row apart">
        <h2>{t('people.sessions')}</h2>
        {role !== undefined && mayAdminister(role) && (sessions.value?.length ?? 0) > 0 ? (
          <Button size="small" busy={ending.busy} onClick={() => void ending.run()}>
            {t('people.endSessions')}
          </Button>
        ) : null}
      </div>
      <Loaded of={sessions} height={120}>
        {(list) => <SessionsTable sessions={list} />}
      </Loaded>
    </section>
  );
}
