/** The value of an image that is in memory, at a point of the patient. */
import { cache, type Types } from '@cornerstonejs/core';
import type { ImageFacts } from '../model/image-facts.ts';
import { pixelAt } from '../model/space.ts';

/** Undefined: outside of it, a picture with colours, or not in memory any more. */
export function pixelValue(imageId: string, facts: ImageFacts, [x, y, z]: Types.Point3): number | undefined {
  if (facts.kind === 'picture') return undefined;
  const [column, row] = pixelAt(facts, [x, y, z]).map(Math.round);
  if (column === undefined || row === undefined) return undefined;
  if (column < 0 || row < 0 || column >= facts.columns || row >= facts.rows) return undefined;
  const image = cache.getImage(imageId);
  const value: unknown = image?.voxelManager?.getAtIndex(row * facts.columns + column);
  return typeof value === 'number' ? value : undefined;
}
