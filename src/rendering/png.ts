/** PNG (ISO/IEC 15948) of 8 bits, grey or RGB, without any text or time in it. */
import { crc32, deflateSync } from 'node:zlib';
import type { Picture } from './picture.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const colourTypes = { 1: 0, 3: 2 };
/** Above it a chart's lines get little shorter, and a photograph takes twice as long. */
const level = 4;

export function writePng({ width, height, channels, pixels }: Picture): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourTypes[channels]], 8); // bit depth; deflate, filters and no interlace are 0
  const data = deflateSync(filtered(pixels, width * channels), { level });
  const parts = [
    Uint8Array.from(signature),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array(0)),
  ];
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** Each line as the differences to the one above (filter 2), the first one as it is: cheap, and good for medical images. */
function filtered(pixels: Uint8Array, lineBytes: number): Uint8Array {
  const lines = pixels.length / lineBytes;
  const result = new Uint8Array(pixels.length + lines);
  for (let line = 0, from = 0, to = 0; line < lines; line += 1) {
    result[to] = line === 0 ? 0 : 2;
    to += 1;
    for (let at = 0; at < lineBytes; at += 1, from += 1, to += 1) {
      const above = line === 0 ? 0 : (pixels[from - lineBytes] ?? 0);
      result[to] = (pixels[from] ?? 0) - above;
    }
  }
  return result;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(Buffer.from(type, 'latin1'), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
