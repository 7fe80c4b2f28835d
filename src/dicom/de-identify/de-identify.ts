/**
 * De-identification of a stored instance by the Basic Application Level Confidentiality Profile and its options, PS3.15 annex E.
 * What comes out is another instance: readable from any place, of known length, with its own UIDs and none of its bytes in memory
 * but the changed attributes.
 */
import { LeadglassError } from '../../error.ts';
import type { DataSet } from '../data-set.ts';
import { knownTransferSyntax } from '../data-set-codec.ts';
import type { DataSetLimits, KeptLimits } from '../data-set-limits.ts';
import { DataSetWalker } from '../data-set-walker.ts';
import { Tags } from '../dictionary/tags.generated.ts';
import { plainBytes, type RangedBytes, type StoredBytes } from '../ranged-bytes.ts';
import { readHead } from '../read-head.ts';
import type { Tag } from '../tag.ts';
import { TransferSyntaxes } from '../transfer-syntax.ts';
import { knownUid, parseUid, type Uid } from '../uid.ts';
import { walkRanges } from '../walk-ranges.ts';
import type { Options } from './actions.ts';
import { methodElements } from './dummies.ts';
import type { Pieces } from './pieces.ts';
import { Planner, type PlannerLimits } from './planner.ts';
import { patientKey, type Pseudonyms } from './pseudonyms.ts';
import { lookedAt, whyNotClean } from './refusal.ts';

export interface DeIdentifyFacts {
  readonly options: Options;
  readonly pseudonyms: Pseudonyms;
  /** Only kinds of images that usually hold no text in their pixels: for what is handed out without a person who looks. */
  readonly strict: boolean;
  readonly limits: DataSetLimits & KeptLimits & PlannerLimits;
}

/** How an instance reads when it is de-identified; made of its attributes, not of its pixels. */
export interface DeIdentifiedPlan {
  readonly pieces: Pieces;
  /** That of the stored one; explicit VR little endian where that is deflated. */
  readonly transferSyntaxUid: Uid;
  readonly sopClassUid: Uid;
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly sopInstanceUid: Uid;
}

/** The UID that stands for another one under these options. */
function replacementUid(uid: Uid, { options, pseudonyms }: Pick<DeIdentifyFacts, 'options' | 'pseudonyms'>): Uid {
  return options.has('retain-uids') ? uid : pseudonyms.uid(uid);
}

/** Refused since nothing here could clean it; the text says why and names nobody. */
export class NotCleanError extends LeadglassError {
  constructor(why: string) {
    super('UNSUPPORTED', `Cannot de-identify the instance: ${why}`);
  }
}

/**
 * Reads the attributes and plans what becomes of them; pixels are not read.
 * @throws NotCleanError; LeadglassError UNSUPPORTED, MALFORMED, LIMIT_EXCEEDED; what reading throws
 */
export async function planDeIdentified(stored: StoredBytes, facts: DeIdentifyFacts): Promise<DeIdentifiedPlan> {
  const { limits, strict } = facts;
  const { dataSet: head } = await readHead(stored, { want: (tag) => lookedAt.has(tag), limits });
  const why = whyNotClean(head, { strict });
  if (why !== undefined) throw new NotCleanError(why);
  const uid = (tag: Tag, field: string): Uid => parseUid(head.text(tag) ?? '', field);
  const uids = {
    sopClassUid: uid(Tags.SOPClassUID, 'SOP Class UID'),
    studyInstanceUid: replacementUid(uid(Tags.StudyInstanceUID, 'Study Instance UID'), facts),
    seriesInstanceUid: replacementUid(uid(Tags.SeriesInstanceUID, 'Series Instance UID'), facts),
    sopInstanceUid: replacementUid(uid(Tags.SOPInstanceUID, 'SOP Instance UID'), facts),
  };
  const pieces = await planned(stored, head, { ...facts, added: methodElements(facts.options) });
  const syntax = knownTransferSyntax(stored.transferSyntaxUid);
  const transferSyntaxUid = syntax.deflated ? TransferSyntaxes.ExplicitVrLittleEndian : syntax.uid;
  return { pieces, transferSyntaxUid: knownUid(transferSyntaxUid), ...uids };
}

/**
 * The pieces alone, without the question whether pixels are clean: for what has none (answers to a search).
 * @param head at least Patient ID and its issuer, where the data set has them
 */
export async function planned(
  stored: StoredBytes,
  head: DataSet,
  { options, pseudonyms, limits, added }: DeIdentifyFacts & { readonly added: DataSet },
): Promise<Pieces> {
  const syntax = knownTransferSyntax(stored.transferSyntaxUid);
  const patient = patientKey({
    issuerOfPatientId: head.text(Tags.IssuerOfPatientID) ?? '',
    patientId: head.text(Tags.PatientID) ?? '',
    studyInstanceUid: head.text(Tags.StudyInstanceUID) ?? '',
  });
  let walker: DataSetWalker | undefined;
  const planner = new Planner(syntax, {
    options,
    limits,
    uid: (uid) => pseudonyms.uid(uid),
    patient: pseudonyms.patient(patient),
    shiftDays: pseudonyms.shiftDays(patient),
    added,
    offset: () => walker?.offset ?? 0,
  });
  walker = new DataSetWalker(syntax, { limits, visitor: planner });
  for await (const _walked of walkRanges(plainBytes(stored, limits), walker));
  walker.end();
  return planner.end();
}

/** The de-identified data set's bytes. Of a deflated source each call begins anew. */
export function deIdentifiedBytes(stored: StoredBytes, plan: DeIdentifiedPlan, limits: DataSetLimits): RangedBytes {
  const { pieces } = plan;
  return {
    lengthBytes: pieces.lengthBytes,
    readRange: (offset, lengthBytes) => pieces.readRange(plainBytes(stored, limits), offset, lengthBytes),
  };
}
