/** The ledger: a search, the story of one patient or one person, and whether the chain holds. Looking is recorded, too. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CallInput } from '../../../../src/doors/control/control-calls.ts';
import { control } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { eventCodes, since } from '../../model/ledger-words.ts';
import { Button } from '../../ui/button.tsx';
import { Segments, SelectField, TextField } from '../../ui/fields.tsx';
import { Failed, PageHead, Skeleton } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { RecordsTable } from './records-table.tsx';
import { Story } from './story.tsx';
import { VerifyCard } from './verify-card.tsx';

type View = 'search' | 'patient' | 'person';
type Span = 'hour' | 'day' | 'week' | 'month' | 'year';
type Asked = CallInput<'ledgerShow'>;
const rows = 500;

export function LedgerPage(): JSX.Element {
  const [view, setView] = useState<View>('search');
  const [asked, setAsked] = useState<Asked | undefined>({ since: since('day', Date.now()), rows });
  const found = useLoad(
    () => (asked === undefined ? Promise.resolve(undefined) : control('ledgerShow', asked)),
    [asked],
  );
  return (
    <>
      <PageHead title={t('nav.ledger')} intro={t('ledger.intro')} />
      <VerifyCard />
      <Segments
        label={t('ledger.view')}
        value={view}
        onValue={(next) => {
          setView(next);
          setAsked(next === 'search' ? { since: since('day', Date.now()), rows } : undefined);
        }}
        options={[
          { value: 'search', label: t('ledger.search') },
          { value: 'patient', label: t('ledger.patient') },
          { value: 'person', label: t('ledger.person') },
        ]}
      />
      <Form key={view} view={view} busy={found.busy && asked !== undefined} onAsk={setAsked} />
      {found.error !== undefined ? (
        <Failed error={found.error} again={found.reload} />
      ) : asked === undefined ? null : found.value === undefined ? (
        <Skeleton height={320} />
      ) : view === 'search' ? (
        <RecordsTable records={found.value.records} more={found.value.more} />
      ) : (
        <Story records={found.value.records} more={found.value.more} about={view} />
      )}
    </>
  );
}

function Form(props: {
  readonly view: View;
  readonly busy: boolean;
  readonly onAsk: (asked: Asked) => void;
}): JSX.Element {
  const { view } = props;
  const [text, setText] = useState('');
  const [study, setStudy] = useState('');
  const [event, setEvent] = useState('');
  const [span, setSpan] = useState<Span>(view === 'search' ? 'day' : 'month');
  const [missing, setMissing] = useState(false);
  const ask = (): void => {
    const key = text.trim();
    setMissing(view !== 'search' && key === '');
    if (view !== 'search' && key === '') return;
    props.onAsk({
      since: since(span, Date.now()),
      rows,
      ...(key === '' ? {} : view === 'patient' ? { patient: key } : { who: key }),
      ...(study.trim() === '' ? {} : { study: study.trim() }),
      ...(event === '' ? {} : { event }),
    });
  };
  return (
    <form
      class="ledger-form"
      onSubmit={(submit) => {
        submit.preventDefault();
        ask();
      }}
    >
      <TextField
        label={view === 'patient' ? t('study.patientId') : t('ledger.who')}
        optional={view === 'search'}
        value={text}
        onValue={setText}
        fault={missing ? t('form.missing') : undefined}
      />
      {view === 'search' ? (
        <>
          <SelectField
            label={t('ledger.event')}
            value={event}
            onValue={setEvent}
            options={[
              { value: '', label: t('ledger.anyEvent') },
              ...eventCodes.map((code) => ({ value: code, label: t(`event.${code}`) })),
            ]}
          />
          <TextField label={t('ledger.study')} optional mono value={study} onValue={setStudy} />
        </>
      ) : null}
      <SelectField
        label={t('ledger.span')}
        value={span}
        onValue={setSpan}
        options={(['hour', 'day', 'week', 'month', 'year'] as const).map((value) => ({
          value,
          label: t(`span.${value}`),
        }))}
      />
      <Button type="submit" look="primary" icon="search" busy={props.busy}>
        {t('ledger.find')}
      </Button>
    </form>
  );
}
