/**
 * Byte ranges, RFC 9110 14. Ranges that overlap or touch become one, so an answer never has more bytes than the whole
 * representation; a field with too many ranges is refused (15.5.17 names that case).
 */
import { HttpError } from './http-error.ts';
import type { OutgoingPart } from './multipart-writer.ts';

export interface ByteRange {
  readonly first: number;
  /** Inclusive, as in Content-Range. */
  readonly last: number;
}

export type RangeOutcome =
  /** 200, as if no Range had come. */
  | { readonly kind: 'whole' }
  /** 206 with Content-Range. */
  | { readonly kind: 'single'; readonly range: ByteRange }
  /** 206 as multipart/byteranges, in the order of the request. */
  | { readonly kind: 'multiple'; readonly ranges: readonly ByteRange[] };

export interface RangeLimits {
  readonly rangesMax: number;
}

/**
 * @param field the Range header of a GET request (for other methods it has no meaning, 14.2)
 * @param lengthBytes of the representation that would be sent
 * @throws HttpError 416 with Content-Range, when no range lies inside or there are too many
 */
export function selectRanges(field: string | undefined, lengthBytes: number, { rangesMax }: RangeLimits): RangeOutcome {
  const specs = field === undefined ? undefined : rangeSpecs(field);
  // 14.2: an unknown unit is ignored; so is what is malformed, since nobody can know what was meant.
  if (specs === undefined) return { kind: 'whole' };
  if (specs.length > rangesMax) throw unsatisfiable(lengthBytes, `has more than ${rangesMax} ranges`);
  const inside = specs.map((spec) => within(spec, lengthBytes)).filter((range) => range !== undefined);
  const ranges = merged(inside);
  const [first, ...others] = ranges;
  if (first === undefined) throw unsatisfiable(lengthBytes, 'lies outside');
  return others.length === 0 ? { kind: 'single', range: first } : { kind: 'multiple', ranges };
}

export function contentRange({ first, last }: ByteRange, lengthBytes: number): string {
  return `bytes ${first}-${last}/${lengthBytes}`;
}

export interface RangedContent {
  /** Of the whole representation. */
  readonly contentType: string;
  readonly lengthBytes: number;
  /** The bytes of one range; called when its turn comes. */
  readonly read: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

/** The parts of a multipart/byteranges, 14.6. */
export function* byteRangeParts(
  ranges: readonly ByteRange[],
  { contentType, lengthBytes, read }: RangedContent,
): Generator<OutgoingPart, void, undefined> {
  for (const range of ranges) {
    yield {
      headers: [
        ['Content-Type', contentType],
        ['Content-Range', contentRange(range, lengthBytes)],
      ],
      lengthBytes: range.last - range.first + 1,
      body: read(range),
    };
  }
}

/** Either end may be open; a range with only `last` means so many bytes at the end. */
interface RangeSpec {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

function rangeSpecs(field: string): readonly RangeSpec[] | undefined {
  const unit = /^bytes=(.*)$/i.exec(field);
  if (unit === null) return undefined;
  const specs: RangeSpec[] = [];
  for (const piece of (unit[1] ?? '').split(',')) {
    const text = piece.trim();
    if (text === '') continue;
    const ends = /^(\d*)-(\d*)$/.exec(text);
    if (ends === null) return undefined;
    const [first, last] = [numberOf(ends[1]), numberOf(ends[2])];
    if (first === undefined && last === undefined) return undefined;
    if (first !== undefined && last !== undefined && last < first) return undefined;
    specs.push({ first, last });
  }
  return specs.length === 0 ? undefined : specs;
}

/** More digits than fit are only larger than every length there is. */
function numberOf(digits: string | undefined): number | undefined {
  if (digits === undefined || digits === '') return undefined;
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function within({ first, last }: RangeSpec, lengthBytes: number): ByteRange | undefined {
  if (first === undefined) {
    const count = Math.min(last ?? 0, lengthBytes);
    return count === 0 ? undefined : { first: lengthBytes - count, last: lengthBytes - 1 };
  }
  return first >= lengthBytes ? undefined : { first, last: Math.min(last ?? Infinity, lengthBytes - 1) };
}

/** Each united range stands where the earliest of its members stood. */
function merged(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const united: (ByteRange & { readonly place: number })[] = [];
  const placed = ranges.map((range, place) => ({ ...range, place })).toSorted((a, b) => a.first - b.first);
  for (const range of placed) {
    const before = united.at(-1);
    if (before === undefined || range.first > before.last + 1) {
      united.push(range);
      continue;
    }
    united[united.length - 1] = {
      first: before.first,
      last: Math.max(before.last, range.last),
      place: Math.min(before.place, range.place),
    };
  }
  return united.toSorted((a, b) => a.place - b.place).map(({ first, last }) => ({ first, last }));
}

function unsatisfiable(lengthBytes: number, why: string): HttpError {
  return new HttpError(416, `Cannot answer: the Range ${why}; the resource has ${lengthBytes} bytes`, {
    field: 'Range',
    headers: { 'content-range': `bytes */${lengthBytes}` },
  });
}
