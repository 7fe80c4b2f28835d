/** Reads what png.ts writes, for tests that look at pixels. */
import { inflateSync } from 'node:zlib';
import type { Picture } from './picture.ts';

export function readPng(bytes: Uint8Array): Picture {
  const file = Buffer.from(bytes);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const channels = file[25] === 2 ? 3 : 1;
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + length));
  }
  const lines = inflateSync(Buffer.concat(data));
  const lineBytes = width * channels;
  const pixels = new Uint8Array(lineBytes * height);
  for (let line = 0; line < height; line += 1) {
    const filter = lines[line * (lineBytes + 1)];
    for (let at = 0; at < lineBytes; at += 1) {
      const above = filter === 2 && line > 0 ? (pixels[(line - 1) * lineBytes + at] ?? 0) : 0;
      pixels[line * lineBytes + at] = (lines[line * (lineBytes + 1) + 1 + at] ?? 0) + above;
    }
  }
  return { width, height, channels, pixels };
}

/** The colour of a pixel. */
export function pixelAt({ width, channels, pixels }: Picture, x: number, y: number): readonly number[] {
  return [...pixels.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}
