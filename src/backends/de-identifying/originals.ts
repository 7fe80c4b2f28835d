/**
 * The way back from what a project sees to what is stored: UIDs of studies, series and instances, and the studies of a patient. Nothing of
 * it is kept on disk (pseudonym-map.ts); what is not remembered is looked for among the studies that the asker reaches.
 */
import type { DataSet } from '../../dicom/data-set.ts';
import type { DeIdentifyFacts } from '../../dicom/de-identify/de-identify.ts';
import { patientKey, Pseudonyms } from '../../dicom/de-identify/pseudonyms.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { isUid, type Uid } from '../../dicom/uid.ts';
import type { Find, Retrieve } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import type { DeIdentifiedFor } from '../../guard/scope.ts';
import { PseudonymMap, type PseudonymMapLimits } from './pseudonym-map.ts';

/** A project as it is worked with. With other options it is another one: the same UID may never stand for two data sets. */
export interface Project {
  readonly name: string;
  readonly facts: DeIdentifyFacts;
}

export interface OriginalsOptions {
  /** All studies of the pass's scope with what tells whose they are. */
  readonly studies: (pass: Pass<Find | Retrieve>) => AsyncIterable<DataSet>;
  readonly keyOf: (project: string) => Uint8Array;
  readonly limits: DeIdentifyFacts['limits'] & PseudonymMapLimits & { readonly patientStudiesMax: number };
  readonly now?: () => number;
}

interface Study {
  readonly studyInstanceUid: Uid;
  readonly patientId: string;
  readonly issuerOfPatientId: string;
}

export class Originals {
  readonly #options: OriginalsOptions;
  readonly #now: () => number;
  readonly #projects = new Map<string, Project>();
  readonly #map: PseudonymMap;
  /** Patients of whoever searched by one last, for a moment. */
  #patients:
    | { readonly reach: string; readonly atMs: number; readonly studies: ReadonlyMap<string, readonly Uid[]> }
    | undefined;
  /** Searches through all studies run one after the other, whoever asks. */
  #searching: Promise<unknown> = Promise.resolve();

  constructor(options: OriginalsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#map = new PseudonymMap(options.limits, this.#now);
  }

  project({ project, options }: DeIdentifiedFor): Project {
    const name = [project, ...options.toSorted()].join('\0');
    const known = this.#projects.get(name);
    if (known !== undefined) return known;
    const { keyOf, limits } = this.#options;
    const pseudonyms = Pseudonyms.forOptions(keyOf(project), options);
    const made: Project = { name, facts: { options: new Set(options), pseudonyms, strict: true, limits } };
    this.#projects.set(name, made);
    return made;
  }

  /** Remembered, since who is told it will ask with it. */
  pseudonym(original: Uid, { name, facts }: Project): Uid {
    const pseudonym = facts.pseudonyms.uid(original);
    this.#map.remember(name, { pseudonym, original });
    return pseudonym;
  }

  /** All of them, or undefined where one is not remembered. */
  remembered({ name }: Project, pseudonyms: readonly Uid[] | undefined): readonly Uid[] | undefined {
    if (pseudonyms === undefined) return undefined;
    const originals = pseudonyms.map((pseudonym) => this.#map.original(name, pseudonym));
    return originals.every((original) => original !== undefined) ? originals : undefined;
  }

  /** Those of these studies that there are; they may still be out of the asker's scope. */
  async studies(pass: Pass<Find | Retrieve>, project: Project, pseudonyms: readonly Uid[]): Promise<readonly Uid[]> {
    const known = this.remembered(project, pseudonyms);
    if (known !== undefined) return known;
    const found = await this.#searched(pass, project, pseudonyms);
    return pseudonyms.flatMap((pseudonym) => found.get(pseudonym) ?? this.#map.original(project.name, pseudonym) ?? []);
  }

  /** Of the patients whose pseudonym is wanted; who types one letter after the other does not have all looked through for each. */
  async studiesOfPatients(
    pass: Pass<Find>,
    project: Project,
    isWanted: (patient: string) => boolean,
  ): Promise<readonly Uid[]> {
    const { patientStudiesMax } = this.#options.limits;
    const wanted: Uid[] = [];
    await this.#inTurn(async () => {
      for (const [patient, studies] of await this.#patientsOf(pass, project)) {
        if (isWanted(patient)) wanted.push(...studies);
        if (wanted.length >= patientStudiesMax) return;
      }
    });
    return wanted.slice(0, patientStudiesMax);
  }

  /** Looks through all studies of the scope, unless that was done just now. */
  async #searched(
    pass: Pass<Find | Retrieve>,
    project: Project,
    pseudonyms: readonly Uid[],
  ): Promise<ReadonlyMap<string, Uid>> {
    const wanted = new Set<string>(pseudonyms);
    const found = new Map<string, Uid>();
    await this.#inTurn(async () => {
      const reach = reachOf(pass, project);
      if (this.#map.isSearched(reach)) return;
      const searched = this.#map.searching(reach);
      for await (const { studyInstanceUid } of this.#studies(pass)) {
        const pseudonym = this.pseudonym(studyInstanceUid, project);
        if (wanted.has(pseudonym)) found.set(pseudonym, studyInstanceUid);
      }
      searched();
    });
    return found;
  }

  /** By pseudonym, the studies of each patient of the scope. */
  async #patientsOf(pass: Pass<Find>, project: Project): Promise<ReadonlyMap<string, readonly Uid[]>> {
    const { limits } = this.#options;
    const reach = reachOf(pass, project);
    const known = this.#patients;
    if (known?.reach === reach && this.#now() - known.atMs < limits.searchedAgainMs) return known.studies;
    const studies = new Map<string, Uid[]>();
    let count = 0;
    for await (const study of this.#studies(pass)) {
      count += 1;
      const patient = project.facts.pseudonyms.patient(patientKey(study));
      const others = studies.get(patient);
      if (others === undefined) studies.set(patient, [study.studyInstanceUid]);
      else others.push(study.studyInstanceUid);
    }
    this.#patients = count > limits.rememberedUidsMax ? undefined : { reach, atMs: this.#now(), studies };
    return studies;
  }

  async *#studies(pass: Pass<Find | Retrieve>): AsyncGenerator<Study> {
    for await (const match of this.#options.studies(pass)) {
      const studyInstanceUid = match.text(Tags.StudyInstanceUID) ?? '';
      if (!isUid(studyInstanceUid)) continue;
      const patientId = match.text(Tags.PatientID) ?? '';
      yield { studyInstanceUid, patientId, issuerOfPatientId: match.text(Tags.IssuerOfPatientID) ?? '' };
    }
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#searching.then(work, work);
    this.#searching = turn.catch(() => undefined);
    await turn;
  }
}

/** What this asker may see, as one text. */
function reachOf({ scope }: Pass, { name }: Project): string {
  return `${name}\0${JSON.stringify(scope)}`;
}
