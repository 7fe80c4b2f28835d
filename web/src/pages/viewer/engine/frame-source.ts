/**
 * Gets frames from the server with the session's cookie. Grey values come uncompressed, whatever they are stored as: the server's
 * codecs run without rights, and the page needs no decoder of its own. What has colours comes as the server draws it.
 */
import { problemOf, reach } from '../../../api/client.ts';
import { framePath, renderedFrame } from '../../../api/dicomweb.ts';
import type { FramePlace } from '../../../model/places.ts';
import { sessionEnded } from '../../../model/session.ts';
import type { ImageFacts } from '../model/image-facts.ts';

const explicitLittleEndian = '1.2.840.10008.1.2.1';

/** @throws ApiError; the signal's reason */
export async function fetchValues(place: FramePlace, signal: AbortSignal): Promise<ArrayBuffer> {
  const accept = `application/octet-stream; transfer-syntax=${explicitLittleEndian}`;
  return (await get(framePath(place), accept, signal)).arrayBuffer();
}

/**
 * Three bytes a pixel.
 * @throws ApiError; Error where the picture is none; the signal's reason
 */
export async function fetchPicture(facts: ImageFacts, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await get(renderedFrame(facts.place, undefined), 'image/png', signal);
  // As the bytes are: a profile of the screen would change them.
  const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: 'none' });
  const { rows, columns } = facts;
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('No canvas to read a picture from');
  context.drawImage(bitmap, 0, 0, columns, rows);
  bitmap.close();
  const { data } = context.getImageData(0, 0, columns, rows);
  const pixels = new Uint8Array(rows * columns * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = data[from] ?? 0;
    pixels[to + 1] = data[from + 1] ?? 0;
    pixels[to + 2] = data[from + 2] ?? 0;
  }
  return pixels;
}

/** @throws ApiError; the signal's reason */
export async function get(path: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await reach(path, { credentials: 'same-origin', headers: { accept }, signal });
  if (answer.ok) return answer;
  const error = await problemOf(answer);
  if (error.status === 401) sessionEnded();
  throw error;
}
