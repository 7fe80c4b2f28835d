/**
 * Segments over images, drawn on a canvas of their own above what Cornerstone draws: it lies where the image lies, turned and moved
 * with it, with and without WebGL.
 */
import type { ImageFacts, Triple } from '../model/image-facts.ts';
import { framesOver, paintMask, type Segment, type Segmentation, segmentationOf } from '../model/segmentation.ts';
import { pointAt } from '../model/space.ts';
import { fetchValues } from './frame-source.ts';
import type { Pane } from './pane.ts';
import { metadataOf } from './series-loader.ts';

const opacity = 0.45;
/** Painted masks that are kept, so that who goes back and forth does not wait. */
const paintedMax = 24;

interface Painted {
  readonly canvas: OffscreenCanvas;
  /** Whose rows, columns and place it has. */
  readonly facts: ImageFacts;
}

export class SegmentOverlay {
  readonly series: string;
  readonly #segmentations: readonly Segmentation[];
  readonly #signal: AbortSignal;
  readonly #painted = new Map<string, Promise<readonly Painted[]>>();

  private constructor(series: string, segmentations: readonly Segmentation[], signal: AbortSignal) {
    this.series = series;
    this.#segmentations = segmentations;
    this.#signal = signal;
  }

  /** @throws ApiError; Error where the series has no segments */
  static async load(study: string, series: string, signal: AbortSignal): Promise<SegmentOverlay> {
    const instances = await metadataOf(study, series, signal);
    const found = instances.flatMap((metadata) => segmentationOf(study, series, metadata) ?? []);
    if (found.length === 0) throw new Error('There are no segments in this series');
    return new SegmentOverlay(series, found, signal);
  }

  /** Those that lie over an image. */
  segmentsOver(image: ImageFacts): readonly Segment[] {
    return this.#segmentations.flatMap((segmentation) => {
      const numbers = new Set(framesOver(segmentation, image).map(({ segment }) => segment));
      return segmentation.segments.filter(({ number }) => numbers.has(number) || numbers.has(undefined));
    });
  }

  /** Draws what lies over the image that the pane shows; nothing where another one came meanwhile. */
  async draw(pane: Pane, canvas: HTMLCanvasElement): Promise<void> {
    const image = pane.facts;
    if (image === undefined) return;
    const painted = await this.#paintedFor(image);
    if (pane.facts !== image || pane.isClosed) return;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const ratio = devicePixelRatio || 1;
    for (const { canvas: mask, facts } of painted) {
      const where = facts.plane === undefined || image.plane === undefined ? image : facts;
      const corner = (column: number, row: number): readonly [number, number] => {
        const [x, y, z]: Triple = pointAt(where, [column - 0.5, row - 0.5]);
        return pane.viewport.worldToCanvas([x, y, z]);
      };
      const [x, y] = corner(0, 0);
      const [rightX, rightY] = corner(facts.columns, 0);
      const [downX, downY] = corner(0, facts.rows);
      context.setTransform(
        ((rightX - x) / facts.columns) * ratio,
        ((rightY - y) / facts.columns) * ratio,
        ((downX - x) / facts.rows) * ratio,
        ((downY - y) / facts.rows) * ratio,
        x * ratio,
        y * ratio,
      );
      context.imageSmoothingEnabled = false;
      context.drawImage(mask, 0, 0);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #paintedFor(image: ImageFacts): Promise<readonly Painted[]> {
    const key = `${image.place.instance}/${image.place.frame}`;
    const known = this.#painted.get(key);
    if (known !== undefined) return known;
    const painting = this.#paint(image);
    this.#painted.set(key, painting);
    painting.catch(() => this.#painted.delete(key));
    const [oldest] = this.#painted.keys();
    if (this.#painted.size > paintedMax && oldest !== undefined) this.#painted.delete(oldest);
    return painting;
  }

  async #paint(image: ImageFacts): Promise<readonly Painted[]> {
    const painted: Painted[] = [];
    for (const segmentation of this.#segmentations) {
      for (const frame of framesOver(segmentation, image)) {
        const { rows, columns, place } = frame.facts;
        const bytes = new Uint8Array(await fetchValues(place, this.#signal));
        const pixels = new ImageData(columns, rows);
        paintMask(bytes, pixels.data, { frame, segmentation, opacity });
        const canvas = new OffscreenCanvas(columns, rows);
        canvas.getContext('2d')?.putImageData(pixels, 0, 0);
        painted.push({ canvas, facts: frame.facts });
      }
    }
    return painted;
  }
}
