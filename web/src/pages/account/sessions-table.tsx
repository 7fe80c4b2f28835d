/** Sessions of one account: since when, from where, by which browser. */
import type { ComponentChildren, JSX } from 'preact';
import type { OwnSession } from '../../../../src/doors/console/people-flows.ts';
import { t } from '../../i18n/i18n.ts';
import { Ago, Badge, Empty } from '../../ui/parts.tsx';
import { Table } from '../../ui/table.tsx';
import { deviceName } from '../enrol/device-name.ts';

export function SessionsTable(props: {
  readonly sessions: readonly OwnSession[];
  readonly action: (session: OwnSession) => ComponentChildren;
}): JSX.Element {
  return (
    <Table
      caption={t('people.sessions')}
      rows={props.sessions}
      rowKey={({ id }) => String(id)}
      order={{ key: 'lastUsedAt', descending: true }}
      empty={<Empty icon="account" title={t('sessions.none')} />}
      columns={[
        {
          key: 'browser',
          title: t('sessions.browser'),
          cell: (session) => <SessionBrowser session={session} isThis={session.current} />,
        },
        { key: 'address', title: t('sessions.address'), cell: ({ address }) => <code>{address}</code> },
        { key: 'createdAt', title: t('sessions.since'), cell: ({ createdAt }) => <Ago at={createdAt} />, priority: 2 },
        {
          key: 'lastUsedAt',
          title: t('opening.lastUsed'),
          cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} />,
          sortBy: ({ lastUsedAt }) => Date.parse(lastUsedAt),
        },
        { key: 'action', title: t('table.actions'), cell: props.action, end: true },
      ]}
    />
  );
}

/** By which browser, at which workstation. */
export function SessionBrowser(props: {
  readonly session: Pick<OwnSession, 'userAgent' | 'workstation'>;
  readonly isThis?: boolean;
}): JSX.Element {
  const { userAgent, workstation } = props.session;
  return (
    <span class="row">
      <span title={userAgent}>{deviceName(userAgent) || t('sessions.unknown')}</span>
      {props.isThis === true ? <Badge tone="accent">{t('sessions.this')}</Badge> : null}
      {workstation === undefined ? null : <Badge>{t('sessions.at', { name: workstation })}</Badge>}
    </span>
  );
}
