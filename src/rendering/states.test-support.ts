/** Presentation states made by our own code, and images drawn as they say. */
import { codecsHere, somePixels } from '../codecs/codecs.test-support.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import { DataSet } from '../dicom/data-set.ts';
import { limits } from '../limits.ts';
import { drawFrame, type DrawOptions } from './draw.ts';
import type { Picture } from './picture.ts';
import { present } from './presentation-state.ts';
import { readImageFacts } from './read-image-facts.ts';

const sopInstanceUid = '2.25.1';
/** A reference to the image. */
export const image = (): DataSet =>
  new DataSet().setText(0x00081150, 'UI', '1.2.840.10008.5.1.4.1.1.7').setText(0x00081155, 'UI', sopInstanceUid);

export function displayed(from: readonly number[], to: readonly number[]): DataSet {
  return new DataSet()
    .setNumber(0x00700052, 'SL', from)
    .setNumber(0x00700053, 'SL', to)
    .setText(0x00700100, 'CS', 'SCALE TO FIT')
    .setText(0x00700102, 'IS', '1\\1');
}

/** A grayscale softcopy presentation state, as small as DCMTK reads it. */
export function someState(change: (state: DataSet) => unknown): DataSet {
  const series = new DataSet().setText(0x0020000e, 'UI', '2.25.3').setItems(0x00081140, [image()]);
  const state = new DataSet()
    .setText(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.11.1')
    .setText(0x00080018, 'UI', '2.25.9')
    .setText(0x00080020, 'DA', '20260101')
    .setText(0x00080030, 'TM', '1200')
    .setText(0x00080060, 'CS', 'PR')
    .setItems(0x00081115, [series])
    .setText(0x00100010, 'PN', 'A')
    .setText(0x00100020, 'LO', 'A')
    .setText(0x0020000d, 'UI', '2.25.2')
    .setText(0x0020000e, 'UI', '2.25.4')
    .setText(0x00200011, 'IS', '1')
    .setText(0x00200013, 'IS', '1')
    .setItems(0x0070005a, [displayed([1, 1], [34, 29])])
    .setText(0x00700080, 'CS', 'A')
    .setText(0x00700081, 'LO', 'A')
    .setText(0x00700082, 'DA', '20260101')
    .setText(0x00700083, 'TM', '1200')
    .setText(0x00700084, 'PN', 'A')
    .setText(0x20500020, 'CS', 'IDENTITY');
  change(state);
  return state;
}

/** Of made-up pixels, unless there are others. */
export function drawn(
  state: DataSet,
  dataSet: DataSet,
  facts: FrameFacts,
  more: {
    readonly pixels?: Uint8Array<ArrayBuffer>;
    readonly viewport?: DrawOptions['viewport'] & {};
    readonly markPixelsMax?: number;
  } = {},
): Picture {
  const own = readImageFacts(dataSet, { frame: 1, withOverlays: false });
  const about = { dataSet, sopInstanceUid, frame: 1, facts: own };
  const { image: shown, ...options } = present(state, about, limits.rendering);
  const { pixels = somePixels(facts), markPixelsMax = limits.rendering.markPixelsMax, ...size } = more;
  const { photometricInterpretation } = facts;
  const frame = { pixels, photometricInterpretation, planarConfiguration: 0 };
  return drawFrame(frame, shown, {
    ...options,
    ...size,
    limits: { ...limits.rendering, markPixelsMax },
    font: codecsHere().font,
  });
}

/** CIELab values of ours: a strong red, and white. */
export const red: readonly number[] = [34_904, 53_496, 50_115];
export const white: readonly number[] = [65_535, 32_896, 32_896];

export function layer(
  name: string,
  order: number,
  colour: { readonly lab?: readonly number[]; readonly grey?: number },
) {
  const item = new DataSet().setText(0x00700002, 'CS', name).setText(0x00700062, 'IS', String(order));
  if (colour.lab !== undefined) item.setNumber(0x00700401, 'US', colour.lab);
  if (colour.grey !== undefined) item.setNumber(0x00700066, 'US', colour.grey);
  return item;
}

/** An item of Graphic Annotation Sequence with graphics and texts. */
export function annotation(layerName: string, items: readonly DataSet[]): DataSet {
  const isText = (item: DataSet): boolean => item.has(0x00700006);
  return new DataSet()
    .setText(0x00700002, 'CS', layerName)
    .setItems(0x00700008, items.filter(isText))
    .setItems(
      0x00700009,
      items.filter((item) => !isText(item)),
    );
}

export function graphic(units: string, type: string, points: readonly number[]): DataSet {
  return new DataSet()
    .setText(0x00700005, 'CS', units)
    .setNumber(0x00700020, 'US', 2)
    .setNumber(0x00700021, 'US', Math.floor(points.length / 2))
    .setNumber(0x00700022, 'FL', points)
    .setText(0x00700023, 'CS', type)
    .setText(0x00700024, 'CS', 'N');
}

export interface CaptionFacts {
  /** Left, top, right, bottom. */
  readonly box?: readonly [number, number, number, number];
  readonly align?: string;
  readonly anchor?: readonly [number, number];
  readonly isVisible?: boolean;
}

/** In pixels. */
export function caption(text: string, { box, align = 'LEFT', anchor, isVisible = true }: CaptionFacts): DataSet {
  const item = new DataSet().setText(0x00700006, 'ST', text);
  if (box !== undefined) {
    item
      .setText(0x00700003, 'CS', 'PIXEL')
      .setNumber(0x00700010, 'FL', box.slice(0, 2))
      .setNumber(0x00700011, 'FL', box.slice(2))
      .setText(0x00700012, 'CS', align);
  }
  if (anchor !== undefined) {
    item
      .setText(0x00700004, 'CS', 'PIXEL')
      .setNumber(0x00700014, 'FL', anchor)
      .setText(0x00700015, 'CS', isVisible ? 'Y' : 'N');
  }
  return item;
}
