/** One's own account: how one signs in, where one is signed in, language and looks. */
import type { JSX } from 'preact';
import type { OwnFactors, OwnSession } from '../../../../src/doors/console/people-flows.ts';
import { roleBounds, roles } from '../../../../src/guard/roles.ts';
import { people, read } from '../../api/client.ts';
import { date } from '../../i18n/format.ts';
import { language, languageNames, languages, t, word } from '../../i18n/i18n.ts';
import { signOut } from '../../model/actions.ts';
import { currentSession } from '../../model/session.ts';
import { theme, themes } from '../../model/theme.ts';
import { attempt } from '../../ui/attempt.ts';
import { Button } from '../../ui/button.tsx';
import { Segments } from '../../ui/fields.tsx';
import { Card, Loaded, PageHead } from '../../ui/parts.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { Factors } from './factors.tsx';
import { Passcodes } from './passcodes.tsx';
import { SessionsTable } from './sessions-table.tsx';

export function AccountPage(): JSX.Element {
  const session = currentSession();
  const me = session?.account;
  const seesImages = roles.some((role) => role === me?.role && roleBounds[role].operations.length > 0);
  // Together, so that nothing moves when the second one comes.
  const own = useLoad(() =>
    Promise.all([read('own/factors'), read('own/sessions'), seesImages ? read('own/passcodes') : []]),
  );
  const end = (id: number | 'others'): Promise<void> =>
    attempt(async () => {
      await people('own/sessions/end', { id });
      say(t('sessions.ended'));
      own.reload();
    });
  return (
    <>
      <PageHead title={t('nav.account')} intro={introOf(session)}>
        <Button icon="out" onClick={() => void signOut()}>
          {t('nav.signOut')}
        </Button>
      </PageHead>
      <Loaded of={own} height={900}>
        {([factors, sessions, passcodes]) => (
          <>
            {factors.provider === undefined ? (
              <Factors own={factors} onChanged={own.reload} />
            ) : (
              <Origin from={factors.provider} />
            )}
            <Sessions sessions={sessions} end={end} />
            {seesImages ? <Passcodes own={passcodes} onChanged={own.reload} /> : null}
            <Looks />
          </>
        )}
      </Loaded>
    </>
  );
}

/** The account comes from the hospital's own sign-in: nothing to add here. */
function Origin({ from }: { readonly from: NonNullable<OwnFactors['provider']> }): JSX.Element {
  return (
    <Card title={t('factor.title')}>
      <div class="stack">
        <p>{t('account.provider', { name: from.name, day: date(from.since) })}</p>
        <dl class="facts">
          {from.department === undefined ? null : (
            <>
              <dt>{t('account.department')}</dt>
              <dd>{from.department}</dd>
            </>
          )}
          <dt>{t('account.issuer')}</dt>
          <dd class="mono">{from.issuer}</dd>
          <dt>{t('account.subject')}</dt>
          <dd class="mono">{from.subject}</dd>
        </dl>
      </div>
    </Card>
  );
}

function introOf(session: ReturnType<typeof currentSession>): string {
  if (session === undefined) return '';
  const { account, workstation } = session;
  const place = workstation === undefined ? [] : [t('account.atWorkstation', { name: workstation })];
  return [account.name, account.email, word('role', account.role), ...place].join(' · ');
}

function Sessions(props: {
  readonly sessions: readonly OwnSession[];
  readonly end: (id: number | 'others') => Promise<void>;
}): JSX.Element {
  const { sessions, end } = props;
  return (
    <section class="stack" aria-label={t('sessions.title')}>
      <div class="row apart">
        <h2>{t('sessions.title')}</h2>
        {sessions.length > 1 ? (
          <Button size="small" onClick={() => void end('others')}>
            {t('sessions.endOthers')}
          </Button>
        ) : null}
      </div>
      <SessionsTable
        sessions={sessions}
        action={({ id, current, userAgent }) =>
          current ? (
            ''
          ) : (
            <Button size="small" onClick={() => void end(id)}>
              {t('sessions.end')}
              <span class="hidden-visually"> {userAgent}</span>
            </Button>
          )
        }
      />
    </section>
  );
}

function Looks(): JSX.Element {
  return (
    <Card title={t('account.looks')}>
      <div class="grid-2">
        <div class="field">
          <span class="small">{t('nav.theme')}</span>
          <div>
            <Segments
              label={t('nav.theme')}
              value={theme.get()}
              onValue={(value) => theme.set(value)}
              options={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
            />
          </div>
        </div>
        <div class="field">
          <span class="small">{t('nav.language')}</span>
          <div>
            <Segments
              label={t('nav.language')}
              value={language.get()}
              onValue={(value) => language.set(value)}
              options={languages.map((value) => ({ value, label: languageNames[value] }))}
            />
          </div>
        </div>
      </div>
    </Card>
  );
}
