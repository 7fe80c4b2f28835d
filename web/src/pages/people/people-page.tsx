/** People: who has an account, in which role, with which factors; invitations. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountView } from '../../../../src/doors/control/control-services.ts';
import { roles } from '../../../../src/guard/roles.ts';
import { control } from '../../api/client.ts';
import { t, word } from '../../i18n/i18n.ts';
import { pathOf } from '../../model/route.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Badge, Empty, Loaded, PageHead, type Tone, Until } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { Filter } from '../openings/openings-page.tsx';
import { InviteDialog } from './invite-dialog.tsx';

const tones: Readonly<Record<AccountView['state'], Tone>> = {
  active: 'ok',
  invited: 'accent',
  disabled: 'plain',
  ended: 'warn',
};

export function PeoplePage(): JSX.Element {
  const [text, setText] = useState('');
  const [inviting, setInviting] = useState(false);
  const accounts = useLoad(() => control('accountList', {}));
  const role = currentSession()?.account.role;
  return (
    <>
      <PageHead title={t('nav.people')} intro={t('people.intro')}>
        {mayAdminister(role) ? (
          <Button icon="plus" look="primary" onClick={() => setInviting(true)}>
            {t('people.invite')}
          </Button>
        ) : null}
      </PageHead>
      <div class="row">
        <Filter value={text} onValue={setText} />
      </div>
      <Loaded of={accounts} height={320}>
        {(list) => {
          const needle = text.trim().toLowerCase();
          const rows = list.filter((entry) =>
            `${entry.name} ${entry.email} ${word('role', entry.role)}`.toLowerCase().includes(needle),
          );
          return <PeopleTable accounts={rows} />;
        }}
      </Loaded>
      {inviting ? <InviteDialog onClose={() => setInviting(false)} onDone={accounts.reload} /> : null}
    </>
  );
}

export function AccountBadge({ state }: Pick<AccountView, 'state'>): JSX.Element {
  return <Badge tone={tones[state]}>{word('state', state)}</Badge>;
}

/** What a role may do, in a sentence; empty for one that is not known here. */
export function roleHint(role: string): string {
  const known = roles.find((one) => one === role);
  return known === undefined ? '' : t(`roleHint.${known}`);
}

function PeopleTable({ accounts }: { readonly accounts: readonly AccountView[] }): JSX.Element {
  const columns: readonly Column<AccountView>[] = [
    {
      key: 'name',
      title: t('people.name'),
      cell: ({ name, email }) => (name === '' ? email : name),
      sortBy: ({ name, email }) => (name === '' ? email : name),
    },
    { key: 'email', title: t('people.email'), cell: ({ email }) => email, sortBy: ({ email }) => email, priority: 2 },
    {
      key: 'role',
      title: t('people.role'),
      cell: ({ role }) => word('role', role),
      sortBy: ({ role }) => word('role', role),
    },
    {
      key: 'state',
      title: t('opening.state'),
      cell: ({ state }) => <AccountBadge state={state} />,
      sortBy: ({ state }) => state,
    },
    {
      key: 'until',
      title: t('opening.end'),
      cell: ({ until }) => <Until at={until} />,
      sortBy: ({ until }) => until,
    },
    {
      key: 'createdAt',
      title: t('people.invited'),
      cell: ({ createdAt, createdBy }) => (
        <>
          <Ago at={createdAt} /> <span class="quiet">{createdBy}</span>
        </>
      ),
      sortBy: ({ createdAt }) => Date.parse(createdAt),
      priority: 3,
    },
  ];
  return (
    <Table
      caption={t('nav.people')}
      columns={columns}
      rows={accounts}
      rowKey={({ email }) => email}
      href={({ email }) => pathOf('people', email)}
      order={{ key: 'name', descending: false }}
      empty={<Empty icon="people" title={t('people.none')} />}
    />
  );
}
