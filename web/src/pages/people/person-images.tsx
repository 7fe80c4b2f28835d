/** What is and was open to a person, and the ways to open, change and close it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountView, PersonOpeningView } from '../../../../src/doors/control/control-services.ts';
import { roles } from '../../../../src/guard/roles.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Note, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { scopeLines, StateBadge } from '../openings/opening-words.tsx';
import { boundsOf } from './images-draft.ts';
import { type ImagesPerson, OpenImagesDialog } from './open-images-dialog.tsx';

export function PersonImages(props: {
  readonly account: AccountView;
  readonly openings: readonly PersonOpeningView[];
  readonly onDone: () => void;
}): JSX.Element {
  const { account, openings, onDone } = props;
  const role = roles.find((known) => known === account.role);
  const holdsSome = role !== undefined && boundsOf(role).operations.length > 0;
  const person = { email: account.email, name: account.name === '' ? account.email : account.name };
  return (
    <section class="stack" aria-label={t('images.title')}>
      <div class="row apart">
        <h2>{t('images.title')}</h2>
        {holdsSome ? (
          <Actions account={account} person={{ ...person, role }} openings={openings} onDone={onDone} />
        ) : null}
      </div>
      {holdsSome ? <p class="quiet">{t('images.intro')}</p> : <Note tone="info">{t('images.noRole')}</Note>}
      {holdsSome || openings.length > 0 ? (
        <ImagesTable openings={openings} isResearcher={role === 'researcher'} />
      ) : null}
    </section>
  );
}

function Actions(props: {
  readonly account: AccountView;
  readonly person: ImagesPerson;
  readonly openings: readonly PersonOpeningView[];
  readonly onDone: () => void;
}): JSX.Element | null {
  const { account, person, openings, onDone } = props;
  const [asked, setAsked] = useState<'open' | 'close' | undefined>();
  const me = currentSession()?.account;
  if (!mayAdminister(me?.role) || me?.email === account.email || account.state === 'disabled') return null;
  const { name, email } = person;
  const present = openings.find(({ state }) => state === 'open' || state === 'not-yet');
  const done = (): void => setAsked(undefined);
  return (
    <div class="row">
      <Button
        {...(present === undefined ? { icon: 'plus' as const, look: 'primary' as const } : {})}
        onClick={() => setAsked('open')}
      >
        {t(present === undefined ? 'images.open' : 'images.change')}
      </Button>
      {present === undefined ? null : (
        <Button look="danger" icon="close" onClick={() => setAsked('close')}>
          {t('images.close')}
        </Button>
      )}
      {asked === 'open' ? <OpenImagesDialog person={person} present={present} onClose={done} onDone={onDone} /> : null}
      {asked === 'close' ? (
        <ReasonDialog
          title={t('images.closeTitle', { name })}
          text={t('images.closeText', { name })}
          action={t('images.close')}
          danger
          onClose={done}
          work={async (reason) => {
            await control('accountClose', { email, reason });
            say(t('images.closed', { name }));
            onDone();
          }}
        />
      ) : null}
    </div>
  );
}

function ImagesTable(props: {
  readonly openings: readonly PersonOpeningView[];
  readonly isResearcher: boolean;
}): JSX.Element {
  const columns: readonly Column<PersonOpeningView>[] = [
    {
      key: 'allow',
      title: t('opening.operations'),
      cell: ({ allow }) => allow.map((operation) => word('operation', operation)).join(', '),
    },
    { key: 'state', title: t('opening.state'), cell: ({ state }) => <StateBadge state={state} /> },
    { key: 'scope', title: t('opening.scope'), cell: (opening) => <Limits opening={opening} /> },
    { key: 'reason', title: t('form.reason'), cell: (opening) => <Why opening={opening} /> },
    { key: 'until', title: t('opening.end'), cell: ({ until }) => <Until at={until} />, end: true },
  ];
  return (
    <Table
      caption={t('images.title')}
      columns={columns}
      // The newest first: it is the one that counts.
      rows={props.openings.toSorted((a, b) => b.number - a.number)}
      rowKey={({ number }) => String(number)}
      empty={
        <Empty icon="studies" title={t('images.none')}>
          <p>{t(props.isResearcher ? 'images.noneResearcher' : 'images.noneText')}</p>
        </Empty>
      }
    />
  );
}

function Limits({ opening }: { readonly opening: PersonOpeningView }): JSX.Element {
  const { deIdentified } = opening.scope;
  const lines = [
    deIdentified === undefined ? '' : t('images.projectOf', { project: deIdentified.project }),
    ...(deIdentified?.options ?? []).map((option) => word('projectOption', option)),
    ...scopeLines(opening),
    opening.addresses.length === 0 ? '' : `${t('opening.addresses')}: ${opening.addresses.join(', ')}`,
  ].filter((line) => line !== '');
  if (lines.length === 0) return <>{t('scope.all')}</>;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Why({ opening }: { readonly opening: PersonOpeningView }): JSX.Element {
  const { reason, owner, from, closed } = opening;
  return (
    <>
      {reason}{' '}
      <span class="quiet small">
        {owner}, {dateTime(from)}
        {closed === undefined
          ? ''
          : `. ${t('opening.closedBy', { by: closed.by, at: dateTime(closed.at) })} ${closed.reason}`}
      </span>
    </>
  );
}
