/**
 * Inflates deflated data sets (PS3.5 A.5) piece by piece, under a limit on what comes out and not on what is claimed:
 * CVE-2026-5438, fo-dicom issue 2165 and others are about readers that did not.
 */
import { createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';
import { LeadglassError } from '../error.ts';
import type { DataSetLimits } from './data-set-limits.ts';

export type InflateLimits = Pick<DataSetLimits, 'inflatedBytesMax' | 'inflateRatioMax' | 'inflatedBytesFree'>;

/** What so many deflated bytes may become. */
export function inflatedBytesAllowed(deflatedBytes: number, limits: InflateLimits): number {
  return Math.min(limits.inflatedBytesMax, Math.max(limits.inflatedBytesFree, deflatedBytes * limits.inflateRatioMax));
}

export function inflateLimitExceeded(max: number, cause?: unknown): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot inflate the data set: more than ${max} bytes came out`, {
    field: 'Data Set',
    cause,
  });
}

export function inflateFailed(cause: unknown): LeadglassError {
  if (cause instanceof LeadglassError) return cause;
  return new LeadglassError('MALFORMED', 'Cannot inflate the data set: it is not a whole raw deflate stream', {
    field: 'Data Set',
    cause,
  });
}

/**
 * PS3.5 A.5 allows one NUL after the stream, to make its length even. Writers that use a gzip library leave its trailer of
 * 8 bytes there, too. More would be a place to hide things.
 */
const restBytesMax = 9;

/** @throws LeadglassError MALFORMED when more than that follows the deflate stream */
export function checkRest(restBytes: number): void {
  if (restBytes > restBytesMax) throw inflateFailed(new Error(`${restBytes} bytes follow the deflate stream`));
}

/** Inflates what is pushed and hands the result to a sink at once; nothing is kept between the calls. */
export class Inflater {
  readonly #engine: InflateRaw;
  readonly #limits: InflateLimits;
  #inBytes = 0;
  #outBytes = 0;
  #failure: LeadglassError | undefined;

  constructor(options: { readonly limits: InflateLimits; readonly sink: (bytes: Uint8Array) => void }) {
    this.#limits = options.limits;
    this.#engine = createInflateRaw({ chunkSize: 0x10000 });
    this.#engine.on('data', (bytes: Uint8Array) => {
      if (this.#failure !== undefined) return;
      try {
        this.#outBytes += bytes.length;
        const max = inflatedBytesAllowed(this.#inBytes, this.#limits);
        if (this.#outBytes > max) throw inflateLimitExceeded(max);
        options.sink(bytes);
      } catch (error) {
        this.#fail(error);
        this.#engine.destroy();
      }
    });
    this.#engine.on('error', (error) => this.#fail(error));
  }

  /** Resolves when all of it is inflated and through the sink. @throws LeadglassError also of the sink's */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (chunk.length === 0) return;
    this.#inBytes += chunk.length;
    if (!this.#engine.writable) {
      this.#checkRest();
      return;
    }
    await new Promise<void>((resolve) => {
      this.#settle(resolve);
      this.#engine.write(chunk, () => this.#settled());
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws LeadglassError MALFORMED when the stream is not whole or more follows it */
  async end(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve) => {
      if (this.#engine.readableEnded) {
        resolve();
        return;
      }
      this.#settle(resolve);
      this.#engine.once('end', () => this.#settled());
      this.#engine.end();
    });
    if (this.#failure !== undefined) throw this.#failure;
    this.#checkRest();
    this.close();
  }

  /** Gives the engine's memory back; for a transfer that ends early. */
  close(): void {
    this.#engine.destroy();
  }

  #waiting: (() => void) | undefined;

  /** One promise waits at a time; it goes on at the engine's answer or at the first failure, whichever comes. */
  #settle(resolve: () => void): void {
    this.#waiting = resolve;
  }

  #settled(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  #fail(error: unknown): void {
    this.#failure ??= inflateFailed(error);
    this.#settled();
  }

  #checkRest(): void {
    checkRest(this.#inBytes - this.#engine.bytesWritten);
  }
}

/** The stream inflated, pulled as fast as it is read. @throws LeadglassError as the Inflater */
export async function* inflate(
  source: AsyncIterable<Uint8Array>,
  limits: InflateLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const engine = createInflateRaw({ chunkSize: 0x10000 });
  const count = { in: 0 };
  let out = 0;
  for await (const bytes of through(source, engine, count)) {
    out += bytes.length;
    const max = inflatedBytesAllowed(count.in, limits);
    if (out > max) throw inflateLimitExceeded(max);
    yield bytes;
  }
  checkRest(count.in - engine.bytesWritten);
}

/** The stream deflated, with the NUL that makes its length even. */
export async function* deflate(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const bytes of through(source, createDeflateRaw(), { in: 0 })) {
    length += bytes.length;
    yield bytes;
  }
  if (length % 2 === 1) yield new Uint8Array(1);
}

/** Leads a source through an engine with back-pressure on both sides; errors of either end come out of the iteration. */
async function* through(
  source: AsyncIterable<Uint8Array>,
  engine: DeflateRaw | InflateRaw,
  count: { in: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const pump = async (): Promise<void> => {
    for await (const chunk of source) {
      count.in += chunk.length;
      if (engine.destroyed || engine.writableFinished) break;
      if (!engine.write(chunk)) await drained(engine);
      if (engine.destroyed) return;
    }
    engine.end();
  };
  let failure: unknown;
  const pumped = pump().catch((error: unknown) => {
    failure = error;
    engine.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const bytes of engine as AsyncIterable<Uint8Array>) yield bytes;
    await pumped;
  } catch (error) {
    throw failure ?? inflateFailed(error);
  } finally {
    engine.destroy();
  }
  if (failure !== undefined) throw failure;
}

function drained(engine: DeflateRaw | InflateRaw): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      engine.off('drain', done);
      engine.off('close', done);
      resolve();
    };
    engine.on('drain', done);
    engine.on('close', done);
  });
}
