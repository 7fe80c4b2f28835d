/** PALETTE COLOR, PS3.3 C.7.6.3.1.5 and C.7.9: three tables, whole or in segments, as outputs of 8 bits. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import type { Palette, PaletteTable } from './image-facts.ts';
import { bitsOf, bytesOf, type Descriptor, readDescriptor, readEntries, wordsIn } from './lookup-table.ts';
import { malformedImage } from './picture.ts';

/** @throws LeadglassError MALFORMED when there is none, or one is cut short */
export function readPalette(dataSet: DataSet, isSigned: boolean): Palette {
  const table = (descriptor: Tag, plain: Tag, segmented: Tag): PaletteTable =>
    readTable(dataSet, { descriptor, plain, segmented }, isSigned);
  return {
    red: table(
      Tags.RedPaletteColorLookupTableDescriptor,
      Tags.RedPaletteColorLookupTableData,
      Tags.SegmentedRedPaletteColorLookupTableData,
    ),
    green: table(
      Tags.GreenPaletteColorLookupTableDescriptor,
      Tags.GreenPaletteColorLookupTableData,
      Tags.SegmentedGreenPaletteColorLookupTableData,
    ),
    blue: table(
      Tags.BluePaletteColorLookupTableDescriptor,
      Tags.BluePaletteColorLookupTableData,
      Tags.SegmentedBluePaletteColorLookupTableData,
    ),
  };
}

interface TableTags {
  readonly descriptor: Tag;
  readonly plain: Tag;
  readonly segmented: Tag;
}

function readTable(dataSet: DataSet, tags: TableTags, isSigned: boolean): PaletteTable {
  const descriptor = readDescriptor(dataSet, tags.descriptor, isSigned);
  const plain = bytesOf(dataSet, tags.plain);
  const segments = plain === undefined ? bytesOf(dataSet, tags.segmented) : undefined;
  const values = segments === undefined ? readEntries(plain, descriptor) : expandSegments(segments, descriptor);
  // Tables of 16 bits that hold only 8 are an old mistake; as they stand they would all be black.
  const isWide = descriptor.bits > 8 && bitsOf(values) > 8;
  const shift = isWide ? descriptor.bits - 8 : 0;
  return { first: descriptor.first, values: Uint8Array.from(values, (value) => Math.min(255, value >> shift)) };
}

const opcodes = { discrete: 0, linear: 1, indirect: 2 };

/**
 * PS3.3 C.7.9.2: runs of values, straight lines from the value before, and segments that stand further in front again.
 * @throws LeadglassError MALFORMED when they do not make as many entries as the descriptor says
 */
export function expandSegments(bytes: Uint8Array, { entries, bits }: Descriptor): Uint16Array<ArrayBuffer> {
  const isWide = bits > 8;
  const words = isWide ? wordsIn(bytes, Math.floor(bytes.length / 2)) : Uint16Array.from(bytes);
  const values = new Uint16Array(entries);
  let made = 0;
  const put = (value: number): void => {
    if (made >= entries) throw badSegments();
    values[made] = value;
    made += 1;
  };
  /** One segment at `at`; gives where the next begins. */
  const expand = (at: number, isCopy: boolean): number => {
    const count = wordAt(words, at + 1);
    // Else it could go on without ever making an entry.
    if (count === 0) throw badSegments();
    switch (words[at]) {
      case opcodes.discrete:
        for (let index = 0; index < count; index += 1) put(wordAt(words, at + 2 + index));
        return at + 2 + count;
      case opcodes.linear: {
        const [from, to] = [values[made - 1], wordAt(words, at + 2)];
        if (from === undefined) throw badSegments();
        for (let index = 1; index <= count; index += 1) put(Math.round(from + ((to - from) * index) / count));
        return at + 3;
      }
      case opcodes.indirect: {
        // A copy of a copy is forbidden, and would not end.
        if (isCopy) throw badSegments();
        const { offset, next } = offsetAt(words, at + 2, isWide);
        if (offset >= at) throw badSegments();
        let from = offset;
        for (let index = 0; index < count; index += 1) from = expand(from, true);
        return next;
      }
      default:
        throw badSegments();
    }
  };
  let at = 0;
  do at = expand(at, false);
  while (made < values.length);
  return values;
}

/** Bytes from the beginning, in two words or four bytes, the lowest first. */
function offsetAt(words: Uint16Array, at: number, isWide: boolean): { readonly offset: number; readonly next: number } {
  if (isWide) return { offset: (wordAt(words, at) + 65_536 * wordAt(words, at + 1)) / 2, next: at + 2 };
  const [a, b, c, d] = [0, 1, 2, 3].map((index) => wordAt(words, at + index));
  return { offset: (a ?? 0) + 256 * (b ?? 0) + 65_536 * (c ?? 0) + 16_777_216 * (d ?? 0), next: at + 4 };
}

function wordAt(words: Uint16Array, at: number): number {
  const word = words[at];
  if (word === undefined) throw badSegments();
  return word;
}

function badSegments(): Error {
  return malformedImage('its segmented palette does not make a table', 'Segmented Palette Color Lookup Table Data');
}
