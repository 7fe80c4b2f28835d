/**
 * What the sequential JPEG processes share (ITU-T T.81): the tables and scans of a codestream (Annex B), Huffman decoding
 * (Annex F.2.2) and the reader of entropy-coded bits, which never reads beyond its input.
 */
import { malformedFrame } from './frame.ts';
import { type JpegComponent, type JpegHeader, jpegSegment } from './jpeg-header.ts';

const lookupBits = 9;

/** Decodes one symbol; built from the segment's counts and values, checked for over-full codes. */
class HuffmanTable {
  /** Index: the next 9 bits. Value: length << 8 | symbol, or 0 for codes that are longer. */
  readonly lookup = new Uint16Array(1 << lookupBits);
  readonly maxCode = new Int32Array(18).fill(-1);
  readonly valueOffset = new Int32Array(17);
  readonly values: Uint8Array;

  constructor(counts: Uint8Array, values: Uint8Array) {
    this.values = values;
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length += 1) {
      const count = counts[length - 1] ?? 0;
      if (code + count > 1 << length) throw malformedFrame('a Huffman table of its codestream is over-full');
      this.valueOffset[length] = index - code;
      for (let nth = 0; nth < count; nth += 1, code += 1, index += 1) this.#enter(code, length, values[index] ?? 0);
      if (count > 0) this.maxCode[length] = code - 1;
      code <<= 1;
    }
  }

  #enter(code: number, length: number, symbol: number): void {
    if (length > lookupBits) return;
    const spare = lookupBits - length;
    this.lookup.fill((length << 8) | symbol, code << spare, (code + 1) << spare);
  }
}

/** Bits of one scan. After the end of the scan come zeros; `wasCut` tells when they were used. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #bits = 0;
  #count = 0;
  #missing = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Were bits taken that are not there? The reader's own look-ahead does not count. */
  get wasCut(): boolean {
    return this.#missing * 8 > this.#count;
  }

  /** The next symbol of a Huffman table. */
  symbol(table: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const found = table.lookup[(this.#bits >>> (this.#count - lookupBits)) & ((1 << lookupBits) - 1)] ?? 0;
    if (found !== 0) {
      this.#count -= found >> 8;
      return found & 0xff;
    }
    for (let length = lookupBits + 1; length <= 16; length += 1) {
      const code = (this.#bits >>> (this.#count - length)) & ((1 << length) - 1);
      if (code <= (table.maxCode[length] ?? -1)) {
        this.#count -= length;
        return table.values[code + (table.valueOffset[length] ?? 0)] ?? 0;
      }
    }
    throw malformedFrame('its codestream holds a code that is in none of its Huffman tables');
  }

  /** RECEIVE and EXTEND, F.2.2.1: a difference of 1 to 15 bits. */
  difference(size: number): number {
    if (size === 0) return 0;
    if (this.#count < size) this.#fill();
    this.#count -= size;
    const value = (this.#bits >>> this.#count) & ((1 << size) - 1);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** Ends a restart interval: drops the rest of its last byte and steps over the RST marker, which must be there. */
  restart(): void {
    if (this.wasCut) throw malformedFrame('a restart interval of its codestream ends before its last pixel');
    this.#bits = 0;
    this.#count = 0;
    const marker = this.#bytes[this.#at + 1] ?? 0;
    if (this.#bytes[this.#at] !== 0xff || marker < 0xd0 || marker > 0xd7) {
      throw malformedFrame('a restart marker of its codestream is missing');
    }
    this.#missing = 0;
    this.#at += 2;
  }

  /** Where the next marker begins. */
  end(): number {
    return this.#at;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        this.#missing += 1;
        this.#bits <<= 8;
      } else {
        this.#at += byte === 0xff ? 2 : 1;
        this.#bits = (this.#bits << 8) | byte;
      }
      this.#count += 8;
    }
  }
}

export interface ScanComponent {
  readonly component: JpegComponent;
  readonly index: number;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable | undefined;
}

export interface Scan {
  readonly components: readonly ScanComponent[];
  /** Ss: in lossless processes the predictor. */
  readonly spectralStart: number;
  /** Al: in lossless processes the point transform. */
  readonly low: number;
  /** Units (MCUs) between restart markers, 0 for none. */
  readonly restartInterval: number;
  readonly quantization: ReadonlyMap<number, Uint16Array>;
  readonly bits: BitReader;
}

/**
 * Calls `decode` for each scan in order, with the tables that stand before it; `decode` reads all of the scan's bits.
 * @throws LeadglassError MALFORMED
 */
export function forEachScan(bytes: Uint8Array, header: JpegHeader, decode: (scan: Scan) => void): void {
  const tables = new Map<number, HuffmanTable>();
  const quantization = new Map<number, Uint16Array>();
  let restartInterval = 0;
  for (let at = 2; at < bytes.length; ) {
    const { marker, data, end } = jpegSegment(bytes, at);
    at = end;
    if (marker === 0xd9) return;
    if (marker === 0xc4) readHuffmanTables(data, tables);
    if (marker === 0xdb) readQuantization(data, quantization);
    if (marker === 0xdd) restartInterval = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    if (marker !== 0xda) continue;
    const bits = new BitReader(bytes, end);
    decode({ ...readScanHeader(data, header, tables), restartInterval, quantization, bits });
    if (bits.wasCut) throw malformedFrame('its codestream ends before its last pixel');
    at = nextMarker(bytes, bits.end());
  }
}

/** Bytes between a scan's last bit and the next marker are skipped, as other decoders do; at the end there may be none. */
function nextMarker(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && !(bytes[at] === 0xff && (bytes[at + 1] ?? 0) >= 0xc0)) at += 1;
  return at;
}

function readScanHeader(
  data: Uint8Array,
  header: JpegHeader,
  tables: ReadonlyMap<number, HuffmanTable>,
): Pick<Scan, 'components' | 'spectralStart' | 'low'> {
  const count = data[0] ?? 0;
  if (count < 1 || count > 4 || data.length < 4 + 2 * count) throw malformedFrame('a scan header has a wrong length');
  const components: ScanComponent[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const index = header.components.findIndex(({ id }) => id === data[1 + 2 * nth]);
    const component = header.components[index];
    const selector = data[2 + 2 * nth] ?? 0;
    const dc = tables.get(selector >> 4);
    if (component === undefined || dc === undefined || components.some((other) => other.index === index)) {
      throw malformedFrame('a scan names a component or a Huffman table that is not there');
    }
    components.push({ component, index, dc, ac: tables.get(0x10 | (selector & 15)) });
  }
  return { components, spectralStart: data[1 + 2 * count] ?? 0, low: (data[3 + 2 * count] ?? 0) & 15 };
}

/** DHT, B.2.4.2; the key is class << 4 | destination. */
function readHuffmanTables(data: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at < data.length; ) {
    const key = data[at] ?? 0;
    const counts = data.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (counts.length < 16 || total > 256 || at + 17 + total > data.length || key > 0x1f) {
      throw malformedFrame('a Huffman table of its codestream is cut off');
    }
    tables.set(key, new HuffmanTable(counts, data.slice(at + 17, at + 17 + total)));
    at += 17 + total;
  }
}

/** DQT, B.2.4.1, in zigzag order as it stands. */
function readQuantization(data: Uint8Array, tables: Map<number, Uint16Array>): void {
  for (let at = 0; at < data.length; ) {
    const key = data[at] ?? 0;
    const width = key >> 4 === 0 ? 1 : 2;
    if (at + 1 + 64 * width > data.length) throw malformedFrame('a quantization table of its codestream is cut off');
    const table = new Uint16Array(64);
    for (let nth = 0; nth < 64; nth += 1) {
      const place = at + 1 + nth * width;
      table[nth] = width === 1 ? (data[place] ?? 0) : ((data[place] ?? 0) << 8) | (data[place + 1] ?? 0);
    }
    tables.set(key & 15, table);
    at += 1 + 64 * width;
  }
}
