/**
 * The body of a commit record: everything that the index knows of one instance, so that the index can be rebuilt from the
 * segments and the study keys alone.
 *
 *   clear    salt 16, sequence u64, synced segment u32, synced offset u32, key id u64,
 *            extent count u16, extents of {segment u32, offset u32, body bytes u32}
 *   sealed   tag 16, then under the instance's key: u32 length + JSON facts, u32 length + head (data set, explicit VR little
 *            endian), the rest is the Part 10 head if there was one
 *
 * The extents are in the clear because compaction moves them; a wrong one cannot pass, since each chunk binds instance and
 * chunk number. `synced` says what was durable when this was written: recovery trusts the bytes before it.
 */
import { LeadglassError } from '../../../error.ts';
import type { Position } from './segment-log.ts';
import { openFacts, saltBytes, sealFacts } from './seal.ts';

/** A run of whole chunks of one instance: where the body of its data record lies. */
export interface Extent {
  readonly segment: number;
  readonly offset: number;
  readonly bodyBytes: number;
}

/** What can be read without a key. */
export interface CommitClear {
  readonly salt: Uint8Array;
  /** Place in the order of all commits and notes. */
  readonly sequence: number;
  readonly synced: Position;
  readonly keyId: number;
  readonly extents: readonly Extent[];
}

export interface CommitFacts {
  readonly transferSyntaxUid: string;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly result: 'stored' | 'conflict';
  readonly transferId: string;
  /** Device name, or `operator:…`, `system:…`. */
  readonly receivedFrom: string;
  readonly openingId?: number;
  /** Milliseconds since 1970. */
  readonly receivedAtMs: number;
  /** Wanted attributes, explicit VR little endian. */
  readonly head: Uint8Array;
  readonly part10Head?: Uint8Array;
}

const extentBytes = 12;

export function encodeCommit(
  clear: CommitClear,
  facts: CommitFacts,
  sealing: { readonly key: Uint8Array; readonly instance: number },
): Buffer {
  return encodeCommitSealed(clear, sealFacts(sealing.key, encodeFacts(facts), boundTo(sealing.instance)));
}

/** For compaction, which moves extents but keeps the sealed part as it is. */
export function encodeCommitSealed(clear: CommitClear, sealed: Uint8Array): Buffer {
  if (clear.extents.length > 0xffff) throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot store: too many extents');
  const head = Buffer.alloc(saltBytes + 26 + clear.extents.length * extentBytes);
  head.set(clear.salt, 0);
  let at = saltBytes;
  head.writeUIntLE(clear.sequence, at, 6);
  at = head.writeUInt32LE(clear.synced.segment, at + 8);
  at = head.writeUInt32LE(clear.synced.offset, at);
  head.writeUIntLE(clear.keyId, at, 6);
  at = head.writeUInt16LE(clear.extents.length, at + 8);
  for (const extent of clear.extents) {
    at = head.writeUInt32LE(extent.segment, at);
    at = head.writeUInt32LE(extent.offset, at);
    at = head.writeUInt32LE(extent.bodyBytes, at);
  }
  return Buffer.concat([head, sealed]);
}

/** @throws LeadglassError CORRUPT when the body does not hold together (its CRC was right, so this is never a torn write) */
export function decodeCommit(body: Buffer): { readonly clear: CommitClear; readonly sealed: Buffer } {
  try {
    const salt = Buffer.from(body.subarray(0, saltBytes));
    const sequence = body.readUIntLE(saltBytes, 6);
    const synced = { segment: body.readUInt32LE(saltBytes + 8), offset: body.readUInt32LE(saltBytes + 12) };
    const keyId = body.readUIntLE(saltBytes + 16, 6);
    let at = saltBytes + 24;
    const count = body.readUInt16LE(at);
    at += 2;
    const extents: Extent[] = [];
    for (let index = 0; index < count; index += 1) {
      extents.push({
        segment: body.readUInt32LE(at),
        offset: body.readUInt32LE(at + 4),
        bodyBytes: body.readUInt32LE(at + 8),
      });
      at += extentBytes;
    }
    return { clear: { salt, sequence, synced, keyId, extents }, sealed: body.subarray(at) };
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read a commit record: it is cut short', { cause });
  }
}

/** @throws LeadglassError CORRUPT */
export function openCommit(
  sealed: Uint8Array,
  opening: { readonly key: Uint8Array; readonly instance: number },
): CommitFacts {
  return decodeFacts(openFacts(opening.key, sealed, boundTo(opening.instance)));
}

function boundTo(instance: number): Buffer {
  const bytes = Buffer.alloc(14, 'commit  ', 'latin1');
  bytes.writeUIntLE(instance, 8, 6);
  return bytes;
}

function encodeFacts(facts: CommitFacts): Buffer {
  const json = Buffer.from(
    JSON.stringify({
      ts: facts.transferSyntaxUid,
      length: facts.lengthBytes,
      sha256: Buffer.from(facts.sha256).toString('hex'),
      result: facts.result,
      transfer: facts.transferId,
      from: facts.receivedFrom,
      opening: facts.openingId,
      at: facts.receivedAtMs,
      part10: facts.part10Head !== undefined,
    }),
  );
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(json.length, 0);
  lengths.writeUInt32LE(facts.head.length, 4);
  return Buffer.concat([lengths, json, facts.head, facts.part10Head ?? new Uint8Array()]);
}

function decodeFacts(plain: Buffer): CommitFacts {
  try {
    const jsonEnd = 8 + plain.readUInt32LE(0);
    const headEnd = jsonEnd + plain.readUInt32LE(4);
    const json = parseFacts(plain.toString('utf8', 8, jsonEnd));
    return {
      transferSyntaxUid: json.ts,
      lengthBytes: json.length,
      sha256: Buffer.from(json.sha256, 'hex'),
      result: json.result,
      transferId: json.transfer,
      receivedFrom: json.from,
      ...(json.opening === undefined ? {} : { openingId: json.opening }),
      receivedAtMs: json.at,
      head: plain.subarray(jsonEnd, headEnd),
      ...(json.part10 ? { part10Head: Buffer.from(plain.subarray(headEnd)) } : {}),
    };
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read a commit record: its facts have another form', { cause });
  }
}

interface FactsJson {
  readonly ts: string;
  readonly length: number;
  readonly sha256: string;
  readonly result: 'stored' | 'conflict';
  readonly transfer: string;
  readonly from: string;
  readonly opening?: number;
  readonly at: number;
  readonly part10: boolean;
}

function parseFacts(text: string): FactsJson {
  const json: unknown = JSON.parse(text);
  if (!isFacts(json)) throw new LeadglassError('CORRUPT', 'Cannot read a commit record: its facts have another form');
  return json;
}

/** Our own writing, authenticated by its tag: a look at two members is enough to tell another version. */
function isFacts(json: unknown): json is FactsJson {
  return typeof json === 'object' && json !== null && 'ts' in json && typeof json.ts === 'string' && 'sha256' in json;
}
