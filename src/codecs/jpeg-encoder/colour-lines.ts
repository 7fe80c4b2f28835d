/**
 * RGB to luminance and chrominance (JFIF, ITU-T T.871 section 6), of which two neighbours share one, as WebAssembly with 16 pixels at a
 * time. In integers with 16 bits of fraction, the same steps as libjpeg's; halves of shared chrominance are rounded down and up in turn.
 */
import { chrominanceAt } from './memory-layout.ts';
import {
  type Code,
  i16x8,
  i32,
  i32x4,
  i8x16,
  interleavedHigh,
  interleavedLow,
  type Local,
  Locals,
  pair,
  repeat,
  v128,
  type WasmFunction,
} from './wasm-assembler.ts';

/** `count` times 16 pixels from `colours`, to two places in a line of samples: where luminance goes on, and half as far from its begin. */
export type ConvertColours = (colours: number, count: number, luminance: number, chrominance: number) => void;

/** What convertColours takes at once. */
export const colourStep = 16;

/** Multipliers are below 2^15: what is more is taken of the same channel twice. */
const luminanceOf = { redGreen: [19_595, 38_470 - 16_384], blueGreen: [7471, 16_384] } as const;
const blueOf = { redGreen: [-11_059, -21_709], blueBlue: [16_384, 16_384] } as const;
const redOf = { redRed: [16_384, 16_384], greenBlue: [-27_439, -5329] } as const;
const half = 2 ** 15;
const middle = 128 * 2 ** 16 + half - 1;

export function convertColours(): WasmFunction {
  const locals = new Locals(4);
  const [from, count] = [locals.parameter(0), locals.parameter(1)];
  const [luminance, chrominance] = [locals.parameter(2), locals.parameter(3)];
  const pixels = [locals.vector(), locals.vector(), locals.vector()] as const;
  const channels = [locals.vector(), locals.vector(), locals.vector()] as const;
  const halves = [i16x8.widenLow, i16x8.widenHigh].map((widen) => {
    const rgb: Rgb = [locals.vector(), locals.vector(), locals.vector()];
    return { rgb, code: rgb.flatMap((to, nth) => to.set(widen(channels[nth]?.get ?? []))) };
  });
  const [low, high] = halves.map(({ rgb }) => rgb);
  if (low === undefined || high === undefined) throw new Error('There are two halves');
  const both = (convert: (rgb: Rgb) => Code): readonly [Code, Code] => [convert(low), convert(high)];
  const body = [
    ...pixels.flatMap((to, nth) => to.set(v128.load(from.get, 16 * nth))),
    ...channels.flatMap((to, nth) => to.set(channelOf(pixels, nth))),
    ...halves.flatMap(({ code }) => code),
    ...v128.store(luminance.get, i8x16.narrow(...both(luminances)), 0),
    ...v128.storeLow(chrominance.get, shared(...both(blues)), chrominanceAt.blue),
    ...v128.storeLow(chrominance.get, shared(...both(reds)), chrominanceAt.red),
    ...from.set(i32.add(from.get, i32.constant(3 * colourStep))),
    ...luminance.set(i32.add(luminance.get, i32.constant(colourStep))),
    ...chrominance.set(i32.add(chrominance.get, i32.constant(colourStep / 2))),
    ...count.set(i32.sub(count.get, i32.constant(1))),
  ];
  return { name: 'convertColours', parameters: 4, locals, body: repeat(count, body) };
}

/** Of eight pixels, 16 bits each. */
type Rgb = readonly [red: Local, green: Local, blue: Local];

/** Every third of 48 bytes: first out of the first two vectors, then the rest out of the third. */
function channelOf([a, b, c]: readonly [Local, Local, Local], channel: number): Code {
  const places = Array.from({ length: 16 }, (_, nth) => 3 * nth + channel);
  const firsts = v128.shuffle(
    a.get,
    b.get,
    places.map((place) => (place < 32 ? place : 0)),
  );
  return v128.shuffle(
    firsts,
    c.get,
    places.map((place, nth) => (place < 32 ? nth : place - 16)),
  );
}

type Term = readonly [one: Local, other: Local, factors: readonly [number, number]];

const luminances = ([red, green, blue]: Rgb): Code =>
  weighted([red, green, luminanceOf.redGreen], [blue, green, luminanceOf.blueGreen], half);
const blues = ([red, green, blue]: Rgb): Code =>
  weighted([red, green, blueOf.redGreen], [blue, blue, blueOf.blueBlue], middle);
const reds = ([red, green, blue]: Rgb): Code =>
  weighted([red, red, redOf.redRed], [green, blue, redOf.greenBlue], middle);

/** Eight results of 16 bits. */
function weighted(first: Term, second: Term, offset: number): Code {
  const quarter = (interleaved: readonly number[]): Code => {
    const product = ([one, other, factors]: Term): Code =>
      i32x4.dot(v128.shuffle(one.get, other.get, interleaved), pair(...factors));
    return i32x4.shiftRight(i32x4.add(i32x4.add(product(first), product(second)), i32x4.splat(offset)), 16);
  };
  return i16x8.narrow(quarter(interleavedLow), quarter(interleavedHigh));
}

/** Of neighbours one: eight bytes, in the lower half. */
function shared(low: Code, high: Code): Code {
  const four = (eight: Code): Code => {
    const sums = i32x4.dot(eight, pair(1, 1));
    return i32x4.shiftRight(i32x4.add(sums, inTurn), 1);
  };
  const words = i16x8.narrow(four(low), four(high));
  return i8x16.narrow(words, i16x8.splat(0));
}

const inTurn = v128.constant(new Uint8Array(Int32Array.of(0, 1, 0, 1).buffer));
