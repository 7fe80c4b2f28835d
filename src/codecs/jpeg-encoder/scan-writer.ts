/** The entropy-coded data of a baseline scan (ITU-T T.81 F.1.2): quantized blocks in, bits out. */
import { type HuffmanSpecification, huffmanCodes, zigzag } from './jpeg-tables.ts';

/** What a component's blocks are coded with; `dc` is the DC coefficient before. */
export interface ComponentCoding {
  readonly dcCodes: Uint32Array;
  readonly acCodes: Uint32Array;
  dc: number;
}

export function componentCoding(dc: HuffmanSpecification, ac: HuffmanSpecification): ComponentCoding {
  return { dcCodes: huffmanCodes(dc), acCodes: huffmanCodes(ac), dc: 0 };
}

/** 63 codes of 16 bits with 10 bits after each, one of 9 with 11; twice that where each byte is stuffed. */
const blockBytesMax = 2 * Math.ceil((63 * 26 + 20) / 8);
const zeroRun = 0xf0;
const endOfBlock = 0x00;

/**
 * Which zigzag places a row's byte of non-zero coefficients means, as two words of 32 places, the first place the highest bit: entry
 * `row << 8 | byte`.
 */
const [early, late] = placesOfRows();

function placesOfRows(): readonly [Int32Array, Int32Array] {
  const words = [new Int32Array(8 * 256), new Int32Array(8 * 256)] as const;
  zigzag.forEach((natural, place) => {
    const [row, column] = [natural >> 3, natural & 7];
    const word = words[place < 32 ? 0 : 1];
    for (let byte = 0; byte < 256; byte += 1) {
      if (((byte >> column) & 1) === 1)
        word[(row << 8) | byte] = (word[(row << 8) | byte] ?? 0) | (1 << (31 - (place & 31)));
    }
  });
  return words;
}

export class ScanWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Bits that are not written yet, the last one the lowest; above them stand old ones. */
  #bits = 0;
  #free = 32;

  constructor(header: Uint8Array, roomBytes: number) {
    this.#bytes = new Uint8Array(header.length + roomBytes);
    this.#bytes.set(header);
    this.#length = header.length;
  }

  /** To be called before so many blocks. */
  makeRoom(blocks: number): void {
    const needed = this.#length + blocks * blockBytesMax + 8;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  /** @param words the coefficients row by row from `at` on. @param masks a byte for each row from `maskAt` on, as in forward-dct.ts */
  block(coding: ComponentCoding, words: Int16Array, at: number, masks: Uint8Array, maskAt: number): void {
    this.#difference(coding, words[at] ?? 0);
    let first = 0;
    let second = 0;
    for (let row = 0; row < 8; row += 1) {
      const entry = (row << 8) | (masks[maskAt + row] ?? 0);
      first |= early[entry] ?? 0;
      second |= late[entry] ?? 0;
    }
    first &= 0x7fffffff; // the DC coefficient
    const { acCodes } = coding;
    let before = 0;
    while (first !== 0) {
      const place = Math.clz32(first);
      first &= ~(0x80000000 >>> place);
      this.#coefficient(acCodes, place - before - 1, words[at + (zigzag[place] ?? 0)] ?? 0);
      before = place;
    }
    while (second !== 0) {
      const place = Math.clz32(second);
      second &= ~(0x80000000 >>> place);
      this.#coefficient(acCodes, place + 31 - before, words[at + (zigzag[place + 32] ?? 0)] ?? 0);
      before = place + 32;
    }
    if (before < 63) this.#code(acCodes[endOfBlock] ?? 0);
  }

  /** A block that only fills up the last unit of a row: as its neighbour on the left, so that it takes the fewest bits. */
  emptyBlock(coding: ComponentCoding): void {
    this.#difference(coding, coding.dc);
    this.#code(coding.acCodes[endOfBlock] ?? 0);
  }

  /** Ends the scan (F.1.2.3: with ones) and the codestream. */
  end(): Uint8Array<ArrayBuffer> {
    this.makeRoom(1);
    this.#put(0x7f, 7);
    for (let left = 32 - this.#free; left >= 8; left -= 8) this.#byte((this.#bits >>> (left - 8)) & 0xff);
    this.#bytes[this.#length] = 0xff;
    this.#bytes[this.#length + 1] = 0xd9;
    return this.#bytes.slice(0, this.#length + 2);
  }

  #difference(coding: ComponentCoding, dc: number): void {
    const difference = dc - coding.dc;
    coding.dc = dc;
    this.#number(coding.dcCodes, 0, difference);
  }

  /** After `run` zeros. */
  #coefficient(codes: Uint32Array, run: number, value: number): void {
    let left = run;
    for (; left > 15; left -= 16) this.#code(codes[zeroRun] ?? 0);
    this.#number(codes, left, value);
  }

  /** The code of a run and a size, and the number's bits: of negative ones those of one less (F.1.2.1.1). */
  #number(codes: Uint32Array, run: number, value: number): void {
    const sign = value >> 31;
    const size = 32 - Math.clz32((value ^ sign) - sign);
    const code = codes[(run << 4) | size] ?? 0;
    const bits = (value + sign) & ((1 << size) - 1);
    this.#put(((code >>> 5) << size) | bits, (code & 31) + size);
  }

  #code(code: number): void {
    this.#put(code >>> 5, code & 31);
  }

  /** At most 27 bits. */
  #put(value: number, count: number): void {
    const free = this.#free;
    if (count <= free) {
      this.#bits = (this.#bits << count) | value;
      this.#free = free - count;
      return;
    }
    const over = count - free;
    this.#word((this.#bits << free) | (value >>> over));
    this.#bits = value;
    this.#free = 32 - over;
  }

  #word(word: number): void {
    // No byte of it is 0xff: none of its complement is zero.
    if (((~word - 0x01010101) & word & 0x80808080) === 0) {
      const bytes = this.#bytes;
      const at = this.#length;
      bytes[at] = word >>> 24;
      bytes[at + 1] = word >>> 16;
      bytes[at + 2] = word >>> 8;
      bytes[at + 3] = word;
      this.#length = at + 4;
      return;
    }
    for (let shift = 24; shift >= 0; shift -= 8) this.#byte((word >>> shift) & 0xff);
  }

  /** B.1.1.5: a zero after 0xff, so that it begins no marker. */
  #byte(byte: number): void {
    this.#bytes[this.#length++] = byte;
    if (byte === 0xff) this.#bytes[this.#length++] = 0;
  }
}
