/** The measurements that are drawn on images, as the list beside them and a report need them. */
import type { Types } from '@cornerstonejs/core';
import { annotation } from '@cornerstonejs/tools';
import type { ImageFacts } from '../model/image-facts.ts';
import type { Measured } from '../model/measured.ts';
import { pixelAt } from '../model/space.ts';
import { pixelValue } from './pixel-value.ts';
import { measureToolOf, type Screen } from './screen.ts';

export interface Measurement extends Measured {
  readonly uid: string;
  readonly imageId: string;
  readonly facts: ImageFacts;
}

/** In the order in which they were made. Those whose image was never drawn have no numbers yet and are left out. */
export function measurementsOf(screen: Screen): readonly Measurement[] {
  return annotation.state.getAllAnnotations().flatMap(({ annotationUID, metadata, data }) => {
    const tool = measureToolOf(metadata?.toolName ?? '');
    const imageId = metadata?.referencedImageId;
    const facts = screen.frames.factsOf(imageId);
    const [stats] = Object.values<Readonly<Record<string, unknown>>>(Object(data.cachedStats ?? {}));
    const points: readonly Types.Point3[] = data.handles?.points ?? [];
    if (tool === undefined || imageId === undefined || facts === undefined || annotationUID === undefined) return [];
    if (stats === undefined || points.length === 0) return [];
    const number = (name: string): number | undefined => {
      const value = stats[name];
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    };
    const unit = (name: string): string => (typeof stats[name] === 'string' ? stats[name] : '');
    return {
      uid: annotationUID,
      imageId,
      facts,
      tool,
      points: points.map(([x, y, z]) => pixelAt(facts, [x, y, z])),
      lengthMm: unit('unit') === 'mm' ? number('length') : undefined,
      lengthPixels: unit('unit') === 'px' ? number('length') : undefined,
      angle: tool === 'angle' ? number('angle') : undefined,
      areaMm2: unit('areaUnit').startsWith('mm') ? number('area') : undefined,
      areaPixels: unit('areaUnit').startsWith('px') ? number('area') : undefined,
      mean: number('mean'),
      deviation: number('stdDev'),
      min: number('min'),
      max: number('max'),
      value: tool === 'probe' && points[0] !== undefined ? pixelValue(imageId, facts, points[0]) : undefined,
      unit: facts.modality === 'CT' ? 'HU' : '',
    };
  });
}

export function removeMeasurement(screen: Screen, uid: string): void {
  annotation.state.removeAnnotation(uid);
  for (const pane of screen.panes.values()) pane.viewport.render();
}
