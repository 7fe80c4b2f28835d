/**
 * What becomes of one element: table E.1-1 with the options, and for what the table does not name a rule of ours that is stricter.
 * Where the action depends on the attribute's type in the IOD, the one that keeps every IOD valid is taken (D before Z before X).
 */
import { attributeByTag, Tags, vrOf } from '../dictionary/dictionary.ts';
import { elementOf, groupOf, isPrivate, type Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import type { DeIdentifyOption } from './options.ts';
import { type ProfileRow, profileRow } from './profile-table.ts';
import { classUids, safeTexts } from './safe-texts.ts';

export type Action =
  /** As it is. */
  | 'keep'
  | 'remove'
  | 'empty'
  /** A value of its VR that says nothing; of a sequence the same within its items. */
  | 'dummy'
  /** Each UID by its pseudonym; registered ones stay. */
  | 'uid'
  /** Only safe words of a text stay. */
  | 'clean'
  /** Dates go back by the patient's days. */
  | 'shift'
  /** The pseudonym of the patient. */
  | 'patient'
  /** An age above 89 years tells who somebody is. */
  | 'age'
  /** A sequence that stays: its items are looked at. */
  | 'items'
  /** A sequence with one item that says nothing. */
  | 'dummy-item'
  /** For the caller, who knows the creator. */
  | 'private';

export type Options = ReadonlySet<DeIdentifyOption>;

/**
 * Groups of orders, visits, trials, results and films: what the table does not name in them is about people all the same. 0400 holds
 * signatures and what is encrypted of the original; 50xx curves, 60xx overlays, of which the standard would leave a hull.
 */
const removedGroups: ReadonlySet<number> = new Set([
  0x0010, 0x0012, 0x0014, 0x0032, 0x0038, 0x0400, 0x2000, 0x2010, 0x2020, 0x2030, 0x2040, 0x2100, 0x2110, 0x2120,
  0x2130, 0x2200, 0x4000, 0x4008, 0x4010, 0xfffa, 0xfffc,
]);

/** Written anew at the end; what an earlier de-identification said is not true of this one. */
const writtenAnew: ReadonlySet<Tag> = new Set<Tag>([
  Tags.PatientIdentityRemoved,
  Tags.DeidentificationMethod,
  Tags.DeidentificationMethodCodeSequence,
  Tags.LongitudinalTemporalInformationModified,
]);

/** X in the table, and type 1 in presentation states (PS3.3 C.11.10): a dummy tells as little, and the object stays one. */
const neededDates: ReadonlySet<Tag> = new Set<Tag>([Tags.PresentationCreationDate, Tags.PresentationCreationTime]);

/** Sequences of codes for people and places: a dummy code instead of rows of dummies. */
const codesOfPeople: ReadonlySet<Tag> = new Set<Tag>([
  Tags.PersonIdentificationCodeSequence,
  Tags.InstitutionCodeSequence,
  Tags.ContentSequence,
]);

export function actionFor(tag: Tag, vr: Vr, options: Options): Action {
  if (isPrivate(tag)) return options.has('retain-safe-private') && vr !== 'SQ' ? 'private' : 'remove';
  if (writtenAnew.has(tag) || isGraphicsGroup(tag)) return 'remove';
  const known = meantVr(tag, vr);
  const row = profileRow(tag);
  if (row !== undefined) return actionOfRow(row, { tag, vr: known, options });
  if (elementOf(tag) === 0 || removedGroups.has(groupOf(tag)) || attributeByTag(tag) === undefined) return 'remove';
  return actionByVr(tag, known, options);
}

/** The VR whose rule counts: the dictionary's where a sender wrote bytes that it knows to be something else. */
export function meantVr(tag: Tag, vr: Vr): Vr {
  return vr === 'UN' || (isBulk(vr) && attributeByTag(tag)?.vrs.some(isBulk) === false) ? vrOf(tag) : vr;
}

function isBulk(vr: Vr): boolean {
  return vr === 'OB' || vr === 'OD' || vr === 'OF' || vr === 'OL' || vr === 'OV' || vr === 'OW';
}

/** Whole groups: under Clean Graphics, too, since nothing here can look at a bit map. */
function isGraphicsGroup(tag: Tag): boolean {
  const family = groupOf(tag) >>> 8;
  return family === 0x50 || family === 0x60;
}

interface Element {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly options: Options;
}

function actionOfRow(row: ProfileRow, element: Element): Action {
  const { tag, vr, options } = element;
  if (has(options, row.keptBy)) return vr === 'SQ' ? 'items' : vr === 'AS' ? 'age' : 'keep';
  if (has(options, row.cleanedBy)) return cleaned(row, element);
  if (tag === Tags.PatientID || tag === Tags.PatientName) return 'patient';
  if (neededDates.has(tag)) return 'dummy';
  return basicAction(row, element);
}

function has(options: Options, some: ReadonlySet<DeIdentifyOption>): boolean {
  return !options.isDisjointFrom(some);
}

function cleaned(row: ProfileRow, element: Element): Action {
  switch (element.vr) {
    case 'DA':
    case 'DT':
      return 'shift';
    case 'TM':
      // Dates go back by whole days, so the time of day stays what it is.
      return 'keep';
    case 'SQ':
      return 'items';
    case 'LO':
    case 'LT':
    case 'SH':
    case 'ST':
    case 'UC':
    case 'UT':
      // The offset from UTC says where; no word of it could stay.
      return element.tag === Tags.TimezoneOffsetFromUTC ? 'remove' : 'clean';
    default:
      return basicAction(row, element);
  }
}

function basicAction({ basic }: ProfileRow, { tag, vr }: Element): Action {
  switch (basic) {
    case 'X':
      return 'remove';
    case 'Z':
    case 'X/Z':
      return 'empty';
    case 'U':
      return 'uid';
    case 'X/Z/U*':
      return 'items';
    case 'D':
    case 'X/D':
    case 'Z/D':
    case 'X/Z/D':
      if (vr === 'UI') return 'uid';
      if (vr !== 'SQ') return 'dummy';
      // The module is optional, and a picture drawn over others cannot be replaced by one that says nothing.
      if (tag === Tags.GraphicAnnotationSequence) return 'remove';
      return codesOfPeople.has(tag) ? 'dummy-item' : 'items';
  }
}

/** Beyond the table: names, moments and free texts that later editions or senders put where the table has nothing. */
function actionByVr(tag: Tag, vr: Vr, options: Options): Action {
  switch (vr) {
    case 'SQ':
      return 'items';
    case 'UI':
      return classUids.has(tag) || options.has('retain-uids') ? 'keep' : 'uid';
    case 'DA':
    case 'DT':
      return options.has('retain-full-dates') ? 'keep' : options.has('retain-modified-dates') ? 'shift' : 'dummy';
    case 'TM':
      return options.has('retain-full-dates') || options.has('retain-modified-dates') ? 'keep' : 'dummy';
    case 'LT':
    case 'ST':
    case 'UT':
      return options.has('clean-descriptors') || options.has('clean-structured-content') ? 'clean' : 'dummy';
    case 'LO':
    case 'SH':
    case 'UC':
      return safeTexts.has(tag) ? 'keep' : 'dummy';
    case 'UR':
      return safeTexts.has(tag) ? 'keep' : 'remove';
    case 'AE':
    case 'AS':
    case 'PN':
      return 'dummy';
    case 'UN':
      return 'remove';
    default:
      return 'keep';
  }
}
