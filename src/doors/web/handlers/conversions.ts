/**
 * In which transfer syntaxes an instance can be had, and how it is read in one of them. Stored bytes pass unread where nothing
 * has to change.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { canTranscode, transcode } from '../../../dicom/transcode.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import type { Uid } from '../../../dicom/uid.ts';
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

/** Its data set in a transfer syntax of `syntaxesOf`. */
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
  return transcodeInstance(instance, transferSyntaxUid, { services: transcoding, owner, signal });
}
