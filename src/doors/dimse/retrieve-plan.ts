/**
 * How an instance can leave: as it is stored where the receiver takes that transfer syntax, else converted between the
 * syntaxes that need no codec (PS3.4 C.4.2, C.4.3; PS3.5 Annex A).
 */
import type { StoredInstance } from '../../backends/backend.ts';
import type { DataSetLimits } from '../../dicom/data-set-limits.ts';
import { canTranscode, transcode } from '../../dicom/transcode.ts';
import type { Uid } from '../../dicom/uid.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';

export interface Leaving {
  readonly context: AcceptedContext;
  read(): AsyncIterable<Uint8Array>;
}

/**
 * The best context for this instance, or why there is none: nothing was negotiated for its SOP class, or only transfer
 * syntaxes that would need a codec.
 */
export function planLeaving(
  instance: StoredInstance,
  contexts: Iterable<AcceptedContext>,
  limits: DataSetLimits,
): Leaving | 'sop-class' | 'transfer-syntax' {
  let converted: AcceptedContext | undefined;
  let isOffered = false;
  for (const context of contexts) {
    if (context.abstractSyntax !== instance.head.sopClassUid) continue;
    isOffered = true;
    if (context.transferSyntax === instance.transferSyntaxUid) return { context, read: () => instance.read() };
    if (converted === undefined && canTranscode(instance.transferSyntaxUid, context.transferSyntax))
      converted = context;
  }
  if (converted === undefined) return isOffered ? 'transfer-syntax' : 'sop-class';
  const context = converted;
  return {
    context,
    read: () => transcode(instance.read(), { from: instance.transferSyntaxUid, to: context.transferSyntax, limits }),
  };
}

/** Transfer syntaxes to offer for an instance that goes to another AE: as stored first, then what it can be converted to. */
export function offeredTransferSyntaxes(stored: Uid, uncompressed: readonly Uid[]): readonly Uid[] {
  return [stored, ...uncompressed.filter((uid) => uid !== stored && canTranscode(stored, uid))];
}
