/**
 * Which instance a data set itself says it is, from its first bytes. The File Meta Information of real files may name another;
 * the data set's word counts, since a receiver compares that with the request (PS3.4 B.2.3). Whether the data set is sound is
 * for whoever reads all of it.
 */
import { DataSetScanner, type ScannerOptions } from './data-set-scanner.ts';
import { Tags } from './dictionary/tags.generated.ts';
import type { Tag } from './tag.ts';
import { isUid, type Uid } from './uid.ts';

/** Enough of a data set to hold SOP Class and SOP Instance UID, which stand in group 0008; more is not read ahead for them. */
export const instanceUidsBytesMax = 64 * 1024;

export interface InstanceUids {
  readonly sopClassUid?: Uid;
  readonly sopInstanceUid?: Uid;
}

const wanted: readonly Tag[] = [Tags.SOPClassUID, Tags.SOPInstanceUID];

/** Incremental; `push` until `isDone`, then `close`. Nothing here throws: a data set that does not read says nothing. */
export class InstanceUidReader {
  #scanner: DataSetScanner | undefined;
  #pushedBytes = 0;
  #uids: InstanceUids = {};
  #isDone = false;

  constructor(options: Pick<ScannerOptions, 'transferSyntaxUid' | 'limits'>) {
    try {
      this.#scanner = new DataSetScanner({
        ...options,
        want: (tag) => wanted.includes(tag),
        lastWantedTag: Tags.SOPInstanceUID,
      });
    } catch {
      this.#isDone = true;
    }
  }

  /** Nothing more is needed, or will be looked at. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** What was read so far. */
  get uids(): InstanceUids {
    return this.#uids;
  }

  /** For a deflated transfer syntax it must be awaited before the next call; for others it is done when it returns. */
  push(chunk: Uint8Array): void | Promise<void> {
    const scanner = this.#scanner;
    if (this.#isDone || scanner === undefined) return undefined;
    const piece = chunk.subarray(0, instanceUidsBytesMax - this.#pushedBytes);
    this.#pushedBytes += piece.length;
    try {
      const inflating = scanner.push(piece);
      if (inflating !== undefined) {
        return inflating.then(
          () => this.#look(scanner),
          () => this.#look(scanner, true),
        );
      }
      this.#look(scanner);
    } catch {
      this.#look(scanner, true);
    }
    return undefined;
  }

  close(): void {
    this.#isDone = true;
    this.#scanner?.close();
    this.#scanner = undefined;
  }

  #look(scanner: DataSetScanner, failed = false): void {
    const sopClassUid = uidAt(scanner, Tags.SOPClassUID);
    const sopInstanceUid = uidAt(scanner, Tags.SOPInstanceUID);
    this.#uids = {
      ...(sopClassUid === undefined ? {} : { sopClassUid }),
      ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }),
    };
    this.#isDone ||=
      failed ||
      scanner.headComplete ||
      (sopClassUid !== undefined && sopInstanceUid !== undefined) ||
      this.#pushedBytes >= instanceUidsBytesMax;
  }
}

function uidAt({ dataSet }: DataSetScanner, tag: Tag): Uid | undefined {
  const text = dataSet.text(tag) ?? '';
  return isUid(text) ? text : undefined;
}
