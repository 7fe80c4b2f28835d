/**
 * What the viewer reads from metadata of instances (DICOM JSON model, PS3.18 annex F): numbers, texts and items by tag, and the
 * functional groups of multi-frame images. Pure; what is absent or strange is undefined.
 */
import type { DataSetJson } from '../../../model/dicom-json.ts';

function valuesAt(dataSet: DataSetJson | undefined, tag: string): readonly unknown[] {
  return dataSet?.[tag]?.Value ?? [];
}

/** DS and IS come as numbers or, from some writers, as text. */
export function numbersAt(dataSet: DataSetJson | undefined, tag: string): readonly number[] {
  return valuesAt(dataSet, tag).map((value) => (value === null || value === '' ? Number.NaN : Number(value)));
}

export function numberAt(dataSet: DataSetJson | undefined, tag: string): number | undefined {
  const [value] = numbersAt(dataSet, tag);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** So many finite numbers, or none. */
export function vectorAt(dataSet: DataSetJson | undefined, tag: string, length: number): readonly number[] | undefined {
  const values = numbersAt(dataSet, tag);
  return values.length >= length && values.every(Number.isFinite) ? values.slice(0, length) : undefined;
}

export function textAt(dataSet: DataSetJson | undefined, tag: string): string {
  const [value] = valuesAt(dataSet, tag);
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

export function itemsAt(dataSet: DataSetJson | undefined, tag: string): readonly DataSetJson[] {
  return valuesAt(dataSet, tag).filter((item): item is DataSetJson => typeof item === 'object' && item !== null);
}

export function itemAt(dataSet: DataSetJson | undefined, tag: string): DataSetJson | undefined {
  return itemsAt(dataSet, tag)[0];
}

/**
 * The item of a functional group macro that holds for a frame: its own before the shared one, PS3.3 C.7.6.16.1.
 * @param frame from 1
 */
export function groupOf(dataSet: DataSetJson, frame: number, macro: string): DataSetJson | undefined {
  const own = itemAt(itemsAt(dataSet, '52009230')[frame - 1], macro);
  return own ?? itemAt(itemAt(dataSet, '52009229'), macro);
}
