/** Segmentations (PS3.3 A.51, C.8.20): which segments there are, which frame shows which of them where, and their masks. Pure. */
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { groupOf, itemAt, itemsAt, numberAt, numbersAt, textAt } from './attributes.ts';
import { factsOf, type ImageFacts } from './image-facts.ts';
import { areParallel, depthOf, normalOf } from './space.ts';

export type Colour = readonly [red: number, green: number, blue: number];
export interface Segment {
  readonly number: number;
  readonly label: string;
  readonly colour: Colour;
}
export interface SegmentFrame {
  readonly facts: ImageFacts;
  /** Of a label map: every segment; its values are their numbers. */
  readonly segment: number | undefined;
  /** The images that it was drawn on, `instance` or `instance/frame`. */
  readonly sources: readonly string[];
}
export interface Segmentation {
  readonly segments: readonly Segment[];
  readonly frames: readonly SegmentFrame[];
  /** From here on a value is inside: half of the largest one of a probability. */
  readonly threshold: number;
  readonly bitsAllocated: number;
}

/** Where a segment names no colour: set apart also for those who see red and green alike. */
const usual: readonly Colour[] = [
  [230, 97, 71],
  [72, 168, 222],
  [240, 196, 76],
  [120, 200, 130],
  [190, 130, 220],
  [240, 140, 190],
];

/** Undefined: it is no segmentation of pixels. */
export function segmentationOf(study: string, series: string, metadata: DataSetJson): Segmentation | undefined {
  const type = textAt(metadata, '00620001');
  const frames = factsOf(study, series, metadata);
  if (!['BINARY', 'FRACTIONAL', 'LABELMAP'].includes(type) || frames.length === 0) return undefined;
  const segments = itemsAt(metadata, '00620002').map((item, index) => ({
    number: numberAt(item, '00620004') ?? index + 1,
    label: textAt(item, '00620005') || String(index + 1),
    colour: colourOf(numbersAt(item, '0062000D')) ?? usual[index % usual.length] ?? [255, 255, 255],
  }));
  const most = numberAt(metadata, '0062000E') ?? 255;
  return {
    segments,
    frames: frames.map((facts) => ({
      facts,
      segment: type === 'LABELMAP' ? undefined : numberAt(groupOf(metadata, facts.place.frame, '0062000A'), '0062000B'),
      sources: sourcesOf(groupOf(metadata, facts.place.frame, '00089124')),
    })),
    threshold: type === 'FRACTIONAL' ? most / 2 : 1,
    bitsAllocated: numberAt(metadata, '00280100') ?? 1,
  };
}

function sourcesOf(derivation: DataSetJson | undefined): readonly string[] {
  const source = itemAt(derivation, '00082112');
  const instance = textAt(source, '00081155');
  if (instance === '') return [];
  const frames = numbersAt(source, '00081160').filter(Number.isFinite);
  return frames.length === 0 ? [instance] : frames.map((frame) => `${instance}/${frame}`);
}

/** CIELab of the profile connection space (PS3.3 C.10.7.1.1) as sRGB. */
export function colourOf([l, a, b]: readonly number[]): Colour | undefined {
  if (l === undefined || a === undefined || b === undefined || ![l, a, b].every(Number.isFinite)) return undefined;
  const lightness = (l / 65_535) * 100;
  const fy = (lightness + 16) / 116;
  const fx = fy + ((a / 65_535) * 255 - 128) / 500;
  const fz = fy - ((b / 65_535) * 255 - 128) / 200;
  const inverse = (f: number): number => (f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29));
  // White of D50.
  const [x, y, z] = [0.9642 * inverse(fx), inverse(fy), 0.8251 * inverse(fz)];
  const linear = [
    3.1339 * x - 1.6169 * y - 0.4906 * z,
    -0.9788 * x + 1.9161 * y + 0.0335 * z,
    0.0719 * x - 0.229 * y + 1.4052 * z,
  ];
  const [red = 0, green = 0, blue = 0] = linear.map((value) => {
    const clipped = Math.max(0, Math.min(1, value));
    return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
  });
  return [red, green, blue];
}

/** Two images lie in one plane when they are nearer than this, mm. */
const samePlaneMm = 0.05;

/** The frames that belong over an image: drawn on it, or lying in its plane. */
export function framesOver(segmentation: Segmentation, image: ImageFacts): readonly SegmentFrame[] {
  const { instance, frame } = image.place;
  return segmentation.frames.filter(({ facts, sources }) => {
    if (sources.includes(instance) || sources.includes(`${instance}/${frame}`)) return true;
    if (facts.plane === undefined || image.plane === undefined) return false;
    if (facts.frameOfReferenceUid === '' || facts.frameOfReferenceUid !== image.frameOfReferenceUid) return false;
    if (!areParallel(facts.plane, image.plane)) return false;
    const normal = normalOf(image.plane);
    return Math.abs(depthOf(facts.plane, normal) - depthOf(image.plane, normal)) < samePlaneMm;
  });
}

/**
 * Draws a frame's segments into pixels of four bytes.
 * @throws Error where there are fewer bytes than the frame is large
 */
export function paintMask(
  bytes: Uint8Array,
  pixels: Uint8ClampedArray,
  {
    frame,
    segmentation,
    opacity,
  }: { readonly frame: SegmentFrame; readonly segmentation: Segmentation; readonly opacity: number },
): void {
  const { rows, columns } = frame.facts;
  const { bitsAllocated, threshold, segments } = segmentation;
  const length = rows * columns;
  if (bytes.length < Math.ceil((length * bitsAllocated) / 8)) throw new Error('The frame is shorter than its mask');
  const colours = new Map(segments.map(({ number, colour }) => [number, colour]));
  for (let at = 0; at < length; at += 1) {
    // PS3.5 8.1.1: the first pixel is the lowest bit.
    const value =
      bitsAllocated === 1
        ? ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1
        : bitsAllocated === 8
          ? (bytes[at] ?? 0)
          : (bytes[at * 2] ?? 0) | ((bytes[at * 2 + 1] ?? 0) << 8);
    if (frame.segment === undefined ? value === 0 : value < threshold) continue;
    const colour = colours.get(frame.segment ?? value);
    if (colour === undefined) continue;
    pixels.set([...colour, opacity * 255], at * 4);
  }
}
