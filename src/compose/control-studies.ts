/** Commands of the control door about what is stored: queries, removals, releases and decisions as the guard admits them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listConflicts } from '../backends/archive/conflicts.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { DataSet } from '../dicom/data-set.ts';
import { normalizedDate } from '../dicom/date-time.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { parseQuery, type Query, type QueryLevel } from '../dicom/query.ts';
import type { Tag } from '../dicom/tag.ts';
import { parseUid, type Uid } from '../dicom/uid.ts';
import type { CallArguments } from '../doors/control/control-calls.ts';
import type { ControlServices, SeriesView, StudyView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { ReleaseService } from '../guard/release.ts';
import { limits } from '../limits.ts';
import { verifyServices } from './control-verify.ts';
import { dateOfNewest, findHidden, studyFacts } from './archive-facts.ts';
import type { Installation } from './installation.ts';
import { administer, asOperator } from './operator.ts';

type StudyServices = Pick<
  ControlServices,
  | 'studyList'
  | 'studyShow'
  | 'studyRemove'
  | 'studyRelease'
  | 'conflictList'
  | 'conflictResolve'
  | 'verify'
  | 'indexRebuild'
>;

const dayMs = 86_400_000;

export function studyServices(installation: Installation): StudyServices {
  const { guard, archive, policy } = installation;
  const timeZone = Temporal.Now.timeZoneId();
  const releases = new ReleaseService({ store: policy, now: Date.now, timeZone });

  /** Undefined when the study was removed since it was found. */
  const studyView = (answer: DataSet): StudyView | undefined => {
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
      state: facts.isRemovalRequested ? 'removal-requested' : 'stored',
    };
  };

  return {
    ...verifyServices(installation),
    studyList: async (call, given) => {
      const { rows, removed } = given;
      const query = listQuery(
        given,
        isUnfiltered(given) ? dateOfNewest(archive, { rows, to: given.to && dicomDay(given.to) }) : undefined,
      );
      return asOperator(guard, call, { kind: 'find', query }, async ({ pass }) => {
        const found = new Newest(rows + 1);
        for await (const answer of removed ? findHidden(archive, pass) : archive.find(pass)) {
          call.signal.throwIfAborted();
          found.add(answer);
        }
        const answers = found.taken();
        const studies: StudyView[] = [];
        for (const answer of answers.slice(0, rows)) {
          const view = studyView(answer);
          if (view !== undefined) studies.push(view);
          await nextTurn(); // a large study's length takes a while to add up
        }
        return { studies, more: answers.length > rows };
      });
    },
    studyShow: async (call, given) => {
      const studyInstanceUid = studyUid(given.studyInstanceUid);
      const query = queryFor('SERIES', [
        [Tags.StudyInstanceUID, studyInstanceUid],
        ...[...shownOfStudy, ...shownOfSeries].map((tag) => [tag, ''] as const),
      ]);
      return asOperator(guard, call, { kind: 'find', query }, async ({ pass }) => {
        let answers = await Array.fromAsync(archive.find(pass));
        if (answers.length === 0) answers = [...findHidden(archive, pass)];
        const study = answers[0] === undefined ? undefined : studyView(answers[0]);
        if (study === undefined) throw new LeadglassError('NOT_FOUND', `There is no study ${studyInstanceUid}`);
        return { study, series: answers.map(seriesView).toSorted(bySeriesNumber) };
      });
    },
    studyRemove: async (call, { step, reason, studyInstanceUid: text }) => {
      const studyInstanceUid = studyUid(text);
      const operation = { kind: 'remove', studyInstanceUid, step, reason } as const;
      return asOperator(guard, call, operation, async ({ pass }) => {
        const { instances } = await archive.remove(pass);
        return { studyInstanceUid, step, instances };
      });
    },
    studyRelease: async (call, { studyInstanceUid: text, device, until, reason }) => {
      const studyInstanceUid = studyUid(text);
      const name = parseAeTitle(device, 'AE title');
      return administer(guard, call, `study ${studyInstanceUid} to ${name} until ${until}: ${reason}`, (pass) => {
        const known = studyFacts(archive, studyInstanceUid);
        if (known === undefined || known.isRemovalRequested) {
          throw new LeadglassError('NOT_FOUND', `Cannot release the study: there is no study ${studyInstanceUid}`);
        }
        releases.add(pass, { device: name, studyInstanceUid, until, reason });
        return { studyInstanceUid, device: name, until };
      });
    },
    conflictList: (call, { rows }) =>
      administer(guard, call, 'instances kept aside', () => {
        const all = listConflicts(archive);
        const conflicts = all.slice(0, rows).map((conflict) => ({
          id: conflict.id,
          arrivedAt: new Date(conflict.receivedAtMs).toISOString(),
          from: conflict.receivedFrom,
          sopInstanceUid: conflict.sopInstanceUid,
          studyInstanceUid: conflict.studyInstanceUid,
          storedSha256: hex(archive.index.instanceByUid(conflict.sopInstanceUid)?.sha256),
          arrivedSha256: hex(conflict.sha256),
        }));
        return { conflicts, more: all.length > rows };
      }),
    conflictResolve: (call, { id, keep, reason }) =>
      asOperator(guard, call, { kind: 'resolve', conflictId: id, keep, reason }, async ({ pass }) => {
        await archive.resolve(pass);
        return { id, kept: keep };
      }),
  };
}

const shownOfStudy: readonly Tag[] = [
  Tags.StudyDate,
  Tags.AccessionNumber,
  Tags.StudyDescription,
  Tags.PatientName,
  Tags.PatientID,
];
const shownOfSeries: readonly Tag[] = [
  Tags.Modality,
  Tags.SeriesDescription,
  Tags.SeriesInstanceUID,
  Tags.SeriesNumber,
  Tags.NumberOfSeriesRelatedInstances,
];

/** The one way to a query: an identifier as a peer would send it, so that the ledger shows what was asked. */
function queryFor(level: QueryLevel, keys: readonly (readonly [Tag, string])[]): Query {
  const identifier = new DataSet();
  identifier.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', level);
  for (const [tag, text] of keys) identifier.setText(tag, undefined, text);
  return parseQuery(identifier, {
    model: 'study-root',
    relational: false,
    dateTimeCombined: false,
    fuzzy: false,
    limits: limits.query,
  });
}

/** `newestFrom`: only studies from this day on, where those before would not be shown anyway. */
function listQuery(given: CallArguments<'studyList'>, newestFrom: string | undefined): Query {
  const from = given.from === undefined ? newestFrom : dicomDay(given.from);
  const to = given.to === undefined ? '' : dicomDay(given.to);
  return queryFor('STUDY', [
    [Tags.StudyDate, from === undefined && to === '' ? '' : `${from ?? ''}-${to}`],
    [Tags.AccessionNumber, given.accessionNumber ?? ''],
    ...(given.modality === undefined ? [] : [[Tags.ModalitiesInStudy, given.modality] as const]),
    [Tags.StudyDescription, ''],
    [Tags.PatientName, given.patientName ?? ''],
    [Tags.PatientID, given.patientId ?? ''],
    [Tags.StudyInstanceUID, ''],
  ]);
}

function isUnfiltered(given: CallArguments<'studyList'>): boolean {
  const { patientId, patientName, accessionNumber, modality, from, removed } = given;
  return !removed && [patientId, patientName, accessionNumber, modality, from].every((filter) => filter === undefined);
}

/** Keeps the newest of many answers in little more memory than they need. */
class Newest {
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

function seriesView(answer: DataSet): SeriesView {
  return {
    seriesInstanceUid: answer.text(Tags.SeriesInstanceUID) ?? '',
    seriesNumber: answer.text(Tags.SeriesNumber) ?? '',
    modality: answer.text(Tags.Modality) ?? '',
    description: answer.text(Tags.SeriesDescription) ?? '',
    instances: answer.number(Tags.NumberOfSeriesRelatedInstances) ?? 0,
  };
}

function bySeriesNumber(a: SeriesView, b: SeriesView): number {
  return Number(a.seriesNumber) - Number(b.seriesNumber) || a.seriesInstanceUid.localeCompare(b.seriesInstanceUid);
}

const studyUid = (text: string): Uid => parseUid(text, 'Study Instance UID');
const dicomDay = (isoText: string): string => isoText.replaceAll('-', '');
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** YYYY-MM-DD, or the text as it is when it is no date. */
function isoDay(text: string): string {
  const date = normalizedDate(text);
  return date === undefined ? text : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}
