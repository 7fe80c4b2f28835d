/**
 * Writes a WebAssembly module (core specification 5) of loops over vectors: as much as kernels.ts needs. Code is a list of
 * bytes, and an operator a function from its operands' code to its own.
 */
export type Code = readonly number[];

/** One local variable, and how it is read and set. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

const i32Type = 0x7f;
const v128Type = 0x7b;

export const memorySectionId = 5;

/** The parameters, each an i32, then v128 locals, each numbered as it is asked for. */
export class Locals {
  readonly #parameters: number;
  #vectors = 0;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  parameter(nth: number): Local {
    return local(nth);
  }

  vector(): Local {
    this.#vectors += 1;
    return local(this.#parameters + this.#vectors - 1);
  }

  /** What stands before a function's code, 5.4.6. */
  get declaration(): Code {
    return [1, ...leb(this.#vectors), v128Type];
  }
}

function local(index: number): Local {
  return { get: [0x20, ...leb(index)], set: (value) => [...value, 0x21, ...leb(index)] };
}

export const i32 = {
  constant: (value: number): Code => [0x41, ...signedLeb(value)],
  add: plain(0x6a),
  sub: plain(0x6b),
  /** Bytes of memory from an address on. */
  store8: (address: Code, value: Code, offset: number): Code => [...address, ...value, 0x3a, 0, ...leb(offset)],
};

export const v128 = {
  load: (address: Code, offset: number): Code => [...address, 0xfd, 0x00, 0, ...leb(offset)],
  /** Eight bytes, each widened to 16 bits. */
  load8x8U: (address: Code, offset: number): Code => [...address, 0xfd, 0x02, 0, ...leb(offset)],
  store: (address: Code, value: Code, offset: number): Code => [...address, ...value, 0xfd, 0x0b, 0, ...leb(offset)],
  /** The lower half only. */
  storeLow: (address: Code, value: Code, offset: number): Code => [
    ...address,
    ...value,
    0xfd,
    0x5b,
    0,
    ...leb(offset),
    0,
  ],
  constant: (bytes: Uint8Array): Code => [0xfd, 0x0c, ...bytes],
  /** 16 bytes out of the 32 of both. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [...a, ...b, 0xfd, 0x0d, ...lanes],
};

/** Sixteen bytes. */
export const i8x16 = {
  /** Of two vectors of 16 bits. */
  narrow: vector(0x66),
};

export const i16x8 = {
  /** Of bytes without a sign. */
  widenLow: vector(0x89),
  widenHigh: vector(0x8a),
  splat: (value: number): Code => v128.constant(new Uint8Array(new Int16Array(8).fill(value).buffer)),
  add: vector(0x8e),
  sub: vector(0x91),
  notEqual: vector(0x2e),
  /** Each lane's sign, as an i32. */
  bitmask: vector(0x84),
  /** Of two vectors of 32 bits; none of them overflows here. */
  narrow: vector(0x85),
  shiftLeft: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0xfd, ...leb(0x8b)],
  shiftRight: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0xfd, ...leb(0x8c)],
};

export const i32x4 = {
  splat: (value: number): Code => v128.constant(new Uint8Array(new Int32Array(4).fill(value).buffer)),
  add: vector(0xae),
  /** Products of 16 bits, neighbours added. */
  dot: vector(0xba),
  widenLow: vector(0xa7),
  widenHigh: vector(0xa8),
  shiftRight: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0xfd, ...leb(0xac)],
};

export const f32x4 = {
  splat: (value: number): Code => v128.constant(new Uint8Array(new Float32Array(4).fill(value).buffer)),
  fromInt: vector(0xfa),
  add: vector(0xe4),
  mul: vector(0xe6),
};

/** Words of both in turn: of their lower halves, of their upper halves; and the lower words of 32 bits. */
export const interleavedLow = words([0, 8, 1, 9, 2, 10, 3, 11]);
export const interleavedHigh = words([4, 12, 5, 13, 6, 14, 7, 15]);
export const lowWords = words([0, 2, 4, 6, 8, 10, 12, 14]);

function words(chosen: readonly number[]): readonly number[] {
  return chosen.flatMap((word) => [2 * word, 2 * word + 1]);
}

/** Two words in turn. */
export function pair(first: number, second: number): Code {
  const all = Int16Array.from({ length: 8 }, (_, lane) => (lane % 2 === 0 ? first : second));
  return v128.constant(new Uint8Array(all.buffer));
}

/** Repeats until `left`, which `body` makes smaller, is zero; at least once. */
export function repeat(left: Local, body: Code): Code {
  return [0x03, 0x40, ...body, ...left.get, 0x0d, 0, 0x0b];
}

export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly locals: Locals;
  readonly body: Code;
}

/** A module that exports `memory`, which begins with `pages` of 64 KiB and never grows, and functions that return nothing. */
export function moduleOf(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    parameters,
    ...Array.from({ length: parameters }, () => i32Type),
    0,
  ]);
  const exported = (name: string, kind: number, index: number): Code => [
    name.length,
    ...Buffer.from(name),
    kind,
    index,
  ];
  const codes = functions.map(({ locals, body }) => [...locals.declaration, ...body, 0x0b]);
  const numbers = functions.map((_, nth) => nth);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [types.length, ...types.flat()]),
    ...section(3, [numbers.length, ...numbers]),
    ...memorySection(pages, pages),
    ...section(7, [
      1 + numbers.length,
      ...exported('memory', 2, 0),
      ...functions.flatMap(({ name }, nth) => exported(name, 0, nth)),
    ]),
    ...section(10, [codes.length, ...codes.flatMap((code) => [...leb(code.length), ...code])]),
  ]);
}

/** One memory that begins with `least` pages of 64 KiB and never has more than `most`, 5.5.8. */
export function memorySection(least: number, most: number): Code {
  return section(memorySectionId, [1, 1, ...leb(least), ...leb(most)]);
}

function section(id: number, content: Code): Code {
  return [id, ...leb(content.length), ...content];
}

function plain(opcode: number): (...operands: readonly Code[]) => Code {
  return (...operands) => [...operands.flat(), opcode];
}

function vector(opcode: number): (...operands: readonly Code[]) => Code {
  return (...operands) => [...operands.flat(), 0xfd, ...leb(opcode)];
}

/** Unsigned LEB128, 5.2.2. */
function leb(value: number): Code {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...leb(Math.floor(value / 128))];
}

function signedLeb(value: number): Code {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signedLeb(value >> 7)];
}
