/**
 * The ledger: an append-only chain of audit records that survive a power cut before anybody is answered. Rule 4: a use
 * that cannot be written here does not happen. What a record says is left to the guard; checking the chain from outside
 * to verify.ts.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import { syncFolder } from '../keys/durable-file.ts';
import type { Checkpoint, LedgerSigner, RecordPlace } from './checkpoints.ts';
import { encodeCheckpoint, readLastCheckpoint, readPublicKey } from './checkpoints.ts';
import { DurableAppender } from './durable-appender.ts';
import type { OpenLedgerFile } from './ledger-files.ts';
import { checkpointsFileName, fileLength, ledgerFileName, listLedgerFiles, openLedgerFile } from './ledger-files.ts';
import type { LedgerFilter } from './ledger-query.ts';
import { queryLedger, readRecordAt } from './ledger-query.ts';
import { OpenTransfers } from './open-transfers.ts';
import type { LedgerRecord, LedgerRecordInput } from './record.ts';
import { encodeLine, genesisHash, recordBody } from './record.ts';
import { readTail } from './tail.ts';

export interface LedgerLimits {
  /** A file that is longer is followed by a new one. */
  readonly ledgerFileBytesMax: number;
  /** One record; a longer one is refused. */
  readonly ledgerRecordBytesMax: number;
  /** Records that wait for the disk; more are refused. */
  readonly ledgerPendingBytesMax: number;
  /** What one write takes. */
  readonly ledgerBatchBytesMax: number;
  /** A checkpoint at the latest after so many records and so much time. */
  readonly ledgerCheckpointRecordsMax: number;
  readonly ledgerCheckpointIntervalMs: number;
  /** A wall clock that leaves the steady clock by more than this is noted in the next record. */
  readonly ledgerClockJumpMs: number;
  /** Begun records of transfers that have not ended. */
  readonly ledgerOpenTransferRecordsMax: number;
}

export interface LedgerClock {
  now(): Date;
  /** Never goes back; in milliseconds. */
  steadyMs(): number;
}

export interface LedgerOptions {
  /** `<data>/ledger`; made when it is not there. */
  readonly directory: string;
  readonly signer: LedgerSigner;
  readonly limits: LedgerLimits;
  readonly clock?: LedgerClock;
  /** Told when a write failed (records were refused) and when it works again; for the log. No patient data. */
  readonly onState?: (state: 'failed' | 'working', cause?: unknown) => void;
  /** For tests that let the disk fail. */
  readonly openFile?: OpenLedgerFile;
}

export interface LedgerHead {
  /** Number of the last durable record; 0 before the first. */
  readonly seq: number;
  readonly hash: string;
}

interface Pending {
  readonly input: LedgerRecordInput;
  readonly body: string;
  readonly resolve: (head: LedgerHead) => void;
  readonly reject: (error: LeadglassError) => void;
}

const systemClock: LedgerClock = { now: () => new Date(), steadyMs: () => performance.now() };

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #clock: LedgerClock;
  readonly #openFile: OpenLedgerFile;
  readonly #transfers: OpenTransfers;
  readonly #checkpoints: DurableAppender;
  readonly #timer: NodeJS.Timeout;
  #head: LedgerHead;
  #fileNumber: number;
  #file: DurableAppender;
  /** Where the next record will begin; moves together with the head. */
  #end: { readonly file: number; readonly offset: number };
  #lastCheckpointSeq: number;
  #lastClock: { readonly wallMs: number; readonly steadyMs: number };
  #queue: Pending[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #signing: Promise<void> = Promise.resolve();
  #signingSoon = false;
  #failed = false;
  #closed = false;

  private constructor(options: LedgerOptions, state: StartState) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#openFile = options.openFile ?? openLedgerFile;
    this.#transfers = state.transfers;
    this.#checkpoints = state.checkpoints;
    this.#head = state.head;
    this.#fileNumber = state.fileNumber;
    this.#file = state.file;
    this.#end = { file: state.fileNumber, offset: state.file.lengthBytes };
    this.#lastCheckpointSeq = state.checkpoint.seq;
    const steadyMs = this.#clock.steadyMs();
    // Across a restart only a clock that went back can be seen.
    this.#lastClock = { wallMs: Math.max(Date.parse(state.at), this.#clock.now().getTime()), steadyMs };
    this.#timer = setInterval(() => void this.#checkpointSoon(), options.limits.ledgerCheckpointIntervalMs);
    this.#timer.unref();
  }

  /**
   * Opens the ledger of a folder, or begins one. Reads from the last checkpoint on (further back only when a transfer
   * was still running then), checks the chain there, and cuts an incomplete last line, which a power cut may leave.
   * @throws LeadglassError CORRUPT when anything else is wrong: it says what and where, and nothing is changed;
   * LEDGER_UNAVAILABLE when the folder cannot be written
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { directory, signer } = options;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const checkpointsPath = join(directory, checkpointsFileName);
      const last = existsSync(checkpointsPath)
        ? await readLastCheckpoint(checkpointsPath, readPublicKey(signer.publicKeyPem))
        : undefined;
      const checkpoints = new DurableAppender(
        checkpointsPath,
        last?.goodLengthBytes ?? 0,
        options.openFile ?? openLedgerFile,
      );
      try {
        const checkpoint = last?.checkpoint ?? (await beginLedger(options, checkpoints));
        if (last !== undefined && fileLength(checkpointsPath) > last.goodLengthBytes) await checkpoints.repair();
        return new Ledger(options, { checkpoints, checkpoint, ...(await openTail(options, checkpoint)) });
      } catch (error) {
        await checkpoints.close();
        throw error;
      }
    } catch (cause) {
      if (cause instanceof LeadglassError) throw cause;
      throw unavailable('Cannot open the ledger', cause);
    }
  }

  /** The last durable record. */
  get head(): LedgerHead {
    return this.#head;
  }

  /** False after a write failed, until one succeeds. */
  get working(): boolean {
    return !this.#failed && !this.#closed;
  }

  /**
   * Writes a record; resolves when it is durable. Callers that come at the same time share one write;
   * records stand in the order of the calls.
   * @throws LeadglassError LEDGER_UNAVAILABLE when the disk fails or is full, or the ledger is closed: the record is not
   * there then. OUT_OF_RESOURCES when too much waits, LIMIT_EXCEEDED when the record is too long.
   */
  async record(input: LedgerRecordInput): Promise<LedgerHead> {
    if (this.#closed) throw new LeadglassError('LEDGER_UNAVAILABLE', 'Cannot record: the ledger is closed');
    const { limits } = this.#options;
    this.#transfers.checkRoom(input);
    const at = this.#clock.now();
    const body = recordBody(input, at, this.#clockJump(at));
    // One UTF-16 unit takes at most three bytes; the exact length is only counted when that could matter.
    const lengthBytes = body.length * 3 < limits.ledgerRecordBytesMax ? body.length : Buffer.byteLength(body);
    if (lengthBytes + lineOverheadBytes > limits.ledgerRecordBytesMax) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot record: the record has ${lengthBytes} bytes, at most ${limits.ledgerRecordBytesMax} are allowed`,
      );
    }
    if (this.#pendingBytes + body.length > limits.ledgerPendingBytesMax) {
      throw new LeadglassError(
        'OUT_OF_RESOURCES',
        `Cannot record: ${this.#pendingBytes} bytes of records wait for the disk, at most ${limits.ledgerPendingBytesMax} may`,
      );
    }
    this.#pendingBytes += body.length;
    const { promise, resolve, reject } = Promise.withResolvers<LedgerHead>();
    this.#queue.push({ input, body, resolve, reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** The begun records of transfers that were never ended, oldest first. */
  async *openTransfers(): AsyncGenerator<LedgerRecord> {
    for (const place of this.#transfers.places()) {
      yield await readRecordAt(this.#options.directory, place, this.#lineLimits);
    }
  }

  /** Records that a filter lets through, newest first unless it says otherwise. */
  query(filter: LedgerFilter): AsyncGenerator<LedgerRecord> {
    return queryLedger(this.#options.directory, filter, this.#lineLimits);
  }

  /** Signs the head now, unless it is signed; for instance before a backup. */
  async checkpoint(): Promise<void> {
    await this.#writing;
    await this.#sign();
  }

  /** Waits for what is being written, signs a last checkpoint and lets go of the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    try {
      await this.checkpoint();
    } catch (error) {
      // The records are safe without it; the next start signs again.
      this.#options.onState?.('failed', error);
    }
    await this.#file.close();
    await this.#checkpoints.close();
  }

  get #lineLimits(): { readonly lineBytesMax: number } {
    return { lineBytesMax: this.#options.limits.ledgerRecordBytesMax };
  }

  async #writeAll(): Promise<void> {
    // Lets callers of the same turn join the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeBatch(this.#takeBatch());
    this.#writing = undefined;
  }

  #takeBatch(): readonly Pending[] {
    let bytes = 0;
    let count = 0;
    for (const { body } of this.#queue) {
      bytes += body.length;
      if (count > 0 && bytes > this.#options.limits.ledgerBatchBytesMax) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    for (const { body } of batch) this.#pendingBytes -= body.length;
    try {
      await this.#roll();
      let { seq, hash } = this.#head;
      let offset = this.#file.lengthBytes;
      const lines: Buffer[] = [];
      const places: RecordPlace[] = [];
      const heads: LedgerHead[] = [];
      for (const { body } of batch) {
        places.push({ seq: seq + 1, prev: hash, file: this.#fileNumber, offset });
        const encoded = encodeLine(seq + 1, hash, body);
        lines.push(encoded.line);
        offset += encoded.line.length;
        ({ hash } = encoded);
        seq += 1;
        heads.push({ seq, hash });
      }
      await this.#file.append(Buffer.concat(lines));
      this.#head = { seq, hash };
      this.#end = { file: this.#fileNumber, offset };
      for (const [index, { input, resolve }] of batch.entries()) {
        const place = places[index];
        const head = heads[index];
        if (place === undefined || head === undefined) continue;
        this.#transfers.note(input, place);
        resolve(head);
      }
      this.#setFailed(false);
    } catch (cause) {
      this.#setFailed(true, cause);
      for (const { reject } of batch) reject(unavailable('Cannot record', cause));
      return;
    }
    if (this.#head.seq - this.#lastCheckpointSeq >= this.#options.limits.ledgerCheckpointRecordsMax) {
      void this.#checkpointSoon();
    }
  }

  /** A new file when the current one is long enough. */
  async #roll(): Promise<void> {
    if (this.#file.lengthBytes < this.#options.limits.ledgerFileBytesMax) return;
    const next = new DurableAppender(
      join(this.#options.directory, ledgerFileName(this.#fileNumber + 1)),
      0,
      this.#openFile,
    );
    // Opened before the old one is let go; a failure may leave an empty file, which a start accepts.
    await next.repair();
    await this.#file.close();
    this.#file = next;
    this.#fileNumber += 1;
  }

  /** Signs in the background; a failure is told and tried again later. */
  async #checkpointSoon(): Promise<void> {
    if (this.#signingSoon || this.#closed) return;
    this.#signingSoon = true;
    try {
      await this.#sign();
    } catch (error) {
      this.#options.onState?.('failed', error);
    } finally {
      this.#signingSoon = false;
    }
  }

  /** One after the other, since the appender takes one call at a time. */
  #sign(): Promise<void> {
    const before = this.#signing;
    this.#signing = (async () => {
      await Promise.allSettled([before]);
      await this.#signHead();
    })();
    return this.#signing;
  }

  async #signHead(): Promise<void> {
    if (this.#head.seq === this.#lastCheckpointSeq) return;
    const { seq, hash } = this.#head;
    const resume = this.#transfers.places()[0] ?? {
      seq: seq + 1,
      prev: hash,
      ...this.#end,
    };
    const at = this.#clock.now().toISOString();
    await this.#checkpoints.append(encodeCheckpoint({ seq, hash, at, resume }, this.#options.signer));
    this.#lastCheckpointSeq = seq;
  }

  /** By how much the wall clock left the steady clock since the last record, when that is worth a note. */
  #clockJump(at: Date): number | undefined {
    const steadyMs = this.#clock.steadyMs();
    const wallMs = at.getTime();
    const jumpMs = Math.round(wallMs - this.#lastClock.wallMs - (steadyMs - this.#lastClock.steadyMs));
    this.#lastClock = { wallMs, steadyMs };
    return Math.abs(jumpMs) > this.#options.limits.ledgerClockJumpMs ? jumpMs : undefined;
  }

  #setFailed(failed: boolean, cause?: unknown): void {
    if (this.#failed === failed) return;
    this.#failed = failed;
    this.#options.onState?.(failed ? 'failed' : 'working', cause);
  }
}

/** What stands around a body in its line, at most: number, two hashes, names of members. */
const lineOverheadBytes = 256;

interface StartState {
  readonly transfers: OpenTransfers;
  readonly checkpoints: DurableAppender;
  readonly file: DurableAppender;
  readonly fileNumber: number;
  readonly head: LedgerHead;
  readonly checkpoint: Checkpoint;
  /** Time of the last record. */
  readonly at: string;
}

/** Reads the end of the chain and cuts a torn last line. */
async function openTail(
  { directory, limits, openFile }: LedgerOptions,
  checkpoint: Checkpoint,
): Promise<Omit<StartState, 'checkpoints' | 'checkpoint'>> {
  const transfers = new OpenTransfers(limits.ledgerOpenTransferRecordsMax);
  const tail = await readTail(directory, checkpoint, {
    lineBytesMax: limits.ledgerRecordBytesMax,
    onRecord: (facts, place) => transfers.note(facts, place),
  });
  const path = join(directory, ledgerFileName(tail.file));
  const file = new DurableAppender(path, tail.goodLengthBytes, openFile ?? openLedgerFile);
  if (tail.torn) await file.repair();
  return { transfers, file, fileNumber: tail.file, head: { seq: tail.seq, hash: tail.hash }, at: tail.at };
}

function firstCheckpoint(at: Date): Checkpoint {
  return {
    seq: 0,
    hash: genesisHash,
    at: at.toISOString(),
    resume: { seq: 1, prev: genesisHash, file: 1, offset: 0 },
  };
}

/** Signs "nothing yet" before the first record, so that a ledger without checkpoints is known to have lost them. */
async function beginLedger(options: LedgerOptions, checkpoints: DurableAppender): Promise<Checkpoint> {
  if (listLedgerFiles(options.directory).length > 0) {
    throw new LeadglassError(
      'CORRUPT',
      `Cannot open the ledger: there are records but no checkpoint in ${checkpointsFileName}; restore that file from a backup`,
    );
  }
  const checkpoint = firstCheckpoint((options.clock ?? systemClock).now());
  await checkpoints.repair();
  await checkpoints.append(encodeCheckpoint(checkpoint, options.signer));
  syncFolder(join(options.directory, '..'));
  return checkpoint;
}

function unavailable(action: string, cause: unknown): LeadglassError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const reason =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk of the ledger is full'
      : `the disk of the ledger failed (${code})`;
  return new LeadglassError(
    'LEDGER_UNAVAILABLE',
    `${action}: ${reason}; nothing is served until it can be written again`,
    {
      detail: cause instanceof Error ? cause.message : String(cause),
      cause,
    },
  );
}
