/**
 * The forward discrete cosine transform of 8 x 8 blocks of 8 bits and their quantization (ITU-T T.81 A.3.3 and A.3.4), as WebAssembly
 * with eight samples to an instruction. After Loeffler, Ligtenberg and Moschytz (ICASSP 1989) in integers: 13 bits of fraction, two
 * bits kept between the passes. The same steps as the accurate transform of the Independent JPEG Group, so that codestreams are the same
 * as DCMTK's and libjpeg-turbo's, bit for bit.
 */
import {
  c0298,
  c0390,
  c0541,
  c0765,
  c0899,
  c1175,
  c1501,
  c1847,
  c1961,
  c2053,
  c2562,
  c3072,
} from '../dct-constants.ts';
import {
  type Code,
  f32x4,
  i16x8,
  i32,
  i32x4,
  interleavedHigh,
  interleavedLow,
  type Local,
  Locals,
  lowWords,
  pair,
  repeat,
  v128,
  type WasmFunction,
} from './wasm-assembler.ts';
import { layout } from './memory-layout.ts';

/** From samples, blocks side by side, to as many blocks and masks, with one table of factors. All but `count` are addresses. */
export type TransformBlocks = (samples: number, count: number, factors: number, blocks: number, masks: number) => void;

const fraction = 13;
const kept = 2;

/** Added to a float below 2^22 it leaves the nearest whole number in the lowest bits. */
const roundingMagic = 1.5 * 2 ** 23;

/**
 * What a coefficient is multiplied with instead of being divided by its step. Coefficients come eight times too large. A bit more
 * than the reciprocal, so that a half is rounded away from zero; too little to matter elsewhere, since coefficients have 15 bits.
 */
export function quantizingFactor(step: number): number {
  return (1 + 2 ** -20) / (8 * step);
}

export function transformBlocks(): WasmFunction {
  const locals = new Locals(5);
  const [samples, count] = [locals.parameter(0), locals.parameter(1)];
  const [factors, blocks, masks] = [locals.parameter(2), locals.parameter(3), locals.parameter(4)];
  const rows = eightOf(locals);
  const spare = eightOf(locals);
  const lines = rows.flatMap((row, nth) =>
    row.set(i16x8.sub(v128.load8x8U(samples.get, nth * layout.samplesPitch), i16x8.splat(128))),
  );
  const body = [
    ...lines,
    ...transpose(rows, spare),
    ...pass(spare, rows, { evenShift: -kept, shift: fraction - kept }),
    ...transpose(spare, rows),
    ...pass(rows, spare, { evenShift: kept, shift: fraction + kept }),
    ...rows.flatMap((row, nth) => [
      ...row.set(quantized(row, factors, nth)),
      ...v128.store(blocks.get, row.get, 16 * nth),
      ...i32.store8(masks.get, i16x8.bitmask(i16x8.notEqual(row.get, i16x8.splat(0))), nth),
    ]),
    ...samples.set(i32.add(samples.get, i32.constant(8))),
    ...blocks.set(i32.add(blocks.get, i32.constant(128))),
    ...masks.set(i32.add(masks.get, i32.constant(8))),
    ...count.set(i32.sub(count.get, i32.constant(1))),
  ];
  return { name: 'transformBlocks', parameters: 5, locals, body: repeat(count, body) };
}

type Eight = readonly [Local, Local, Local, Local, Local, Local, Local, Local];

function eightOf(locals: Locals): Eight {
  const next = (): Local => locals.vector();
  return [next(), next(), next(), next(), next(), next(), next(), next()];
}

/** Rows of `from` become columns of `to`: the places of 64 words have six bits, and each step turns them by one. */
function transpose(from: Eight, to: Eight): Code {
  return [...interleave(from, to), ...interleave(to, from), ...interleave(from, to)];
}

function interleave([a0, a1, a2, a3, b0, b1, b2, b3]: Eight, to: Eight): Code {
  const pairs = [
    [a0, b0],
    [a1, b1],
    [a2, b2],
    [a3, b3],
  ] as const;
  const woven = pairs.flatMap(([a, b]) => [
    v128.shuffle(a.get, b.get, interleavedLow),
    v128.shuffle(a.get, b.get, interleavedHigh),
  ]);
  return to.flatMap((vector, nth) => vector.set(woven[nth] ?? []));
}

interface Shifts {
  /** Of the two outputs that nothing is multiplied in; to the left where negative. */
  readonly evenShift: number;
  readonly shift: number;
}

/** One pass over eight rows or columns at once: vector k holds the k-th value of each, then the k-th frequency. */
function pass(rows: Eight, spare: Eight, { evenShift, shift }: Shifts): Code {
  const [x0, x1, x2, x3, x4, x5, x6, x7] = rows;
  const [s0, s1, s2, s3, d3, d2, d1, d0] = spare;
  const { add, sub } = i16x8;
  const even = (value: Code): Code =>
    evenShift < 0
      ? i16x8.shiftLeft(value, -evenShift)
      : i16x8.shiftRight(add(value, i16x8.splat(2 ** (evenShift - 1))), evenShift);
  const sums = [
    ...s0.set(add(x0.get, x7.get)),
    ...d0.set(sub(x0.get, x7.get)),
    ...s1.set(add(x1.get, x6.get)),
    ...d1.set(sub(x1.get, x6.get)),
    ...s2.set(add(x2.get, x5.get)),
    ...d2.set(sub(x2.get, x5.get)),
    ...s3.set(add(x3.get, x4.get)),
    ...d3.set(sub(x3.get, x4.get)),
  ];
  // What is read no more makes room: x1, x3, x5, x7 for sums of sums.
  const [t0, t3, t1, t2] = [x1, x3, x5, x7];
  const evens = [
    ...t0.set(add(s0.get, s3.get)),
    ...t3.set(sub(s0.get, s3.get)),
    ...t1.set(add(s1.get, s2.get)),
    ...t2.set(sub(s1.get, s2.get)),
    ...x0.set(even(add(t0.get, t1.get))),
    ...x4.set(even(sub(t0.get, t1.get))),
    ...rotated([x2, [[t2, t3, c0541, c0541 + c0765]]], [s0, s1], shift),
    ...rotated([x6, [[t2, t3, c0541 - c1847, c0541]]], [s0, s1], shift),
  ];
  const odd = (to: Local, c3: number, c2: number, c1: number, c0: number): Code =>
    rotated(
      [
        to,
        [
          [d3, d2, c3, c2],
          [d1, d0, c1, c0],
        ],
      ],
      [s0, s1],
      shift,
    );
  return [
    ...sums,
    ...evens,
    ...odd(x7, c0298 - c0899 - c1961 + c1175, c1175, c1175 - c1961, c1175 - c0899),
    ...odd(x5, c1175, c2053 - c2562 - c0390 + c1175, c1175 - c2562, c1175 - c0390),
    ...odd(x3, c1175 - c1961, c1175 - c2562, c3072 - c2562 - c1961 + c1175, c1175),
    ...odd(x1, c1175 - c0899, c1175 - c0390, c1175, c1501 - c0899 - c0390 + c1175),
  ];
}

type Product = readonly [a: Local, b: Local, timesA: number, timesB: number];

/** Sums of products of 32 bits, rounded and shifted back to 16. */
function rotated(
  [to, products]: readonly [Local, readonly Product[]],
  [low, high]: readonly [Local, Local],
  shift: number,
): Code {
  const half = (interleaved: readonly number[]): Code => {
    const terms = products.map(([a, b, timesA, timesB]) =>
      i32x4.dot(v128.shuffle(a.get, b.get, interleaved), pair(timesA, timesB)),
    );
    const sum = terms.reduce((one, other) => i32x4.add(one, other));
    return i32x4.shiftRight(i32x4.add(sum, i32x4.splat(2 ** (shift - 1))), shift);
  };
  return [
    ...low.set(half(interleavedLow)),
    ...high.set(half(interleavedHigh)),
    ...to.set(i16x8.narrow(low.get, high.get)),
  ];
}

/** Eight coefficients of a row, multiplied as floats and rounded. */
function quantized(row: Local, factors: Local, nth: number): Code {
  const four = (widened: Code, part: number): Code =>
    f32x4.add(
      f32x4.mul(f32x4.fromInt(widened), v128.load(factors.get, 32 * nth + 16 * part)),
      f32x4.splat(roundingMagic),
    );
  return v128.shuffle(four(i32x4.widenLow(row.get), 0), four(i32x4.widenHigh(row.get), 1), lowWords);
}
