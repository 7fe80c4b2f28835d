/**
 * Passes over all samples of a frame. Containers of 16 bits are taken two at a time, and lengths are read once: the same loops one
 * by one took four times as long, most of a picture's time.
 */
import type { CodedSamples } from './samples.ts';

/** Each code that some sample has, rising. */
export function codesIn(samples: CodedSamples): Uint16Array {
  const { mask } = samples;
  const occurs = occurrences(samples);
  const codes = new Uint16Array(mask + 1);
  let count = 0;
  // Most of them do not occur: four at a time.
  const fours = new Uint32Array(occurs.buffer);
  const { length } = fours;
  for (let nth = 0; nth < length; nth += 1) {
    if (fours[nth] === 0) continue;
    for (let code = 4 * nth; code < 4 * nth + 4; code += 1) if (occurs[code] === 1) codes[count++] = code;
  }
  return codes.subarray(0, count);
}

/** What the table, which has an entry for each code, says of each sample. */
export function lookUpAll({ containers, shift, mask }: CodedSamples, table: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = containers;
  const values = new Uint8Array(length);
  if (containers instanceof Uint8Array) {
    for (let at = 0; at < length; at += 1) values[at] = table[((containers[at] ?? 0) >> shift) & mask] ?? 0;
    return values;
  }
  const pairs = pairsOf(containers);
  const high = shift + 16;
  const { length: count } = pairs;
  const valuePairs = new Uint16Array(values.buffer, 0, count);
  for (let at = 0; at < count; at += 1) {
    const pair = pairs[at] ?? 0;
    valuePairs[at] = (table[(pair >>> shift) & mask] ?? 0) | ((table[(pair >>> high) & mask] ?? 0) << 8);
  }
  if (length % 2 === 1) values[length - 1] = table[((containers[length - 1] ?? 0) >> shift) & mask] ?? 0;
  return values;
}

/** By code: 1 where a sample has it. At least four. */
function occurrences({ containers, shift, mask }: CodedSamples): Uint8Array<ArrayBuffer> {
  const occurs = new Uint8Array(Math.max(4, mask + 1));
  const { length } = containers;
  if (containers instanceof Uint8Array) {
    for (let at = 0; at < length; at += 1) occurs[((containers[at] ?? 0) >> shift) & mask] = 1;
    return occurs;
  }
  const pairs = pairsOf(containers);
  const high = shift + 16;
  const { length: count } = pairs;
  for (let at = 0; at < count; at += 1) {
    const pair = pairs[at] ?? 0;
    occurs[(pair >>> shift) & mask] = 1;
    occurs[(pair >>> high) & mask] = 1;
  }
  if (length % 2 === 1) occurs[((containers[length - 1] ?? 0) >> shift) & mask] = 1;
  return occurs;
}

/** Two samples each, the first one lower; of an odd number the last one is left out. */
function pairsOf(containers: Uint16Array): Uint32Array {
  const even = containers.byteOffset % 4 === 0 ? containers : containers.slice();
  return new Uint32Array(even.buffer, even.byteOffset, even.length >> 1);
}
