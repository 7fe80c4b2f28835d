/** Modality and VOI transforms of a frame, PS3.3 C.11.1 and C.11.2, from its data set or a presentation state. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { FrameFacts } from '../codecs/frame.ts';
import type { ModalityTransform, VoiTransform, WindowFunction } from './image-facts.ts';
import { readLookupTable } from './lookup-table.ts';
import { malformedImage } from './picture.ts';

/** @throws LeadglassError MALFORMED for a slope or a table that maps nothing */
export function readModality(dataSet: DataSet, { pixelRepresentation }: FrameFacts): ModalityTransform {
  const [item] = dataSet.items(Tags.ModalityLUTSequence);
  if (item !== undefined) return { kind: 'table', table: readLookupTable(item, pixelRepresentation === 1) };
  const slope = rescaleNumber(dataSet, Tags.RescaleSlope, 'Rescale Slope') ?? 1;
  const intercept = rescaleNumber(dataSet, Tags.RescaleIntercept, 'Rescale Intercept') ?? 0;
  // All values would be one, and a window over them would show a picture that is not there.
  if (slope === 0) throw malformedImage('Rescale Slope is 0', 'Rescale Slope');
  return { kind: 'rescale', slope, intercept };
}

function rescaleNumber(dataSet: DataSet, tag: number, field: string): number | undefined {
  const [value] = dataSet.numbers(tag);
  if (value === undefined || dataSet.text(tag) === '') return undefined;
  if (!Number.isFinite(value)) throw malformedImage(`${field} is not a number`, field);
  return value;
}

/**
 * The first window that can be used, else the first table, else all that the frame has. Equal alternatives to the standard
 * (C.11.2.1); a window is what most makers look at.
 * @throws LeadglassError MALFORMED for a table that maps nothing
 */
export function readVoi(dataSet: DataSet, modality: ModalityTransform, frame: FrameFacts): VoiTransform {
  const centers = dataSet.numbers(Tags.WindowCenter);
  const widths = dataSet.numbers(Tags.WindowWidth);
  const shape = windowFunctions.get(dataSet.text(Tags.VOILUTFunction) ?? '') ?? 'linear';
  for (const [index, center] of centers.entries()) {
    const window = usableWindow(center, widths[index] ?? Number.NaN, shape);
    if (window !== undefined) return window;
  }
  const [item] = dataSet.items(Tags.VOILUTSequence);
  if (item === undefined) return { kind: 'whole' };
  return { kind: 'table', table: readLookupTable(item, isSigned(modality, frame)) };
}

const windowFunctions: ReadonlyMap<string, WindowFunction> = new Map([
  ['LINEAR', 'linear'],
  ['LINEAR_EXACT', 'linear-exact'],
  ['SIGMOID', 'sigmoid'],
]);

/** undefined for a width that C.11.2.1.2 forbids; LINEAR below 1 is found on small real units, and means LINEAR_EXACT. */
function usableWindow(center: number, width: number, shape: WindowFunction): VoiTransform | undefined {
  if (!Number.isFinite(center) || !Number.isFinite(width) || width <= 0) return undefined;
  return { kind: 'window', center, width, function: shape === 'linear' && width < 1 ? 'linear-exact' : shape };
}

/** C.11.2.1.1: outputs of a modality LUT have no sign; those of a rescale have one where they may be below 0. */
function isSigned(modality: ModalityTransform, { pixelRepresentation }: FrameFacts): boolean {
  return modality.kind === 'rescale' && (pixelRepresentation === 1 || modality.intercept < 0 || modality.slope < 0);
}
