/**
 * A backend in front of another: whose pass says so sees de-identified instances under pseudonymous UIDs, as if they were all that
 * there is; all others pass through. So every resource of a door serves researchers as it serves physicians, and none of them can
 * forget it. What cannot be cleaned, and what is out of scope, does not exist.
 */
import type { DataSet } from '../../dicom/data-set.ts';
import { deIdentifiedBytes, planDeIdentified } from '../../dicom/de-identify/de-identify.ts';
import { patientKey } from '../../dicom/de-identify/pseudonyms.ts';
import { usuallyCleanModalities } from '../../dicom/de-identify/refusal.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { LeadglassError } from '../../error.ts';
import type { IdentifiedFacts } from '../../guard/identified-pass.ts';
import type { Commit, Find, Remove, Resolve, Retrieve, Store } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import { refuseDeIdentified } from '../../guard/scope.ts';
import type {
  Backend,
  CommitOutcome,
  InstanceHead,
  RemoveOutcome,
  StoreContext,
  StoredInstance,
  StoreWriter,
} from '../backend.ts';
import { everyStudy } from './every-study.ts';
import { Originals, type OriginalsOptions, type Project } from './originals.ts';
import { PlanCache, type Planned, refused } from './plan-cache.ts';
import { dataSetOf, translatedAnswer, translatedQuery, uidsOf } from './search.ts';

export interface DeIdentifyingOptions extends Pick<OriginalsOptions, 'now'> {
  readonly backend: Backend;
  /** The key of a project, made when it is asked for first; at least 32 bytes, the same as long as the project lasts. */
  readonly keyOf: (project: string) => Uint8Array;
  readonly identified: <O extends Find | Retrieve>(pass: Pass<Find | Retrieve>, facts: IdentifiedFacts<O>) => Pass<O>;
  readonly limits: OriginalsOptions['limits'] & { readonly plansBytesMax: number };
}

type Uids = Pick<InstanceHead, 'studyInstanceUid' | 'seriesInstanceUid' | 'sopInstanceUid'>;

export class DeIdentifyingBackend implements Backend {
  readonly #options: DeIdentifyingOptions;
  readonly #originals: Originals;
  readonly #plans: PlanCache;

  constructor(options: DeIdentifyingOptions) {
    this.#options = options;
    this.#originals = new Originals({
      ...options,
      studies: (pass) => options.backend.find(this.#identified(pass, { kind: 'find', query: everyStudy() })),
    });
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
    const originals = this.#originals;
    const project = originals.project(deIdentified);
    const translated = await translatedQuery(query, {
      // Series and instances are remembered once their study was listed; who asks for another asks for nothing known.
      uids: async (tag, pseudonyms) =>
        tag === Tags.StudyInstanceUID
          ? originals.studies(pass, project, pseudonyms)
          : pseudonyms.flatMap((pseudonym) => originals.remembered(project, [pseudonym]) ?? []),
      studiesOf: (pseudonym, isBeginning) =>
        originals.studiesOfPatients(pass, project, (patient) =>
          isBeginning ? patient.startsWith(pseudonym) : patient === pseudonym,
        ),
    });
    if (translated === undefined) return;
    let inFull = query.answersInFull ?? Number.POSITIVE_INFINITY;
    for await (const match of backend.find(this.#identified(pass, { kind: 'find', query: translated }))) {
      const uids = uidsOf(match).map(({ tag, uid }) => ({ tag, uid: originals.pseudonym(uid, project) }));
      // What is only counted holds no more than its unique keys.
      yield inFull > 0 ? await translatedAnswer(match, query, project.facts) : dataSetOf(uids);
      inFull -= 1;
    }
  }

  async *retrieve(pass: Pass<Retrieve>): AsyncGenerator<StoredInstance> {
    const { backend } = this.#options;
    const { deIdentified } = pass.scope;
    if (deIdentified === undefined) {
      yield* backend.retrieve(pass);
      return;
    }
    const project = this.#originals.project(deIdentified);
    const operation = await this.#translatedRetrieve(pass, project);
    if (operation === undefined) return;
    const wanted = pass.operation.keys;
    for await (const instance of backend.retrieve(this.#identified(pass, operation))) {
      const pseudonyms = this.#pseudonymsOf(instance.head, project);
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

  /** By real UIDs, as exactly as they are remembered; `retrieve` leaves out what else it lists. */
  async #translatedRetrieve(pass: Pass<Retrieve>, project: Project): Promise<Retrieve | undefined> {
    const { keys, via } = pass.operation;
    const { studyInstanceUids: asked = [], seriesInstanceUids, sopInstanceUids } = keys;
    // By patient nothing of the web door asks.
    if (keys.patientId !== undefined || asked.length === 0) return undefined;
    const studyInstanceUids = await this.#originals.studies(pass, project, asked);
    if (studyInstanceUids.length === 0) return undefined;
    const series = this.#originals.remembered(project, seriesInstanceUids);
    const instances = series === undefined ? undefined : this.#originals.remembered(project, sopInstanceUids);
    if (series === undefined) return { kind: 'retrieve', via, level: 'STUDY', keys: { studyInstanceUids } };
    const ofSeries = { studyInstanceUids, seriesInstanceUids: series };
    if (instances === undefined) return { kind: 'retrieve', via, level: 'SERIES', keys: ofSeries };
    return { kind: 'retrieve', via, level: 'IMAGE', keys: { ...ofSeries, sopInstanceUids: instances } };
  }

  #pseudonymsOf(head: InstanceHead, project: Project): Uids {
    return {
      studyInstanceUid: this.#originals.pseudonym(head.studyInstanceUid, project),
      seriesInstanceUid: this.#originals.pseudonym(head.seriesInstanceUid, project),
      sopInstanceUid: this.#originals.pseudonym(head.sopInstanceUid, project),
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
}

/** A fault of this one instance; a store that cannot be read is everybody's. */
function isOfContent({ code }: LeadglassError): boolean {
  return code === 'UNSUPPORTED' || code === 'MALFORMED' || code === 'LIMIT_EXCEEDED';
}
