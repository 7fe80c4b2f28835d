/** The table of openings, as the list of all and as part of a device's page. */
import type { JSX } from 'preact';
import type { OpeningView } from '../../../../src/doors/control/control-services.ts';
import { number } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { endMs } from '../../model/openings.ts';
import { pathOf } from '../../model/route.ts';
import { Ago, Empty, Until } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { OpeningBadges, toneOf } from './opening-words.tsx';

export function OpeningsTable(props: {
  readonly openings: readonly OpeningView[];
  readonly hideDevice?: boolean;
}): JSX.Element {
  const columns: readonly Column<OpeningView>[] = [
    { key: 'name', title: t('opening.name'), cell: ({ name }) => name, sortBy: ({ name }) => name },
    {
      key: 'state',
      title: t('opening.state'),
      cell: (opening) => <OpeningBadges opening={opening} />,
      sortBy: ({ state }) => state,
    },
    ...(props.hideDevice === true
      ? []
      : [
          {
            key: 'device',
            title: t('opening.device'),
            cell: ({ device }: OpeningView) => device,
            sortBy: ({ device }: OpeningView) => device,
            priority: 2 as const,
          },
        ]),
    {
      key: 'operations',
      title: t('opening.operations'),
      cell: ({ operations }) => operations.map((operation) => word('operation', operation)).join(', '),
    },
    {
      key: 'doors',
      title: t('opening.doors'),
      cell: ({ openDoors }) => openDoors.map((door) => word('door', door)).join(', '),
      priority: 3,
    },
    {
      key: 'lastUsedAt',
      title: t('opening.lastUsed'),
      cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} />,
      sortBy: ({ lastUsedAt }) => (lastUsedAt === undefined ? undefined : Date.parse(lastUsedAt)),
    },
    {
      key: 'useCount',
      title: t('opening.uses'),
      cell: ({ useCount }) => number(useCount),
      sortBy: ({ useCount }) => useCount,
      end: true,
      priority: 3,
    },
    {
      key: 'until',
      title: t('opening.end'),
      cell: ({ until }) => <Until at={until} />,
      sortBy: ({ until }) => endMs(until),
      end: true,
    },
  ];
  return (
    <Table
      caption={t('nav.openings')}
      columns={columns}
      rows={props.openings}
      rowKey={({ id }) => String(id)}
      href={({ name }) => pathOf('openings', name)}
      tone={toneOf}
      order={{ key: 'until', descending: false }}
      empty={
        <Empty icon="openings" title={t('openings.none')}>
          <p>{t('openings.noneText')}</p>
        </Empty>
      }
    />
  );
}
