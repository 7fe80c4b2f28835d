/**
 * The contract of what holds images: the own archive, a PACS behind us, or a memory backend in tests. All of them pass
 * backend-suite.ts. Every method takes a pass; the pass's scope is part of the query, so what is out of scope looks like
 * what does not exist.
 */
import type { DataSet } from '../dicom/data-set.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Commit, Find, InstanceReference, Remove, Resolve, Retrieve, Store } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';

export interface Backend {
  /**
   * Matches, best first come first served. Each answer holds the requested keys only (Query.returnKeys), plus the unique key of
   * its level. Ends early when the consumer returns.
   */
  find(pass: Pass<Find>): AsyncIterable<DataSet>;
  /** The instances, in a stable order. Listing is cheap; bytes move when `read` is consumed. */
  retrieve(pass: Pass<Retrieve>): AsyncIterable<StoredInstance>;
  /** Opens the place for one arriving data set. Nothing is kept until `commit` has resolved. */
  store(pass: Pass<Store>, context: StoreContext): StoreWriter;
  /** PS3.4 J: which of these are safely here, and which not. */
  commit(pass: Pass<Commit>): Promise<CommitOutcome>;
  remove(pass: Pass<Remove>): Promise<RemoveOutcome>;
  resolve(pass: Pass<Resolve>): Promise<void>;
}

export interface StoreContext {
  /**
   * For Part 10 input (import, media): preamble and file meta group exactly as they were, so that export is whole. A DIMSE
   * door has none.
   */
  readonly part10Head?: Uint8Array;
}

/**
 * Takes the data set's bytes (no preamble, no group 0002) in order.
 * `write` returns a promise only when the caller must wait (back-pressure).
 */
export interface StoreWriter {
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * All bytes came: checks that the data set is whole and inside the pass's scope, and tells whose it is, so that the door can
   * name the study to the ledger before it commits.
   * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, UNSUPPORTED, NOT_AUTHORIZED (out of scope), OUT_OF_RESOURCES
   */
  end(): Promise<InstanceHead>;
  /**
   * After `end`. Resolves when bytes and index entry survive a power cut (rule 3).
   * @throws LeadglassError MALFORMED, UNSUPPORTED, NOT_AUTHORIZED (out of scope), OUT_OF_RESOURCES, BACKEND_UNAVAILABLE
   */
  commit(): Promise<StoreOutcome>;
  /** Forgets what was written; safe to call at any time, also twice. */
  abort(reason: unknown): void;
}

export interface InstanceHead {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly patientId: string;
  readonly patientName: string;
  readonly issuerOfPatientId: string;
  readonly accessionNumber: string;
  readonly modality: string;
}

export interface StoreOutcome {
  /** `duplicate`: the very same bytes were here already. `conflict`: the UID is known with other bytes; kept aside. */
  readonly result: 'stored' | 'duplicate' | 'conflict';
  /** Of a conflict with what the sender's scope does not reach: it is told what it would be told of a new UID. */
  readonly isBeyondScope?: boolean;
  readonly head: InstanceHead;
  readonly lengthBytes: number;
  /** SHA-256 of the data set's bytes. */
  readonly sha256: Uint8Array;
}

export interface StoredInstance {
  readonly head: InstanceHead;
  /** Where `head` is a pseudonym: whose it is in truth. For the ledger, and for nobody else. */
  readonly recordedHead?: InstanceHead;
  readonly transferSyntaxUid: Uid;
  readonly lengthBytes: number;
  /** SHA-256 of the stored bytes: who has seen them needs them no second time. */
  readonly sha256: Uint8Array;
  /** As `StoreContext.part10Head`, if there was one. */
  readonly part10Head?: Uint8Array;
  /** The stored bytes, decrypted and checked chunk by chunk; the digest is checked at the end, before the last chunk. */
  read(): AsyncIterable<Uint8Array>;
  /**
   * Some of the stored bytes, fewer only where they end: a frame, a value, what a client lacks. Each chunk is checked; the
   * digest is not, since it is of all.
   */
  readRange(offset: number, lengthBytes: number): AsyncIterable<Uint8Array>;
}

export interface CommitOutcome {
  readonly safe: readonly InstanceReference[];
  /** With the Failure Reason (0008,1197): 0x0112 no such object instance, 0x0119 class/instance conflict. */
  readonly failed: readonly (InstanceReference & { readonly failureReason: number })[];
}

export interface RemoveOutcome {
  readonly instances: number;
}
