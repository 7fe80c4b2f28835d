/**
 * The inverse discrete cosine transform of 8 x 8 blocks for 12 bits, ITU-T T.81 A.3.3, after Loeffler, Ligtenberg and
 * Moschytz (ICASSP 1989) in integers: 13 bits of fraction, one bit kept between the passes. The same steps as the accurate
 * transform of the Independent JPEG Group, so that decoded pixels are the same as DCMTK's.
 */

import { c0298, c0390, c0541, c0765, c0899, c1175, c1501, c1847, c1961, c2053, c2562, c3072 } from './dct-constants.ts';

const fraction = 13;
const kept = 1;

const between = new Int32Array(64);

/** Reads 64 dequantized coefficients row by row, writes 64 pixels around zero. */
export function inverseDct(block: Int32Array, pixels: Int32Array): void {
  for (let column = 0; column < 8; column += 1) pass(block, between, column, 8, fraction - kept);
  for (let row = 0; row < 64; row += 8) pass(between, pixels, row, 1, fraction + kept + 3);
}

/** One row or column: eight values from `first`, each `step` after the one before. */
function pass(from: Int32Array, to: Int32Array, first: number, step: number, shift: number): void {
  const at = (nth: number): number => from[first + nth * step] ?? 0;
  // even part
  const rotation = Math.imul(at(2) + at(6), c0541);
  const even2 = rotation - Math.imul(at(6), c1847);
  const even3 = rotation + Math.imul(at(2), c0765);
  const even0 = (at(0) + at(4)) << fraction;
  const even1 = (at(0) - at(4)) << fraction;
  const sums = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];
  // odd part
  const [one, three, five, seven] = [at(1), at(3), at(5), at(7)];
  const turn = Math.imul(seven + three + five + one, c1175);
  const z1 = -Math.imul(seven + one, c0899);
  const z2 = -Math.imul(five + three, c2562);
  const z3 = turn - Math.imul(seven + three, c1961);
  const z4 = turn - Math.imul(five + one, c0390);
  const odds = [
    Math.imul(one, c1501) + z1 + z4,
    Math.imul(three, c3072) + z2 + z3,
    Math.imul(five, c2053) + z2 + z4,
    Math.imul(seven, c0298) + z1 + z3,
  ];
  const half = 1 << (shift - 1);
  for (let nth = 0; nth < 4; nth += 1) {
    const sum = sums[nth] ?? 0;
    const odd = odds[nth] ?? 0;
    to[first + nth * step] = (sum + odd + half) >> shift;
    to[first + (7 - nth) * step] = (sum - odd + half) >> shift;
  }
}
