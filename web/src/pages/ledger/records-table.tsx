/** Records of the ledger as a table. */
import type { JSX } from 'preact';
import type { LedgerRecordView } from '../../../../src/doors/control/control-services.ts';
import { t, word } from '../../i18n/i18n.ts';
import { eventCodeOf } from '../../model/ledger-words.ts';
import { Badge, Empty, Moment } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';

export function RecordsTable(props: {
  readonly records: readonly LedgerRecordView[];
  readonly more: boolean;
}): JSX.Element {
  const columns: readonly Column<LedgerRecordView>[] = [
    {
      key: 'at',
      title: t('ledger.time'),
      cell: ({ at }) => <Moment at={at} />,
      sortBy: ({ seq }) => seq,
    },
    {
      key: 'outcome',
      title: t('ledger.outcome'),
      cell: ({ outcome }) => <Badge tone={outcome === 'success' ? 'ok' : 'danger'}>{word('outcome', outcome)}</Badge>,
      sortBy: ({ outcome }) => outcome,
    },
    { key: 'who', title: t('ledger.who'), cell: ({ who }) => who, sortBy: ({ who }) => who },
    {
      key: 'event',
      title: t('ledger.event'),
      cell: ({ event }) => <EventWords event={event} />,
      sortBy: ({ event }) => event,
    },
    { key: 'about', title: t('ledger.about'), cell: (record) => <About record={record} /> },
    { key: 'from', title: t('ledger.from'), cell: ({ from }) => <code>{from}</code>, priority: 3 },
    { key: 'seq', title: t('ledger.number'), cell: ({ seq }) => seq, sortBy: ({ seq }) => seq, end: true, priority: 3 },
  ];
  return (
    <Table
      caption={t('nav.ledger')}
      columns={columns}
      rows={props.records}
      rowKey={({ seq }) => String(seq)}
      tone={({ outcome }) => (outcome === 'success' ? undefined : 'bad')}
      order={{ key: 'at', descending: true }}
      empty={<Empty icon="ledger" title={t('ledger.none')} />}
      {...(props.more ? { foot: <span>{t('ledger.more')}</span> } : {})}
    />
  );
}

export function EventWords({ event }: Pick<LedgerRecordView, 'event'>): JSX.Element {
  const code = eventCodeOf({ event });
  return <span title={event}>{code === undefined ? event : t(`event.${code}`)}</span>;
}

export function About({ record }: { readonly record: LedgerRecordView }): JSX.Element {
  const { patientIds, studyInstanceUids, reason, opening } = record;
  const lines = [
    patientIds.length === 0 ? '' : `${t('study.patient')} ${patientIds.join(', ')}`,
    reason ?? '',
    opening === undefined ? '' : `${t('nav.opening')} ${opening}`,
  ].filter((line) => line !== '');
  const [study] = studyInstanceUids;
  return (
    <span class="about">
      {lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
      {study === undefined ? null : (
        <code class="quiet uid" title={studyInstanceUids.join('\n')}>
          {study}
        </code>
      )}
    </span>
  );
}
