/** Emergency access as the security officer sees it: what waits for a review, and what was reviewed. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { EmergencyView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { pathOf } from '../../model/route.ts';
import { Segments } from '../../ui/fields.tsx';
import { Badge, Empty, Loaded, PageHead, type Tone } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useLoad } from '../../ui/use-load.ts';

const views = ['waiting', 'all'] as const;
type View = (typeof views)[number];
const rows = 500;

export function EmergenciesPage(): JSX.Element {
  const [view, setView] = useState<View>('waiting');
  const found = useLoad(() => control('emergencyList', { all: view === 'all', rows }), [view]);
  return (
    <>
      <PageHead title={t('nav.emergency')} intro={t('emergencies.intro')} />
      <Segments
        label={t('emergencies.which')}
        value={view}
        onValue={setView}
        options={views.map((value) => ({ value, label: t(`emergencies.${value}`) }))}
      />
      <Loaded of={found} height={320}>
        {({ emergencies, more }) => <EmergencyTable emergencies={emergencies} more={more} view={view} />}
      </Loaded>
    </>
  );
}

function EmergencyTable(props: {
  readonly emergencies: readonly EmergencyView[];
  readonly more: boolean;
  readonly view: View;
}): JSX.Element {
  const columns: readonly Column<EmergencyView>[] = [
    {
      key: 'from',
      title: t('emergencies.when'),
      cell: ({ from }) => <span class="nowrap">{dateTime(from)}</span>,
      sortBy: ({ from }) => from,
    },
    {
      key: 'state',
      title: t('emergencies.state'),
      cell: (one) => <EmergencyState emergency={one} />,
      sortBy: ({ state }) => state,
    },
    { key: 'person', title: t('ledger.who'), cell: ({ email }) => email, sortBy: ({ email }) => email },
    {
      key: 'patient',
      title: t('study.patientId'),
      cell: ({ patientId }) => <code>{patientId}</code>,
      sortBy: ({ patientId }) => patientId,
    },
    { key: 'reason', title: t('form.reason'), cell: ({ reason }) => <span class="cut">{reason}</span> },
  ];
  return (
    <Table
      caption={t('nav.emergency')}
      columns={columns}
      rows={props.emergencies}
      rowKey={({ number }) => String(number)}
      href={({ number }) => pathOf('emergency', String(number))}
      tone={({ overdue, review }) =>
        overdue || review?.verdict === 'unjustified' ? 'bad' : review === undefined ? 'flagged' : undefined
      }
      empty={
        <Empty icon="shield" title={t(props.view === 'all' ? 'emergencies.none' : 'emergencies.noneWaiting')}>
          <p>{t('emergencies.noneText')}</p>
        </Empty>
      }
      foot={<span>{props.more ? t('ledger.more') : tn('emergencies.found', props.emergencies.length)}</span>}
    />
  );
}

export function EmergencyState({ emergency }: { readonly emergency: EmergencyView }): JSX.Element {
  const [tone, text] = stateOf(emergency);
  return <Badge tone={tone}>{text}</Badge>;
}

function stateOf({ state, overdue, review }: EmergencyView): readonly [Tone, string] {
  if (review !== undefined) return [review.verdict === 'justified' ? 'ok' : 'danger', t(`verdict.${review.verdict}`)];
  if (state === 'open') return ['danger', t('emergencies.isOpen')];
  return overdue ? ['danger', t('emergencies.overdue')] : ['warn', t('emergencies.toReview')];
}
