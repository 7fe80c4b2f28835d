/** One person's account: role, factors, sessions, history; ending sessions, a new start, disabling. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type {
  AccountLink,
  AccountSessionView,
  AccountShown,
  PersonOpeningView,
} from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Badge, Card, Empty, Facts, Loaded, Note, PageHead, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { SessionBrowser } from '../account/sessions-table.tsx';
import { LinkDialog } from './invite-dialog.tsx';
import { AccountBadge, roleHint } from './people-page.tsx';
import { PersonImages } from './person-images.tsx';

export function PersonPage({ email }: { readonly email: string }): JSX.Element {
  const shown = useLoad(() => load(email), [email]);
  const found = shown.value?.person.account;
  return (
    <>
      <PageHead
        title={found === undefined || found.name === '' ? email : found.name}
        crumbs={[{ href: '/people', text: t('nav.people') }]}
        {...(found === undefined ? {} : { intro: found.email, badges: <AccountBadge state={found.state} /> })}
      >
        {shown.value === undefined ? undefined : <Actions person={shown.value.person} onDone={shown.reload} />}
      </PageHead>
      <Loaded of={shown} height={480}>
        {(value) => <Detail {...value} onDone={shown.reload} />}
      </Loaded>
    </>
  );
}

interface Shown {
  readonly person: AccountShown;
  readonly openings: readonly PersonOpeningView[];
}

async function load(email: string): Promise<Shown> {
  const [person, openings] = await Promise.all([
    control('accountShow', { email }),
    control('accountOpenings', { email }),
  ]);
  return { person, openings };
}

function Detail({ person, openings, onDone }: Shown & { readonly onDone: () => void }): JSX.Element {
  const { account: found, factors, provider, passkeys, invitation, sessions, history } = person;
  return (
    <div class="stack wide">
      {found.disabled === undefined ? null : (
        <Note tone="info">
          {t('people.disabledBy', { by: found.disabled.by, at: dateTime(found.disabled.at) })} {found.disabled.reason}
        </Note>
      )}
      {invitation === undefined || invitation.confirmed ? null : <Note tone="warn">{t('link.confirm')}</Note>}
      <Card title={t('people.account')}>
        <Facts
          facts={[
            [t('people.role'), word('role', found.role)],
            [t('people.may'), roleHint(found.role)],
            [
              t('people.factors'),
              factors.length === 0 ? undefined : (
                <span class="badges">
                  {factors.map((factor) => (
                    <Badge key={factor}>{factor}</Badge>
                  ))}
                </span>
              ),
            ],
            [
              t('account.issuer'),
              provider === undefined
                ? undefined
                : [provider.issuer, provider.subject, provider.department].filter(Boolean).join(' · '),
            ],
            [
              t('factor.passkey'),
              passkeys.length === 0 ? undefined : (
                <ul>
                  {passkeys.map(({ name, suspended, workstation }) => (
                    <li key={name}>
                      {name}{' '}
                      {workstation === undefined ? null : <Badge>{t('sessions.at', { name: workstation })}</Badge>}{' '}
                      {suspended ? <Badge tone="warn">{t('people.suspended')}</Badge> : null}
                    </li>
                  ))}
                </ul>
              ),
            ],
            [t('people.invited'), `${dateTime(found.createdAt)}, ${found.createdBy}`],
            [t('link.title'), invitation === undefined ? undefined : <Until at={invitation.until} />],
            [t('opening.end'), <Until at={found.until} />],
          ]}
        />
      </Card>
      <PersonImages account={found} openings={openings} onDone={onDone} />
      <section class="stack" aria-label={t('people.sessions')}>
        <h2>{t('people.sessions')}</h2>
        <SessionsOf sessions={sessions} />
      </section>
      {history.length === 0 ? null : (
        <Card title={t('people.history')}>
          <ol class="lines">
            {history.map(({ at, by, what, reason }) => (
              <li key={`${at} ${what}`}>
                <span>
                  {what} <span class="quiet">{reason}</span>
                </span>
                <span class="quiet">{by}</span>
                <Ago at={at} />
              </li>
            ))}
          </ol>
        </Card>
      )}
    </div>
  );
}

function SessionsOf({ sessions }: { readonly sessions: readonly AccountSessionView[] }): JSX.Element {
  return (
    <Table
      caption={t('people.sessions')}
      rows={sessions}
      rowKey={({ number }) => String(number)}
      order={{ key: 'usedAt', descending: true }}
      empty={<Empty icon="account" title={t('sessions.none')} />}
      columns={[
        {
          key: 'browser',
          title: t('sessions.browser'),
          cell: (session) => <SessionBrowser session={session} />,
        },
        { key: 'address', title: t('sessions.address'), cell: ({ address }) => <code>{address}</code> },
        { key: 'method', title: t('people.factors'), cell: ({ method }) => method, priority: 2 },
        { key: 'createdAt', title: t('sessions.since'), cell: ({ createdAt }) => <Ago at={createdAt} />, priority: 2 },
        {
          key: 'usedAt',
          title: t('opening.lastUsed'),
          cell: ({ usedAt }) => <Ago at={usedAt} />,
          sortBy: ({ usedAt }) => Date.parse(usedAt),
        },
      ]}
    />
  );
}

type Asked = 'disable' | 'reset' | 'end';

function Actions({
  person,
  onDone,
}: {
  readonly person: AccountShown;
  readonly onDone: () => void;
}): JSX.Element | null {
  const [asked, setAsked] = useState<Asked | undefined>();
  const [made, setMade] = useState<AccountLink | undefined>();
  const me = currentSession()?.account;
  const { email, state } = person.account;
  const confirming = useSubmit(async () => {
    await control('accountConfirm', { email });
    say(t('people.confirmed', { email }));
    onDone();
  });
  if (me === undefined || me.email === email || state === 'disabled') return null;
  const isAdministrator = mayAdminister(me.role);
  const isWaiting = person.invitation?.confirmed === false;
  return (
    <>
      {confirming.problem === undefined ? null : <Note tone="danger">{confirming.problem}</Note>}
      {isWaiting ? (
        <Button icon="check" busy={confirming.busy} onClick={() => void confirming.run()}>
          {t('people.confirm')}
        </Button>
      ) : null}
      {isAdministrator && person.sessions.length > 0 ? (
        <Button onClick={() => setAsked('end')}>{t('people.endSessions')}</Button>
      ) : null}
      {isAdministrator ? (
        <Button icon="key" onClick={() => setAsked('reset')}>
          {t('people.reset')}
        </Button>
      ) : null}
      <Button look="danger" icon="close" onClick={() => setAsked('disable')}>
        {t('people.disable')}
      </Button>
      {asked === undefined ? null : (
        <AskDialog email={email} asked={asked} onClose={() => setAsked(undefined)} onLink={setMade} onDone={onDone} />
      )}
      {made === undefined ? null : <LinkDialog made={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

function AskDialog(props: {
  readonly email: string;
  readonly asked: Asked;
  readonly onClose: () => void;
  readonly onLink: (made: AccountLink) => void;
  readonly onDone: () => void;
}): JSX.Element {
  const { email, asked, onClose, onLink, onDone } = props;
  const words = {
    disable: { title: t('people.disableTitle'), text: t('people.disableText', { email }), action: t('people.disable') },
    reset: { title: t('people.resetTitle'), text: t('people.resetText', { email }), action: t('people.reset') },
    end: { title: t('people.endTitle'), text: t('people.endText', { email }), action: t('people.endSessions') },
  }[asked];
  return (
    <ReasonDialog
      {...words}
      danger={asked === 'disable'}
      onClose={onClose}
      work={async (reason) => {
        if (asked === 'reset') onLink(await control('accountReset', { email, reason }));
        else if (asked === 'end') {
          await control('accountSessionsEnd', { email, reason });
          say(t('people.sessionsEnded', { email }));
        } else {
          await control('accountDisable', { email, reason });
          say(t('people.disabled', { email }));
        }
        onDone();
      }}
    />
  );
}
