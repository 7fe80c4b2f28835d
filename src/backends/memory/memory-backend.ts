/**
 * A backend that holds everything in memory and answers by the reference semantics (matching.ts, guard/scope.ts) row by
 * row. For tests, and as the model that the archive is compared with; nothing here is quick or durable.
 */
import { createHash } from 'node:crypto';
import { DataSet } from '../../dicom/data-set.ts';
import type { DataSetLimits, KeptLimits } from '../../dicom/data-set-limits.ts';
import { DataSetScanner } from '../../dicom/data-set-scanner.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { matches, matchesQuery } from '../../dicom/matching.ts';
import type { Query, QueryLevel } from '../../dicom/query.ts';
import type { Tag } from '../../dicom/tag.ts';
import type { Uid } from '../../dicom/uid.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { Commit, Find, Remove, Resolve, Retrieve, Store } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import { refuseDeIdentified, type Scope } from '../../guard/scope.ts';
import { answerOf } from '../archive/index/answer.ts';
import { isWanted } from '../archive/index/attributes.ts';
import { headOfLevel, instanceHeadOf, mergeHeads } from '../archive/index/head.ts';
import { isBelow } from '../archive/index/lower-keys.ts';
import { principalName } from '../archive/principal-name.ts';
import { headIsInScope } from '../archive/scope-of-head.ts';
import type {
  Backend,
  CommitOutcome,
  InstanceHead,
  RemoveOutcome,
  StoreContext,
  StoredInstance,
  StoreOutcome,
  StoreWriter,
} from '../backend.ts';

interface Held {
  readonly head: InstanceHead;
  readonly dataSet: DataSet;
  readonly bytes: Buffer;
  readonly sha256: Buffer;
  readonly transferSyntaxUid: Uid;
  readonly receivedFrom: string;
  readonly receivedAtMs: number;
  readonly part10Head?: Uint8Array;
}

export interface MemoryBackendOptions {
  readonly dataSetLimits: DataSetLimits & KeptLimits;
  readonly retentionDays: number;
  readonly nowMs?: () => number;
}

const dayMs = 86_400_000;

export class MemoryBackend implements Backend {
  readonly #options: MemoryBackendOptions;
  readonly #instances = new Map<string, Held>();
  readonly #aside = new Map<number, Held>();
  readonly #hidden = new Set<string>();
  #lastConflict = 0;

  constructor(options: MemoryBackendOptions) {
    this.#options = options;
  }

  /** Ids of conflicts that wait for a person. */
  get conflicts(): readonly number[] {
    return [...this.#aside.keys()];
  }

  store(pass: Pass<Store>, context: StoreContext): StoreWriter {
    const scanner = new DataSetScanner({
      transferSyntaxUid: pass.operation.transferSyntaxUid,
      limits: this.#options.dataSetLimits,
      want: isWanted,
    });
    const chunks: Uint8Array[] = [];
    let failure: LeadglassError | undefined;
    const fail = (error: unknown): void => {
      failure ??= asLeadglassError(error);
    };
    return {
      write: (chunk) => {
        if (failure !== undefined) return undefined;
        chunks.push(Buffer.from(chunk));
        try {
          return scanner.push(chunk)?.catch(fail);
        } catch (error) {
          fail(error);
          return undefined;
        }
      },
      end: async () => {
        try {
          if (failure !== undefined) throw failure;
          await scanner.end();
          return this.#checked(pass, scanner.dataSet);
        } catch (error) {
          fail(error);
          throw failure ?? error;
        }
      },
      commit: async () => {
        try {
          if (failure !== undefined) throw failure;
          return this.#keep(pass, { dataSet: scanner.dataSet, bytes: Buffer.concat(chunks), context });
        } catch (error) {
          fail(error);
          throw failure ?? error;
        }
      },
      abort: fail,
    };
  }

  /** Whose it is, and that it is inside the scope. */
  #checked(pass: Pass<Store>, dataSet: DataSet): InstanceHead {
    const head = instanceHeadOf(dataSet);
    const { operation } = pass;
    if (head.sopInstanceUid !== operation.sopInstanceUid || head.sopClassUid !== operation.sopClassUid) {
      throw new LeadglassError('MALFORMED', 'Cannot store: the data set is another instance than announced');
    }
    const devices = [...this.#instances.values()]
      .filter((held) => sameStudy(held, head))
      .map((held) => held.receivedFrom);
    const from = devices.length === 0 ? [principalName(pass.principal)] : devices;
    const ofStudy = [...this.#instances.values()].filter((held) => sameStudy(held, head));
    const reached = (held: Held): boolean =>
      headIsInScope(pass.scope, held.head, { dataSet: held.dataSet, studyReceivedFrom: () => from });
    if (pass.scope.joinsReachedOnly === true && ofStudy.length > 0 && !ofStudy.some(reached)) {
      throw new LeadglassError('NOT_AUTHORIZED', 'Cannot store: the opening does not reach data like this');
    }
    if (!headIsInScope(pass.scope, head, { dataSet, studyReceivedFrom: () => from })) {
      throw new LeadglassError('NOT_AUTHORIZED', 'Cannot store: the opening does not reach data like this');
    }
    return head;
  }

  #keep(
    pass: Pass<Store>,
    arrived: { readonly dataSet: DataSet; readonly bytes: Buffer; readonly context: StoreContext },
  ): StoreOutcome {
    const { dataSet, bytes } = arrived;
    const head = this.#checked(pass, dataSet);
    const { operation } = pass;
    if (!pass.stillValid()) throw new LeadglassError('NOT_AUTHORIZED', 'Cannot store: the opening was closed');
    if (this.#hidden.has(head.studyInstanceUid)) {
      throw new LeadglassError('CONFLICT', 'Cannot store: removal of the study was requested; undo it first');
    }
    const sha256 = createHash('sha256').update(bytes).digest();
    const outcome = { head, lengthBytes: bytes.length, sha256 };
    const held: Held = {
      head,
      dataSet,
      bytes,
      sha256,
      transferSyntaxUid: operation.transferSyntaxUid,
      receivedFrom: principalName(pass.principal),
      receivedAtMs: this.#nowMs(),
      ...(arrived.context.part10Head === undefined ? {} : { part10Head: arrived.context.part10Head }),
    };
    const known = this.#instances.get(head.sopInstanceUid);
    if (known === undefined) {
      this.#instances.set(head.sopInstanceUid, held);
      return { ...outcome, result: 'stored' };
    }
    if (isSame(known, held)) return { ...outcome, result: 'duplicate' };
    const aside = [...this.#aside.values()].some(
      (other) => other.head.sopInstanceUid === head.sopInstanceUid && isSame(other, held),
    );
    if (!aside) {
      this.#lastConflict += 1;
      this.#aside.set(this.#lastConflict, held);
    }
    return { ...outcome, result: 'conflict', isBeyondScope: !this.#isInside(known, pass.scope) };
  }

  async *find(pass: Pass<Find>): AsyncGenerator<DataSet> {
    refuseDeIdentified(pass.scope);
    const { query } = pass.operation;
    const inside = [...this.#instances.values()].filter((held) => this.#isInside(held, pass.scope));
    let skip = query.offset ?? 0;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for (const group of groupsOf(inside, query.level)) {
      const head = this.#headOf(group, query.level);
      const upper = query.keys.filter((key) => !isBelow(key.tag, query.level));
      const lower = query.keys.filter((key) => isBelow(key.tag, query.level));
      if (!matchesQuery({ keys: upper, dateTimeCombined: query.dateTimeCombined }, head)) continue;
      if (lower.length > 0 && !group.some((held) => lower.every((key) => matches(key, held.dataSet)))) continue;
      if (skip > 0) {
        skip -= 1;
        continue;
      }
      if (left <= 0) return;
      left -= 1;
      if (!pass.stillValid())
        throw new LeadglassError('NOT_AUTHORIZED', 'Cannot answer further: the opening was closed');
      yield answerOf(query, this.#withCounts(head, { group, inside, query }), {});
    }
  }

  async *retrieve(pass: Pass<Retrieve>): AsyncGenerator<StoredInstance> {
    refuseDeIdentified(pass.scope);
    const { keys } = pass.operation;
    const wanted = [...this.#instances.values()].filter(
      (held) =>
        this.#isInside(held, pass.scope) &&
        (keys.patientId === undefined || this.#firstOfStudy(held).head.patientId === keys.patientId) &&
        (keys.studyInstanceUids?.includes(held.head.studyInstanceUid) ?? true) &&
        (keys.seriesInstanceUids?.includes(held.head.seriesInstanceUid) ?? true) &&
        (keys.sopInstanceUids?.includes(held.head.sopInstanceUid) ?? true),
    );
    for (const held of wanted.toSorted(inOrder)) {
      yield {
        head: held.head,
        transferSyntaxUid: held.transferSyntaxUid,
        lengthBytes: held.bytes.length,
        sha256: held.sha256,
        ...(held.part10Head === undefined ? {} : { part10Head: held.part10Head }),
        async *read() {
          yield held.bytes;
        },
        async *readRange(offset, lengthBytes) {
          const bytes = held.bytes.subarray(offset, offset + lengthBytes);
          if (bytes.length > 0) yield bytes;
        },
      };
    }
  }

  async commit(pass: Pass<Commit>): Promise<CommitOutcome> {
    refuseDeIdentified(pass.scope);
    const safe: CommitOutcome['safe'][number][] = [];
    const failed: CommitOutcome['failed'][number][] = [];
    for (const reference of pass.operation.references) {
      const held = this.#instances.get(reference.sopInstanceUid);
      if (held === undefined || !this.#isInside(held, pass.scope)) failed.push({ ...reference, failureReason: 0x0112 });
      else if (held.head.sopClassUid !== reference.sopClassUid) failed.push({ ...reference, failureReason: 0x0119 });
      else safe.push(reference);
    }
    return { safe, failed };
  }

  async remove(pass: Pass<Remove>): Promise<RemoveOutcome> {
    refuseDeIdentified(pass.scope);
    const { studyInstanceUid, step } = pass.operation;
    const held = [...this.#instances.values()].filter((one) => one.head.studyInstanceUid === studyInstanceUid);
    const hidden = this.#hidden.has(studyInstanceUid);
    // A hidden study is outside every scope; the later steps ask for it by its name alone.
    const isReached = hidden ? pass.principal.kind !== 'device' : held.every((one) => this.#isInside(one, pass.scope));
    if (held.length === 0 || !isReached)
      throw new LeadglassError('NOT_FOUND', `Cannot remove study ${studyInstanceUid}: no such study`);
    if (hidden === (step === 'request')) {
      throw new LeadglassError('CONFLICT', `Cannot ${step} the removal of study ${studyInstanceUid}: wrong step`);
    }
    if (step === 'request') {
      const endsMs = Math.max(...held.map((one) => one.receivedAtMs)) + this.#options.retentionDays * dayMs;
      if (this.#nowMs() < endsMs) {
        throw new LeadglassError(
          'NOT_AUTHORIZED',
          `Cannot remove study ${studyInstanceUid}: its retention has not ended`,
        );
      }
      this.#hidden.add(studyInstanceUid);
    } else {
      this.#hidden.delete(studyInstanceUid);
      if (step === 'finish') {
        for (const one of held) this.#instances.delete(one.head.sopInstanceUid);
        for (const [id, one] of this.#aside) if (one.head.studyInstanceUid === studyInstanceUid) this.#aside.delete(id);
      }
    }
    return { instances: held.length };
  }

  async resolve(pass: Pass<Resolve>): Promise<void> {
    const { conflictId, keep } = pass.operation;
    const held = this.#aside.get(conflictId);
    if (held === undefined)
      throw new LeadglassError('NOT_FOUND', `Cannot decide conflict ${conflictId}: no such open conflict`);
    if (this.#hidden.has(held.head.studyInstanceUid)) {
      throw new LeadglassError('CONFLICT', `Cannot decide conflict ${conflictId}: removal of its study was requested`);
    }
    this.#aside.delete(conflictId);
    if (keep === 'arrived') this.#instances.set(held.head.sopInstanceUid, held);
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  /** The study's own attributes are those of its first instance. */
  #firstOfStudy(held: Held): Held {
    for (const other of this.#instances.values()) if (sameStudy(other, held.head)) return other;
    return held;
  }

  #firstOfSeries(held: Held): Held {
    for (const other of this.#instances.values()) {
      if (sameStudy(other, held.head) && other.head.seriesInstanceUid === held.head.seriesInstanceUid) return other;
    }
    return held;
  }

  #isInside(held: Held, scope: Scope): boolean {
    if (this.#hidden.has(held.head.studyInstanceUid)) return false;
    const study = this.#firstOfStudy(held);
    const series = this.#firstOfSeries(held);
    const dataSet = mergeHeads([headOfLevel(study.dataSet, 'STUDY'), headOfLevel(series.dataSet, 'SERIES')]);
    const head = { ...study.head, modality: series.head.modality };
    const devices = [...this.#instances.values()]
      .filter((one) => sameStudy(one, held.head))
      .map((one) => one.receivedFrom);
    return headIsInScope(scope, head, { dataSet, studyReceivedFrom: () => devices });
  }

  #headOf(group: readonly Held[], level: QueryLevel): DataSet {
    const [first] = group;
    if (first === undefined) return new DataSet();
    const study = this.#firstOfStudy(first);
    const parts = [headOfLevel(study.dataSet, 'PATIENT')];
    if (level !== 'PATIENT') parts.push(headOfLevel(study.dataSet, 'STUDY'));
    if (level === 'SERIES' || level === 'IMAGE') parts.push(headOfLevel(this.#firstOfSeries(first).dataSet, 'SERIES'));
    if (level === 'IMAGE') parts.push(headOfLevel(first.dataSet, 'IMAGE'));
    const head = mergeHeads(parts);
    if (level === 'STUDY') {
      const modalities = new Set(
        group.map((held) => this.#firstOfSeries(held).head.modality).filter((text) => text !== ''),
      );
      head.setText(Tags.ModalitiesInStudy, 'CS', [...modalities].toSorted());
      head.setText(Tags.SOPClassesInStudy, 'UI', [...new Set(group.map((held) => held.head.sopClassUid))].toSorted());
    }
    return head;
  }

  #withCounts(
    head: DataSet,
    facts: { readonly group: readonly Held[]; readonly inside: readonly Held[]; readonly query: Query },
  ): DataSet {
    const { group, inside, query } = facts;
    const [first] = group;
    if (first === undefined) return head;
    if (query.level === 'PATIENT') {
      head.setNumber(Tags.NumberOfPatientRelatedStudies, 'IS', groupsOf(group, 'STUDY').length);
      head.setNumber(Tags.NumberOfPatientRelatedSeries, 'IS', groupsOf(group, 'SERIES').length);
      head.setNumber(Tags.NumberOfPatientRelatedInstances, 'IS', group.length);
      return head;
    }
    const study = inside.filter((held) => sameStudy(held, first.head));
    head.setNumber(Tags.NumberOfStudyRelatedSeries, 'IS', groupsOf(study, 'SERIES').length);
    head.setNumber(Tags.NumberOfStudyRelatedInstances, 'IS', study.length);
    if (query.level !== 'STUDY') {
      const series = study.filter((held) => held.head.seriesInstanceUid === first.head.seriesInstanceUid);
      head.setNumber(Tags.NumberOfSeriesRelatedInstances, 'IS', series.length);
    }
    if (query.level === 'IMAGE') head.setText(Tags.AvailableTransferSyntaxUID, 'UI', first.transferSyntaxUid);
    return head;
  }
}

function sameStudy(held: Held, head: InstanceHead): boolean {
  return held.head.studyInstanceUid === head.studyInstanceUid;
}

/** By study, series number, instance number. */
function inOrder(one: Held, other: Held): number {
  const number = (held: Held, tag: Tag): number => held.dataSet.number(tag) ?? 0;
  return (
    one.head.studyInstanceUid.localeCompare(other.head.studyInstanceUid) ||
    number(one, Tags.SeriesNumber) - number(other, Tags.SeriesNumber) ||
    number(one, Tags.InstanceNumber) - number(other, Tags.InstanceNumber)
  );
}

function isSame(one: Held, other: Held): boolean {
  return one.transferSyntaxUid === other.transferSyntaxUid && one.sha256.equals(other.sha256);
}

/** Instances that belong to one answer of this level, in the order of their first. */
function groupsOf(all: readonly Held[], level: QueryLevel): readonly (readonly Held[])[] {
  const patients = new Map<string, string>();
  const groups = new Map<string, Held[]>();
  for (const held of all) {
    const { head } = held;
    // A study stays with the patient of its first instance.
    const patient =
      patients.get(head.studyInstanceUid) ??
      (head.patientId === '' ? head.studyInstanceUid : `${head.issuerOfPatientId}\0${head.patientId}`);
    patients.set(head.studyInstanceUid, patient);
    const key = {
      PATIENT: patient,
      STUDY: head.studyInstanceUid,
      SERIES: `${head.studyInstanceUid} ${head.seriesInstanceUid}`,
      IMAGE: head.sopInstanceUid,
    }[level];
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [held]);
    else group.push(held);
  }
  return [...groups.values()];
}
