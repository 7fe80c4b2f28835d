/** Colour frames as RGB of 8 bits, PS3.3 C.7.6.3.1.2: RGB, YBR_FULL, YBR_FULL_422 and PALETTE COLOR. */
import type { FrameFacts } from '../codecs/frame.ts';
import type { ImageFacts, Palette } from './image-facts.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { samplesOf } from './samples.ts';

/** A frame and what its decoder says of its colours, which may be other than the data set says. */
export interface ColourFrame {
  readonly pixels: Uint8Array;
  readonly photometricInterpretation: string;
  readonly planarConfiguration: number;
}

/** Three samples per pixel. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function drawColour(frame: ColourFrame, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  const { photometricInterpretation } = frame;
  if (photometricInterpretation === 'YBR_FULL_422' && isSubsampled(frame, facts.frame)) {
    return toRgb(spread(frame.pixels, facts.frame));
  }
  const samples = byPixel(bytesOf(frame.pixels, facts), frame.planarConfiguration);
  switch (photometricInterpretation) {
    case 'RGB':
      return samples;
    case 'YBR_FULL':
    case 'YBR_FULL_422': // decoders give all three samples of each pixel
      return toRgb(samples);
    default:
      throw unsupportedImage('its colours are of a kind not drawn here', 'Photometric Interpretation');
  }
}

/** One sample per pixel, which is a place in the palette. @throws LeadglassError MALFORMED, UNSUPPORTED */
export function drawPalette(pixels: Uint8Array, facts: ImageFacts, palette: Palette): Uint8Array<ArrayBuffer> {
  const samples = samplesOf(pixels, facts);
  if (samples.kind !== 'coded') {
    throw unsupportedImage('its palette is for more than 16 bits', 'Bits Allocated');
  }
  const { containers, shift, mask, valueOf } = samples;
  const colours = new Uint8Array((mask + 1) * 3);
  for (const [channel, { first, values }] of [palette.red, palette.green, palette.blue].entries()) {
    const last = values.length - 1;
    for (let code = 0; code <= mask; code += 1) {
      colours[code * 3 + channel] = values[Math.min(last, Math.max(0, valueOf(code) - first))] ?? 0;
    }
  }
  const { length } = containers;
  const rgb = new Uint8Array(length * 3);
  for (let at = 0, to = 0; at < length; at += 1, to += 3) {
    const from = (((containers[at] ?? 0) >> shift) & mask) * 3;
    rgb[to] = colours[from] ?? 0;
    rgb[to + 1] = colours[from + 1] ?? 0;
    rgb[to + 2] = colours[from + 2] ?? 0;
  }
  return rgb;
}

/** Bytes of a native frame: two luminances share their colour differences, so a pixel has two bytes (C.7.6.3.1.2). */
export function subsampledBytes({ rows, columns }: FrameFacts): number {
  return rows * columns * 2;
}

function isSubsampled({ pixels }: ColourFrame, frame: FrameFacts): boolean {
  if (pixels.length !== subsampledBytes(frame)) return false;
  if (frame.columns % 2 === 0 && frame.bitsAllocated === 8) return true;
  throw malformedImage('YBR_FULL_422 needs an even number of columns and 8 bits', 'Columns');
}

/** Samples of any depth as bytes: the highest eight bits, or stretched where there are fewer. */
function bytesOf(pixels: Uint8Array, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  const samples = samplesOf(pixels, facts);
  if (samples.kind !== 'coded' || facts.frame.pixelRepresentation !== 0) {
    throw unsupportedImage('its colours are signed or have more than 16 bits', 'Bits Allocated');
  }
  const { containers, shift, mask } = samples;
  const { bitsStored } = facts.frame;
  const down = shift + bitsStored - 8;
  if (containers instanceof Uint8Array && down === 0) return new Uint8Array(containers);
  const { length } = containers;
  const bytes = new Uint8Array(length);
  if (bitsStored >= 8) {
    for (let at = 0; at < length; at += 1) bytes[at] = (containers[at] ?? 0) >> down;
  } else {
    for (let at = 0; at < length; at += 1) bytes[at] = ((((containers[at] ?? 0) >> shift) & mask) * 255) / mask;
  }
  return bytes;
}

function byPixel(bytes: Uint8Array<ArrayBuffer>, planarConfiguration: number): Uint8Array<ArrayBuffer> {
  if (planarConfiguration === 0) return bytes;
  const plane = bytes.length / 3;
  const mixed = new Uint8Array(bytes.length);
  for (let at = 0, to = 0; at < plane; at += 1, to += 3) {
    mixed[to] = bytes[at] ?? 0;
    mixed[to + 1] = bytes[plane + at] ?? 0;
    mixed[to + 2] = bytes[2 * plane + at] ?? 0;
  }
  return mixed;
}

/** Y Y CB CR to two pixels of Y CB CR. */
function spread(pixels: Uint8Array, { rows, columns }: FrameFacts): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(rows * columns * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 6) {
    whole[to] = pixels[from] ?? 0;
    whole[to + 3] = pixels[from + 1] ?? 0;
    whole[to + 1] = whole[to + 4] = pixels[from + 2] ?? 0;
    whole[to + 2] = whole[to + 5] = pixels[from + 3] ?? 0;
  }
  return whole;
}

/** The inverse of C.7.6.3.1.2's equations, as JPEG has it (T.871 section 6); in place. */
function toRgb(samples: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { length } = samples;
  const rgb = new Uint8ClampedArray(samples.buffer, samples.byteOffset, length);
  for (let at = 0; at < length; at += 3) {
    const luminance = rgb[at] ?? 0;
    const blue = (rgb[at + 1] ?? 0) - 128;
    const red = (rgb[at + 2] ?? 0) - 128;
    rgb[at] = luminance + 1.402 * red;
    rgb[at + 1] = luminance - 0.344_136 * blue - 0.714_136 * red;
    rgb[at + 2] = luminance + 1.772 * blue;
  }
  return samples;
}
