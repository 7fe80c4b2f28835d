/** What stands beside a measurement on the image, in the language of the reader. */
import type { Types } from '@cornerstonejs/core';
import { number } from '../../../i18n/format.ts';
import { v } from '../texts.ts';

interface Drawn {
  readonly handles: { readonly points: readonly Types.Point3[] };
  readonly cachedStats?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export type TextLines = (data: Drawn, target: string) => readonly string[] | undefined;

const rounded = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? number(Number(value.toFixed(1))) : undefined;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const lengthLines: TextLines = ({ cachedStats }, target) => {
  const stats = cachedStats?.[target];
  const length = rounded(stats?.['length']);
  return length === undefined ? undefined : [`${length} ${textOf(stats?.['unit'])}`];
};

export const angleLines: TextLines = ({ cachedStats }, target) => {
  const angle = rounded(cachedStats?.[target]?.['angle']);
  return angle === undefined ? undefined : [`${angle}°`];
};

export const areaLines: TextLines = ({ cachedStats }, target) => {
  const stats = cachedStats?.[target];
  const area = rounded(stats?.['area']);
  if (stats === undefined || area === undefined) return undefined;
  const unit = textOf(stats['modalityUnit']);
  const mean = rounded(stats['mean']);
  const withUnit = (value: string): string => [value, unit].filter(Boolean).join(' ');
  return [
    `${area} ${textOf(stats['areaUnit'])}`,
    ...(mean === undefined
      ? []
      : [
          v('lineMean', { value: withUnit(mean) }),
          v('lineDeviation', { value: rounded(stats['stdDev']) ?? '0' }),
          v('lineRange', { min: rounded(stats['min']) ?? '', max: withUnit(rounded(stats['max']) ?? '') }),
        ]),
  ];
};
