/**
 * Which presentation contexts `get` proposes. An instance can only come as it is stored when its class and transfer syntax
 * have a context, so the peer is asked first what it has (C-FIND); what it does not tell is filled up with every transfer
 * syntax of the standard, the usual ones first, over as many associations as that takes.
 */
import { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import type { Tag } from '../dicom/tag.ts';
import { TransferSyntaxes, currentTransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { isUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { DicomClient, WantedContext } from './dicom-client.ts';

/** One instance that the peer says it has. */
export interface ListedInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid?: Uid;
  /** Empty when the peer does not tell. */
  readonly transferSyntaxUids: readonly Uid[];
}

/** What a peer told of what is to be retrieved. */
export interface Listing {
  readonly instances: readonly ListedInstance[];
  /** Those of the instances; of the studies, when the peer does not list instances. */
  readonly sopClassUids: readonly Uid[];
}

export type Model = 'study' | 'patient';

export const uncompressed: readonly Uid[] = [
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.ImplicitVrLittleEndian,
];

/** Every transfer syntax, those first in which archives keep most. Big endian is retired, but some archives still hold it. */
export const likelySyntaxes: readonly Uid[] = [
  ...new Set([
    ...uncompressed,
    TransferSyntaxes.JPEGLosslessSV1,
    TransferSyntaxes.JPEG2000Lossless,
    TransferSyntaxes.JPEGLSLossless,
    TransferSyntaxes.RLELossless,
    TransferSyntaxes.JPEGBaseline8Bit,
    TransferSyntaxes.JPEG2000,
    TransferSyntaxes.JPEGExtended12Bit,
    TransferSyntaxes.JPEGLSNearLossless,
    TransferSyntaxes.HTJ2KLossless,
    TransferSyntaxes.HTJ2KLosslessRPCL,
    TransferSyntaxes.HTJ2K,
    TransferSyntaxes.JPEGLossless,
    TransferSyntaxes.MPEG4HP41,
    TransferSyntaxes.MPEG2MPML,
    TransferSyntaxes.DeflatedExplicitVrLittleEndian,
    TransferSyntaxes.ExplicitVrBigEndian,
    ...currentTransferSyntaxes.map(({ uid }) => uid),
  ]),
];

export function findContexts(model: Model): readonly WantedContext[] {
  return [{ abstractSyntax: findClass(model), transferSyntaxes: uncompressed }];
}

function findClass(model: Model): Uid {
  return model === 'study'
    ? SopClasses.StudyRootQueryRetrieveInformationModelFind
    : SopClasses.PatientRootQueryRetrieveInformationModelFind;
}

const levels = ['STUDY', 'SERIES', 'IMAGE'] as const;
const keyOfLevel = {
  STUDY: Tags.StudyInstanceUID,
  SERIES: Tags.SeriesInstanceUID,
  IMAGE: Tags.SOPInstanceUID,
} as const;

/** Does the identifier bound what a walk from the top would list? */
export function canList(model: Model, wanted: DataSet): boolean {
  return (wanted.text(model === 'patient' ? Tags.PatientID : Tags.StudyInstanceUID) ?? '') !== '';
}

/**
 * Walks from the level of the identifier down to the instances, one level at a time as every peer must support it
 * (PS3.4 C.4.1.2.2.1).
 * @throws LeadglassError when the peer does not answer queries
 */
export async function listInstances(client: DicomClient, model: Model, wanted: DataSet): Promise<Listing> {
  const sopClassUid = findClass(model);
  const studyClasses = new Set<Uid>();
  const instances: ListedInstance[] = [];
  const descend = async (above: readonly (readonly [Tag, string])[], depth: number): Promise<void> => {
    const level = levels[depth];
    if (level === undefined) return;
    const key = keyOfLevel[level];
    const identifier = new DataSet().setText(Tags.QueryRetrieveLevel, 'CS', level);
    for (const [tag, value] of above) identifier.setText(tag, undefined, value);
    identifier.setText(key, 'UI', wanted.texts(key));
    if (level === 'STUDY') identifier.setText(Tags.SOPClassesInStudy, 'UI', '');
    if (level === 'IMAGE') {
      identifier.setText(Tags.SOPClassUID, 'UI', '');
      identifier.setText(Tags.AvailableTransferSyntaxUID, 'UI', '');
    }
    const found: string[] = [];
    for await (const match of client.find(sopClassUid, identifier)) {
      const uid = match.text(key) ?? '';
      if (!isUid(uid)) continue;
      if (level === 'IMAGE') {
        if (instances.length >= limits.getInstancesMax) {
          throw new LeadglassError('LIMIT_EXCEEDED', `The peer lists more than ${limits.getInstancesMax} instances`);
        }
        instances.push(listed(match, new Map(above), uid));
      } else found.push(uid);
      for (const one of match.texts(Tags.SOPClassesInStudy)) if (isUid(one)) studyClasses.add(one);
    }
    // One after the other: a peer answers one query of an association at a time.
    for (const uid of found) await descend([...above, [key, uid]], depth + 1);
  };
  const patientId = wanted.text(Tags.PatientID) ?? '';
  await descend(model === 'patient' ? [[Tags.PatientID, patientId]] : [], 0);
  const told = new Set(instances.flatMap(({ sopClassUid: uid }) => (uid === undefined ? [] : [uid])));
  return { instances, sopClassUids: [...(told.size > 0 ? told : studyClasses)] };
}

function listed(match: DataSet, above: ReadonlyMap<Tag, string>, sopInstanceUid: string): ListedInstance {
  const sopClassUid = match.text(Tags.SOPClassUID) ?? '';
  return {
    studyInstanceUid: above.get(Tags.StudyInstanceUID) ?? '',
    seriesInstanceUid: above.get(Tags.SeriesInstanceUID) ?? '',
    sopInstanceUid,
    ...(isUid(sopClassUid) ? { sopClassUid } : {}),
    transferSyntaxUids: match.texts(Tags.AvailableTransferSyntaxUID).filter((text) => isUid(text)),
  };
}

export interface Kind {
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
}
export const kindText = ({ sopClassUid, transferSyntaxUid }: Kind): string => `${sopClassUid} ${transferSyntaxUid}`;

/**
 * The kinds to propose, the likeliest first: those that the peer told, then each syntax for all classes. `proposed` are left
 * out.
 */
export function kindsFor({ instances, sopClassUids }: Listing, proposed: ReadonlySet<string>): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  const add = (kind: Kind): void => {
    if (!proposed.has(kindText(kind))) kinds.set(kindText(kind), kind);
  };
  for (const { sopClassUid, transferSyntaxUids } of instances) {
    if (sopClassUid === undefined) continue;
    for (const transferSyntaxUid of transferSyntaxUids) add({ sopClassUid, transferSyntaxUid });
  }
  for (const transferSyntaxUid of likelySyntaxes)
    for (const sopClassUid of sopClassUids) add({ sopClassUid, transferSyntaxUid });
  return [...kinds.values()];
}

/** What of these may still come on a further association: not what was proposed in every syntax that the peer told for it. */
export function worthAsking(missing: readonly ListedInstance[], proposed: ReadonlySet<string>): Listing {
  const instances = missing.filter(({ sopClassUid, transferSyntaxUids }) => {
    if (sopClassUid === undefined) return false;
    return (
      transferSyntaxUids.length === 0 ||
      transferSyntaxUids.some((transferSyntaxUid) => !proposed.has(kindText({ sopClassUid, transferSyntaxUid })))
    );
  });
  const classes = new Set(instances.flatMap(({ sopClassUid: uid }) => (uid === undefined ? [] : [uid])));
  return { instances, sopClassUids: [...classes] };
}

/** One identifier for each series (PS3.4 C.4.3.1.3.1: above the level a single value), with the instances as a list. */
export function identifiersOf(instances: readonly ListedInstance[], patientId: string | undefined): readonly DataSet[] {
  const series = Map.groupBy(instances, ({ studyInstanceUid, seriesInstanceUid }) =>
    [studyInstanceUid, seriesInstanceUid].join(' '),
  );
  return [...series.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const lists: DataSet[] = [];
    for (let at = 0; at < all.length; at += limits.getListMax) {
      const identifier = new DataSet()
        .setText(Tags.QueryRetrieveLevel, 'CS', 'IMAGE')
        .setText(Tags.StudyInstanceUID, 'UI', first.studyInstanceUid)
        .setText(Tags.SeriesInstanceUID, 'UI', first.seriesInstanceUid);
      if (patientId !== undefined) identifier.setText(Tags.PatientID, 'LO', patientId);
      const part = all.slice(at, at + limits.getListMax);
      identifier.setText(
        Tags.SOPInstanceUID,
        'UI',
        part.map(({ sopInstanceUid }) => sopInstanceUid),
      );
      lists.push(identifier);
    }
    return lists;
  });
}
