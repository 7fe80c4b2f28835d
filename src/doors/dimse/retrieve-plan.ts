/**
 * How an instance can leave: as it is stored where the receiver takes that transfer syntax, else converted to one that it takes
 * (PS3.4 C.4.2, C.4.3; PS3.5 Annex A), by the way that costs least.
 */
import type { StoredInstance } from '../../backends/backend.ts';
import { canTranscode } from '../../dicom/transcode.ts';
import { TransferSyntaxes, transferSyntaxInfo } from '../../dicom/transfer-syntax.ts';
import type { Uid } from '../../dicom/uid.ts';
import {
  canTranscodeInstance,
  transcodeInstance,
  type TranscodeServices,
} from '../../transcoding/transcode-instance.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';

export interface Leaving {
  readonly context: AcceptedContext;
  /** What is read is not what is stored: reading may fail because it cannot be converted. */
  readonly isConverted: boolean;
  read(): AsyncIterable<Uint8Array>;
}

export interface LeavingFacts {
  readonly transcoding: TranscodeServices;
  /** Who takes turns with others at the codecs: the device that asks. */
  readonly owner: string;
}

/**
 * The best context for this instance, or why there is none: nothing was negotiated for its SOP class, or only transfer
 * syntaxes to which nothing leads from its own.
 */
export function planLeaving(
  instance: StoredInstance,
  contexts: Iterable<AcceptedContext>,
  { transcoding, owner }: LeavingFacts,
): Leaving | 'sop-class' | 'transfer-syntax' {
  const stored = instance.transferSyntaxUid;
  let best: AcceptedContext | undefined;
  let isOffered = false;
  for (const context of contexts) {
    if (context.abstractSyntax !== instance.head.sopClassUid) continue;
    isOffered = true;
    if (!canTranscodeInstance(stored, context.transferSyntax)) continue;
    if (best === undefined || costOf(stored, context.transferSyntax) < costOf(stored, best.transferSyntax))
      best = context;
  }
  if (best === undefined) return isOffered ? 'transfer-syntax' : 'sop-class';
  const context = best;
  if (context.transferSyntax === stored) return { context, isConverted: false, read: () => instance.read() };
  return {
    context,
    isConverted: true,
    read: () => transcodeInstance(instance, context.transferSyntax, { services: transcoding, owner }),
  };
}

/** Not at all, without a codec, by decoding only, by encoding; among equals explicit VR, which loses no private VR. */
function costOf(from: Uid, to: Uid): number {
  if (from === to) return 0;
  const way = canTranscode(from, to) ? 1 : transferSyntaxInfo(to)?.encapsulated === true ? 3 : 2;
  return 2 * way + (to === TransferSyntaxes.ExplicitVrLittleEndian ? 0 : 1);
}

/** Transfer syntaxes to offer for an instance that goes to another AE: as stored first, then what it can be converted to. */
export function offeredTransferSyntaxes(stored: Uid, uncompressed: readonly Uid[]): readonly Uid[] {
  return [stored, ...uncompressed.filter((uid) => uid !== stored && canTranscodeInstance(stored, uid))];
}
