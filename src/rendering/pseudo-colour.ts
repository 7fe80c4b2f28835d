/** Greys as colours of a palette, PS3.4 N.2.5.2: the darkest grey is its first entry, white its last. */
import type { Palette } from './image-facts.ts';

export function pseudoColours(greys: Uint8Array, { red, green, blue }: Palette): Uint8Array<ArrayBuffer> {
  const colours = new Uint8Array(256 * 3);
  for (const [channel, { values }] of [red, green, blue].entries()) {
    for (let grey = 0; grey < 256; grey += 1) {
      colours[grey * 3 + channel] = values[Math.round((grey * (values.length - 1)) / 255)] ?? 0;
    }
  }
  const rgb = new Uint8Array(greys.length * 3);
  for (const [at, grey] of greys.entries()) rgb.set(colours.subarray(grey * 3, grey * 3 + 3), at * 3);
  return rgb;
}
