/** Frames for tests of the viewer's models. */
import type { ImageFacts } from './image-facts.ts';

/** An axial frame of 4 by 6 at this depth. */
export function frameAt(z: number, more: Partial<ImageFacts> = {}): ImageFacts {
  return {
    place: { study: '1', series: '1.1', instance: `1.1.${z}`, frame: 1 },
    instanceNumber: 1,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    modality: 'CT',
    rows: 4,
    columns: 6,
    kind: 'values',
    bitsAllocated: 16,
    bitsStored: 16,
    isSigned: false,
    isInverted: false,
    slope: 1,
    intercept: 0,
    windows: [],
    spacing: { row: 0.5, column: 0.8, at: 'patient' },
    plane: { position: [-10, -20, z], along: [1, 0, 0], down: [0, 1, 0] },
    frameOfReferenceUid: '1.9',
    ...more,
  };
}
