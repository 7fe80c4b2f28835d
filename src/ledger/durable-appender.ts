/**
 * Appends bytes to one file so that they survive a power cut, and keeps the file at its last good length when that fails.
 * What the bytes mean is left to the caller.
 */
import type { LedgerFile, OpenLedgerFile } from './ledger-files.ts';

export class DurableAppender {
  readonly #path: string;
  readonly #openFile: OpenLedgerFile;
  #lengthBytes: number;
  #file: LedgerFile | undefined;
  /** True while the file may be longer than its good length. */
  #needsRepair = false;

  /** `lengthBytes` is how much of the file is good and durable; what stands behind it is cut by the first append. */
  constructor(path: string, lengthBytes: number, openFile: OpenLedgerFile) {
    this.#path = path;
    this.#lengthBytes = lengthBytes;
    this.#openFile = openFile;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /**
   * Resolves when the bytes are durable. When anything fails the file is cut back to what was durable before, at once if
   * possible, else by the next append; so the appender works again when there is space again. Only one call at a time.
   */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      const file = await this.#ready();
      await file.write(bytes, this.#lengthBytes);
      this.#lengthBytes += bytes.length;
    } catch (error) {
      await this.#fail();
      throw error;
    }
  }

  /** Cuts what stands behind the good length; durable together with the next append. */
  async repair(): Promise<void> {
    this.#needsRepair = true;
    try {
      await this.#ready();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #ready(): Promise<LedgerFile> {
    this.#file ??= await this.#openFile(this.#path);
    if (this.#needsRepair) {
      await this.#file.truncate(this.#lengthBytes);
      this.#needsRepair = false;
    }
    return this.#file;
  }

  async #fail(): Promise<void> {
    this.#needsRepair = true;
    // After a failed write the kernel may count lost pages as clean, so a fresh handle and a fresh length are needed.
    try {
      await this.close();
    } catch {
      // The handle is gone either way.
    }
    try {
      await this.#ready();
    } catch {
      // Still no luck: the next append tries again.
    }
  }
}
