/** The frames of a series in their order, and the windows that are usual for its modality. Pure. */
import { count, type DataSetJson, text } from './dicom-json.ts';

export interface Frame {
  readonly instance: string;
  /** From 1. */
  readonly frame: number;
}
/** A study on a slider needs no more, and an answer that says otherwise costs no memory. */
const framesMax = 20_000;

export function framesOf(instances: readonly DataSetJson[]): readonly Frame[] {
  const frames: Frame[] = [];
  for (const instance of instances) {
    const uid = text(instance, 'SOPInstanceUID');
    const number = Math.max(1, Math.floor(count(instance, 'NumberOfFrames') ?? 1));
    for (let frame = 1; frame <= number && frames.length < framesMax; frame += 1) frames.push({ instance: uid, frame });
  }
  return frames;
}

export type WindowName = 'default' | 'lung' | 'bone' | 'soft' | 'brain' | 'liver';
export interface NamedWindow {
  readonly name: WindowName;
  /** Absent: as the image itself says. */
  readonly window?: { readonly center: number; readonly width: number };
}

const ct: readonly NamedWindow[] = [
  { name: 'soft', window: { center: 40, width: 400 } },
  { name: 'lung', window: { center: -600, width: 1500 } },
  { name: 'bone', window: { center: 500, width: 2000 } },
  { name: 'brain', window: { center: 40, width: 80 } },
  { name: 'liver', window: { center: 60, width: 160 } },
];

/** Only the values of CT mean the same everywhere (Hounsfield units). */
export function windowsFor(modality: string): readonly NamedWindow[] {
  return [{ name: 'default' }, ...(modality === 'CT' ? ct : [])];
}
