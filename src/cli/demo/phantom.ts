/** Pixels of a phantom: a skull-like ellipse with a few bodies inside, computed, so that equal arguments give equal pixels. */

interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  /** Radians. */
  readonly turn: number;
  readonly value: number;
}

/** After Shepp and Logan (1974), simplified; coordinates from -1 to 1. */
const ellipses: readonly Ellipse[] = [
  { x: 0, y: 0, a: 0.69, b: 0.92, turn: 0, value: 0.8 },
  { x: 0, y: -0.02, a: 0.65, b: 0.87, turn: 0, value: -0.45 },
  { x: 0.22, y: 0, a: 0.11, b: 0.31, turn: -0.31, value: -0.2 },
  { x: -0.22, y: 0, a: 0.16, b: 0.41, turn: 0.31, value: -0.2 },
  { x: 0, y: 0.35, a: 0.21, b: 0.25, turn: 0, value: 0.25 },
  { x: 0.06, y: -0.6, a: 0.03, b: 0.05, turn: 0, value: 0.3 },
];

/** Values from 0 to `maximum`; `depth` from 0 to 1 is where the slice lies. */
export function grayPhantom(
  columns: number,
  rows: number,
  { depth, maximum }: { readonly depth: number; readonly maximum: number },
): Uint16Array {
  const pixels = new Uint16Array(columns * rows);
  // A sphere's slices: smaller at both ends.
  const scale = Math.sqrt(Math.max(0.15, 1 - (2 * depth - 1) ** 2));
  const turned = ellipses.map((ellipse) => ({ ...ellipse, cos: Math.cos(ellipse.turn), sin: Math.sin(ellipse.turn) }));
  for (let row = 0; row < rows; row += 1) {
    const y = (2 * row) / (rows - 1) - 1;
    for (let column = 0; column < columns; column += 1) {
      const x = (2 * column) / (columns - 1) - 1;
      // A little texture, so that the image does not deflate to nothing.
      let value = 0.02 + ((row * 31 + column * 17) % 13) / 1000;
      for (const { x: cx, y: cy, a, b, cos, sin, value: density } of turned) {
        const dx = (x - cx * scale) / scale;
        const dy = (y - cy * scale) / scale;
        const u = (dx * cos + dy * sin) / a;
        const v = (dy * cos - dx * sin) / b;
        if (u * u + v * v <= 1) value += density;
      }
      pixels[row * columns + column] = Math.round(Math.min(1, Math.max(0, value)) * maximum);
    }
  }
  return pixels;
}

/** 8-bit frames of a phantom that comes and goes. */
export function grayLoop(columns: number, rows: number, frames: number): Uint8Array {
  const bytes = new Uint8Array(columns * rows * frames);
  for (let frame = 0; frame < frames; frame += 1) {
    bytes.set(
      Uint8Array.from(grayPhantom(columns, rows, { depth: (frame + 1) / (frames + 1), maximum: 255 })),
      frame * columns * rows,
    );
  }
  return bytes;
}

/** 8-bit gray as RGB with a blue cast, colour by pixel. */
export function toRgb(gray: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(gray.length * 3);
  gray.forEach((value, at) => bytes.set([value, value, Math.min(255, value + 24)], at * 3));
  return bytes;
}
