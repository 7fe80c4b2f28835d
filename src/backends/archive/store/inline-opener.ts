/** Opens the extents of one leaving instance on the thread that sends it. */
import { createHash } from 'node:crypto';
import { LeadglassError } from '../../../error.ts';
import type { ReadInto } from './instance-opener.ts';
import { openChunk, tagBytes } from './seal.ts';

export interface Opener {
  /** The plaintext chunks of the next extent. @throws LeadglassError CORRUPT; what `readInto` throws */
  open(bodyBytes: number, readInto: ReadInto): Promise<readonly Buffer[]>;
  /** The SHA-256 of all that was opened. */
  end(): Promise<Buffer>;
  close(): void;
}

export class InlineOpener implements Opener {
  readonly #facts: { readonly key: Uint8Array; readonly instance: number; readonly chunkBytes: number };
  readonly #hash = createHash('sha256');
  #chunk = 0;

  constructor(facts: { readonly key: Uint8Array; readonly instance: number; readonly chunkBytes: number }) {
    this.#facts = facts;
  }

  async open(bodyBytes: number, readInto: ReadInto): Promise<readonly Buffer[]> {
    const { key, instance, chunkBytes } = this.#facts;
    const body = Buffer.allocUnsafe(bodyBytes);
    await readInto(body);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bodyBytes; at += tagBytes + chunkBytes) {
      const sealed = body.subarray(at, at + tagBytes + chunkBytes);
      if (sealed.length <= tagBytes) {
        throw new LeadglassError('CORRUPT', 'Cannot read a stored instance: a chunk is cut short');
      }
      const plain = openChunk(key, sealed, { instance, chunk: this.#chunk });
      this.#hash.update(plain);
      this.#chunk += 1;
      chunks.push(plain);
    }
    return chunks;
  }

  async end(): Promise<Buffer> {
    return this.#hash.digest();
  }

  close(): void {
    // Nothing is held.
  }
}
