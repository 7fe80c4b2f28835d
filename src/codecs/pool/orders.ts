/** What callers ask of the pool, and how it becomes a job whose bytes can be handed over to a worker. */
import type { DecodeRequest } from '../decode-frame.ts';
import type { DrawRequest } from '../draw-frame.ts';
import type { EncodeRequest } from '../encode-frame.ts';
import type { FrameFacts } from '../frame.ts';
import type { Job } from './protocol.ts';

/** Bytes, or a function that reads them when their turn has come: a request that waits then costs no memory. */
export type Loaded = Uint8Array<ArrayBuffer> | (() => Promise<Uint8Array<ArrayBuffer>>);
export type DecodeOrder = Omit<DecodeRequest, 'bytes'> & { readonly bytes: Loaded };
export type EncodeOrder = Omit<EncodeRequest, 'pixels'> & { readonly pixels: Loaded };
export type DrawOrder = Omit<DrawRequest, 'bytes'> & { readonly bytes: Loaded };

export async function decodeJob(order: DecodeOrder): Promise<Job> {
  const bytes = ownBuffer(await loaded(order.bytes));
  const { transferSyntaxUid } = order;
  return { kind: 'decode', request: { transferSyntaxUid, bytes, facts: exactFacts(order.facts) } };
}

export async function encodeJob(order: EncodeOrder): Promise<Job> {
  const pixels = ownBuffer(await loaded(order.pixels));
  const { transferSyntaxUid, options = {} } = order;
  return { kind: 'encode', request: { transferSyntaxUid, pixels, facts: exactFacts(order.facts), options } };
}

export async function drawJob(order: DrawOrder): Promise<Job> {
  const bytes = ownBuffer(await loaded(order.bytes));
  const { transferSyntaxUid, image, options, type, quality, limits } = order;
  return { kind: 'draw', request: { transferSyntaxUid, bytes, image, options, type, quality, limits } };
}

async function loaded(from: Loaded): Promise<Uint8Array<ArrayBuffer>> {
  return typeof from === 'function' ? await from() : from;
}

/** Only whole buffers can be transferred: the rest of another's would be gone with it. */
function ownBuffer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** Nothing else of what the caller has goes to a worker. */
function exactFacts(facts: FrameFacts): FrameFacts {
  return {
    rows: facts.rows,
    columns: facts.columns,
    samplesPerPixel: facts.samplesPerPixel,
    bitsAllocated: facts.bitsAllocated,
    bitsStored: facts.bitsStored,
    pixelRepresentation: facts.pixelRepresentation,
    planarConfiguration: facts.planarConfiguration,
    photometricInterpretation: facts.photometricInterpretation,
  };
}
