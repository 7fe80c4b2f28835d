/** A structured report as a whole: whose it is, how far it is, who stands for it, and its tree (PS3.3 A.35, C.17). */
import type { ContentItem } from './content-item.ts';
import type { Places, SopReference } from './references.ts';

export interface Report {
  readonly title: string;
  /** Of the content (BCP 47), where the report says it (TID 1204). */
  readonly language?: string;
  /** What stands above it, in order: patient, study, device, dates. Without what is empty. */
  readonly facts: readonly Fact[];
  readonly flags: readonly Flag[];
  readonly people: readonly Participant[];
  readonly root: ContentItem;
  readonly predecessors: readonly SopReference[];
  readonly identical: readonly SopReference[];
  /** All that it is about; for a list at its end. */
  readonly evidence: readonly SopReference[];
  readonly places: Places;
  readonly sopInstanceUid: string;
}

export interface Fact {
  readonly name: string;
  readonly text: string;
}

/** Completion, verification, preliminary (C.17.2). */
export interface Flag {
  readonly name: 'completion' | 'verification' | 'preliminary';
  /** As written: COMPLETE, PARTIAL, VERIFIED, UNVERIFIED, PRELIMINARY, FINAL. */
  readonly value: string;
  readonly description?: string;
}

export interface Participant {
  /** Verified by, Author, or what the report calls it. */
  readonly role: string;
  readonly name: string;
  readonly organization?: string;
  readonly at?: string;
}
