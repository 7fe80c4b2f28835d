/**
 * Which presentation contexts a device gets: those of the operations that its opening names, in every transfer syntax that the
 * service can take (PS3.4 B.5, C.5, J.3, PS3.7 D.3.3.4). What is not open is refused here already, and again at each use.
 */
import { isStorageSopClass, SopClasses } from '../../dicom/sop-class.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import type { Uid } from '../../dicom/uid.ts';
import type { OpeningOperation } from '../../guard/opening.ts';
import type { InformationModel } from '../../dicom/query.ts';
import type { DeclinedProposal } from '../../guard/session.ts';
import { canTranscodeInstance } from '../../transcoding/transcode-instance.ts';
import type {
  ExtendedNegotiation,
  PresentationContextProposal,
  PresentationContextResult,
} from '../../upper-layer/association-types.ts';
import type { NegotiationPolicy, Roles } from '../../upper-layer/negotiation.ts';

/** What the door asks the guard before any operation: could this opening ever admit it? */
export interface Offer {
  offers(operation: OpeningOperation, sopClassUid?: Uid): boolean;
}

export interface QueryRetrieveClass {
  readonly model: InformationModel;
  readonly operation: 'find' | 'get' | 'move';
}

/** The query/retrieve SOP classes that we provide (PS3.4 C.6.1, C.6.2). */
export const queryRetrieveClasses: ReadonlyMap<Uid, QueryRetrieveClass> = new Map([
  [SopClasses.PatientRootQueryRetrieveInformationModelFind, { model: 'patient-root', operation: 'find' }],
  [SopClasses.PatientRootQueryRetrieveInformationModelGet, { model: 'patient-root', operation: 'get' }],
  [SopClasses.PatientRootQueryRetrieveInformationModelMove, { model: 'patient-root', operation: 'move' }],
  [SopClasses.StudyRootQueryRetrieveInformationModelFind, { model: 'study-root', operation: 'find' }],
  [SopClasses.StudyRootQueryRetrieveInformationModelGet, { model: 'study-root', operation: 'get' }],
  [SopClasses.StudyRootQueryRetrieveInformationModelMove, { model: 'study-root', operation: 'move' }],
]);

/** Command-like data sets: explicit first, since it says what it holds. Big endian only for the last who need it. */
const messageSyntaxes: readonly Uid[] = [
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.ImplicitVrLittleEndian,
  TransferSyntaxes.DeflatedExplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrBigEndian,
];

/** Never a way to encode a data set on an association: names of the standard that are not for us. */
const notForAssociations: ReadonlySet<Uid> = new Set([
  TransferSyntaxes.RFC2557MIMEEncapsulation,
  TransferSyntaxes.XMLEncoding,
  TransferSyntaxes.SMPTEST211020UncompressedProgressiveActiveVideo,
  TransferSyntaxes.SMPTEST211020UncompressedInterlacedActiveVideo,
  TransferSyntaxes.SMPTEST211030PCMDigitalAudio,
  TransferSyntaxes.Papyrus3ImplicitVrLittleEndian,
]);

/** Instances are kept as they come, so every syntax of the standard is taken, retired ones too: old archives hold them. */
const storageSyntaxes: readonly Uid[] = Object.values(TransferSyntaxes).filter((uid) => !notForAssociations.has(uid));

/**
 * One context has one transfer syntax, and it is agreed on before anybody knows what will be fetched: better one to which
 * instances can be converted than one in which only those leave that happen to be stored in it.
 */
const alwaysSendable: ReadonlySet<Uid> = new Set(
  storageSyntaxes.filter((uid) => canTranscodeInstance(TransferSyntaxes.ExplicitVrLittleEndian, uid)),
);

/** What a SOP class is proposed for. */
function operationFor(abstractSyntax: Uid): OpeningOperation {
  if (abstractSyntax === SopClasses.Verification) return 'verify';
  if (abstractSyntax === SopClasses.StorageCommitmentPushModel) return 'commit';
  return queryRetrieveClasses.get(abstractSyntax)?.operation ?? 'store';
}

/**
 * What was proposed and declined because no opening allows it, each SOP class once. Classes of storage that we do not know, private
 * ones above all, are answered as not supported; an opening could have named them, so they belong here, too.
 */
export function declinedProposals(
  proposed: readonly Pick<PresentationContextProposal, 'abstractSyntax'>[],
  results: readonly Pick<PresentationContextResult, 'result'>[],
): readonly DeclinedProposal[] {
  const declined = new Set<Uid>();
  for (const [index, { result }] of results.entries()) {
    const sopClassUid = proposed[index]?.abstractSyntax;
    if (sopClassUid === undefined) continue;
    // PS3.8 table 9-18: 1 is user-rejection, 3 is abstract-syntax-not-supported.
    if (result === 1 || (result === 3 && mayBeStorage(sopClassUid))) declined.add(sopClassUid);
  }
  return [...declined].map((sopClassUid) => ({ operation: operationFor(sopClassUid), sopClassUid }));
}

/** Of the standard's root only this branch holds storage classes that a later edition may add; a private class may be anything. */
function mayBeStorage(sopClassUid: Uid): boolean {
  return !sopClassUid.startsWith('1.2.840.10008.') || sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.');
}

/** The policy of one association. */
export function negotiationPolicy(offer: Offer): NegotiationPolicy {
  return {
    transferSyntaxes: (abstractSyntax) => {
      if (abstractSyntax === SopClasses.Verification) return offer.offers('verify') ? messageSyntaxes : 'refused';
      if (abstractSyntax === SopClasses.StorageCommitmentPushModel) {
        return offer.offers('commit') ? messageSyntaxes : 'refused';
      }
      const service = queryRetrieveClasses.get(abstractSyntax);
      if (service !== undefined) return offer.offers(service.operation) ? messageSyntaxes : 'refused';
      if (offer.offers('store', abstractSyntax)) return storageSyntaxes;
      if (isStorageSopClass(abstractSyntax)) return offer.offers('get') ? storageSyntaxes : 'refused';
      // A private storage class that may be stored here may also be fetched.
      return 'unsupported';
    },
    roles: (sopClassUid): Roles => {
      const isService =
        sopClassUid === SopClasses.Verification ||
        sopClassUid === SopClasses.StorageCommitmentPushModel ||
        queryRetrieveClasses.has(sopClassUid);
      if (isService) return { requestorScu: true, requestorScp: false };
      return { requestorScu: offer.offers('store', sopClassUid), requestorScp: offer.offers('get') };
    },
    // The sender knows what it has; conversion at its side is its own affair.
    preference: 'theirs',
    alwaysSendable,
  };
}

const none: QueryExtensions = { relational: false, dateTimeCombined: false, fuzzy: false };

export interface QueryExtensions {
  readonly relational: boolean;
  readonly dateTimeCombined: boolean;
  readonly fuzzy: boolean;
}

/**
 * Extended negotiation of query/retrieve (PS3.4 C.5.1.1, one byte each: relational queries, combined date-time, fuzzy
 * matching, time zone). We take the first three.
 */
export function extendedNegotiation(proposals: readonly ExtendedNegotiation[]): {
  readonly answers: readonly ExtendedNegotiation[];
  readonly of: (sopClassUid: Uid) => QueryExtensions;
} {
  const agreed = new Map<Uid, QueryExtensions>();
  const answers: ExtendedNegotiation[] = [];
  for (const { sopClassUid, information } of proposals) {
    if (!queryRetrieveClasses.has(sopClassUid)) continue;
    const relational = information[0] === 1;
    const dateTimeCombined = information[1] === 1;
    const fuzzy = information[2] === 1;
    agreed.set(sopClassUid, { relational, dateTimeCombined, fuzzy });
    // As many bytes as were offered, each 0 that we do not do.
    const answer = new Uint8Array(information.length);
    if (relational) answer[0] = 1;
    if (dateTimeCombined) answer[1] = 1;
    if (fuzzy) answer[2] = 1;
    answers.push({ sopClassUid, information: answer });
  }
  return { answers, of: (uid) => agreed.get(uid) ?? none };
}
