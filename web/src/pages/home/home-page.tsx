/** Home: what needs attention, what is open to whom until when, and how things go. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActivityReport, EmergencyView, StatusReport } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { bytes, compact, dateTime, number, shortDay } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { currentSession, mayReview } from '../../model/session.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Bars, Legend, type Series, Sparkline, StackedArea } from '../../ui/charts.tsx';
import { Segments } from '../../ui/fields.tsx';
import { Ago, Card, Loaded, Note, PageHead } from '../../ui/parts.tsx';
import { type Loading, useLoad } from '../../ui/use-load.ts';
import { AddDevice } from '../devices/add-device.tsx';
import { WaitingChanges } from '../devices/waiting-changes.tsx';
import { EndingSoon, OpeningWindow } from './opening-window.tsx';

/** A quarter is too many bars: it is drawn as areas. */
const spans = ['14', '90'] as const;
type Span = (typeof spans)[number];

export function HomePage(): JSX.Element {
  // Together, so that nothing moves when the second one comes.
  const role = currentSession()?.account.role;
  const house = useLoad(() =>
    Promise.all([
      control('status', {}),
      control('openingList', {}),
      mayReview(role) ? control('emergencyList', { rows: 100 }) : undefined,
      control('confirmationList', {}),
    ]),
  );
  const [span, setSpan] = useState<Span>('14');
  const activity = useLoad(() => control('activityShow', { days: Number(span) }));
  useChange(span, activity.reload);
  return (
    <>
      <PageHead title={t('home.title')} intro={t('home.intro')}>
        <Button
          icon="refresh"
          busy={house.busy && house.value !== undefined}
          onClick={() => {
            house.reload();
            activity.reload();
          }}
        >
          {t('action.refresh')}
        </Button>
        <AddDevice look="primary" />
      </PageHead>
      <Loaded of={house} height={900}>
        {([report, openings, waiting, { changes }]) => (
          <>
            {waiting === undefined ? null : <Emergencies waiting={waiting.emergencies} />}
            <WaitingChanges changes={changes} onDone={house.reload} />
            <Warnings report={report} isQuiet={changes.length === 0 && (waiting?.emergencies.length ?? 0) === 0} />
            <Numbers report={report} activity={activity} />
            <Card title={t('home.window')} aside={<a href="/openings">{t('home.allOpenings')}</a>}>
              <OpeningWindow openings={openings} />
            </Card>
            <div class="home-grid">
              <Charts activity={activity} span={span} onSpan={setSpan} />
              <Card title={t('home.ending')}>
                <EndingSoon openings={openings} />
              </Card>
            </div>
            <House report={report} />
          </>
        )}
      </Loaded>
    </>
  );
}

/** For who reviews them; the others read in the warnings that there are some. */
function Emergencies({ waiting }: { readonly waiting: readonly EmergencyView[] }): JSX.Element | null {
  if (waiting.length === 0) return null;
  return (
    <Note tone="danger">
      <div class="row apart">
        <span class="grow">{tn('home.emergencies', waiting.length)}</span>
        <ButtonLink href="/emergency" icon="emergency">
          {t('emergencies.review')}
        </ButtonLink>
      </div>
    </Note>
  );
}

function Charts(props: {
  readonly activity: Loading<ActivityReport>;
  readonly span: Span;
  readonly onSpan: (span: Span) => void;
}): JSX.Element {
  const { activity, span, onSpan } = props;
  return (
    <>
      <Card
        title={t('home.transfers')}
        aside={
          <Segments
            label={t('home.span')}
            value={span}
            onValue={onSpan}
            options={spans.map((value) => ({ value, label: t(`home.span${value}`) }))}
          />
        }
      >
        <Loaded of={activity} height={224}>
          {(report) => (
            <>
              <TransferChart report={report} />
              <Legend series={transferSeries(report)} />
              {report.countedFrom === undefined ? null : (
                <p class="small quiet">{t('home.countedFrom', { at: dateTime(report.countedFrom) })}</p>
              )}
            </>
          )}
        </Loaded>
      </Card>
      <Card title={t('home.refusals')}>
        <Loaded of={activity} height={200}>
          {(report) => (
            <Bars
              title={t('home.refusals')}
              height={200}
              labels={report.days.map(({ day }) => shortDay(day))}
              series={[{ name: t('home.refused'), tone: 3, values: report.days.map(({ refused }) => refused) }]}
            />
          )}
        </Loaded>
      </Card>
    </>
  );
}

function TransferChart({ report }: { readonly report: ActivityReport }): JSX.Element {
  const chart = {
    title: t('home.transfers'),
    height: 200,
    labels: report.days.map(({ day }) => shortDay(day)),
    series: transferSeries(report),
  };
  return report.days.length > 31 ? <StackedArea {...chart} /> : <Bars {...chart} />;
}

/** Not at first: only when the value is another than before. */
function useChange(value: string, changed: () => void): void {
  const last = useRef(value);
  useEffect(() => {
    if (last.current === value) return;
    last.current = value;
    changed();
  }, [value]);
}

function transferSeries({ days }: ActivityReport): readonly Series[] {
  return [
    { name: t('home.received'), tone: 1, values: days.map(({ received }) => received) },
    { name: t('home.sent'), tone: 2, values: days.map(({ sent }) => sent) },
  ];
}

/** @param isQuiet nothing else needs attention either */
function Warnings(props: { readonly report: StatusReport; readonly isQuiet: boolean }): JSX.Element | null {
  const { report, isQuiet } = props;
  if (report.warnings.length === 0) return isQuiet ? <Note tone="ok">{t('home.fine')}</Note> : null;
  return (
    <section class="stack tight" aria-label={t('home.attention')}>
      {report.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
    </section>
  );
}

function Numbers({
  report,
  activity,
}: {
  readonly report: StatusReport;
  readonly activity: Loading<ActivityReport>;
}): JSX.Element {
  const all = activity.value?.days ?? [];
  const { openings, archive } = report;
  return (
    <div class="numbers">
      <Figure
        name={t('home.open')}
        value={number(openings.open)}
        about={tn('home.devices', report.devices)}
        values={undefined}
      />
      <Figure
        name={t('home.studies')}
        value={compact(archive.studies)}
        about={tn('home.instances', archive.instances)}
        values={all.map(({ received }) => received)}
      />
      <Figure
        name={t('home.stored')}
        value={bytes(archive.bytes)}
        about={archive.conflicts === 0 ? t('home.noConflicts') : tn('home.conflicts', archive.conflicts)}
        values={undefined}
      />
      <Figure
        name={t('home.searches')}
        value={compact(all.reduce((sum, { searches }) => sum + searches, 0))}
        about={tn('home.inDays', all.length)}
        values={all.map(({ searches }) => searches)}
      />
    </div>
  );
}

function Figure(props: {
  readonly name: string;
  readonly value: string;
  readonly about: string;
  readonly values: readonly number[] | undefined;
}): JSX.Element {
  return (
    <div class="figure">
      <span class="small quiet">{props.name}</span>
      <strong>{props.value}</strong>
      <span class="small quiet">{props.about}</span>
      <div class="figure-line">
        {props.values === undefined || props.values.length === 0 ? null : (
          <Sparkline values={props.values} label={t('home.trend', { name: props.name })} />
        )}
      </div>
    </div>
  );
}

function House({ report }: { readonly report: StatusReport }): JSX.Element {
  const { ledger } = report;
  return (
    <div class="grid-2">
      <Card title={t('home.doors')}>
        <ul class="lines">
          {report.doors.map(({ name, protocol, address, port }) => (
            <li key={`${name} ${port}`}>
              <strong>{name}</strong>
              <span class="quiet">{protocol}</span>
              <code>
                {address}:{port}
              </code>
            </li>
          ))}
        </ul>
      </Card>
      <Card title={t('home.house')}>
        <dl class="facts">
          <dt>{t('home.aeTitle')}</dt>
          <dd>
            <code>{report.aeTitle}</code>
          </dd>
          <dt>{t('home.running')}</dt>
          <dd>
            <Ago at={report.startedAt} /> <span class="quiet">({report.version})</span>
          </dd>
          <dt>{t('home.ledger')}</dt>
          <dd>
            {tn('home.records', ledger.records)}
            {ledger.lastCheckpointAt === undefined ? null : (
              <span class="quiet">
                , {t('home.signed')} <Ago at={ledger.lastCheckpointAt} />
              </span>
            )}
          </dd>
          <dt>{t('home.backup')}</dt>
          <dd>
            <Ago at={report.lastBackupAt} />
          </dd>
        </dl>
      </Card>
    </div>
  );
}
