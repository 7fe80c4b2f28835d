/**
 * In which transfer syntaxes an instance can be had, and how it is read in one of them. Stored bytes pass unread where nothing
 * has to change.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { canTranscode, transcode } from '../../../dicom/transcode.ts';
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import type { Uid } from '../../../dicom/uid.ts';
import type { WebServices } from '../web-handler.ts';

/** What is offered besides the stored one, those that clients ask for most in front. */
const targets: readonly Uid[] = [
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.DeflatedExplicitVrLittleEndian,
];

/** Transfer syntaxes of an instance that is stored in `stored`, which is the first. */
export function syntaxesOf(stored: Uid): readonly Uid[] {
  return [stored, ...targets.filter((target) => target !== stored && canTranscode(stored, target))];
}

/** Its data set in a transfer syntax of `syntaxesOf`. */
export function readIn(
  instance: StoredInstance,
  transferSyntaxUid: Uid,
  { services }: { readonly services: WebServices; readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  if (transferSyntaxUid === instance.transferSyntaxUid) return instance.read();
  return transcode(instance.read(), {
    from: instance.transferSyntaxUid,
    to: transferSyntaxUid,
    limits: services.limits.dataSet,
  });
}
