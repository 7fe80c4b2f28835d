/** One study: its series and pictures, the patient's other studies, its facts, and the way to take it along. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { archiveOf, seriesOf, studiesBy, studyOf, thumbnailOf } from '../../api/dicomweb.ts';
import { date } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { count, type DataSetJson, isoDate, personName, text } from '../../model/dicom-json.ts';
import { pathOf } from '../../model/route.ts';
import { currentSession, looksOnly, mayExport, mayRelease } from '../../model/session.ts';
import { askStepUp } from '../../model/step-up.ts';
import { patientQuery } from '../../model/study-search.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Absent, Badge, Copyable, Empty, Facts, Loaded, PageHead, Tabs } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { ReleaseDialog } from './release-dialog.tsx';
import { SeriesViewer } from './series-viewer.tsx';
import { Modalities, patientOf, StudyDay, Thumbnail } from './studies-table.tsx';

export function StudyPage({ studyInstanceUid }: { readonly studyInstanceUid: string }): JSX.Element {
  const study = useLoad(() => studyOf(studyInstanceUid), [studyInstanceUid]);
  const found = study.value;
  return (
    <>
      <PageHead
        title={found === undefined ? t('study.one') : patientOf(found)}
        crumbs={[{ href: '/studies', text: t('nav.studies') }]}
        {...(found === undefined ? {} : { badges: <Modalities study={found} />, intro: introOf(found) })}
      >
        {found !== undefined ? (
          <>
            {mayRelease() ? <ReleaseButton study={studyInstanceUid} /> : null}
            {mayExport() && !looksOnly() ? <ExportButton study={studyInstanceUid} /> : null}
            <ButtonLink href={pathOf('studies', studyInstanceUid, 'viewer')} icon="eye" look="primary">
              {t('study.openViewer')}
            </ButtonLink>
          </>
        ) : undefined}
      </PageHead>
      {study.value === undefined && !study.busy && study.error === undefined ? (
        <Empty icon="studies" title={t('study.missing')}>
          <p>{t('study.missingText')}</p>
        </Empty>
      ) : (
        <Loaded of={study} height={520}>
          {(data) =>
            data === undefined ? null : (
              <Tabs
                label={t('study.one')}
                tabs={[
                  { id: 'images', title: t('study.imagesTab'), content: () => <Images study={studyInstanceUid} /> },
                  { id: 'timeline', title: t('study.timeline'), content: () => <Timeline study={data} /> },
                  { id: 'facts', title: t('study.facts'), content: () => <StudyFacts study={data} /> },
                ]}
              />
            )
          }
        </Loaded>
      )}
    </>
  );
}

function introOf(study: DataSetJson): string {
  const day = isoDate(text(study, 'StudyDate'));
  const born = isoDate(text(study, 'PatientBirthDate'));
  return [
    text(study, 'PatientID'),
    born === '' ? '' : t('study.bornOn', { day: date(born) }),
    text(study, 'PatientSex'),
    text(study, 'StudyDescription'),
    day === '' ? '' : date(day),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** The browser itself downloads, straight to the disk; a fresh factor is asked for before, since a download cannot ask. */
function ExportButton({ study }: { readonly study: string }): JSX.Element {
  const going = useSubmit(async () => {
    const until = currentSession()?.stepUpUntil;
    if (until === undefined || Date.parse(until) < Date.now() + 10_000) await askStepUp();
    const link = document.createElement('a');
    link.href = archiveOf(study);
    link.download = `${study}.zip`;
    link.click();
  });
  return (
    <Button icon="download" busy={going.busy} onClick={() => void going.run()}>
      {t('study.export')}
    </Button>
  );
}

function ReleaseButton({ study }: { readonly study: string }): JSX.Element {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button icon="right" onClick={() => setAsking(true)}>
        {t('release.study')}
      </Button>
      {asking ? <ReleaseDialog study={study} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function Images({ study }: { readonly study: string }): JSX.Element {
  const series = useLoad(() => seriesOf(study), [study]);
  const [chosen, setChosen] = useState<string | undefined>();
  return (
    <Loaded of={series} height={520}>
      {(list) => {
        const current = list.find((one) => text(one, 'SeriesInstanceUID') === chosen) ?? list[0];
        if (current === undefined) return <Empty icon="studies" title={t('study.noSeries')} />;
        const uid = text(current, 'SeriesInstanceUID');
        return (
          <div class="study-images">
            <ul class="series-list" aria-label={t('study.series')}>
              {list.map((one) => (
                <SeriesEntry
                  key={text(one, 'SeriesInstanceUID')}
                  study={study}
                  series={one}
                  isChosen={one === current}
                  onChoose={() => setChosen(text(one, 'SeriesInstanceUID'))}
                />
              ))}
            </ul>
            <SeriesViewer key={uid} study={study} series={uid} modality={text(current, 'Modality')} />
          </div>
        );
      }}
    </Loaded>
  );
}

function SeriesEntry(props: {
  readonly study: string;
  readonly series: DataSetJson;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}): JSX.Element {
  const { study, series } = props;
  const description = text(series, 'SeriesDescription') || text(series, 'BodyPartExamined') || t('study.unnamed');
  return (
    <li>
      <button type="button" class="series-entry" aria-pressed={props.isChosen} onClick={props.onChoose}>
        <Thumbnail src={thumbnailOf(study, text(series, 'SeriesInstanceUID'))} size={64} />
        <span class="grow">
          <strong>{description}</strong>
          <span class="small quiet">
            {text(series, 'Modality')} · {tn('study.imageCount', count(series, 'NumberOfSeriesRelatedInstances') ?? 0)}
          </span>
        </span>
      </button>
    </li>
  );
}

/** All studies of the patient by year, this one marked. */
function Timeline({ study }: { readonly study: DataSetJson }): JSX.Element {
  const own = text(study, 'StudyInstanceUID');
  const parameters = patientQuery(study);
  const studies = useLoad(() => (parameters === undefined ? Promise.resolve([study]) : studiesBy(parameters)), [own]);
  return (
    <Loaded of={studies} height={320}>
      {(list) => (
        <ol class="timeline">
          {list
            .toSorted((a, b) => text(b, 'StudyDate').localeCompare(text(a, 'StudyDate')))
            .map((one, index, all) => {
              const uid = text(one, 'StudyInstanceUID');
              const year = text(one, 'StudyDate').slice(0, 4);
              const before = all[index - 1];
              return (
                <li key={uid} class={uid === own ? 'own' : ''}>
                  <span class="timeline-year">
                    {before === undefined || text(before, 'StudyDate').slice(0, 4) !== year ? year : ''}
                  </span>
                  <a
                    class="timeline-card"
                    href={pathOf('studies', uid)}
                    aria-current={uid === own ? 'true' : undefined}
                  >
                    <Thumbnail src={thumbnailOf(uid)} size={48} />
                    <span class="grow">
                      <strong>{text(one, 'StudyDescription') || t('study.unnamed')}</strong>
                      <span class="small quiet">
                        <StudyDay study={one} /> ·{' '}
                        {tn('study.imageCount', count(one, 'NumberOfStudyRelatedInstances') ?? 0)}
                      </span>
                    </span>
                    <Modalities study={one} />
                    {uid === own ? <Badge tone="ok">{t('study.this')}</Badge> : null}
                  </a>
                </li>
              );
            })}
        </ol>
      )}
    </Loaded>
  );
}

function StudyFacts({ study }: { readonly study: DataSetJson }): JSX.Element {
  const time = isoDate(text(study, 'StudyDate'), text(study, 'StudyTime'));
  return (
    <div class="card">
      <Facts
        facts={[
          [t('study.patient'), patientOf(study)],
          [t('study.patientId'), text(study, 'PatientID')],
          [t('study.issuer'), text(study, 'IssuerOfPatientID')],
          [t('study.date'), time === '' ? <Absent /> : time.replace('T', ' ')],
          [t('study.accession'), text(study, 'AccessionNumber')],
          [t('study.referring'), personName(study, 'ReferringPhysicianName')],
          [t('study.series'), count(study, 'NumberOfStudyRelatedSeries')],
          [t('study.images'), count(study, 'NumberOfStudyRelatedInstances')],
          ['Study Instance UID', <Copyable text={text(study, 'StudyInstanceUID')} />],
        ]}
      />
    </div>
  );
}
