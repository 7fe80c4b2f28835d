/** Sessions of one account: since when, from where, by which browser. */
import type { ComponentChildren, JSX } from 'preact';
import type { OwnSession } from '../../../../src/doors/console/people-flows.ts';
import { t } from '../../i18n/i18n.ts';
import { Ago, Badge, Empty } from '../../ui/parts.tsx';
import { Table } from '../../ui/table.tsx';
import { deviceName } from '../enrol/device-name.ts';

export function SessionsTable(props: {
  readonly sessions: readonly OwnSession[];
  readonly action?: (session: OwnSession) => ComponentChildren;
}): JSX.Element {
  const { action } = props;
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
          cell: ({ userAgent, current, workstation }) => (
            <span class="row">
              <span title={userAgent}>
                {deviceName(userAgent) === '' ? t('sessions.unknown') : deviceName(userAgent)}
              </span>
              {current ? <Badge tone="accent">{t('sessions.this')}</Badge> : null}
              {workstation === undefined ? null : <Badge>{t('sessions.at', { name: workstation })}</Badge>}
            </span>
          ),
        },
        { key: 'address', title: t('sessions.address'), cell: ({ address }) => <code>{address}</code> },
        { key: 'createdAt', title: t('sessions.since'), cell: ({ createdAt }) => <Ago at={createdAt} />, priority: 2 },
        {
          key: 'lastUsedAt',
          title: t('opening.lastUsed'),
          cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} />,
          sortBy: ({ lastUsedAt }) => Date.parse(lastUsedAt),
        },
        ...(action === undefined ? [] : [{ key: 'action', title: t('table.actions'), cell: action, end: true }]),
      ]}
    />
  );
}
