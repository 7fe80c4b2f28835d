/**
 * Checks a ledger from outside: with the public key alone, reading the files once from first to last, in bounded memory.
 * Nothing is believed but the signatures: every record's hash is computed again from the bytes on the disk.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import type { Checkpoint } from './checkpoints.ts';
import { checkCheckpoint, checkpointLineLimits, readPublicKey } from './checkpoints.ts';
import type { LineLimits } from './ledger-files.ts';
import { checkpointsFileName, fileLength, ledgerFileName, listLedgerFiles, readLines } from './ledger-files.ts';
import { checkLine, genesisHash, placeOf } from './record.ts';

export interface VerifyOptions {
  readonly directory: string;
  /** PEM of the ledger's Ed25519 key, best from a copy that is kept elsewhere. */
  readonly publicKey: string;
  /** Text of a checkpoint that was kept elsewhere: one line of checkpoints.jsonl or more. */
  readonly checkpoint?: string;
  readonly limits: LineLimits;
}

export interface IntactLedger {
  readonly intact: true;
  readonly records: number;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly checkpoints: number;
  /** Records behind it are chained, but not yet signed. */
  readonly lastCheckpoint: Pick<Checkpoint, 'seq' | 'at'>;
  /**
   * There is an unfinished line behind the last record or checkpoint: the server is writing it just now, or a power cut
   * left it and the next start will cut it. No record was ever promised for it.
   */
  readonly unfinishedEnd: boolean;
}
export interface BrokenLedger {
  readonly intact: false;
  /** `seq` as it should be there; `line` counts from 1. */
  readonly firstBad: { readonly seq?: number; readonly file: string; readonly line?: number };
  readonly reason: string;
}
export type LedgerVerification = IntactLedger | BrokenLedger;

/**
 * Finds a changed byte in any record or checkpoint; a dropped, repeated, moved or inserted record; a missing file; an end
 * that was cut behind a checkpoint; a chain that was computed anew. What only a checkpoint kept elsewhere can show: that
 * the newest records and all checkpoints over them were removed together.
 * @throws LeadglassError BAD_REQUEST when the public key or the given checkpoint cannot be used
 */
export async function verifyLedger(options: VerifyOptions): Promise<LedgerVerification> {
  const publicKey = readPublicKey(options.publicKey);
  const external = readExternal(options.checkpoint, (line) => checkCheckpoint(line, publicKey));
  const path = join(options.directory, checkpointsFileName);
  if (!existsSync(path)) return broken({ file: checkpointsFileName }, 'the checkpoints are missing');

  // Checkpoints are small, but a hundred million records have many: they are read beside the records, one ahead.
  await using signed = new CheckpointReader(path, (line) => checkCheckpoint(line, publicKey));
  const first = await signed.peek();
  if (first === undefined) return signed.problem ?? broken({ file: checkpointsFileName }, 'there is no checkpoint');
  if (first.seq !== 0) return broken({ file: checkpointsFileName, line: 1 }, 'the first checkpoint is missing');

  let seq = 0;
  let hash = genesisHash;
  let unfinishedEnd = false;
  let lastCheckpoint: Pick<Checkpoint, 'seq' | 'at'> = { seq: first.seq, at: first.at };
  /** Takes the checkpoints for the record just read. */
  const meetCheckpoints = async (place: BrokenLedger['firstBad']): Promise<BrokenLedger | undefined> => {
    for (const given of external.get(seq) ?? []) {
      if (given.hash !== hash)
        return broken(place, `it is not the record that the given checkpoint of ${given.at} signed`);
    }
    for (;;) {
      const next = await signed.peek();
      if (next === undefined || next.seq !== seq) return signed.problem;
      if (next.hash !== hash) return broken(place, `it is not the record that the checkpoint of ${next.at} signed`);
      lastCheckpoint = { seq: next.seq, at: next.at };
      signed.take();
    }
  };
  /** A checkpoint, given or next in the file, that no record has reached. */
  const lostCheckpoint = (next: Checkpoint | undefined): Checkpoint | undefined =>
    [...external.values(), next ?? []].flat().find((checkpoint) => checkpoint.seq > seq);
  const beforeFirst = await meetCheckpoints({ file: checkpointsFileName, line: 1 });
  if (beforeFirst !== undefined) return beforeFirst;

  const files = listLedgerFiles(options.directory);
  for (const [index, number] of files.entries()) {
    if (number !== index + 1) {
      return broken({ seq: seq + 1, file: ledgerFileName(index + 1) }, 'this file is missing');
    }
    const file = ledgerFileName(number);
    let line = 0;
    for await (const { bytes, complete } of readLines(join(options.directory, file), options.limits)) {
      line += 1;
      const place = { seq: seq + 1, file, line };
      if (!complete) {
        const isEnd = index === files.length - 1 && bytes.length <= options.limits.lineBytesMax;
        // A checkpoint over it means that it was whole once.
        if (!isEnd || lostCheckpoint(await signed.peek()) !== undefined) return broken(place, 'the record is cut off');
        unfinishedEnd = true;
        break;
      }
      const check = checkLine(bytes, seq + 1, hash);
      if ('problem' in check) return broken(place, explain(check.problem, bytes, seq + 1));
      seq += 1;
      ({ hash } = check);
      const problem = await meetCheckpoints(place);
      if (problem !== undefined) return problem;
    }
  }

  const unmet = await signed.peek();
  if (signed.problem !== undefined) return signed.problem;
  const lost = lostCheckpoint(unmet);
  if (lost !== undefined) {
    return broken(
      { seq: seq + 1, file: ledgerFileName(Math.max(files.length, 1)) },
      `the records end with ${seq}, but the checkpoint of ${lost.at} signed record ${lost.seq}`,
    );
  }
  if (unmet !== undefined) {
    return broken({ file: checkpointsFileName, line: signed.line }, 'this checkpoint is out of order');
  }
  return {
    intact: true,
    records: seq,
    head: { seq, hash },
    checkpoints: signed.taken,
    lastCheckpoint,
    unfinishedEnd: unfinishedEnd || signed.unfinished,
  };
}

/** Reads checkpoints one ahead; stops at the first that is not signed by the key. */
class CheckpointReader implements AsyncDisposable {
  readonly #lines: AsyncGenerator<{ readonly bytes: Buffer; readonly complete: boolean }>;
  readonly #check: (line: Buffer) => Checkpoint | undefined;
  #next: Checkpoint | undefined;
  #ended = false;
  line = 0;
  taken = 0;
  /** There is an incomplete line at the end. */
  unfinished = false;
  problem: BrokenLedger | undefined;

  constructor(path: string, check: (line: Buffer) => Checkpoint | undefined) {
    // Only what stands there now: a server that runs may sign records that this check has not seen.
    this.#lines = readLines(path, checkpointLineLimits, { to: fileLength(path) });
    this.#check = check;
  }

  /** The next checkpoint; undefined at the end, or when `problem` is set. */
  async peek(): Promise<Checkpoint | undefined> {
    if (this.#next !== undefined || this.#ended) return this.#next;
    const { value, done } = await this.#lines.next();
    this.line += 1;
    if (done === true) {
      this.#ended = true;
      return undefined;
    }
    if (!value.complete && value.bytes.length <= checkpointLineLimits.lineBytesMax) {
      this.#ended = true;
      this.unfinished = true;
      return undefined;
    }
    this.#next = this.#check(value.bytes);
    if (this.#next === undefined) {
      this.#ended = true;
      this.problem = broken({ file: checkpointsFileName, line: this.line }, 'this checkpoint is not signed by the key');
    }
    return this.#next;
  }

  take(): void {
    this.#next = undefined;
    this.taken += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.return(undefined);
  }
}

function broken(firstBad: BrokenLedger['firstBad'], reason: string): BrokenLedger {
  return { intact: false, firstBad, reason };
}

/** Says more than "wrong number" where the line shows what happened. */
function explain(problem: string, line: Buffer, expected: number): string {
  const found = placeOf(line);
  if (found === undefined || found.seq === expected) return `the record ${problem}`;
  if (found.seq > expected) return `a record was dropped or moved: the record ${problem}`;
  return `a record was repeated or moved: the record ${problem}`;
}

function readExternal(
  text: string | undefined,
  check: (line: Buffer) => Checkpoint | undefined,
): ReadonlyMap<number, readonly Checkpoint[]> {
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  if (text !== undefined && lines.length === 0) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot check the ledger: the given checkpoint file is empty');
  }
  const checkpoints = lines.map((line) => {
    const checkpoint = check(Buffer.from(line.trimEnd()));
    if (checkpoint !== undefined) return checkpoint;
    throw new LeadglassError(
      'BAD_REQUEST',
      'Cannot check the ledger: the given checkpoint is not signed by the given key; compare key and file',
    );
  });
  return Map.groupBy(checkpoints, (checkpoint) => checkpoint.seq);
}
