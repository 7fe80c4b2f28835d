/** Studies: found while one types, by name, Patient ID or accession number; filters beside it. What was searched stays in memory. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.ts';
import { searchStudies } from '../../api/dicomweb.ts';
import { t } from '../../i18n/i18n.ts';
import type { DataSetJson } from '../../model/dicom-json.ts';
import { dayFromNow } from '../../model/openings.ts';
import { currentSession, looksOnly, mayUpload, session } from '../../model/session.ts';
import { store } from '../../model/store.ts';
import type { StudyFilter } from '../../model/study-search.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { DateField, Segments, SelectField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failed, PageHead, Skeleton } from '../../ui/parts.tsx';
import { StudiesTable } from './studies-table.tsx';

const limit = 100;
const pauseMs = 220;
const modalities = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'NM', 'PT', 'RF', 'ES', 'SR', 'OT'] as const;
const spans = ['any', 'today', 'week', 'month', 'days'] as const;
type Span = (typeof spans)[number];

interface Search {
  readonly filter: StudyFilter;
  readonly span: Span;
}
/** Kept while the page is open and nowhere else: an address or a storage would keep names of patients. */
const noSearch: Search = { filter: { text: '', modality: '', from: '', to: '' }, span: 'any' };
const lastSearch = store<Search>(noSearch);
// The next one at this computer may be somebody else.
session.subscribe(({ kind }) => {
  if (kind === 'signed-out') lastSearch.set(noSearch);
});

export function StudiesPage(): JSX.Element {
  const [search, setSearch] = useState<Search>(lastSearch.get());
  const { filter, span } = search;
  const found = useSearch(filter);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  const change = (next: Search): void => {
    lastSearch.set(next);
    setSearch(next);
  };
  const changeFilter = (part: Partial<StudyFilter>): void => change({ span, filter: { ...filter, ...part } });
  const isNarrow = filter.text.trim() !== '' || filter.modality !== '' || filter.from !== '' || filter.to !== '';
  return (
    <>
      <PageHead title={t('nav.studies')}>
        {mayUpload() && !looksOnly() ? (
          <ButtonLink href="/studies/upload" icon="upload">
            {t('upload.title')}
          </ButtonLink>
        ) : null}
      </PageHead>
      <search class="stack">
        <div class="with-affix lead big-search">
          <Icon name="search" size={20} />
          <input
            ref={box}
            class="input"
            type="search"
            value={filter.text}
            placeholder={t('studies.search')}
            aria-label={t('studies.search')}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => changeFilter({ text: event.currentTarget.value })}
          />
        </div>
        <div class="study-filters">
          <Segments
            label={t('studies.when')}
            value={span}
            onValue={(value) => change({ span: value, filter: { ...filter, ...datesOf(value, filter) } })}
            options={spans.map((value) => ({ value, label: t(`when.${value}`) }))}
          />
          <SelectField
            label={t('study.modality')}
            value={filter.modality}
            onValue={(modality) => changeFilter({ modality })}
            options={[
              { value: '', label: t('studies.anyModality') },
              ...modalities.map((value) => ({ value, label: value })),
            ]}
          />
          {span === 'days' ? (
            <>
              <DateField label={t('studies.from')} value={filter.from} onValue={(from) => changeFilter({ from })} />
              <DateField label={t('studies.to')} value={filter.to} onValue={(to) => changeFilter({ to })} />
            </>
          ) : null}
        </div>
      </search>
      {found.error === undefined ? null : isNothingOpen(found.error) ? (
        <Empty icon="studies" title={t('studies.closed')}>
          <p>{t(currentSession()?.workstation === undefined ? 'studies.closedText' : 'studies.closedHere')}</p>
          <Button icon="refresh" onClick={found.again}>
            {t('action.again')}
          </Button>
        </Empty>
      ) : (
        <Failed error={found.error} again={found.again} />
      )}
      {found.studies === undefined ? (
        found.error === undefined ? (
          <Skeleton height={420} />
        ) : null
      ) : (
        <StudiesTable
          studies={found.studies}
          isBusy={found.busy}
          isNarrow={isNarrow}
          isCut={found.studies.length >= limit}
        />
      )}
    </>
  );
}

/** No fault of anybody's: the right is not there yet, or not any more. At a workstation it may be that one's purpose. */
function isNothingOpen(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'NOT_AUTHORIZED' && error.answer === undefined;
}

function datesOf(span: Span, filter: StudyFilter): Pick<StudyFilter, 'from' | 'to'> {
  const nowMs = Date.now();
  const days = { any: undefined, today: 0, week: -7, month: -30, days: undefined }[span];
  if (span === 'days') return { from: filter.from, to: filter.to };
  return { from: days === undefined ? '' : dayFromNow(days, nowMs), to: '' };
}

interface Found {
  readonly studies: readonly DataSetJson[] | undefined;
  readonly error: unknown;
  readonly busy: boolean;
  readonly again: () => void;
}

/** Asks when typing pauses; an older question that is still under way is given up. */
function useSearch(filter: StudyFilter): Found {
  const [state, setState] = useState<Omit<Found, 'again'>>({ studies: undefined, error: undefined, busy: true });
  const [turn, setTurn] = useState(0);
  const isFirst = useRef(true);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(
      () => {
        setState((before) => ({ ...before, busy: true }));
        searchStudies(filter, limit, stop.signal).then(
          (studies) => setState({ studies, error: undefined, busy: false }),
          (error: unknown) => {
            if (!stop.signal.aborted) setState((before) => ({ ...before, error, busy: false }));
          },
        );
      },
      isFirst.current ? 0 : pauseMs,
    );
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [filter.text, filter.modality, filter.from, filter.to, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}
