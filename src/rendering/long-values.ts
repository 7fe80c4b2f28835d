/**
 * Attributes of a picture are read again for each frame and each mark, all of their values each time. So what is text or a list of numbers
 * must be short: what comes in megabytes is data, and has a VR of its own (OB, OW and their like), or is an attack.
 */
import type { DataSet, Element } from '../dicom/data-set.ts';
import { vrOf } from '../dicom/dictionary/dictionary.ts';
import { formatTag, type Tag } from '../dicom/tag.ts';
import type { Vr } from '../dicom/vr.ts';
import { LeadglassError } from '../error.ts';
import { bytesOf } from './lookup-table.ts';

export interface ValueLimits {
  /** Of one text, or a list of them. */
  readonly textBytesMax: number;
  /** Of one list of binary numbers: graphics and tables are the longest. */
  readonly numbersBytesMax: number;
}

const data: ReadonlySet<Vr> = new Set<Vr>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
const numbers: ReadonlySet<Vr> = new Set<Vr>(['FD', 'FL', 'SL', 'SS', 'SV', 'UL', 'US', 'UV']);

/** At every level. @throws LeadglassError LIMIT_EXCEEDED */
export function refuseLongValues(dataSet: DataSet, limits: ValueLimits): void {
  for (const element of dataSet) {
    if (element.value instanceof Uint8Array) refuseLong(element, limits);
    else for (const item of element.value) refuseLongValues(item, limits);
  }
}

function refuseLong(element: Element, { textBytesMax, numbersBytesMax }: ValueLimits): void {
  const { tag, value } = element;
  // As it will be read (DataSet).
  const vr = element.vr === 'UN' ? vrOf(tag) : element.vr;
  const most = data.has(vr) ? Number.POSITIVE_INFINITY : numbers.has(vr) ? numbersBytesMax : textBytesMax;
  if (value.length <= most) return;
  throw new LeadglassError('LIMIT_EXCEEDED', `Cannot draw the picture: ${formatTag(tag)} has more than ${most} bytes`);
}

/** Six numbers of 16 characters each with what is between them, and room. */
const placeBytesMax = 256;

/** Of a place, a direction or a size: what is longer is none. */
export function isShort(dataSet: DataSet, tag: Tag): boolean {
  return (bytesOf(dataSet, tag)?.length ?? 0) <= placeBytesMax;
}
