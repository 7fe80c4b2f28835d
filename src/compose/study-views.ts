/** Answers of the archive as an operator sees them. */
import type { Archive } from '../backends/archive/archive.ts';
import type { DataSet } from '../dicom/data-set.ts';
import { normalizedDate } from '../dicom/date-time.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import type { SeriesView, StudyView } from '../doors/control/control-services.ts';
import { studyFacts } from './archive-facts.ts';

const dayMs = 86_400_000;

/** Undefined when the study was removed since it was found. */
export function studyView(archive: Archive, answer: DataSet): StudyView | undefined {
  const text = (tag: Tag): string => answer.text(tag) ?? '';
  const facts = studyFacts(archive, text(Tags.StudyInstanceUID));
  if (facts === undefined) return undefined;
  const { series, instances, bytes, modalities, lastReceivedMs } = facts;
  return {
    studyInstanceUid: text(Tags.StudyInstanceUID),
    patientId: text(Tags.PatientID),
    patientName: text(Tags.PatientName),
    studyDate: isoDay(text(Tags.StudyDate)),
    accessionNumber: text(Tags.AccessionNumber),
    description: text(Tags.StudyDescription),
    series,
    instances,
    bytes,
    modalities,
    lastReceivedAt: new Date(lastReceivedMs).toISOString(),
    retainedUntil: new Date(lastReceivedMs + archive.options.retentionDays * dayMs).toISOString(),
    mismatchedInstances: facts.mismatchedInstances,
    state: facts.isRemovalRequested ? 'removal-requested' : 'stored',
  };
}

export function seriesView(answer: DataSet): SeriesView {
  return {
    seriesInstanceUid: answer.text(Tags.SeriesInstanceUID) ?? '',
    seriesNumber: answer.text(Tags.SeriesNumber) ?? '',
    modality: answer.text(Tags.Modality) ?? '',
    description: answer.text(Tags.SeriesDescription) ?? '',
    instances: answer.number(Tags.NumberOfSeriesRelatedInstances) ?? 0,
  };
}

export function bySeriesNumber(a: SeriesView, b: SeriesView): number {
  return Number(a.seriesNumber) - Number(b.seriesNumber) || a.seriesInstanceUid.localeCompare(b.seriesInstanceUid);
}

/** Keeps the newest of many answers in little more memory than they need. */
export class NewestStudies {
  readonly #max: number;
  #answers: DataSet[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(answer: DataSet): void {
    this.#answers.push(answer);
    if (this.#answers.length >= 2 * this.#max) this.#answers = this.taken();
  }

  taken(): DataSet[] {
    const key = (answer: DataSet): string => normalizedDate(answer.text(Tags.StudyDate) ?? '') ?? '';
    return this.#answers
      .map((answer) => [key(answer), answer] as const)
      .toSorted(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0))
      .slice(0, this.#max)
      .map(([, answer]) => answer);
  }
}

/** YYYY-MM-DD, or the text as it is when it is no date. */
function isoDay(text: string): string {
  const date = normalizedDate(text);
  return date === undefined ? text : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}
