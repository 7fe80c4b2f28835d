/** What a decision does to the index; the same when it is made and when the segments are replayed. */
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import type { Note } from '../store/note-record.ts';
import type { ArchiveIndex, IndexEntry } from './archive-index.ts';
import { textOf } from './head.ts';

export interface NoteToApply {
  readonly note: Note;
  readonly sequence: number;
  /** For a conflict decided for the arrived instance: that instance. */
  readonly entry?: IndexEntry;
}

/** Inside a transaction of the index. */
export function applyNote(index: ArchiveIndex, { note, sequence, entry }: NoteToApply): void {
  switch (note.kind) {
    case 'removal-requested':
    case 'removal-undone': {
      const hidden = note.kind === 'removal-requested';
      // The sequence guards against a note that compaction has moved behind a later one.
      index
        .statement(
          `UPDATE study SET hidden = ?, removal_requested_ms = ?, removal_sequence = ?
           WHERE key_id = ? AND removal_sequence < ?`,
        )
        .run(hidden ? 1 : 0, hidden ? note.atMs : null, sequence, note.keyId, sequence);
      index.hiddenChanged();
      return;
    }
    case 'removal-finished':
      index.statement('INSERT OR IGNORE INTO removed_study VALUES (?, ?, ?)').run(note.keyId, note.atMs, sequence);
      index.removeStudy(note.keyId);
      return;
    case 'conflict-decided': {
      if (entry !== undefined) {
        // Compaction may have moved it since the decision was prepared.
        const arrived = { ...entry, ...index.conflictPlace(entry.instance) };
        const stored = index.instanceByUid(textOf(entry.head, Tags.SOPInstanceUID));
        if (stored !== undefined && stored.instance !== entry.instance) index.removeInstance(stored.instance);
        index.statement("UPDATE conflict SET state = 'kept' WHERE instance = ?").run(entry.instance);
        if (stored?.instance !== entry.instance) index.insertInstance(arrived, textOf(entry.head, Tags.SOPInstanceUID));
      }
      for (const instance of note.drop) {
        index.statement("UPDATE conflict SET state = 'dropped' WHERE instance = ? AND state = 'waiting'").run(instance);
      }
      return;
    }
  }
}
