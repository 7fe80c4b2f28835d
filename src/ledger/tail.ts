/**
 * Reads the end of the ledger at start: from the last checkpoint's resume place to the last record, checking the chain,
 * and tells a torn last line (which a power cut may leave) from damage.
 */
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import type { Checkpoint, RecordPlace } from './checkpoints.ts';
import { fileLength, ledgerFileName, listLedgerFiles, readLines } from './ledger-files.ts';
import type { LedgerRecord } from './record.ts';
import { checkLine, readFacts } from './record.ts';

export interface TailOptions {
  readonly lineBytesMax: number;
  /** Each record from the resume place on. */
  readonly onRecord: (facts: Omit<LedgerRecord, 'xml' | 'hash'>, place: RecordPlace) => void;
}

export interface Tail {
  readonly seq: number;
  readonly hash: string;
  /** Time of the last record, else of the checkpoint. */
  readonly at: string;
  /** Number of the file that takes the next record. */
  readonly file: number;
  readonly goodLengthBytes: number;
  /** There is an incomplete line behind the good length. */
  readonly torn: boolean;
}

/** @throws LeadglassError CORRUPT, naming file, record and what is wrong */
export async function readTail(directory: string, checkpoint: Checkpoint, options: TailOptions): Promise<Tail> {
  const { resume } = checkpoint;
  const files = listLedgerFiles(directory);
  const gap = files.findIndex((number, index) => number !== index + 1);
  if (gap !== -1) throw corrupt(`file ${ledgerFileName(gap + 1)} is missing`);
  const lastFile = Math.max(files.length, resume.file);
  let seq = resume.seq - 1;
  let hash = resume.prev;
  let { at } = checkpoint;
  let goodLengthBytes = resume.offset;
  let torn = false;
  for (let file = resume.file; file <= lastFile; file += 1) {
    const name = ledgerFileName(file);
    const path = join(directory, name);
    const from = file === resume.file ? resume.offset : 0;
    const lengthBytes = fileLength(path);
    if (lengthBytes < from) {
      throw corrupt(`${name} has ${lengthBytes} bytes, but the last checkpoint signed ${from}; its end was lost`);
    }
    goodLengthBytes = from;
    if (lengthBytes === 0) continue;
    for await (const { bytes, offset, complete } of readLines(path, options, { from })) {
      const record = `record ${seq + 1} (${name}, byte ${offset})`;
      if (!complete) {
        if (file !== lastFile || bytes.length > options.lineBytesMax) throw corrupt(`${record} is cut off`);
        torn = true;
        break;
      }
      const check = checkLine(bytes, seq + 1, hash);
      if ('problem' in check) throw corrupt(`${record}: ${check.problem}`);
      const facts = readFacts(bytes);
      options.onRecord(facts, { seq: seq + 1, prev: hash, file, offset });
      seq += 1;
      ({ hash } = check);
      ({ at } = facts);
      goodLengthBytes = offset + bytes.length + 1;
      if (seq === checkpoint.seq && hash !== checkpoint.hash) {
        throw corrupt(`${record} is not the one that the last checkpoint signed`);
      }
    }
  }
  if (seq < checkpoint.seq) {
    throw corrupt(`the last checkpoint signed record ${checkpoint.seq}, but the files end with record ${seq}`);
  }
  return { seq, hash, at, file: lastFile, goodLengthBytes, torn };
}

function corrupt(problem: string): LeadglassError {
  return new LeadglassError(
    'CORRUPT',
    `Cannot open the ledger: ${problem}; nothing was changed. Run \`leadglass ledger verify\` and restore from a backup`,
  );
}
