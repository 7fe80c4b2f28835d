/**
 * The picture that stands for a document, a waveform or a video among thumbnails: a page with what kind it is. Nothing of the instance
 * itself is on it, since titles name patients and a thumbnail may not (PS3.18 10.4.3.3.4).
 */
import type { Marks } from '../draw-marks.ts';
import type { ImageFacts } from '../image-facts.ts';
import { blankImage } from '../image-facts.ts';
import type { Graphic, Rgb, Spot } from '../marks.ts';

/** To be drawn with `pageMarks` over it. */
export const pageImage: ImageFacts = blankImage({ rows: 256, columns: 256 });

const paper: Rgb = [225, 225, 225];
const folded: Rgb = [150, 150, 150];
const ink: Rgb = [0, 0, 0];

const outline = [0.2, 0.08, 0.62, 0.08, 0.8, 0.26, 0.8, 0.92, 0.2, 0.92, 0.2, 0.08];
const corner = [0.62, 0.08, 0.62, 0.26, 0.8, 0.26, 0.62, 0.08];
const lines = [0.62, 0.7, 0.78].map((y) => [0.3, y, 0.7, y]);

/** @param label short: it stands in the middle of the page */
export function pageMarks(label: string): Marks {
  const [from, to]: readonly [Spot, Spot] = [
    { units: 'display', x: 0.2, y: 0.4 },
    { units: 'display', x: 0.8, y: 0.5 },
  ];
  const graphics = [area(outline, paper), area(corner, folded), ...lines.map((line) => area(line, folded))];
  const captions = [{ lines: [label], box: { from, to, align: 'center' as const }, colour: [255, 255, 255] as const }];
  return { layers: [{ colour: ink, overlays: [], graphics, captions }] };
}

function area(points: readonly number[], colour: Rgb): Graphic {
  return {
    kind: 'polyline',
    units: 'display',
    points: Float64Array.from(points),
    isFilled: true,
    colour,
    fillColour: colour,
    fillOpacity: 1,
    thickness: 1,
  };
}
