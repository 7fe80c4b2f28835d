/** One emergency and its review: who, whom, why, what was done meanwhile, and the verdict of a second person. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { EmergencyDetails, EmergencyView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { ChoiceField, TextArea } from '../../ui/fields.tsx';
import { Badge, Card, Empty, Facts, Loaded, Moment, Note, PageHead, Problem } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { EventWords } from '../ledger/records-table.tsx';
import { EmergencyState } from './emergencies-page.tsx';

type Use = EmergencyDetails['uses'][number];
const verdicts = ['justified', 'unjustified'] as const;

export function ReviewPage({ number }: { readonly number: number }): JSX.Element {
  const shown = useLoad(() => control('emergencyShow', { number }), [number]);
  const emergency = shown.value?.emergency;
  return (
    <>
      <PageHead
        title={t('emergencies.one', { number })}
        crumbs={[{ href: '/emergency', text: t('nav.emergency') }]}
        {...(emergency === undefined ? {} : { badges: <EmergencyState emergency={emergency} /> })}
      />
      <Loaded of={shown} height={620}>
        {(details) => (
          <>
            <div class="emergency-grid">
              <Card title={t('emergencies.facts')}>
                <EmergencyFacts emergency={details.emergency} />
              </Card>
              <Card title={t('emergencies.review')}>
                <Review emergency={details.emergency} onDone={shown.reload} />
              </Card>
            </div>
            <section class="stack" aria-labelledby="uses">
              <h2 id="uses">{t('emergencies.uses')}</h2>
              <Uses details={details} />
            </section>
          </>
        )}
      </Loaded>
    </>
  );
}

function EmergencyFacts({ emergency }: { readonly emergency: EmergencyView }): JSX.Element {
  const { email, role, patientId, issuer, reason, from, until, ended } = emergency;
  return (
    <Facts
      facts={[
        [
          t('ledger.who'),
          <>
            {email} <span class="quiet">{word('role', role)}</span>
          </>,
        ],
        [t('study.patientId'), <code>{patientId}</code>],
        [t('study.issuer'), issuer],
        [t('form.reason'), reason],
        [t('opening.from'), dateTime(from)],
        [
          t('opening.end'),
          ended === undefined ? (
            dateTime(until)
          ) : (
            <>
              {dateTime(ended.at)} <span class="quiet">{endWords(ended.how)}</span>
            </>
          ),
        ],
      ]}
    />
  );
}

/** Words of the server have a text of ours; what an administrator wrote is shown as it is. */
function endWords(how: string): string {
  switch (how) {
    case 'ended by the person':
      return t('emergencyEnd.person');
    case 'its time was over':
      return t('emergencyEnd.time');
    case 'its session ended':
      return t('emergencyEnd.session');
    case 'another emergency of the same person':
      return t('emergencyEnd.another');
    default:
      return how;
  }
}

function Review({
  emergency,
  onDone,
}: {
  readonly emergency: EmergencyView;
  readonly onDone: () => void;
}): JSX.Element {
  const { review, state, number } = emergency;
  if (review !== undefined) {
    return (
      <Facts
        facts={[
          [t('emergencies.verdict'), t(`verdict.${review.verdict}`)],
          [t('emergencies.words'), review.words],
          [t('emergencies.by'), review.by],
          [t('ledger.time'), dateTime(review.at)],
        ]}
      />
    );
  }
  if (state === 'open') return <Note tone="warn">{t('emergencies.stillOpen')}</Note>;
  return <ReviewForm number={number} onDone={onDone} />;
}

function ReviewForm({ number, onDone }: { readonly number: number; readonly onDone: () => void }): JSX.Element {
  const [verdict, setVerdict] = useState<(typeof verdicts)[number] | ''>('');
  const [words, setWords] = useState('');
  const going = useSubmit(
    async () => {
      if (verdict === '') return;
      await control('emergencyReview', { number, verdict, words: words.trim() });
      say(t('emergencies.reviewed'));
      onDone();
    },
    {
      fields: ['verdict', 'words'],
      check: () => ({
        verdict: verdict === '' ? t('form.missing') : undefined,
        words: words.trim() === '' ? t('form.missing') : undefined,
      }),
    },
  );
  return (
    <form class="stack" onSubmit={going.onSubmit} noValidate>
      <Problem text={going.problem} />
      <ChoiceField
        label={t('emergencies.verdict')}
        value={verdict}
        onValue={setVerdict}
        fault={going.fault('verdict')}
        options={verdicts.map((value) => ({ value, label: t(`verdict.${value}`), hint: t(`verdictHint.${value}`) }))}
      />
      <TextArea
        label={t('emergencies.words')}
        hint={t('emergencies.wordsHint')}
        value={words}
        onValue={setWords}
        fault={going.fault('words')}
      />
      <div class="row">
        <Button type="submit" look="primary" busy={going.busy}>
          {t('emergencies.sign')}
        </Button>
      </div>
    </form>
  );
}

function Uses({ details }: { readonly details: EmergencyDetails }): JSX.Element {
  const columns: readonly Column<Use>[] = [
    {
      key: 'at',
      title: t('ledger.time'),
      cell: ({ at }) => <Moment at={at} />,
    },
    {
      key: 'event',
      title: t('ledger.event'),
      cell: (use) => (
        <span class="row">
          <EventWords event={use.event} />
          {use.isRefused ? <Badge tone="danger">{t('emergencies.failed')}</Badge> : null}
        </span>
      ),
    },
    {
      key: 'patients',
      title: t('study.patient'),
      cell: ({ patientIds }) => patientIds.map((id) => <code key={id}>{id}</code>),
    },
    {
      key: 'studies',
      title: t('ledger.study'),
      cell: ({ studyInstanceUids }) => <code class="quiet uid">{studyInstanceUids.join(' ')}</code>,
      priority: 2,
    },
    { key: 'seq', title: t('ledger.number'), cell: ({ seq }) => seq, end: true, priority: 3 },
  ];
  return (
    <Table
      caption={t('emergencies.uses')}
      columns={columns}
      rows={details.uses}
      rowKey={({ seq }) => String(seq)}
      tone={({ isRefused }) => (isRefused ? 'bad' : undefined)}
      empty={<Empty icon="ledger" title={t('emergencies.noUses')} />}
      {...(details.more ? { foot: <span>{t('emergencies.moreUses')}</span> } : {})}
    />
  );
}
