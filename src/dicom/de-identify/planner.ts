/**
 * Walks a stored data set once and writes down what becomes of it: small values anew, long ones as places in the stored bytes, which
 * nobody reads until they are asked for. So pixel data is never touched and no instance is held.
 */
import { LeadglassError } from '../../error.ts';
import type { DataSet } from '../data-set.ts';
import type { DataSetVisitor, Encoding } from '../data-set-walker.ts';
import { Tags } from '../dictionary/tags.generated.ts';
import { elementOf, formatTag, groupOf, isPrivate, type Tag } from '../tag.ts';
import { plainText } from '../value-texts.ts';
import { type Vr, wordBytes } from '../vr.ts';
import { type Action, actionFor, meantVr, type Options } from './actions.ts';
import { dummyItem } from './dummies.ts';
import type { Pieces } from './pieces.ts';
import { PlanWriter } from './plan-writer.ts';
import { isSafePrivate, isSafePrivateCreator } from './safe-private.ts';
import { cappedAge, cleanedText, dummyValue, replacedUids, shiftedDates, textValue } from './values.ts';

/** From here on a value that stays is a place in the stored bytes. */
const placeBytes = 4096;

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
  readonly #facts: PlannerFacts;
  readonly #writer: PlanWriter;
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
    this.#writer = new PlanWriter(syntax, { added: facts.added, newBytesMax: facts.limits.newBytesMax });
  }

  /** After the walk: what is still to be added, and the last bytes. */
  end(): Pieces {
    this.#writer.addBefore(Number.POSITIVE_INFINITY);
    this.#writer.flush();
    return this.#writer.pieces;
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#skipped > 0) return false;
    if (this.#depth === 0) this.#writer.addBefore(tag);
    const action = this.#actionFor(tag, vr);
    const isSwapped = bigEndian !== this.#writer.isBigEndian && wordBytes(vr) > 1;
    switch (action) {
      case 'remove':
        return false;
      case 'keep':
      case 'items':
        if (lengthBytes >= placeBytes && !isSwapped) {
          this.#writer.encoder.valueBegin(tag, vr, lengthBytes, this.#writer.isBigEndian);
          this.#writer.place(this.#facts.offset(), lengthBytes);
          return false;
        }
        if (lengthBytes > this.#facts.limits.newBytesMax) throw tooLong(tag);
        this.#passingBytes = lengthBytes;
        this.#isPassing = this.#writer.encoder.valueBegin(tag, vr, lengthBytes, bigEndian);
        return this.#isPassing;
      case 'empty':
        this.#writer.value(tag, vr, new Uint8Array(0));
        return false;
      case 'dummy':
      case 'dummy-item':
        // What was empty said nothing: a dummy would say that there was something, for instance a contrast agent.
        this.#writer.value(tag, vr, lengthBytes === 0 ? new Uint8Array(0) : dummyValue(meantVr(tag, vr)));
        return false;
      case 'patient':
        this.#writer.value(tag, vr, textValue(this.#facts.patient));
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
    else this.#writer.encoder.valueBytes(bytes);
  }

  valueEnd(): void {
    const changing = this.#changing;
    this.#changing = undefined;
    if (changing !== undefined) this.#change(changing, Buffer.concat(changing.chunks));
    else if (this.#isPassing) {
      this.#writer.encoder.valueEnd();
      this.#writer.passed(this.#passingBytes);
    }
    this.#isPassing = false;
  }

  sequenceBegin(tag: Tag): void {
    if (this.#skipped > 0) {
      this.#skipped += 1;
      return;
    }
    if (this.#depth === 0) this.#writer.addBefore(tag);
    const action = actionFor(tag, 'SQ', this.#facts.options);
    if (action === 'remove' || action === 'private') {
      this.#skipped = 1;
    } else if (action === 'empty' || action === 'dummy-item') {
      this.#writer.items(tag, action === 'empty' ? [] : [dummyItem(tag)]);
      this.#skipped = 1;
    } else {
      this.#depth += 1;
      this.#writer.encoder.sequenceBegin(tag);
    }
  }

  itemBegin(): void {
    if (this.#skipped > 0) return;
    this.#writer.encoder.itemBegin();
    this.#creators.push(new Map());
  }

  itemEnd(): void {
    if (this.#skipped > 0) return;
    this.#writer.encoder.itemEnd();
    this.#creators.pop();
    this.#writer.passed(0);
  }

  sequenceEnd(): void {
    if (this.#skipped > 0) {
      this.#skipped -= 1;
      return;
    }
    this.#depth -= 1;
    this.#writer.encoder.sequenceEnd();
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.#skipped > 0) return;
    if (this.#depth === 0) this.#writer.addBefore(tag);
    this.#writer.encoder.fragmentsBegin(tag, vr);
    this.#fragmentsFrom = this.#facts.offset();
  }

  fragmentBegin(): boolean {
    return false;
  }

  /** Items and their end are the same bytes in every encoding (PS3.5 A.4). */
  fragmentsEnd(): void {
    if (this.#fragmentsFrom === undefined) return;
    this.#writer.place(this.#fragmentsFrom, this.#facts.offset() - this.#fragmentsFrom);
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
        return this.#writer.value(
          tag,
          vr,
          replacedUids(value, (uid) => this.#uid(tag, uid)),
        );
      case 'shift':
        return this.#writer.value(tag, vr, shiftedDates(value, known === 'DT' ? 'DT' : 'DA', this.#facts.shiftDays));
      case 'age':
        return this.#writer.value(tag, vr, value.length === 0 ? value : cappedAge(value));
      case 'private': {
        const creator = plainText(value).trim();
        if (!isSafePrivateCreator(creator)) return;
        this.#creators.at(-1)?.set((groupOf(tag) << 8) | elementOf(tag), creator);
        return this.#writer.value(tag, vr, value);
      }
      default:
        this.#writeCleaned({ tag, vr }, cleanedText(value, known));
    }
  }

  /** Where nothing safe was in it, as the basic profile has it. */
  #writeCleaned({ tag, vr }: { readonly tag: Tag; readonly vr: Vr }, cleaned: Uint8Array): void {
    const basic = cleaned.length > 0 ? undefined : actionFor(tag, vr, new Set());
    if (basic !== 'remove') this.#writer.value(tag, vr, basic === 'dummy' ? dummyValue(meantVr(tag, vr)) : cleaned);
  }

  #uid(tag: Tag, uid: string): string {
    const isRegistered = uid.startsWith(registeredRoot) && !ofInstances.has(tag);
    return isRegistered ? uid : this.#facts.uid(uid);
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
