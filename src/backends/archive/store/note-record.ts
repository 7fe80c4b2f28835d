/**
 * The body of a note record: a decision about what is stored. Notes hold no patient data in the clear: a study is named
 * by the id of its key, and who decided why is sealed under the study key. The end of a removal is clear only, since by
 * then there is no key.
 *
 *   u32 length + JSON of the note, salt 16, sealed JSON of {by, reason} (nothing after the salt when there is no key)
 */
import { LeadglassError } from '../../../error.ts';
import { deriveKey, newSalt, openFacts, saltBytes, sealFacts } from './seal.ts';

export type Note =
  /** The study is hidden from now on; a later `undo` brings it back, a later `finished` destroys it. */
  | { readonly kind: 'removal-requested'; readonly keyId: number; readonly atMs: number }
  | { readonly kind: 'removal-undone'; readonly keyId: number; readonly atMs: number }
  | { readonly kind: 'removal-finished'; readonly keyId: number; readonly atMs: number }
  /** `keep`: the local number of the instance that stays; `drop`: the ones whose space is free. */
  | {
      readonly kind: 'conflict-decided';
      readonly keyId: number;
      readonly keep: number;
      readonly drop: readonly number[];
      readonly atMs: number;
    };

export interface NoteReason {
  readonly by: string;
  readonly reason: string;
}

const bound = Buffer.from('note', 'latin1');

export function encodeNote(note: Note, reason: NoteReason, studyKey: Uint8Array | undefined): Buffer {
  const json = Buffer.from(JSON.stringify(note));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length, 0);
  const salt = newSalt();
  if (studyKey === undefined) return Buffer.concat([length, json, salt]);
  const sealed = sealFacts(deriveKey(studyKey, 'note', salt), Buffer.from(JSON.stringify(reason)), bound);
  return Buffer.concat([length, json, salt, sealed]);
}

/** @throws LeadglassError CORRUPT */
export function decodeNote(body: Buffer): Note {
  try {
    const end = 4 + body.readUInt32LE(0);
    const note: unknown = JSON.parse(body.toString('utf8', 4, end));
    if (isNote(note)) return note;
    throw new LeadglassError('CORRUPT', 'Cannot read a note record: it is of an unknown kind');
  } catch (cause) {
    throw new LeadglassError('CORRUPT', 'Cannot read a note record: it has another form', { cause });
  }
}

/** Who decided and why; undefined for a note without a sealed part. @throws LeadglassError CORRUPT */
export function openNoteReason(body: Buffer, studyKey: Uint8Array): NoteReason | undefined {
  const jsonEnd = 4 + body.readUInt32LE(0);
  const salt = body.subarray(jsonEnd, jsonEnd + saltBytes);
  const sealed = body.subarray(jsonEnd + saltBytes);
  if (sealed.length === 0) return undefined;
  const reason: unknown = JSON.parse(openFacts(deriveKey(studyKey, 'note', salt), sealed, bound).toString('utf8'));
  return isReason(reason) ? reason : undefined;
}

const noteKinds: ReadonlySet<unknown> = new Set<Note['kind']>([
  'removal-requested',
  'removal-undone',
  'removal-finished',
  'conflict-decided',
]);

/** Our own writing, and its CRC was right: the kind tells another version. */
function isNote(json: unknown): json is Note {
  return typeof json === 'object' && json !== null && 'kind' in json && noteKinds.has(json.kind);
}

function isReason(json: unknown): json is NoteReason {
  return typeof json === 'object' && json !== null && 'by' in json && 'reason' in json;
}
