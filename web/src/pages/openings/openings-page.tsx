/** All openings: open ones first, what needs a look marked; those that ended on request. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { control } from '../../api/client.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { type Mark, marksOf } from '../../model/openings.ts';
import { Segments } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Loaded, PageHead } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { AddDevice } from '../devices/add-device.tsx';
import { OpeningsTable } from './openings-table.tsx';
import { Programs } from './programs.tsx';

type Shown = 'open' | 'marked' | 'all';

export function OpeningsPage(): JSX.Element {
  const [shown, setShown] = useState<Shown>('open');
  const [text, setText] = useState('');
  const openings = useLoad(() => control('openingList', { all: shown === 'all' }), [shown === 'all']);
  return (
    <>
      <PageHead title={t('nav.openings')} intro={t('openings.intro')}>
        <AddDevice look="primary" />
      </PageHead>
      <div class="row apart">
        <Segments
          label={t('openings.which')}
          value={shown}
          onValue={setShown}
          options={[
            { value: 'open', label: t('openings.open') },
            { value: 'marked', label: t('openings.marked') },
            { value: 'all', label: t('openings.all') },
          ]}
        />
        <Filter value={text} onValue={setText} />
      </div>
      <Loaded of={openings} height={320}>
        {(list) => {
          const nowMs = Date.now();
          const needle = text.trim().toLowerCase();
          const rows = list.filter(
            (opening) =>
              (shown !== 'open' || opening.state === 'open' || opening.state === 'not-yet') &&
              (shown !== 'marked' || marksOf(opening, nowMs).length > 0) &&
              `${opening.name} ${opening.device} ${opening.reason}`.toLowerCase().includes(needle),
          );
          return (
            <div class="stack">
              {shown === 'marked' ? null : <MarksLine marks={list.flatMap((opening) => marksOf(opening, nowMs))} />}
              <OpeningsTable openings={rows} />
              <p class="quiet">
                {t('openings.people')} <a href="/people">{t('nav.people')}</a>
              </p>
              {/* Once the rows above are there: nothing that is shown moves. */}
              <Programs />
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

export function Filter({
  value,
  onValue,
}: {
  readonly value: string;
  readonly onValue: (value: string) => void;
}): JSX.Element {
  return (
    <div class="with-affix lead filter">
      <Icon name="search" size={16} />
      <input
        class="input"
        type="search"
        value={value}
        placeholder={t('action.filter')}
        aria-label={t('action.filter')}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </div>
  );
}

function MarksLine({ marks }: { readonly marks: readonly Mark[] }): JSX.Element | null {
  if (marks.length === 0) return null;
  const kinds = ['plain', 'expiring', 'never-used', 'unused'] as const;
  const parts = kinds
    .map((kind) => ({ kind, count: marks.filter((mark) => mark === kind).length }))
    .filter(({ count }) => count > 0);
  return <p class="quiet small">{parts.map(({ kind, count }) => tn(`marks.${kind}`, count)).join(' · ')}</p>;
}
