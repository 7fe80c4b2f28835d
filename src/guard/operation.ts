/**
 * What anybody can ask for, through any door: one discriminated union, so that a policy is written once and a new door
 * cannot invent an action without a rule.
 */
import type { AeTitle } from '../dicom/ae-title.ts';
import type { Query, QueryLevel } from '../dicom/query.ts';
import type { Uid } from '../dicom/uid.ts';

export interface Verify {
  readonly kind: 'verify';
}
export interface Store {
  readonly kind: 'store';
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  /** Of the data set as it arrives, and as it is kept. */
  readonly transferSyntaxUid: Uid;
}
export interface Find {
  readonly kind: 'find';
  readonly query: Query;
}
export interface Retrieve {
  readonly kind: 'retrieve';
  /** How it leaves: back on the same association, in the answer to a web request, to a third AE, or to a file. */
  readonly via: 'get' | 'web' | 'move' | 'export';
  readonly level: QueryLevel;
  /** Unique keys of that level and those above it, each a list of one or more. */
  readonly keys: RetrieveKeys;
  /** Only for `move`. */
  readonly destination?: AeTitle;
}
export interface RetrieveKeys {
  readonly patientId?: string;
  readonly studyInstanceUids?: readonly Uid[];
  readonly seriesInstanceUids?: readonly Uid[];
  readonly sopInstanceUids?: readonly Uid[];
}
/** Storage Commitment, PS3.4 J: are these instances safe? */
export interface Commit {
  readonly kind: 'commit';
  readonly transactionUid: Uid;
  readonly references: readonly InstanceReference[];
}
export interface InstanceReference {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
}
/** Removal of a study: `request` hides it, `undo` brings it back, `finish` destroys its data key. */
export interface Remove {
  readonly kind: 'remove';
  readonly studyInstanceUid: Uid;
  readonly step: 'request' | 'undo' | 'finish';
  readonly reason: string;
}
/** A person decides about an instance that was kept aside because its UID was known with other content. */
export interface Resolve {
  readonly kind: 'resolve';
  readonly conflictId: number;
  readonly keep: 'stored' | 'arrived';
  readonly reason: string;
}
/** Change or reading of Leadglass's own state over the control socket; carries no patient data. */
export interface Administer {
  readonly kind: 'administer';
  /** The command as typed, for instance `device add`. */
  readonly command: string;
  /** Safe for the ledger. */
  readonly summary: string;
}

export type Operation = Verify | Store | Find | Retrieve | Commit | Remove | Resolve | Administer;
export type OperationKind = Operation['kind'];
