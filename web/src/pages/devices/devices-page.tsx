/** All devices: what each is for, when it was last here, what is wrong with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DeviceView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { t, word } from '../../i18n/i18n.ts';
import { pathOf } from '../../model/route.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Segments } from '../../ui/fields.tsx';
import { Absent, Ago, Badge, Empty, Loaded, PageHead, type Tone, Until } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { Filter } from '../openings/openings-page.tsx';
import { AddDevice } from './add-device.tsx';
import { WaitingChanges } from './waiting-changes.tsx';

export const stateTones: Readonly<Record<DeviceView['state'], Tone>> = {
  active: 'ok',
  expired: 'warn',
  revoked: 'plain',
};

export function DevicesPage(): JSX.Element {
  const [shown, setShown] = useState<'active' | 'all'>('active');
  const [text, setText] = useState('');
  const role = currentSession()?.account.role;
  const canAdd = mayAdminister(role);
  const maySecond = canAdd || role === 'security-officer';
  const loaded = useLoad(async () => {
    const waiting = maySecond ? control('confirmationList', {}) : undefined;
    return { list: await control('deviceList', {}), changes: (await waiting)?.changes ?? [] };
  });
  return (
    <>
      <PageHead title={t('nav.devices')} intro={t('devices.intro')}>
        <AddDevice look="primary" />
      </PageHead>
      <div class="row apart">
        <Segments
          label={t('devices.which')}
          value={shown}
          onValue={setShown}
          options={[
            { value: 'active', label: t('devices.notRevoked') },
            { value: 'all', label: t('openings.all') },
          ]}
        />
        <Filter value={text} onValue={setText} />
      </div>
      <Loaded of={loaded} height={320}>
        {({ list, changes }) => {
          const needle = text.trim().toLowerCase();
          return (
            <>
              <WaitingChanges changes={changes} onDone={loaded.reload} />
              <DevicesTable
                devices={list.filter(
                  ({ state, aeTitle, reason }) =>
                    (shown === 'all' || state !== 'revoked') && `${aeTitle} ${reason}`.toLowerCase().includes(needle),
                )}
                isAll={list.length === 0}
                canAdd={canAdd}
              />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function DevicesTable(props: {
  readonly devices: readonly DeviceView[];
  readonly isAll: boolean;
  readonly canAdd: boolean;
}): JSX.Element {
  const columns: readonly Column<DeviceView>[] = [
    {
      key: 'aeTitle',
      title: t('device.aeTitle'),
      cell: ({ aeTitle }) => aeTitle,
      sortBy: ({ aeTitle }) => aeTitle,
    },
    {
      key: 'state',
      title: t('opening.state'),
      cell: ({ state, warnings }) => (
        <span class="badges">
          <Badge tone={stateTones[state]}>{word('state', state)}</Badge>
          {warnings.length === 0 ? null : <Badge tone="warn">{t('device.look')}</Badge>}
        </span>
      ),
      sortBy: ({ state }) => state,
    },
    {
      key: 'reason',
      title: t('device.reason'),
      cell: ({ reason }) => reason,
      sortBy: ({ reason }) => reason,
      priority: 2,
    },
    {
      key: 'purpose',
      title: t('opening.purpose'),
      cell: ({ purpose }) => word('purpose', purpose),
      sortBy: ({ purpose }) => word('purpose', purpose),
    },
    {
      key: 'openings',
      title: t('nav.openings'),
      cell: ({ openings }) => (openings.length === 0 ? <Absent /> : openings.join(', ')),
      priority: 3,
    },
    {
      key: 'certificate',
      title: t('device.certificateEnds'),
      cell: ({ certificates }) => <Until at={lastEnd(certificates)} />,
      sortBy: ({ certificates }) => lastEnd(certificates),
      priority: 3,
    },
    {
      key: 'lastUsedAt',
      title: t('opening.lastUsed'),
      cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} />,
      sortBy: ({ lastUsedAt }) => (lastUsedAt === undefined ? undefined : Date.parse(lastUsedAt)),
    },
  ];
  return (
    <Table
      caption={t('nav.devices')}
      columns={columns}
      rows={props.devices}
      rowKey={({ aeTitle }) => aeTitle}
      href={({ aeTitle }) => pathOf('devices', aeTitle)}
      tone={({ state, warnings }) => (state === 'active' && warnings.length > 0 ? 'flagged' : undefined)}
      order={{ key: 'aeTitle', descending: false }}
      empty={
        <Empty icon="devices" title={props.isAll ? t('devices.none') : t('table.nothing')}>
          {props.isAll && props.canAdd ? (
            <>
              <p>{t('devices.noneText')}</p>
              <AddDevice />
            </>
          ) : null}
        </Empty>
      }
    />
  );
}

function lastEnd(certificates: DeviceView['certificates']): string | undefined {
  return certificates
    .filter(({ state }) => state !== 'revoked')
    .map(({ notAfter }) => notAfter)
    .toSorted()
    .at(-1);
}
