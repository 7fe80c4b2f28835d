/**
 * What is durable in the segments and not yet in the index's tables. The segments are the index's write-ahead log, so an
 * instance is safe, and may be acknowledged, before its rows exist: rows of many instances then share one transaction.
 * Whoever reads the tables brings them up to date first (ArchiveIndex.settle), so that the delay shows nowhere.
 */
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import type { LeadglassError } from '../../../error.ts';
import { asStorageError } from '../store/segment-log.ts';
import { applyNote, type NoteToApply } from './apply-note.ts';
import type { ArchiveIndex, IndexEntry, KnownInstance, LogPosition } from './archive-index.ts';
import { textOf } from './head.ts';

/** What the log hands on when it is durable. */
export type DurableToken = IndexEntry | NoteToApply;

export interface WriteBehindLimits {
  /** So many instances are brought in at once, in one turn of the event loop. */
  readonly indexWaitingMax: number;
  /** The longest that one waits when nobody reads; after a failure, the time until the next attempt. */
  readonly indexWaitingMs: number;
}

export class WriteBehind {
  readonly #index: ArchiveIndex;
  readonly #limits: WriteBehindLimits;
  #tokens: DurableToken[] = [];
  readonly #stored = new Map<string, KnownInstance>();
  #position: LogPosition | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: LeadglassError | undefined;

  constructor(index: ArchiveIndex, limits: WriteBehindLimits) {
    this.#index = index;
    this.#limits = limits;
    index.settle = () => this.settle();
  }

  /** Why the tables could not be brought up to date at the last attempt; undefined when they could. */
  get failure(): LeadglassError | undefined {
    return this.#failure;
  }

  /** An instance of this UID that waits to be brought in. */
  instanceByUid(uid: string): KnownInstance | undefined {
    return this.#stored.get(uid);
  }

  /**
   * Takes what became durable, in order. A decision is brought in at once: whoever made it sees it done.
   * @throws LeadglassError when a decision could not be brought in; it is tried again with the next
   */
  add(tokens: readonly DurableToken[], position: LogPosition): void {
    this.#position = position;
    let decided = false;
    for (const token of tokens) {
      this.#tokens.push(token);
      if ('note' in token) decided = true;
      else if (token.facts.result === 'stored') this.#remember(token);
    }
    if (decided) return this.settle();
    if (this.#tokens.length >= this.#limits.indexWaitingMax && this.#failure === undefined) this.#settleQuietly();
    else this.#settleLater();
  }

  /** Brings all of it into the tables. @throws LeadglassError OUT_OF_RESOURCES, BACKEND_UNAVAILABLE; then all of it still waits */
  settle(): void {
    const position = this.#position;
    if (position === undefined || this.#tokens.length === 0) return;
    const tokens = this.#tokens;
    this.#tokens = []; // the transaction reads the tables, which must not lead here again
    try {
      this.#index.transaction(position, () => applyAll(this.#index, tokens, { isFirst: true }));
      this.#forget();
    } catch (error) {
      this.#tokens = tokens;
      this.#failure = asStorageError(error);
      this.#settleLater();
      throw this.#failure;
    }
  }

  /** Another index has them. */
  discard(): void {
    this.#tokens = [];
    this.#forget();
  }

  /** Nothing waits any more or is tried again. */
  #forget(): void {
    this.#stored.clear();
    this.#failure = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #remember({ instance, facts, head }: IndexEntry): void {
    const { transferSyntaxUid, sha256 } = facts;
    this.#stored.set(textOf(head, Tags.SOPInstanceUID), { instance, transferSyntaxUid, sha256 });
  }

  #settleLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#settleQuietly();
    }, this.#limits.indexWaitingMs).unref();
  }

  /** The next reader, or who stores next, hears of a failure. */
  #settleQuietly(): void {
    try {
      this.settle();
    } catch {
      // kept in `failure`
    }
  }
}

/** Inside a transaction of the index. `isFirst`: these tables never saw what is new in the archive. */
export function applyAll(
  index: ArchiveIndex,
  tokens: readonly DurableToken[],
  { isFirst }: { readonly isFirst: boolean },
): void {
  for (const token of tokens) {
    if ('note' in token) applyNote(index, token);
    else index.apply(token, { isNew: isFirst && token.isNew === true });
  }
}
