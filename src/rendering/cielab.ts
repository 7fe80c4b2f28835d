/** Recommended colours: PCS values (PS3.3 C.10.7.1.1, CIELab with the white of D50) and P-values as the RGB of a usual screen. */
import type { DataSet } from '../dicom/data-set.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Rgb } from './marks.ts';

export const white: Rgb = [255, 255, 255];

/** The colour, else the grey, that stands in these elements. */
export function readColour(dataSet: DataSet, tags: { readonly lab?: Tag; readonly grey?: Tag }): Rgb | undefined {
  const [lightness, a, b] = tags.lab === undefined ? [] : dataSet.numbers(tags.lab);
  if (isWord(lightness) && isWord(a) && isWord(b)) return labToRgb(lightness, a, b);
  const grey = tags.grey === undefined ? undefined : dataSet.number(tags.grey);
  return isWord(grey) ? [grey >> 8, grey >> 8, grey >> 8] : undefined;
}

function isWord(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

/** @param lightness 0 to 65,535 for 0 to 100; the others for -128 to 127 */
export function labToRgb(lightness: number, a: number, b: number): Rgb {
  const fy = ((lightness / 65_535) * 100 + 16) / 116;
  const fx = fy + ((a / 65_535) * 255 - 128) / 500;
  const fz = fy - ((b / 65_535) * 255 - 128) / 200;
  // CIE 15: the white of D50.
  const [x, y, z] = [0.964_22 * inverse(fx), inverse(fy), 0.825_21 * inverse(fz)];
  // To sRGB, with Bradford's adaptation from D50 to D65 (IEC 61966-2-1).
  return [
    companded(3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z),
    companded(-0.978_768_4 * x + 1.916_141_5 * y + 0.033_454 * z),
    companded(0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z),
  ];
}

function inverse(value: number): number {
  return value > 6 / 29 ? value ** 3 : 3 * (6 / 29) ** 2 * (value - 4 / 29);
}

function companded(linear: number): number {
  const value = linear <= 0.003_130_8 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
