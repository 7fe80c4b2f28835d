/**
 * A backend in front of another: whose pass says so sees de-identified instances under pseudonymous UIDs, as if they were all that
 * there is; all others pass through. So every resource of a door serves researchers as it serves physicians, and none of them can
 * forget it. What cannot be cleaned, and what is out of scope, does not exist.
 */
import type { DataSet } from '../../dicom/data-set.ts';
import { deIdentifiedBytes, type DeIdentifyFacts, planDeIdentified } from '../../dicom/de-identify/de-identify.ts';
import { patientKey, Pseudonyms } from '../../dicom/de-identify/pseudonyms.ts';
import { usuallyCleanModalities } from '../../dicom/de-identify/refusal.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { isUid, knownUid, type Uid } from '../../dicom/uid.ts';
import { LeadglassError } from '../../error.ts';
import type { Commit, Find, Remove, Resolve, Retrieve, Store } from '../../guard/operation.ts';
import type { IdentifiedFacts } from '../../guard/identified-pass.ts';
import type { Pass } from '../../guard/pass.ts';
import { type DeIdentifiedFor, refuseDeIdentified } from '../../guard/scope.ts';
import type {
  Backend,
  CommitOutcome,
  InstanceHead,
  RemoveOutcome,
  StoreContext,
  StoredInstance,
  StoreWriter,
} from '../backend.ts';
import { PlanCache, type Planned, refused } from './plan-cache.ts';
import { PseudonymMap, type PseudonymMapLimits } from './pseudonym-map.ts';
import { everyStudy } from './every-study.ts';
import { translatedAnswer, translatedQuery, uidsOf } from './search.ts';

export interface DeIdentifyingOptions {
  readonly backend: Backend;
  /** The key of a project, made when it is asked for first; at least 32 bytes, the same as long as the project lasts. */
  readonly keyOf: (project: string) => Uint8Array;
  readonly identified: <O extends Find | Retrieve>(pass: Pass<Find | Retrieve>, facts: IdentifiedFacts<O>) => Pass<O>;
  readonly limits: DeIdentifyFacts['limits'] &
    PseudonymMapLimits & { readonly plansBytesMax: number; readonly patientStudiesMax: number };
  readonly now?: () => number;
}

type Uids = Pick<InstanceHead, 'studyInstanceUid' | 'seriesInstanceUid' | 'sopInstanceUid'>;

/** A project as it is worked with. */
interface Project {
  readonly name: string;
  readonly facts: DeIdentifyFacts;
}

export class DeIdentifyingBackend implements Backend {
  readonly #options: DeIdentifyingOptions;
  readonly #projects = new Map<string, Project>();
  readonly #map: PseudonymMap;
  readonly #plans: PlanCache;
  /** Patients of whoever searched by one last, for a moment. */
  #patients:
    | { readonly reach: string; readonly atMs: number; readonly studies: ReadonlyMap<string, readonly Uid[]> }
    | undefined;
  /** Searches through all studies run one after the other, whoever asks. */
  #searching: Promise<unknown> = Promise.resolve();

  constructor(options: DeIdentifyingOptions) {
    this.#options = options;
    this.#map = new PseudonymMap(options.limits, options.now);
    this.#plans = new PlanCache(options.limits.plansBytesMax);
  }

  async *find(pass: Pass<Find>): AsyncGenerator<DataSet> {
    const { backend } = this.#options;
    const { deIdentified } = pass.scope;
    if (deIdentified === undefined) {
      yield* backend.find(pass);
      return;
    }
    const { query } = pass.operation;
    const project = this.#project(deIdentified);
    const translated = await translatedQuery(query, {
      uids: (tag, pseudonyms) => this.#originals(pass, project, { tag, pseudonyms }),
      studiesOf: (pseudonym, isBeginning) =>
        this.#studiesOf(pass, project, (patient) =>
          isBeginning ? patient.startsWith(pseudonym) : patient === pseudonym,
        ),
    });
    if (translated === undefined) return;
    const inner = this.#identified(pass, { kind: 'find' as const, query: translated });
    for await (const match of backend.find(inner)) {
      for (const uid of uidsOf(match)) this.#pseudonym(uid, project);
      yield await translatedAnswer(match, query, project.facts);
    }
  }

  async *retrieve(pass: Pass<Retrieve>): AsyncGenerator<StoredInstance> {
    const { backend } = this.#options;
    const { deIdentified } = pass.scope;
    if (deIdentified === undefined) {
      yield* backend.retrieve(pass);
      return;
    }
    const project = this.#project(deIdentified);
    const operation = await this.#translatedRetrieve(pass, project);
    if (operation === undefined) return;
    const wanted = pass.operation.keys;
    for await (const instance of backend.retrieve(this.#identified(pass, operation))) {
      const { head } = instance;
      const pseudonyms = this.#pseudonymsOf(head, project);
      if (wanted.studyInstanceUids?.includes(pseudonyms.studyInstanceUid) !== true) continue;
      if (wanted.seriesInstanceUids?.includes(pseudonyms.seriesInstanceUid) === false) continue;
      if (wanted.sopInstanceUids?.includes(pseudonyms.sopInstanceUid) === false) continue;
      const made = await this.#made(instance, project);
      if (made !== undefined) yield made;
    }
  }

  store(pass: Pass<Store>, context: StoreContext): StoreWriter {
    refuseDeIdentified(pass.scope);
    return this.#options.backend.store(pass, context);
  }

  async commit(pass: Pass<Commit>): Promise<CommitOutcome> {
    refuseDeIdentified(pass.scope);
    return this.#options.backend.commit(pass);
  }

  async remove(pass: Pass<Remove>): Promise<RemoveOutcome> {
    refuseDeIdentified(pass.scope);
    return this.#options.backend.remove(pass);
  }

  async resolve(pass: Pass<Resolve>): Promise<void> {
    refuseDeIdentified(pass.scope);
    await this.#options.backend.resolve(pass);
  }

  #identified<O extends Find | Retrieve>(pass: Pass<Find | Retrieve>, operation: O): Pass<O> {
    return this.#options.identified(pass, { operation, modalities: usuallyCleanModalities });
  }

  /** With other options it is another project: the same UID may never stand for two data sets. */
  #project({ project, options }: DeIdentifiedFor): Project {
    const name = [project, ...options.toSorted()].join('\0');
    const known = this.#projects.get(name);
    if (known !== undefined) return known;
    const { keyOf, limits } = this.#options;
    const pseudonyms = Pseudonyms.forOptions(keyOf(project), options);
    const made: Project = { name, facts: { options: new Set(options), pseudonyms, strict: true, limits } };
    this.#projects.set(name, made);
    return made;
  }

  /** By real UIDs, as exactly as they are remembered; `retrieve` leaves out what else it lists. */
  async #translatedRetrieve(pass: Pass<Retrieve>, project: Project): Promise<Retrieve | undefined> {
    const { keys, via } = pass.operation;
    const { studyInstanceUids, seriesInstanceUids, sopInstanceUids } = keys;
    // Patients are asked for by no resource of the web door; a list of theirs would have to be looked for.
    if (keys.patientId !== undefined || studyInstanceUids === undefined || studyInstanceUids.length === 0)
      return undefined;
    const studies = await this.#originals(pass, project, { tag: Tags.StudyInstanceUID, pseudonyms: studyInstanceUids });
    if (studies.length === 0) return undefined;
    const series = this.#remembered(project, seriesInstanceUids);
    const instances = series === undefined ? undefined : this.#remembered(project, sopInstanceUids);
    const level = instances !== undefined ? 'IMAGE' : series !== undefined ? 'SERIES' : 'STUDY';
    return {
      kind: 'retrieve',
      via,
      level,
      keys: {
        studyInstanceUids: studies,
        ...(series === undefined ? {} : { seriesInstanceUids: series }),
        ...(instances === undefined ? {} : { sopInstanceUids: instances }),
      },
    };
  }

  /** All of them, or undefined. */
  #remembered({ name }: Project, pseudonyms: readonly Uid[] | undefined): readonly Uid[] | undefined {
    if (pseudonyms === undefined) return undefined;
    const originals = pseudonyms.map((pseudonym) => this.#map.original(name, pseudonym));
    return originals.every((original) => original !== undefined) ? originals : undefined;
  }

  /** Remembered, since who is told it will ask with it. */
  #pseudonym(original: Uid, { name, facts }: Project): Uid {
    const pseudonym = facts.pseudonyms.uid(original);
    this.#map.remember(name, { pseudonym, original });
    return pseudonym;
  }

  #pseudonymsOf(head: InstanceHead, project: Project): Uids {
    return {
      studyInstanceUid: this.#pseudonym(head.studyInstanceUid, project),
      seriesInstanceUid: this.#pseudonym(head.seriesInstanceUid, project),
      sopInstanceUid: this.#pseudonym(head.sopInstanceUid, project),
    };
  }

  /** Undefined for what cannot be handed out, whatever the reason: it looks like what is not there. */
  async #made(instance: StoredInstance, project: Project): Promise<StoredInstance | undefined> {
    const { facts, name } = project;
    const plan = await this.#planned(instance, project);
    if (plan === refused) return undefined;
    const { head } = instance;
    const patient = facts.pseudonyms.patient(patientKey(head));
    // Not the plan itself: a retrieve lists thousands, and reads them one after the other.
    const readRange = (offset: number, lengthBytes: number): AsyncIterable<Uint8Array> =>
      this.#read(instance, project, { offset, lengthBytes });
    const { lengthBytes } = plan.pieces;
    return {
      head: {
        sopClassUid: plan.sopClassUid,
        sopInstanceUid: plan.sopInstanceUid,
        studyInstanceUid: plan.studyInstanceUid,
        seriesInstanceUid: plan.seriesInstanceUid,
        patientId: patient,
        patientName: patient,
        issuerOfPatientId: '',
        accessionNumber: '',
        modality: head.modality,
      },
      recordedHead: head,
      transferSyntaxUid: plan.transferSyntaxUid,
      lengthBytes,
      sha256: facts.pseudonyms.digest(instance.sha256, name),
      read: () => readRange(0, lengthBytes),
      readRange,
    };
  }

  async *#read(
    instance: StoredInstance,
    project: Project,
    { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const plan = await this.#planned(instance, project);
    if (plan === refused) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
    yield* deIdentifiedBytes(instance, plan, project.facts.limits).readRange(offset, lengthBytes);
  }

  /** The same each time, since it is made of what is stored and never changes. */
  async #planned(instance: StoredInstance, { facts, name }: Project): Promise<Planned> {
    const key = `${name}\0${Buffer.from(instance.sha256).toString('hex')}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = await planDeIdentified(instance, facts).catch((error: unknown): typeof refused => {
      if (error instanceof LeadglassError && isOfContent(error)) return refused;
      throw error;
    });
    this.#plans.set(key, plan);
    return plan;
  }

  async #originals(
    pass: Pass<Find | Retrieve>,
    project: Project,
    { tag, pseudonyms }: { readonly tag: Tag; readonly pseudonyms: readonly Uid[] },
  ): Promise<readonly Uid[]> {
    const missing = pseudonyms.some((pseudonym) => this.#map.original(project.name, pseudonym) === undefined);
    // Series and instances are remembered once their study was listed; who asks for one without it asks for nothing known.
    const found =
      missing && tag === Tags.StudyInstanceUID ? await this.#searched(pass, project, pseudonyms) : new Map();
    return pseudonyms.flatMap((pseudonym) => found.get(pseudonym) ?? this.#map.original(project.name, pseudonym) ?? []);
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
        const pseudonym = this.#pseudonym(studyInstanceUid, project);
        if (wanted.has(pseudonym)) found.set(pseudonym, studyInstanceUid);
      }
      searched();
    });
    return found;
  }

  /** Of the patients whose pseudonym is wanted; who types one letter after the other does not have all looked through for each. */
  async #studiesOf(
    pass: Pass<Find>,
    project: Project,
    isWanted: (patient: string) => boolean,
  ): Promise<readonly Uid[]> {
    const { limits } = this.#options;
    const wanted: Uid[] = [];
    await this.#inTurn(async () => {
      for (const [patient, studies] of await this.#patientsOf(pass, project)) {
        if (isWanted(patient)) wanted.push(...studies);
        if (wanted.length >= limits.patientStudiesMax) return;
      }
    });
    return wanted.slice(0, limits.patientStudiesMax);
  }

  /** By pseudonym, the studies of each patient of the scope. */
  async #patientsOf(pass: Pass<Find>, project: Project): Promise<ReadonlyMap<string, readonly Uid[]>> {
    const { limits, now = () => performance.now() } = this.#options;
    const reach = reachOf(pass, project);
    const known = this.#patients;
    if (known?.reach === reach && now() - known.atMs < limits.searchedAgainMs) return known.studies;
    const studies = new Map<string, Uid[]>();
    let count = 0;
    for await (const study of this.#studies(pass)) {
      count += 1;
      const patient = project.facts.pseudonyms.patient(patientKey(study));
      const others = studies.get(patient);
      if (others === undefined) studies.set(patient, [study.studyInstanceUid]);
      else others.push(study.studyInstanceUid);
    }
    this.#patients = count > limits.rememberedUidsMax ? undefined : { reach, atMs: now(), studies };
    return studies;
  }

  async *#studies(pass: Pass<Find | Retrieve>): AsyncGenerator<{
    readonly studyInstanceUid: Uid;
    readonly patientId: string;
    readonly issuerOfPatientId: string;
  }> {
    const inner = this.#identified(pass, { kind: 'find' as const, query: everyStudy() });
    for await (const match of this.#options.backend.find(inner)) {
      const uid = match.text(Tags.StudyInstanceUID) ?? '';
      if (!isUid(uid)) continue;
      yield {
        studyInstanceUid: knownUid(uid),
        patientId: match.text(Tags.PatientID) ?? '',
        issuerOfPatientId: match.text(Tags.IssuerOfPatientID) ?? '',
      };
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

/** A fault of this one instance; a store that cannot be read is everybody's. */
function isOfContent({ code }: LeadglassError): boolean {
  return code === 'UNSUPPORTED' || code === 'MALFORMED' || code === 'LIMIT_EXCEEDED';
}
