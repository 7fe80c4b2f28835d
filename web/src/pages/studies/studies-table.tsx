/** Studies as a table with thumbnails; also a patient's timeline. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { thumbnailOf } from '../../api/dicomweb.ts';
import { date, number } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { count, type DataSetJson, isoDate, personName, text, texts } from '../../model/dicom-json.ts';
import { pathOf } from '../../model/route.ts';
import { Icon } from '../../ui/icons.tsx';
import { Absent, Badge, Empty } from '../../ui/parts.tsx';
import { type Column, Table } from '../../ui/table.tsx';

export function Thumbnail({ src, size }: { readonly src: string; readonly size: number }): JSX.Element {
  const [failed, setFailed] = useState(false);
  return (
    <span class="thumb" style={{ width: `${size}px`, height: `${size}px` }}>
      {failed ? (
        <Icon name="studies" size={Math.min(22, size / 2)} />
      ) : (
        <img
          src={src}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          onError={() => setFailed(true)}
        />
      )}
    </span>
  );
}

export function patientOf(study: DataSetJson): string {
  const name = personName(study, 'PatientName');
  return name === '' ? t('study.noName') : name;
}

export function StudiesTable(props: {
  readonly studies: readonly DataSetJson[];
  readonly isBusy: boolean;
  readonly isNarrow: boolean;
  readonly isCut: boolean;
}): JSX.Element {
  const columns: readonly Column<DataSetJson>[] = [
    {
      key: 'patient',
      title: t('study.patient'),
      cell: (study) => (
        <span class="patient-cell">
          <Thumbnail src={thumbnailOf(text(study, 'StudyInstanceUID'))} size={40} />
          <span>
            {patientOf(study)}
            <span class="small quiet patient-id">{text(study, 'PatientID')}</span>
          </span>
        </span>
      ),
      sortBy: (study) => personName(study, 'PatientName'),
    },
    {
      key: 'date',
      title: t('study.date'),
      cell: (study) => <StudyDay study={study} />,
      sortBy: (study) => text(study, 'StudyDate') + text(study, 'StudyTime') || undefined,
    },
    {
      key: 'modality',
      title: t('study.modality'),
      cell: (study) => <Modalities study={study} />,
      sortBy: (study) => texts(study, 'ModalitiesInStudy').join(' '),
    },
    {
      key: 'description',
      title: t('study.description'),
      cell: (study) => text(study, 'StudyDescription') || <Absent />,
      sortBy: (study) => text(study, 'StudyDescription') || undefined,
    },
    {
      key: 'accession',
      title: t('study.accession'),
      cell: (study) => text(study, 'AccessionNumber') || <Absent />,
      sortBy: (study) => text(study, 'AccessionNumber') || undefined,
      priority: 2,
    },
    {
      key: 'born',
      title: t('study.born'),
      cell: (study) => <Born study={study} />,
      sortBy: (study) => text(study, 'PatientBirthDate') || undefined,
      priority: 3,
    },
    {
      key: 'images',
      title: t('study.images'),
      cell: (study) => number(count(study, 'NumberOfStudyRelatedInstances') ?? 0),
      sortBy: (study) => count(study, 'NumberOfStudyRelatedInstances'),
      end: true,
      priority: 2,
    },
  ];
  return (
    <div aria-busy={props.isBusy ? 'true' : 'false'}>
      <p class="hidden-visually" role="status">
        {tn('studies.found', props.studies.length)}
      </p>
      <Table
        caption={t('nav.studies')}
        columns={columns}
        rows={props.studies}
        rowKey={(study) => text(study, 'StudyInstanceUID')}
        href={(study) => pathOf('studies', text(study, 'StudyInstanceUID'))}
        empty={
          <Empty icon="studies" title={t(props.isNarrow ? 'studies.noMatch' : 'studies.none')}>
            <p>{t(props.isNarrow ? 'studies.noMatchText' : 'studies.noneText')}</p>
          </Empty>
        }
        foot={
          <span>
            {props.isCut ? tn('studies.cut', props.studies.length) : tn('studies.found', props.studies.length)}
          </span>
        }
      />
    </div>
  );
}

export function StudyDay({ study }: { readonly study: DataSetJson }): JSX.Element {
  const iso = isoDate(text(study, 'StudyDate'));
  return iso === '' ? <Absent /> : <time dateTime={iso}>{date(iso)}</time>;
}

export function Born({ study }: { readonly study: DataSetJson }): JSX.Element {
  const iso = isoDate(text(study, 'PatientBirthDate'));
  return iso === '' ? <Absent /> : <time dateTime={iso}>{date(iso)}</time>;
}

export function Modalities({ study }: { readonly study: DataSetJson }): JSX.Element {
  return (
    <span class="badges">
      {texts(study, 'ModalitiesInStudy').map((modality) => (
        <Badge key={modality} tone="accent">
          {modality}
        </Badge>
      ))}
    </span>
  );
}
