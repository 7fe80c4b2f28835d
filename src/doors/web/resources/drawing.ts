/**
 * From the parameters of a rendered resource and an image to what the renderer does: PS3.18 8.3.5.1.3 and 8.3.5.1.4. Bounds that
 * depend on the image are checked here, since only now it is known.
 */
import { LeadglassError } from '../../../error.ts';
import type { DrawOptions } from '../../../rendering/draw.ts';
import type { ImageFacts } from '../../../rendering/image-facts.ts';
import type { RenderingParameters, SourceRegion } from './rendering-parameters.ts';
import type { RelativeRegion } from './wado-uri.ts';

export interface Drawing {
  readonly image: ImageFacts;
  readonly options: DrawOptions;
}

/** Of rendered resources, and of the URI service, whose regions are shares of the image (9.5.1.2.5). */
export interface DrawingParameters extends RenderingParameters {
  readonly share?: RelativeRegion;
}

/** @throws LeadglassError BAD_REQUEST for a region that is not in the image */
export function drawingOf(image: ImageFacts, { viewport, window, share }: DrawingParameters): Drawing {
  const isGrey = image.frame.samplesPerPixel === 1 && image.palette === undefined;
  return {
    // Colours have no window (PS3.3 C.11.2 is of greyscale).
    image: window !== undefined && isGrey ? { ...image, voi: { kind: 'window', ...window } } : image,
    options: {
      ...(viewport === undefined ? {} : { viewport: sides(viewport), ...regionOf(viewport.region, image) }),
      ...(share === undefined ? {} : { area: areaOf(share, image) }),
    },
  };
}

function sides({ width, height }: { readonly width: number; readonly height: number }): DrawOptions['viewport'] & {} {
  return { width, height };
}

function regionOf(region: SourceRegion | undefined, { frame }: ImageFacts): Pick<DrawOptions, 'area' | 'turn'> {
  if (region === undefined) return {};
  const { flipsHorizontally, flipsVertically } = region;
  const [left, right] = span(region.left, region.width, frame.columns);
  const [top, bottom] = span(region.top, region.height, frame.rows);
  return {
    area: { left, top, width: right - left, height: bottom - top },
    turn: { flipsHorizontally, flipsVertically, rotation: 0 },
  };
}

function areaOf({ left, top, right, bottom }: RelativeRegion, { frame }: ImageFacts): DrawOptions['area'] & {} {
  const [fromColumn, toColumn] = span(left * frame.columns, (right - left) * frame.columns, frame.columns);
  const [fromRow, toRow] = span(top * frame.rows, (bottom - top) * frame.rows, frame.rows);
  return { left: fromColumn, top: fromRow, width: toColumn - fromColumn, height: toRow - fromRow };
}

/** Whole pixels of a side; what reaches beyond the edge ends there. */
function span(start: number, length: number | undefined, side: number): readonly [number, number] {
  const from = Math.floor(start);
  const to = length === undefined ? side : Math.min(side, Math.ceil(start + length));
  if (from < side && to > from) return [from, to];
  throw new LeadglassError(
    'BAD_REQUEST',
    `Cannot draw the picture: the viewport's region begins outside of the image`,
    {
      field: 'viewport',
    },
  );
}
