/**
 * One arriving instance: checks its structure and head while it streams, takes its SHA-256, encrypts it under its study's
 * key and hands it to the log. What is wrong with the bytes ends the writer: later bytes are ignored, nothing is kept, and
 * `head` and `commit` reject, so that a door can let the peer finish its message before it answers.
 */
import { DataSetScanner } from '../../dicom/data-set-scanner.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { DataSetLimits, KeptLimits } from '../../dicom/data-set-limits.ts';
import { formatTag, type Tag } from '../../dicom/tag.ts';
import { LeadglassError } from '../../error.ts';
import type { Store } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import type { Scope } from '../../guard/scope.ts';
import type { InstanceHead, StoreContext, StoreOutcome, StoreWriter } from '../backend.ts';
import { isWanted } from './index/attributes.ts';
import { type IndexEntry, isSame, type KnownInstance } from './index/archive-index.ts';
import { encodeHead, instanceHeadOf } from './index/head.ts';
import type { DurableToken } from './index/write-behind.ts';
import { principalName } from './principal-name.ts';
import { headIsInScope } from './scope-of-head.ts';
import { type CommitFacts, encodeCommit, type Extent } from './store/commit-record.ts';
import { InstanceSealer, type SealerLimits, type SealingMeans } from './store/instance-sealer.ts';
import { blockBytes, encodeRecordHead, recordHeadBytes } from './store/record.ts';
import { deriveKey, type SaltPool } from './store/seal.ts';
import { asStorageError, type HandOver, type Position, type SegmentLog } from './store/segment-log.ts';
import type { StudyKeyCache } from './study-key-cache.ts';

export interface ArchiveWriterLimits extends SealerLimits {
  /** Bytes held until the UIDs of the head were read; more before them is refused. */
  readonly headBytesMax: number;
}

/** What a writer needs of the archive. */
export interface WriterHost {
  readonly log: SegmentLog<DurableToken>;
  readonly keys: StudyKeyCache;
  readonly sealing: SealingMeans;
  readonly salts: SaltPool;
  readonly limits: ArchiveWriterLimits;
  readonly dataSetLimits: DataSetLimits & KeptLimits;
  /** Writers that may have extents in segments but no commit yet. */
  readonly openWriters: Set<{ readonly extents: readonly Extent[] }>;
  nextInstance(): number;
  nextSequence(): number;
  nowMs(): number;
  /** Undefined when there is known to be room; else a promise that rejects with OUT_OF_RESOURCES. */
  ensureSpace(): Promise<void> | undefined;
  /** Is this a new study, or one with a series inside the scope? */
  reaches(scope: Scope, studyInstanceUid: string): boolean;
  /** Would the sender find this stored instance? */
  reachesInstance(scope: Scope, sopInstanceUid: string): boolean;
  isHidden(studyInstanceUid: string): boolean;
  /** Was the study that had this key removed for good? */
  isRemoved(keyId: number): boolean;
  /** Devices that sent instances of this study. */
  devicesOf(studyInstanceUid: string): readonly string[];
  instanceByUid(sopInstanceUid: string): KnownInstance | undefined;
  conflictsByUid(sopInstanceUid: string): readonly KnownInstance[];
  /** Commits under way by SOP Instance UID: two arrivals of one UID are decided one after the other. */
  readonly committing: Map<string, Promise<unknown>>;
  /** Appended and not yet known durable: by study, the last of each principal. */
  readonly joining: Map<string, Map<string, Promise<void>>>;
}

export class ArchiveWriter implements StoreWriter {
  readonly #host: WriterHost;
  readonly #pass: Pass<Store>;
  readonly #context: StoreContext;
  readonly #scanner: DataSetScanner;
  /** Copied together before the head is complete: of a peer that cuts it into single bytes each slice would cost a hundred. */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #pending: Uint8Array[] = [];
  #lengthBytes = 0;
  #instanceHead: InstanceHead | undefined;
  #waiting: Promise<void> | undefined;
  #sealer: InstanceSealer | undefined;
  #digest: Promise<Buffer | undefined> = Promise.resolve(undefined);
  #sealing:
    | { readonly key: Buffer; readonly salt: Buffer; readonly instance: number; readonly keyId: number }
    | undefined;
  #failure: LeadglassError | undefined;
  #ended = false;
  #committed = false;

  constructor(host: WriterHost, pass: Pass<Store>, context: StoreContext) {
    this.#host = host;
    this.#pass = pass;
    this.#context = context;
    this.#scanner = new DataSetScanner({
      transferSyntaxUid: pass.operation.transferSyntaxUid,
      limits: host.dataSetLimits,
      want: (tag) => this.#want(tag),
    });
  }

  /** Handed to the log so far. */
  get extents(): readonly Extent[] {
    return this.#sealer?.extents ?? [];
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined || chunk.length === 0) return undefined;
    try {
      this.#lengthBytes += chunk.length;
      const inflating = this.#scanner.push(chunk);
      if (inflating === undefined) return this.#keep(chunk);
      return inflating.then(
        () => this.#keep(chunk),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** The scanner has seen it: encrypt it, or hold it until the head is complete. */
  #keep(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) return undefined;
    try {
      if (this.#sealer !== undefined) return this.#seal(this.#sealer, chunk);
      if (this.#instanceHead === undefined && !this.#scanner.dataSet.has(Tags.SeriesInstanceUID)) {
        this.#hold(chunk);
        return undefined;
      }
      // The sender waits as long as the space is asked for, so these are few.
      this.#pending.push(chunk);
      if (this.#instanceHead === undefined) this.#begin();
      return this.#sealer === undefined ? this.#waiting : this.#host.log.pressure;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Waits for room in the sealing thread, if there is none, and for the disk. */
  #seal(sealer: InstanceSealer, chunk: Uint8Array): void | Promise<void> {
    const room = sealer.update(chunk);
    if (room === undefined) return this.#host.log.pressure;
    return room.then(
      () => this.#host.log.pressure,
      (error: unknown) => this.#fail(error),
    );
  }

  #hold(chunk: Uint8Array): void {
    const { headBytesMax } = this.#host.limits;
    const length = this.#heldBytes + chunk.length;
    if (length > headBytesMax) throw headTooLong(headBytesMax);
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.min(headBytesMax, Math.max(length, this.#held.length * 2)));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(chunk, this.#heldBytes);
    this.#heldBytes = length;
  }

  /**
   * Tags ascend (PS3.5 7.1), so with the Series Instance UID everything that decides about the instance has been read. An
   * earlier tag that comes later would change the index behind that decision.
   */
  #want(tag: Tag): boolean {
    const wanted = isWanted(tag);
    if (wanted && this.#instanceHead !== undefined && tag <= Tags.SeriesInstanceUID) {
      throw new LeadglassError('MALFORMED', `Cannot store: ${formatTag(tag)} is out of order`, {
        field: formatTag(tag),
      });
    }
    return wanted;
  }

  async end(): Promise<InstanceHead> {
    try {
      if (this.#failure === undefined) await this.#scanner.end();
      if (this.#failure === undefined && this.#instanceHead === undefined) this.#begin();
      await this.#waiting;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#instanceHead === undefined)
        throw new LeadglassError('INTERNAL', 'Cannot store: the head was never read');
      this.#ended = true;
      // Whoever commits waits for it; who does not, need not hear of a failure.
      this.#digest = Promise.resolve(this.#sealer?.end());
      this.#digest.catch(() => undefined);
      return this.#instanceHead;
    } catch (error) {
      this.#fail(error);
      throw this.#failure ?? error;
    }
  }

  async commit(): Promise<StoreOutcome> {
    if (this.#committed) throw new LeadglassError('INTERNAL', 'Cannot store: commit was called twice');
    if (!this.#ended && this.#failure === undefined)
      throw new LeadglassError('INTERNAL', 'Cannot store: commit before end');
    this.#committed = true;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#pass.stillValid()) {
        throw new LeadglassError('NOT_AUTHORIZED', 'Cannot store: the opening was closed while the instance arrived');
      }
      return await this.#finish();
    } catch (error) {
      this.#fail(error);
      throw this.#failure ?? error;
    } finally {
      this.#host.openWriters.delete(this);
      this.#sealer?.close();
    }
  }

  abort(reason: unknown): void {
    if (this.#committed) return; // too late: the log has it, and it is either kept whole or not at all
    this.#fail(
      reason instanceof LeadglassError
        ? reason
        : new LeadglassError('CANCELLED', 'Cannot store: the transfer was aborted', { cause: reason }),
    );
  }

  /** The head is read: check it, get the key and start encrypting. Sets `#waiting` while free space is asked for. */
  #begin(): void {
    const head = instanceHeadOf(this.#scanner.dataSet);
    const { operation } = this.#pass;
    if (head.sopInstanceUid !== operation.sopInstanceUid || head.sopClassUid !== operation.sopClassUid) {
      throw new LeadglassError(
        'MALFORMED',
        `Cannot store: the data set is instance ${head.sopInstanceUid} of class ${head.sopClassUid}, ` +
          `announced were ${operation.sopInstanceUid} and ${operation.sopClassUid}`,
        { field: 'SOP Instance UID (0008,0018)' },
      );
    }
    this.#requireScope(head);
    if (this.#host.isHidden(head.studyInstanceUid)) {
      throw new LeadglassError('CONFLICT', 'Cannot store: removal of the study was requested; undo it first');
    }
    this.#instanceHead = head;
    const space = this.#host.ensureSpace();
    if (space === undefined) this.#startSealing(head.studyInstanceUid);
    else this.#waiting = this.#awaitSpace(space, head.studyInstanceUid);
  }

  #requireScope(head: InstanceHead): void {
    const { scope } = this.#pass;
    const inScope = headIsInScope(scope, head, {
      dataSet: this.#scanner.dataSet,
      studyReceivedFrom: () => {
        const devices = this.#host.devicesOf(head.studyInstanceUid);
        return devices.length === 0 ? [principalName(this.#pass.principal)] : devices;
      },
    });
    const joins = scope.joinsReachedOnly !== true || this.#host.reaches(scope, head.studyInstanceUid);
    if (inScope && joins) return;
    throw new LeadglassError('NOT_AUTHORIZED', 'Cannot store: the opening does not reach data like this');
  }

  /** What others stored decides whether this may join a study. */
  get #dependsOnOthers(): boolean {
    const { scope } = this.#pass;
    return scope.receivedFrom !== undefined || scope.joinsReachedOnly === true;
  }

  /**
   * An arrival of the same UID is decided before this one. And two devices that begin one study at once each found it new:
   * before the second joins it, what the first appended is waited for, and the scope is asked again.
   */
  #toWaitFor({ sopInstanceUid, studyInstanceUid }: InstanceHead): Promise<unknown> | undefined {
    const { committing, joining } = this.#host;
    const same = committing.get(sopInstanceUid);
    if (same !== undefined || !this.#dependsOnOthers) return same;
    const own = principalName(this.#pass.principal);
    for (const [name, appended] of joining.get(studyInstanceUid) ?? []) if (name !== own) return appended;
    return undefined;
  }

  async #awaitSpace(space: Promise<void>, studyInstanceUid: string): Promise<void> {
    try {
      await space;
      if (this.#failure === undefined) this.#startSealing(studyInstanceUid);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#waiting = undefined;
    }
  }

  #startSealing(studyInstanceUid: string): void {
    const studyKey = this.#host.keys.source.keyFor(studyInstanceUid, { create: true });
    const salt = this.#host.salts.next();
    const instance = this.#host.nextInstance();
    const key = deriveKey(studyKey.key, 'instance', salt);
    this.#sealing = { key, salt, instance, keyId: studyKey.id };
    this.#host.openWriters.add(this);
    const sealer = new InstanceSealer(this.#host.sealing, { key, instance });
    this.#sealer = sealer;
    // What is held is a few megabytes at most: the sealer may keep it until there is room.
    for (const chunk of [this.#held.subarray(0, this.#heldBytes), ...this.#pending]) {
      sealer.update(chunk)?.catch((error: unknown) => this.#fail(error));
    }
    this.#forgetHeld();
  }

  async #finish(): Promise<StoreOutcome> {
    const head = this.#instanceHead;
    if (head === undefined) throw new LeadglassError('INTERNAL', 'Cannot store: the head was never read');
    const sha256 = await this.#digest;
    if (this.#failure !== undefined) throw this.#failure;
    if (sha256 === undefined) throw new LeadglassError('INTERNAL', 'Cannot store: no digest was taken');
    const facts = { transferSyntaxUid: this.#pass.operation.transferSyntaxUid, sha256 };
    const outcome = { head, lengthBytes: this.#lengthBytes, sha256 };
    const { committing } = this.#host;
    for (let other = this.#toWaitFor(head); other !== undefined; other = this.#toWaitFor(head)) {
      await other.catch(() => undefined); // its own writer reports it
    }
    // From here to the append nothing is awaited, so the decisions hold.
    if (this.#dependsOnOthers) this.#requireScope(head);
    if (this.#sealing !== undefined && this.#host.isRemoved(this.#sealing.keyId)) {
      throw new LeadglassError(
        'CONFLICT',
        'Cannot store: the study was removed while the instance arrived; send it again',
      );
    }
    if (this.#host.isHidden(head.studyInstanceUid)) {
      throw new LeadglassError('CONFLICT', 'Cannot store: removal of the study was requested; undo it first');
    }
    const known = this.#host.instanceByUid(head.sopInstanceUid);
    if (known !== undefined && isSame(known, facts)) return { ...outcome, result: 'duplicate' };
    if (known !== undefined && this.#host.conflictsByUid(head.sopInstanceUid).some((aside) => isSame(aside, facts))) {
      return { ...outcome, ...this.#conflictWith(head) };
    }
    const result = known === undefined ? 'stored' : 'conflict';
    const committed = this.#append(sha256, result);
    committing.set(head.sopInstanceUid, committed);
    const leave = this.#join(head.studyInstanceUid, committed);
    try {
      await committed;
    } finally {
      leave();
      if (committing.get(head.sopInstanceUid) === committed) committing.delete(head.sopInstanceUid);
    }
    return result === 'stored' ? { ...outcome, result } : { ...outcome, ...this.#conflictWith(head) };
  }

  #conflictWith({ sopInstanceUid }: InstanceHead): Pick<StoreOutcome, 'result' | 'isBeyondScope'> {
    return { result: 'conflict', isBeyondScope: !this.#host.reachesInstance(this.#pass.scope, sopInstanceUid) };
  }

  /** Others who want into the study wait until this is over. */
  #join(studyInstanceUid: string, committed: Promise<void>): () => void {
    const { joining } = this.#host;
    const own = principalName(this.#pass.principal);
    const joined = joining.get(studyInstanceUid) ?? new Map<string, Promise<void>>();
    joining.set(studyInstanceUid, joined.set(own, committed));
    return () => {
      if (joined.get(own) === committed) joined.delete(own);
      if (joined.size === 0 && joining.get(studyInstanceUid) === joined) joining.delete(studyInstanceUid);
    };
  }

  #append(sha256: Buffer, result: 'stored' | 'conflict'): Promise<void> {
    const sealing = this.#sealing;
    const { log } = this.#host;
    if (sealing === undefined || this.#sealer === undefined) {
      throw new LeadglassError('INTERNAL', 'Cannot store: no key was set');
    }
    const sealed = this.#sealer.extents;
    if (sealed.some((extent) => log.isLost(extent.segment, extent.offset + extent.bodyBytes))) {
      throw new LeadglassError(
        'BACKEND_UNAVAILABLE',
        'Cannot store: the disk failed while the instance arrived; send it again',
      );
    }
    const facts = this.#commitFacts(sha256, result);
    const { keyId, salt, instance } = sealing;
    const sequence = this.#host.nextSequence();
    const commitWith = (extents: readonly Extent[]): Uint8Array[] => {
      const body = encodeCommit({ salt, sequence, synced: log.durable, keyId, extents }, facts, sealing);
      const bodyBytes = body.length;
      return [encodeRecordHead({ kind: 'commit', last: false, bodyBytes, firstChunk: 0, owner: instance }, body), body];
    };
    const rest = this.#sealer.rest();
    try {
      const { commit, commitAt, extents } = placeCommit(log, { sealed, rest, commitWith });
      const head = this.#scanner.dataSet;
      const entry: IndexEntry = { instance, sequence, keyId, salt, extents, commitAt, facts, head, isNew: true };
      return log.appendDurably(joined(rest, commit), entry);
    } catch (error) {
      rest?.release?.();
      throw error;
    }
  }

  #commitFacts(sha256: Buffer, result: 'stored' | 'conflict'): CommitFacts {
    const { principal, operation, transferId } = this.#pass;
    return {
      transferSyntaxUid: operation.transferSyntaxUid,
      lengthBytes: this.#lengthBytes,
      sha256,
      result,
      transferId,
      receivedFrom: principalName(principal),
      ...(principal.kind === 'device' ? { openingId: principal.openingId } : {}),
      receivedAtMs: this.#host.nowMs(),
      head: encodeHead(this.#scanner.dataSet),
      ...(this.#context.part10Head === undefined ? {} : { part10Head: this.#context.part10Head }),
    };
  }

  #forgetHeld(): void {
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#pending = [];
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asStorageError(error);
    this.#host.openWriters.delete(this);
    this.#forgetHeld();
    this.#sealer?.close();
    this.#sealer = undefined;
    this.#scanner.close();
  }
}

const bytesOf = (buffers: readonly Uint8Array[]): number => buffers.reduce((sum, { length }) => sum + length, 0);

/** Where the last data record and the commit behind it will lie: the commit says where, so it is made for the place. */
function placeCommit(
  log: SegmentLog<DurableToken>,
  facts: {
    readonly sealed: readonly Extent[];
    readonly rest: HandOver | undefined;
    readonly commitWith: (extents: readonly Extent[]) => Uint8Array[];
  },
): { readonly commit: Uint8Array[]; readonly commitAt: Position; readonly extents: readonly Extent[] } {
  const { sealed, rest, commitWith } = facts;
  const restBytes = rest?.lengthBytes ?? 0;
  const make = ({ segment, offset }: Position) => {
    const last = { segment, offset: offset + recordHeadBytes, bodyBytes: restBytes - recordHeadBytes };
    const extents = rest === undefined ? [...sealed] : [...sealed, last];
    return { commit: commitWith(extents), commitAt: { segment, offset: offset + restBytes }, extents };
  };
  const at = log.place(restBytes);
  const made = make(at);
  const place = log.place(restBytes + bytesOf(made.commit));
  return place.segment === at.segment ? made : make(place);
}

/** In one hand-over; without a copy of the data record where its memory has room for the commit. */
function joined(rest: HandOver | undefined, commit: readonly Uint8Array[]): HandOver {
  const lengthBytes = (rest?.lengthBytes ?? 0) + bytesOf(commit);
  if (rest === undefined) return { buffers: commit, lengthBytes };
  const { memory, ...handOver } = rest;
  const buffers = [...rest.buffers, ...commit];
  if (memory === undefined || lengthBytes + 2 * blockBytes > memory.length)
    return { ...handOver, buffers, lengthBytes };
  let at = rest.lengthBytes;
  for (const part of commit) {
    memory.set(part, at);
    at += part.length;
  }
  return { ...handOver, memory, buffers, lengthBytes };
}

function headTooLong(headBytesMax: number): LeadglassError {
  return new LeadglassError(
    'LIMIT_EXCEEDED',
    `Cannot store: no Series Instance UID (0020,000E) within the first ${headBytesMax} bytes of the data set`,
    { field: 'Series Instance UID (0020,000E)' },
  );
}
