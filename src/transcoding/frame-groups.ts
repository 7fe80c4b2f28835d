/**
 * Which fragments of encapsulated pixel data make which frame (PS3.5 A.4), when all of them have been seen. Believes what
 * encapsulated-frames.ts believes: a table that leads exactly to where fragments begin, else one fragment for each frame, else
 * the beginnings of codestreams.
 */
import { malformedFragments } from '../dicom/fragments.ts';

export interface Fragment {
  readonly lengthBytes: number;
  readonly beginsCodestream: boolean;
}

/** One frame: how many fragments in order, and how many of their bytes (without padding, where a table tells). */
export interface FrameGroup {
  readonly fragments: number;
  readonly lengthBytes: number;
}

export interface FragmentTables {
  /** Value of the first item. */
  readonly basic: Uint8Array;
  /** Values of Extended Offset Table and Extended Offset Table Lengths. */
  readonly extended: Uint8Array | undefined;
  readonly extendedLengths: Uint8Array | undefined;
}

const itemHeaderBytes = 8;

/** `fragments` without the offset table. @throws LeadglassError MALFORMED when they cannot be told apart */
export function frameGroups(
  fragments: readonly Fragment[],
  numberOfFrames: number,
  tables: FragmentTables,
): readonly FrameGroup[] {
  return (
    byExtendedTable(fragments, numberOfFrames, tables) ??
    byBasicTable(fragments, numberOfFrames, tables) ??
    withoutTable(fragments, numberOfFrames)
  );
}

function byExtendedTable(
  fragments: readonly Fragment[],
  numberOfFrames: number,
  { extended, extendedLengths }: FragmentTables,
): readonly FrameGroup[] | undefined {
  const starts = numbersOf(extended, numberOfFrames, 8);
  const lengths = numbersOf(extendedLengths, numberOfFrames, 8);
  if (starts === undefined || lengths === undefined) return undefined;
  const groups = byStarts(fragments, starts);
  // PS3.3 C.7.6.3.1.9: one fragment a frame, and its length without padding.
  const trimmed = groups?.map(({ fragments: count, lengthBytes }, frame) => {
    const padding = lengthBytes - (lengths[frame] ?? -1);
    return count === 1 && (padding === 0 || padding === 1)
      ? { fragments: 1, lengthBytes: lengthBytes - padding }
      : undefined;
  });
  return trimmed?.every((group) => group !== undefined) === true ? trimmed : undefined;
}

function byBasicTable(
  fragments: readonly Fragment[],
  numberOfFrames: number,
  { basic }: FragmentTables,
): readonly FrameGroup[] | undefined {
  const starts = numbersOf(basic, numberOfFrames, 4);
  return starts === undefined ? undefined : byStarts(fragments, starts);
}

/** Undefined when one of the starts is not where a fragment begins. */
function byStarts(fragments: readonly Fragment[], starts: readonly number[]): readonly FrameGroup[] | undefined {
  const groups: { fragments: number; lengthBytes: number }[] = [];
  let offset = 0;
  for (const { lengthBytes } of fragments) {
    const next = starts[groups.length];
    if (next !== undefined && offset > next) return undefined;
    if (offset === next) groups.push({ fragments: 0, lengthBytes: 0 });
    const group = groups.at(-1);
    if (group === undefined) return undefined;
    group.fragments += 1;
    group.lengthBytes += lengthBytes;
    offset += itemHeaderBytes + lengthBytes;
  }
  return groups.length === starts.length ? groups : undefined;
}

function withoutTable(fragments: readonly Fragment[], numberOfFrames: number): readonly FrameGroup[] {
  if (fragments.length === 0) throw malformedFragments('it has no fragment');
  const total = (parts: readonly Fragment[]): number => parts.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (numberOfFrames === 1) return [{ fragments: fragments.length, lengthBytes: total(fragments) }];
  if (fragments.length === numberOfFrames) return fragments.map(({ lengthBytes }) => ({ fragments: 1, lengthBytes }));
  const groups: { fragments: number; lengthBytes: number }[] = [];
  for (const { lengthBytes, beginsCodestream: begins } of fragments) {
    if (begins) groups.push({ fragments: 0, lengthBytes: 0 });
    const group = groups.at(-1);
    if (group === undefined) break;
    group.fragments += 1;
    group.lengthBytes += lengthBytes;
  }
  if (groups.length === numberOfFrames) return groups;
  throw malformedFragments(
    `it has ${fragments.length} fragments for ${numberOfFrames} frames, and no table tells which belong together`,
  );
}

/** One little-endian number for each frame; undefined when there are not so many, or one is no exact number. */
function numbersOf(bytes: Uint8Array | undefined, count: number, size: 4 | 8): readonly number[] | undefined {
  if (bytes?.length !== size * count) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Array.from({ length: count }, (_, nth) =>
    size === 4 ? view.getUint32(4 * nth, true) : Number(view.getBigUint64(8 * nth, true)),
  );
  return numbers.every(Number.isSafeInteger) ? numbers : undefined;
}
