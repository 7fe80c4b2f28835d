/**
 * Where `get` writes. The server may be hostile, so nothing it sends becomes a name: files get numbers. A file appears
 * under its name only when all of it came, nothing is overwritten, and count and bytes are bounded.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { writePart10Head } from '../dicom/part10.ts';
import { LeadglassError } from '../error.ts';
import { makeFolder, refuseUnlessEmpty } from './new-folder.ts';
import type { IncomingInstance } from './dicom-client.ts';
import { writeWhole } from './whole-file.ts';

export interface ReceivedLimits {
  readonly getInstancesMax: number;
  readonly getBytesMax: number;
}

export interface ReceivedFile {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly lengthBytes: number;
}

export class ReceivedFiles {
  readonly #folder: string;
  readonly #isNew: boolean;
  readonly #sourceAeTitle: string;
  readonly #limits: ReceivedLimits;
  readonly files: ReceivedFile[] = [];
  #bytes = 0;
  #next = 1;
  readonly #underWay = new Set<Promise<ReceivedFile>>();

  /** @throws LeadglassError BAD_REQUEST when the folder has anything in it */
  constructor(folder: string, sourceAeTitle: string, limits: ReceivedLimits) {
    refuseUnlessEmpty(folder);
    this.#isNew = !existsSync(folder);
    makeFolder(folder);
    this.#folder = folder;
    this.#sourceAeTitle = sourceAeTitle;
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws LeadglassError LIMIT_EXCEEDED, or what the source throws; no part of the file stays */
  async take(instance: IncomingInstance): Promise<ReceivedFile> {
    const taking = this.#take(instance);
    this.#underWay.add(taking);
    try {
      return await taking;
    } finally {
      this.#underWay.delete(taking);
    }
  }

  /** Resolves when nothing is being written any more; after a broken association that takes a moment. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #take(instance: IncomingInstance): Promise<ReceivedFile> {
    if (this.files.length >= this.#limits.getInstancesMax)
      throw this.#tooMuch(`${this.#limits.getInstancesMax} instances`);
    const path = join(this.#folder, `image-${String(this.#next).padStart(6, '0')}.dcm`);
    this.#next += 1;
    const head = writePart10Head({ ...instance, sourceAeTitle: this.#sourceAeTitle });
    const lengthBytes = (await writeWhole(path, this.#bounded(head, instance.source))) - head.length;
    const { sopClassUid, sopInstanceUid } = instance;
    const received = { path, sopClassUid, sopInstanceUid, lengthBytes };
    this.files.push(received);
    return received;
  }

  async *#bounded(head: Uint8Array, source: IncomingInstance['source']): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of source) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#limits.getBytesMax) throw this.#tooMuch(`${this.#limits.getBytesMax} bytes`);
      yield chunk;
    }
  }

  /** Takes a folder away that was made for nothing. */
  leaveNoEmptyFolder(): void {
    if (this.#isNew && this.files.length === 0 && readdirSync(this.#folder).length === 0) rmdirSync(this.#folder);
  }

  #tooMuch(what: string): LeadglassError {
    return new LeadglassError(
      'LIMIT_EXCEEDED',
      `The server sent more than ${what}; narrow the request, or raise the limit with --max-instances or --max-bytes`,
    );
  }
}
