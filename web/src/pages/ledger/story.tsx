/** What happened around one patient or one person, day by day, newest first. */
import type { JSX } from 'preact';
import type { LedgerRecordView } from '../../../../src/doors/control/control-services.ts';
import { clockTime, date } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { byDay } from '../../model/ledger-words.ts';
import { Empty, Note } from '../../ui/parts.tsx';
import { About, EventWords } from './records-table.tsx';

export function Story(props: {
  readonly records: readonly LedgerRecordView[];
  readonly more: boolean;
  readonly about: 'patient' | 'person';
}): JSX.Element {
  const { records, more, about } = props;
  if (records.length === 0) {
    return (
      <Empty icon="ledger" title={t('ledger.none')}>
        <p>{t(about === 'patient' ? 'ledger.nonePatient' : 'ledger.nonePerson')}</p>
      </Empty>
    );
  }
  const others = new Set(records.map(({ who }) => who));
  const failures = records.filter(({ outcome }) => outcome !== 'success').length;
  return (
    <div class="stack">
      <p class="quiet">
        {[
          tn('ledger.records', records.length),
          about === 'patient' ? tn('ledger.people', others.size) : '',
          tn('ledger.failures', failures),
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </p>
      {more ? <Note tone="info">{t('ledger.more')}</Note> : null}
      {byDay(records, date).map(({ day, records: those }) => (
        <section key={day} class="story-day" aria-label={day}>
          <h2>{day}</h2>
          <ol class="story">
            {those.map((record) => (
              <li key={record.seq} class={record.outcome === 'success' ? '' : 'bad'}>
                <time dateTime={record.at}>{clockTime(record.at)}</time>
                <div>
                  <strong>{record.who}</strong> <EventWords event={record.event} />
                  <About record={record} />
                </div>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}
