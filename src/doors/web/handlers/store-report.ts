/**
 * What became of each instance of a store, as the Store Instances Response Module (PS3.18 10.5.3, table I.2-1) with the reasons
 * of table I.2-2, and the status that follows from all of them (table 10.5.3-1).
 */
import type { InstanceHead } from '../../../backends/backend.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { storeFailures } from '../../../dimse/store-failure.ts';
import type { LeadglassError } from '../../../error.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { instanceUrl, resourceUrl } from './reading-request.ts';

/** Our A9xx for an instance of another study than the path names; the standard has no number for it. */
const otherStudyReason = 0xa901;
const transferSyntaxReason = 0xc122;
const aboutEncoding: ReadonlySet<string> = new Set(['Transfer Syntax UID', 'Pixel Data']);
const sopClassReason = 0x0122;

export interface InstanceName {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
}

type Outcome = { readonly head: InstanceHead } | { readonly error: LeadglassError } | undefined;

export interface StoreReportOptions {
  readonly baseUrl: string;
  /** The field of an error that means another study than the path's. */
  readonly otherStudyField: string;
}

export class StoreReport {
  readonly #options: StoreReportOptions;
  readonly #instances: { readonly name: InstanceName; outcome: Outcome }[] = [];
  readonly #others: LeadglassError[] = [];

  constructor(options: StoreReportOptions) {
    this.#options = options;
  }

  /** Instances and parts that are in it. */
  get count(): number {
    return this.#instances.length + this.#others.length;
  }

  /** The place of an instance that has a name now. */
  expect(name: InstanceName): number {
    this.#instances.push({ name, outcome: undefined });
    return this.#instances.length - 1;
  }

  stored(place: number, head: InstanceHead): void {
    const entry = this.#instances[place];
    if (entry !== undefined) entry.outcome = { head };
  }

  failed(place: number, error: LeadglassError): void {
    const entry = this.#instances[place];
    if (entry !== undefined) entry.outcome = { error };
  }

  /** A part of which nobody knows what it was to be. */
  unreadable(error: LeadglassError): void {
    this.#others.push(error);
  }

  get isAnyStored(): boolean {
    return this.#instances.some(({ outcome }) => outcome !== undefined && 'head' in outcome);
  }

  /** Every error, in the order of the parts as far as they have names. */
  get errors(): readonly LeadglassError[] {
    const named = this.#instances.flatMap(({ outcome }) =>
      outcome !== undefined && 'error' in outcome ? [outcome.error] : [],
    );
    return [...named, ...this.#others];
  }

  /** Table 10.5.3-1. */
  get status(): 200 | 202 | 409 {
    if (this.errors.length === 0) return 200;
    return this.isAnyStored ? 202 : 409;
  }

  /** Table I.2-1. */
  get module(): DataSet {
    const { baseUrl } = this.#options;
    const module = new DataSet();
    const stored = this.#instances.flatMap(({ outcome }) =>
      outcome !== undefined && 'head' in outcome ? [outcome.head] : [],
    );
    const studies = new Set(stored.map(({ studyInstanceUid }) => studyInstanceUid));
    const [study] = studies;
    // Of the study, where there is but one.
    module.setText(
      Tags.RetrieveURL,
      'UR',
      study === undefined || studies.size > 1 ? '' : resourceUrl(baseUrl, { study }),
    );
    if (this.#others.length > 0)
      module.setItems(
        Tags.OtherFailuresSequence,
        this.#others.map((error) => this.#reason(error)),
      );
    const failed = this.#instances.flatMap(({ name, outcome }) =>
      outcome !== undefined && 'error' in outcome ? [this.#reason(outcome.error, name)] : [],
    );
    if (failed.length > 0) module.setItems(Tags.FailedSOPSequence, failed);
    if (stored.length > 0) {
      const items = stored.map((head) => named(head).setText(Tags.RetrieveURL, 'UR', instanceUrl(baseUrl, head)));
      module.setItems(Tags.ReferencedSOPSequence, items);
    }
    return module;
  }

  #reason(error: LeadglassError, name?: InstanceName): DataSet {
    const item = name === undefined ? new DataSet() : named(name);
    return item.setNumber(Tags.FailureReason, 'US', this.#reasonOf(error));
  }

  /** Failure Reason (0008,1197). */
  #reasonOf(error: LeadglassError): number {
    if (error.field === this.#options.otherStudyField) return otherStudyReason;
    if (error instanceof RefusedError && error.reason === 'sop-class') return sopClassReason;
    if (error.code === 'UNSUPPORTED' && aboutEncoding.has(error.field ?? '')) return transferSyntaxReason;
    return storeFailures[error.code];
  }
}

function named({ sopClassUid, sopInstanceUid }: InstanceName): DataSet {
  return new DataSet()
    .setText(Tags.ReferencedSOPClassUID, 'UI', sopClassUid)
    .setText(Tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid);
}
