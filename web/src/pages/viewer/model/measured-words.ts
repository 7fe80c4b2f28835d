/** A measurement in words and numbers of the reader's language. Pure but for the language. */
import { number } from '../../../i18n/format.ts';
import { v } from '../texts.ts';
import type { Measured } from './measured.ts';

const round = (value: number, digits = 1): string => number(Number(value.toFixed(digits)));

export function wordsOf(measured: Measured): string {
  const { tool, lengthMm, lengthPixels, angle, areaMm2, areaPixels, value, unit, points } = measured;
  const valued = (one: number): string => [round(one), unit].filter(Boolean).join(' ');
  if (tool === 'length') return lengthMm === undefined ? `${round(lengthPixels ?? 0)} px` : `${round(lengthMm)} mm`;
  if (tool === 'angle') return `${round(angle ?? 0)}°`;
  if (tool === 'probe') {
    const [[x, y] = [0, 0]] = points;
    return value === undefined ? '–' : v('valueAt', { value: valued(value), x: Math.round(x), y: Math.round(y) });
  }
  const area = areaMm2 === undefined ? `${round(areaPixels ?? 0)} px²` : `${round(areaMm2)} mm²`;
  if (measured.mean === undefined) return area;
  return v('area', {
    area,
    mean: valued(measured.mean),
    sd: round(measured.deviation ?? 0),
    min: round(measured.min ?? 0),
    max: valued(measured.max ?? 0),
  });
}
