/**
 * Walks a stored data set once and writes down what becomes of it: small values anew, long ones as places in the stored bytes, which
 * nobody reads until they are asked for. So pixel data is never touched and no instance is held.
 */
import { LeadglassError } from '../../error.ts';
import type { DataSet } from '../data-set.ts';
import { DataSetEncoder } from '../data-set-encoder.ts';
import type { DataSetVisitor, Encoding } from '../data-set-walker.ts';
import { Tags } from '../dictionary/tags.generated.ts';
import { elementOf, formatTag, groupOf, isPrivate, type Tag } from '../tag.ts';
import { plainText } from '../value-texts.ts';
import { type Vr, wordBytes } from '../vr.ts';
import { type Action, actionFor, meantVr, type Options } from './actions.ts';
import { dummyItem } from './dummies.ts';
import { Pieces } from './pieces.ts';
import { isSafePrivate, isSafePrivateCreator } from './safe-private.ts';
import { cappedAge, cleanedText, dummyValue, replacedUids, shiftedDates, textValue } from './values.ts';

/** From here on a value that stays is a place in the stored bytes. */
const placeBytes = 4096;
/** New bytes are counted against their limit at least so often. */
const countedBytes = 1024 * 1024;

export interface PlannerLimits {
  /** New bytes of one instance that are held. */
  readonly newBytesMax: number;
  /** Of one value that is read to be changed. */
  readonly changedValueBytesMax: number;
}

export interface PlannerFacts {
  readonly options: Options;
  readonly limits: PlannerLimits;
  /** Takes the place of a UID. */
  readonly uid: (original: string) => string;
  /** Stands for the patient, as name and as ID. */
  readonly patient: string;
  readonly shiftDays: number;
  /** Of the data set itself, in rising order: written in their places. */
  readonly added: DataSet;
  /** Where in the stored bytes the walker is. */
  readonly offset: () => number;
}

/** These name instances, whatever they begin with; other UIDs under the standard's own root are registered there. */
const ofInstances: ReadonlySet<Tag> = new Set<Tag>([
  Tags.SOPInstanceUID,
  Tags.StudyInstanceUID,
  Tags.SeriesInstanceUID,
  Tags.ReferencedSOPInstanceUID,
]);
const registeredRoot = '1.2.840.10008.';

export class Planner implements DataSetVisitor {
  readonly pieces = new Pieces();
  readonly #facts: PlannerFacts;
  readonly #encoder: DataSetEncoder;
  readonly #bigEndian: boolean;
  readonly #added: Iterator<{ readonly tag: Tag; readonly vr: Vr; readonly value: Uint8Array | readonly DataSet[] }>;
  #nextAdded: IteratorResult<{ readonly tag: Tag; readonly vr: Vr; readonly value: Uint8Array | readonly DataSet[] }>;
  /** Sequences that are open and stay. */
  #depth = 0;
  /** Sequences that are open inside one that does not stay, that one counted. */
  #skipped = 0;
  /** By level: who reserved which block of which private group. */
  readonly #creators: Map<number, string>[] = [new Map()];
  /** The value that is read to be changed; undefined when its bytes pass. */
  #changing: { readonly tag: Tag; readonly vr: Vr; readonly action: Action; readonly chunks: Uint8Array[] } | undefined;
  /** The value that is coming passes through the encoder. */
  #isPassing = false;
  #passingBytes = 0;
  #fragmentsFrom: number | undefined;

  constructor(syntax: Encoding, facts: PlannerFacts) {
    this.#facts = facts;
    this.#encoder = new DataSetEncoder(syntax, { implicitSource: !syntax.explicit });
    this.#bigEndian = !syntax.littleEndian;
    this.#added = facts.added[Symbol.iterator]();
    this.#nextAdded = this.#added.next();
  }

  /** After the walk: what is still to be added, and the last bytes. */
  end(): void {
    this.#addBefore(Number.POSITIVE_INFINITY);
    this.#flush();
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#skipped > 0) return false;
    this.#addBefore(tag);
    const action = this.#actionFor(tag, vr);
    const isSwapped = bigEndian !== this.#bigEndian && wordBytes(vr) > 1;
    switch (action) {
      case 'remove':
        return false;
      case 'keep':
      case 'items':
        if (lengthBytes >= placeBytes && !isSwapped) {
          this.#encoder.valueBegin(tag, vr, lengthBytes, this.#bigEndian);
          this.#place(this.#facts.offset(), lengthBytes);
          return false;
        }
        if (lengthBytes > this.#facts.limits.newBytesMax) throw tooLong(tag);
        this.#passingBytes = lengthBytes;
        this.#isPassing = this.#encoder.valueBegin(tag, vr, lengthBytes, bigEndian);
        return this.#isPassing;
      case 'empty':
        this.#write(tag, vr, new Uint8Array(0));
        return false;
      case 'dummy':
      case 'dummy-item':
        // What was empty said nothing: a dummy would say that there was something, for instance a contrast agent.
        this.#write(tag, vr, lengthBytes === 0 ? new Uint8Array(0) : dummyValue(meantVr(tag, vr)));
        return false;
      case 'patient':
        this.#write(tag, vr, textValue(this.#facts.patient));
        return false;
      default:
        if (lengthBytes > this.#facts.limits.changedValueBytesMax) {
          if (action !== 'clean') throw tooLong(tag);
          // No description is that long: as if it had no safe word.
          this.#writeCleaned({ tag, vr }, new Uint8Array(0));
          return false;
        }
        this.#changing = { tag, vr, action, chunks: [] };
        return true;
    }
  }

  valueBytes(bytes: Uint8Array): void {
    if (this.#changing !== undefined) this.#changing.chunks.push(bytes.slice());
    else this.#encoder.valueBytes(bytes);
  }

  valueEnd(): void {
    const changing = this.#changing;
    this.#changing = undefined;
    if (changing !== undefined) this.#change(changing, Buffer.concat(changing.chunks));
    else if (this.#isPassing) {
      this.#encoder.valueEnd();
      this.#add(this.#passingBytes);
    }
    this.#isPassing = false;
  }

  sequenceBegin(tag: Tag): void {
    if (this.#skipped > 0) {
      this.#skipped += 1;
      return;
    }
    this.#addBefore(tag);
    const action = actionFor(tag, 'SQ', this.#facts.options);
    if (action === 'remove' || action === 'private') {
      this.#skipped = 1;
    } else if (action === 'empty' || action === 'dummy-item') {
      this.#writeItems(tag, action === 'empty' ? [] : [dummyItem(tag)]);
      this.#skipped = 1;
    } else {
      this.#depth += 1;
      this.#encoder.sequenceBegin(tag);
    }
  }

  itemBegin(): void {
    if (this.#skipped > 0) return;
    this.#encoder.itemBegin();
    this.#creators.push(new Map());
  }

  itemEnd(): void {
    if (this.#skipped > 0) return;
    this.#encoder.itemEnd();
    this.#creators.pop();
    this.#add(0);
  }

  sequenceEnd(): void {
    if (this.#skipped > 0) {
      this.#skipped -= 1;
      return;
    }
    this.#depth -= 1;
    this.#encoder.sequenceEnd();
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.#skipped > 0) return;
    this.#addBefore(tag);
    this.#encoder.fragmentsBegin(tag, vr);
    this.#fragmentsFrom = this.#facts.offset();
  }

  fragmentBegin(): boolean {
    return false;
  }

  /** Items and their end are the same bytes in every encoding (PS3.5 A.4). */
  fragmentsEnd(): void {
    if (this.#fragmentsFrom === undefined) return;
    this.#place(this.#fragmentsFrom, this.#facts.offset() - this.#fragmentsFrom);
    this.#fragmentsFrom = undefined;
  }

  #actionFor(tag: Tag, vr: Vr): Action {
    const action = actionFor(tag, vr, this.#facts.options);
    if (action !== 'private') return action;
    // Creators are read to be known; whether one stays is decided when it is.
    if (isCreator(tag)) return 'private';
    const creator = this.#creators.at(-1)?.get((groupOf(tag) << 8) | (elementOf(tag) >>> 8));
    return isSafePrivate(tag, creator) ? 'keep' : 'remove';
  }

  #change({ tag, vr, action }: { tag: Tag; vr: Vr; action: Action }, value: Uint8Array): void {
    const known = meantVr(tag, vr);
    switch (action) {
      case 'uid':
        return this.#write(
          tag,
          vr,
          replacedUids(value, (uid) => this.#uid(tag, uid)),
        );
      case 'shift':
        return this.#write(tag, vr, shiftedDates(value, known === 'DT' ? 'DT' : 'DA', this.#facts.shiftDays));
      case 'age':
        return this.#write(tag, vr, value.length === 0 ? value : cappedAge(value));
      case 'private': {
        const creator = plainText(value).trim();
        if (!isSafePrivateCreator(creator)) return;
        this.#creators.at(-1)?.set((groupOf(tag) << 8) | elementOf(tag), creator);
        return this.#write(tag, vr, value);
      }
      default:
        this.#writeCleaned({ tag, vr }, cleanedText(value, known));
    }
  }

  /** Where nothing safe was in it, as the basic profile has it. */
  #writeCleaned({ tag, vr }: { readonly tag: Tag; readonly vr: Vr }, cleaned: Uint8Array): void {
    const basic = cleaned.length > 0 ? undefined : actionFor(tag, vr, new Set());
    if (basic !== 'remove') this.#write(tag, vr, basic === 'dummy' ? dummyValue(meantVr(tag, vr)) : cleaned);
  }

  #uid(tag: Tag, uid: string): string {
    const isRegistered = uid.startsWith(registeredRoot) && !ofInstances.has(tag);
    return isRegistered ? uid : this.#facts.uid(uid);
  }

  /** Elements of ours whose place is before this one; only among those of the data set itself. */
  #addBefore(tag: Tag): void {
    if (this.#depth > 0) return;
    while (this.#nextAdded.done !== true && this.#nextAdded.value.tag < tag) {
      this.#writeElement(this.#nextAdded.value);
      this.#nextAdded = this.#added.next();
    }
  }

  #writeElement({
    tag,
    vr,
    value,
  }: {
    readonly tag: Tag;
    readonly vr: Vr;
    readonly value: Uint8Array | readonly DataSet[];
  }): void {
    if (value instanceof Uint8Array) this.#write(tag, vr, value);
    else this.#writeItems(tag, value);
  }

  #writeItems(tag: Tag, items: readonly DataSet[]): void {
    this.#encoder.sequenceBegin(tag);
    for (const item of items) {
      this.#encoder.itemBegin();
      for (const element of item) this.#writeElement(element);
      this.#encoder.itemEnd();
    }
    this.#encoder.sequenceEnd();
  }

  /** Texts and zeros: the same in both byte orders. */
  #write(tag: Tag, vr: Vr, value: Uint8Array): void {
    if (!this.#encoder.valueBegin(tag, vr, value.length, this.#bigEndian)) return;
    this.#encoder.valueBytes(value);
    this.#encoder.valueEnd();
    this.#add(value.length);
  }

  #place(from: number, lengthBytes: number): void {
    this.#flush();
    this.pieces.addRange(from, lengthBytes);
  }

  #flush(): void {
    this.#pendingBytes = 0;
    this.pieces.addNew(this.#encoder.take());
    if (this.pieces.newBytes <= this.#facts.limits.newBytesMax) return;
    throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot de-identify the instance: its attributes are too many bytes');
  }

  /** New bytes since they were last counted; a data set of millions of small elements is as large as one of large ones. */
  #pendingBytes = 0;

  #add(lengthBytes: number): void {
    // Its head and what the encoder has around it.
    this.#pendingBytes += lengthBytes + 16;
    if (this.#pendingBytes >= countedBytes) this.#flush();
  }
}

function isCreator(tag: Tag): boolean {
  const element = elementOf(tag);
  return isPrivate(tag) && element >= 0x10 && element <= 0xff;
}

function tooLong(tag: Tag): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot de-identify the instance: ${formatTag(tag)} is too long`, {
    field: formatTag(tag),
  });
}
