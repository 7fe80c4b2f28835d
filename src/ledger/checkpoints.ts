/**
 * Signed checkpoints: "record number so-and-so had this hash at that time", one line each in `checkpoints.jsonl`. An
 * auditor who keeps one elsewhere can tell later whether anything up to it was changed, dropped or reordered.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { LeadglassError } from '../error.ts';
import type { LineLimits } from './ledger-files.ts';
import { readWindowsBackwards } from './ledger-files.ts';

/** Where in the files a record begins, and which hash stands before it. */
export interface RecordPlace {
  readonly seq: number;
  readonly prev: string;
  readonly file: number;
  readonly offset: number;
}

export interface Checkpoint {
  /** The last record that it covers; 0 for a new ledger. */
  readonly seq: number;
  readonly hash: string;
  /** When it was signed, ISO 8601 in UTC. */
  readonly at: string;
  /**
   * Where a start begins to read: the oldest record of a transfer that was not ended, else the record after this
   * checkpoint.
   */
  readonly resume: RecordPlace;
}

/** Signs with Ed25519; see keys/signing-key.ts. */
export interface LedgerSigner {
  readonly publicKeyPem: string;
  sign(bytes: Uint8Array): Uint8Array;
}

/** A checkpoint's line is short; anything longer is not one. */
export const checkpointLineLimits: LineLimits = { lineBytesMax: 4096 };

// So that a signature over something else can never be taken for a checkpoint.
const signedPrefix = 'Leadglass ledger checkpoint 1\n';
const signatureMark = ',"signature":"';

/** The line of a checkpoint, with its line feed. The signature covers the bytes before its own member. */
export function encodeCheckpoint({ seq, hash, at, resume }: Checkpoint, signer: LedgerSigner): Buffer {
  const { seq: resumeSeq, prev, file, offset } = resume;
  const covered = JSON.stringify({ seq, hash, at, resume: { seq: resumeSeq, prev, file, offset } }).slice(0, -1);
  const signature = Buffer.from(signer.sign(Buffer.from(signedPrefix + covered))).toString('base64');
  return Buffer.from(`${covered}${signatureMark}${signature}"}\n`);
}

/**
 * The checkpoint on a line (without its line feed), or undefined when its form or its signature is wrong.
 */
export function checkCheckpoint(line: Buffer, publicKey: KeyObject): Checkpoint | undefined {
  const text = line.toString('utf8');
  const mark = text.lastIndexOf(signatureMark);
  if (mark === -1) return undefined;
  const covered = text.slice(0, mark);
  const signature = /^([A-Za-z0-9+/]{86}==)"\}$/.exec(text.slice(mark + signatureMark.length))?.[1];
  if (signature === undefined) return undefined;
  const bytes = Buffer.from(signature, 'base64');
  // Base64 has several spellings of the same bytes; only ours is taken, so that no byte of the line is free.
  if (bytes.toString('base64') !== signature) return undefined;
  if (!verify(null, Buffer.from(signedPrefix + covered), publicKey, bytes)) return undefined;
  // What our key signed has the form that encodeCheckpoint gave it.
  const checkpoint: Checkpoint = JSON.parse(`${covered}}`);
  return checkpoint;
}

/** @throws LeadglassError BAD_REQUEST when the PEM is not an Ed25519 public key */
export function readPublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below.
  }
  throw new LeadglassError('BAD_REQUEST', 'Cannot check the ledger: the public key is not an Ed25519 key in PEM form');
}

export interface LastCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Length of the file up to and with it; what stands behind is a torn line. */
  readonly goodLengthBytes: number;
}

/**
 * The last checkpoint of a file; undefined when there is not one whole line.
 * @throws LeadglassError CORRUPT when the last whole line is not a checkpoint signed by this key
 */
export async function readLastCheckpoint(path: string, publicKey: KeyObject): Promise<LastCheckpoint | undefined> {
  for await (const { bytes, offset } of readWindowsBackwards(path, checkpointLineLimits)) {
    const lineStart = bytes.subarray(0, -1).lastIndexOf(0x0a) + 1;
    const checkpoint = checkCheckpoint(bytes.subarray(lineStart, -1), publicKey);
    if (checkpoint === undefined) {
      throw new LeadglassError(
        'CORRUPT',
        'Cannot open the ledger: its last checkpoint is not signed by the ledger key; run `leadglass ledger verify`',
      );
    }
    return { checkpoint, goodLengthBytes: offset + bytes.length };
  }
  return undefined;
}
