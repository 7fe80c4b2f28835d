/** The bytes of one value of a stored instance, found anew each time: whoever asks twice may be asking for another part. */
import type { StoredInstance } from '../../../backends/backend.ts';
import { LeadglassError } from '../../../error.ts';
import type { ElementPath } from '../../../dicom/models/element-path.ts';
import { valueAtPath } from '../../../dicom/models/value-at-path.ts';
import type { ByteRange } from '../http/range.ts';
import type { WebLimits } from '../web-handler.ts';
import { sliced } from './representation.ts';

export function valueOf(
  instance: StoredInstance,
  path: ElementPath,
  limits: WebLimits,
): ReturnType<typeof valueAtPath> {
  const { transferSyntaxUid } = instance;
  return valueAtPath(instance.read(), { path, transferSyntaxUid, limits: limits.dataSet });
}

/** The bytes of a value that is not encapsulated, in little endian order; all, or those of a range. */
export async function* valueBytes(
  instance: StoredInstance,
  { path, limits, range }: { readonly path: ElementPath; readonly limits: WebLimits; readonly range?: ByteRange },
): AsyncGenerator<Uint8Array, void, undefined> {
  const found = await valueOf(instance, path, limits);
  if (found === undefined || 'encapsulated' in found) {
    throw new LeadglassError('CORRUPT', 'What is stored is not what it was; ask the archive');
  }
  yield* range === undefined ? found.chunks : sliced(found.chunks, range);
}
