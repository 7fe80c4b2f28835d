/** The queue of an upload: two files on their way at once, what is no DICOM file is told before it is sent. */
import { storeFile } from '../../api/dicomweb.ts';

export type FileStatus = 'waiting' | 'sending' | 'stored' | 'refused' | 'not-dicom' | 'stopped';
export interface UploadFile {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly status: FileStatus;
  readonly reason?: number | undefined;
  readonly words?: string;
}
export interface UploadState {
  readonly files: readonly UploadFile[];
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const atOnce = 2;
/** Drawn so often at most. */
const pauseMs = 100;

interface Entry {
  file: File;
  shown: UploadFile;
  sentBytes: number;
}

export class Uploads {
  readonly #entries: Entry[] = [];
  readonly #onState: (state: UploadState) => void;
  readonly #stopping = new AbortController();
  #running = 0;
  #isDrawing = false;

  constructor(onState: (state: UploadState) => void) {
    this.#onState = onState;
  }

  add(files: readonly File[]): void {
    for (const file of files) {
      const name = file.webkitRelativePath === '' ? file.name : file.webkitRelativePath;
      const shown = { id: this.#entries.length, name, bytes: file.size, status: 'waiting' } as const;
      this.#entries.push({ file, shown, sentBytes: 0 });
    }
    this.#show();
    this.#next();
  }

  stop(): void {
    this.#stopping.abort();
    for (const entry of this.#entries) if (entry.shown.status === 'waiting') this.#mark(entry, { status: 'stopped' });
  }

  #next(): void {
    while (this.#running < atOnce && !this.#stopping.signal.aborted) {
      const entry = this.#entries.find(({ shown }) => shown.status === 'waiting');
      if (entry === undefined) return;
      this.#mark(entry, { status: 'sending' });
      this.#running += 1;
      void this.#send(entry).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #send(entry: Entry): Promise<void> {
    try {
      // PS3.10 7.1: four letters behind the preamble.
      const mark = await entry.file.slice(128, 132).text();
      if (mark !== 'DICM') {
        this.#mark(entry, { status: 'not-dicom' });
        return;
      }
      const outcome = await storeFile(
        entry.file,
        (bytes) => {
          entry.sentBytes = Math.min(bytes, entry.file.size);
          this.#show();
        },
        this.#stopping.signal,
      );
      if (outcome.result === 'stored') this.#mark(entry, { status: 'stored' });
      else this.#mark(entry, { status: 'refused', reason: outcome.reason, words: outcome.words });
    } catch {
      this.#mark(entry, { status: this.#stopping.signal.aborted ? 'stopped' : 'refused', words: '' });
    }
  }

  #mark(entry: Entry, part: Partial<UploadFile>): void {
    entry.shown = { ...entry.shown, ...part };
    if (entry.shown.status !== 'sending' && entry.shown.status !== 'waiting') entry.sentBytes = entry.file.size;
    this.#show();
  }

  #show(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setTimeout(() => {
      this.#isDrawing = false;
      this.#onState({
        files: this.#entries.map(({ shown }) => shown),
        doneBytes: this.#entries.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
        totalBytes: this.#entries.reduce((sum, { file }) => sum + file.size, 0),
      });
    }, pauseMs);
  }
}
