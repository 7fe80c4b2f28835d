/** Seeded randomness and the mutations of bytes that fuzz targets share. The same seed gives the same inputs. */

/** Numbers from 0 up to and without `below`. */
export type Random = (below: number) => number;

/** mulberry32: small, quick, and good enough to choose mutations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) % below) >>> 0;
  };
}

export function pick<T>(from: readonly T[], random: Random): T {
  const chosen = from[random(from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

/** Values that end loops, overflow sums or mean something: lengths, delimiters, letters of VRs. */
const tellingBytes: readonly (readonly number[])[] = [
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xfe, 0xff, 0xff, 0xff],
  [0, 0, 0, 0x80],
  [0xff, 0xff],
  [0, 0],
  [1],
  [0xfe, 0xff, 0x00, 0xe0],
  [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0],
  [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
  [0xe0, 0x7f, 0x10, 0x00],
  [0x53, 0x51],
  [0x55, 0x4e],
  [0x4f, 0x42],
  [0x3f, 0x3f],
];

/** The seed changed in one to six places: flipped, overwritten, cut, doubled, or with a piece of another seed. */
export function mutated(seed: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Buffer.from(seed);
  for (let left = 1 + random(6); left > 0; left -= 1) {
    const at = random(bytes.length + 1);
    const length = 1 + random(Math.max(1, Math.min(64, bytes.length - at)));
    switch (random(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 2:
        bytes.set(pick(tellingBytes, random).slice(0, bytes.length - at), at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Uint8Array.from(pick(tellingBytes, random)), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 6: {
        const other = pick(others, random);
        const from = random(other.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + 4 * length), bytes.subarray(at)]);
        break;
      }
      default:
        if (random(4) === 0) bytes = Buffer.from(bytes.subarray(0, at));
    }
  }
  return new Uint8Array(bytes);
}
