/**
 * In which transfer syntaxes an instance can be had, and how it is read in one of them. Stored bytes pass unread where nothing
 * has to change.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { canTranscode, transcode } from '../../../dicom/transcode.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { canDerive, derivedUid, lossySyntaxes } from '../../../transcoding/derivation.ts';
import { canTranscodeInstance, transcodeInstance } from '../../../transcoding/transcode-instance.ts';
import type { WebServices } from '../web-handler.ts';

/** What is offered besides the stored one, those that clients ask for most in front. */
const plain: readonly Uid[] = [
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.DeflatedExplicitVrLittleEndian,
];
const compressed: readonly Uid[] = [
  TransferSyntaxes.JPEG2000Lossless,
  TransferSyntaxes.JPEGLSLossless,
  TransferSyntaxes.HTJ2KLossless,
  TransferSyntaxes.HTJ2KLosslessRPCL,
  TransferSyntaxes.RLELossless,
];

/** In which transfer syntaxes it can be had. */
export interface Available {
  /** The stored one first, and those in which it is the same image. */
  readonly exact: readonly Uid[];
  /** In which it is another one, with loss: for who names the syntax, and for nobody else. */
  readonly lossy: readonly Uid[];
}

export function availableOf({ transferSyntaxUid, head }: StoredInstance, services: WebServices): Available {
  const exact = syntaxesOf(transferSyntaxUid, services);
  if (services.transcoding === undefined) return { exact, lossy: [] };
  const isLossy = (to: Uid): boolean => canDerive(transferSyntaxUid, to, head.sopClassUid) && !exact.includes(to);
  return { exact, lossy: lossySyntaxes.filter(isLossy) };
}

/** Transfer syntaxes of an instance that is stored in `stored`, which is the first. */
export function syntaxesOf(stored: Uid, { transcoding }: Pick<WebServices, 'transcoding'>): readonly Uid[] {
  const others =
    transcoding === undefined
      ? plain.filter((target) => canTranscode(stored, target))
      : [...plain, ...compressed].filter((target) => canTranscodeInstance(stored, target));
  return [stored, ...others.filter((target) => target !== stored)];
}

export interface ReadingFacts {
  readonly services: WebServices;
  /** Who takes turns with others at the codecs. */
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** The UID under which it leaves: a lossy copy is another instance (PS3.3 C.7.6.1.1.5). */
export function uidIn(instance: StoredInstance, transferSyntaxUid: Uid): Uid {
  return isDerived(instance, transferSyntaxUid)
    ? derivedUid(instance, transferSyntaxUid)
    : instance.head.sopInstanceUid;
}

function isDerived({ transferSyntaxUid: from, head }: StoredInstance, to: Uid): boolean {
  return !canTranscodeInstance(from, to) && canDerive(from, to, head.sopClassUid);
}

/** Its data set in a transfer syntax of `availableOf`. */
export function readIn(
  instance: StoredInstance,
  transferSyntaxUid: Uid,
  { services, owner, signal }: ReadingFacts,
): AsyncIterable<Uint8Array> {
  const { transferSyntaxUid: from } = instance;
  if (transferSyntaxUid === from) return instance.read();
  const { transcoding, limits } = services;
  if (transcoding === undefined || canTranscode(from, transferSyntaxUid)) {
    return transcode(instance.read(), { from, to: transferSyntaxUid, limits: limits.dataSet });
  }
  const derived = isDerived(instance, transferSyntaxUid)
    ? { derived: { sopInstanceUid: derivedUid(instance, transferSyntaxUid) } }
    : {};
  return transcodeInstance(instance, transferSyntaxUid, { services: transcoding, owner, signal, ...derived });
}
