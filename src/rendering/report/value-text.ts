/** Values of content items in words: the same for the page, the plain text and the XML of a report. */
import { dateText, dateTimeText, nameText, timeText } from '../documents/values.ts';
import { codeText, type ContentItem, type ItemValue, nameOf, type NumberValue } from './content-item.ts';
import { className, type SopReference } from './references.ts';

/** By position. */
export type ItemIndex = ReadonlyMap<string, ContentItem>;

export function indexOf(root: ContentItem): ItemIndex {
  const index = new Map<string, ContentItem>();
  const add = (item: ContentItem): void => {
    index.set(item.position, item);
    for (const child of item.children) add(child);
  };
  add(root);
  return index;
}

/** PS3.3 C.17.3.2.4; what is not among these is shown as it is written. */
const relationshipWords: ReadonlyMap<string, string> = new Map([
  ['CONTAINS', ''],
  ['HAS OBS CONTEXT', 'Observation context'],
  ['HAS ACQ CONTEXT', 'Acquisition context'],
  ['HAS CONCEPT MOD', 'Modifier'],
  ['HAS PROPERTIES', 'Property'],
  ['INFERRED FROM', 'Inferred from'],
  ['SELECTED FROM', 'Selected from'],
]);

/** How an item belongs to the one above it; '' where it is simply in it. */
export function relationshipText({ relationship = '' }: ContentItem): string {
  return relationshipWords.get(relationship) ?? relationship;
}

export function valueText(value: ItemValue, index: ItemIndex): string {
  switch (value.kind) {
    case 'container':
      return '';
    case 'text':
    case 'uid':
      return value.text;
    case 'number':
      return numberText(value);
    case 'code':
      return value.code === undefined ? '' : codeText(value.code);
    case 'date':
      return dateText(value.text);
    case 'time':
      return timeText(value.text);
    case 'datetime':
      return dateTimeText(value.text);
    case 'name':
      return nameText(value.text);
    case 'reference':
      return value.reference === undefined ? '' : referenceText(value.reference);
    case 'region':
      return regionText(value);
    case 'times':
      return timesText(value);
    case 'by-reference':
      return targetText(value.target, index);
    case 'unknown':
      return value.type === '' ? 'without a value type' : `of the value type ${value.type}, which is not shown here`;
  }
}

function numberText(value: NumberValue): string {
  const unit = unitText(value);
  const number = value.text ?? value.exact ?? 'no value';
  return [number, unit, noteOf(value)].filter((part) => part !== '').join(' ');
}

/** UCUM writes `1` and words in braces where there is no unit. */
export function unitText({ unit }: NumberValue): string {
  if (unit === undefined) return '';
  const { value, meaning, scheme } = unit;
  if (scheme !== 'UCUM') return codeText(unit);
  if (value === '1') return '';
  return /^\{.*\}$/.test(value) ? meaning || value.slice(1, -1) : value || meaning;
}

/** The qualifier, and the exact value where the text was rounded. */
export function noteOf({ qualifier, exact, text }: NumberValue): string {
  const isRounded = exact !== undefined && text !== undefined && Number(text) !== Number(exact);
  const notes = [...(qualifier === undefined ? [] : [codeText(qualifier)]), ...(isRounded ? [`exactly ${exact}`] : [])];
  return notes.length === 0 ? '' : `(${notes.join('; ')})`;
}

export function referenceText(reference: SopReference): string {
  const { frames, segments, channels, presentationState } = reference;
  const details = [
    ...listed('frame', frames),
    ...listed('segment', segments),
    ...listed('channel', channelsText(channels)),
    ...(presentationState === undefined ? [] : [`as ${className(presentationState)}`]),
  ];
  const name = className(reference) || 'Object';
  return details.length === 0 ? name : `${name} (${details.join('; ')})`;
}

/** C.10.10.1.1: pairs of group and channel; channel 0 means all of the group. */
function channelsText(channels: readonly number[]): readonly string[] {
  const pairs: string[] = [];
  for (let at = 0; at + 1 < channels.length; at += 2) {
    pairs.push(channels[at + 1] === 0 ? `all of group ${channels[at]}` : `${channels[at]}.${channels[at + 1]}`);
  }
  return pairs;
}

const listedMax = 8;

function listed(word: string, values: readonly (string | number)[]): readonly string[] {
  if (values.length === 0) return [];
  return [`${word}${values.length === 1 ? '' : 's'} ${shortened(values, values.length)}`];
}

/** The first ones, and how many more there are. */
function shortened(first: readonly (string | number)[], count: number): string {
  const shown = first.slice(0, listedMax);
  const more = count - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function regionText(value: ItemValue & { readonly kind: 'region' }): string {
  const { shape, points, first, dimensions, type, frameOfReferenceUid } = value;
  const coordinates: string[] = [];
  for (let at = 0; at + dimensions <= first.length; at += dimensions) {
    coordinates.push(
      `(${first
        .slice(at, at + dimensions)
        .map(short)
        .join(', ')})`,
    );
  }
  const where = type === 'SCOORD3D' ? 'in millimetres' : 'in pixels';
  const frame = frameOfReferenceUid === undefined ? '' : `, frame of reference ${frameOfReferenceUid}`;
  return `${shape.toLowerCase()} ${where}: ${shortened(coordinates, points)}${frame}`;
}

/** Four digits behind the point are more than any pixel or detector has. */
function short(value: number): string {
  return String(Math.round(value * 10_000) / 10_000);
}

function timesText(value: ItemValue & { readonly kind: 'times' }): string {
  const { range, unit, count, first } = value;
  const values = unit === 'moment' ? first.map(dateTimeText) : first;
  const word = unit === 'sample' ? 'samples' : unit === 'second' ? 'seconds' : 'times';
  return `${range.toLowerCase()}, ${word} ${shortened(values, count)}`;
}

/** Any number of items may refer to the same one: its name must not be as long as it likes each time. */
const targetNameMax = 200;

function targetText(target: string, index: ItemIndex): string {
  const item = index.get(target);
  if (item === undefined) return `item ${target}, which is not there`;
  const whole = nameOf(item);
  const name = whole.length <= targetNameMax ? whole : `${whole.slice(0, targetNameMax)}…`;
  return name === '' ? `item ${target}` : `${name} (item ${target})`;
}
