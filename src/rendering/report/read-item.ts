/** One content item of a structured report out of its data set (PS3.3 C.17.3, C.18), with those below it. */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { LeadglassError } from '../../error.ts';
import type { Code, ContentItem, ItemValue, NumberValue, RegionValue, TimesValue } from './content-item.ts';
import { readReference } from './references.ts';

/** Values of long lists that are shown. */
const shownMax = 8;

export interface ItemLimits {
  /** Of one document. */
  readonly contentItemsMax: number;
  /** Of the texts in it. */
  readonly linesMax: number;
}

/** Counts what one document has, while its tree is read. The depth is bounded by the reader of the data set. */
export class ItemReader {
  readonly #limits: ItemLimits;
  #items = 0;
  #lines = 0;

  constructor(limits: ItemLimits) {
    this.#limits = limits;
  }

  /** @throws LeadglassError LIMIT_EXCEEDED */
  read(dataSet: DataSet, position: string): ContentItem {
    this.#items += 1;
    const { contentItemsMax, linesMax } = this.#limits;
    if (this.#items > contentItemsMax) throw exceeded('content items', contentItemsMax);
    const value = valueOf(dataSet);
    if (value.kind === 'text') this.#lines += value.text.split('\n').length;
    if (this.#lines > linesMax) throw exceeded('lines of text', linesMax);
    const name = readCode(dataSet, Tags.ConceptNameCodeSequence);
    const relationship = dataSet.text(Tags.RelationshipType);
    const observedAt = dataSet.text(Tags.ObservationDateTime) ?? '';
    const items = dataSet.items(Tags.ContentSequence);
    return {
      position,
      value,
      children: items.map((item, index) => this.read(item, `${position}.${index + 1}`)),
      ...(relationship === undefined ? {} : { relationship }),
      ...(name === undefined ? {} : { name }),
      ...(observedAt === '' ? {} : { observedAt }),
    };
  }
}

function exceeded(what: string, most: number): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot render the report: more than ${most} ${what}`);
}

function valueOf(dataSet: DataSet): ItemValue {
  const target = dataSet.numbers(Tags.ReferencedContentItemIdentifier);
  if (target.length > 0) return { kind: 'by-reference', target: target.join('.') };
  const type = dataSet.text(Tags.ValueType) ?? '';
  const text = (tag: Tag): string => dataSet.text(tag) ?? '';
  switch (type) {
    case 'CONTAINER':
      return container(dataSet);
    case 'TEXT':
      // UT ends lines as it likes; a carriage return alone is none for a browser.
      return { kind: 'text', text: text(Tags.TextValue).replaceAll(/\r\n?/g, '\n') };
    case 'NUM':
      return numberOf(dataSet);
    case 'CODE': {
      const code = readCode(dataSet, Tags.ConceptCodeSequence);
      return { kind: 'code', ...(code === undefined ? {} : { code }) };
    }
    case 'DATE':
      return { kind: 'date', text: text(Tags.Date) };
    case 'TIME':
      return { kind: 'time', text: text(Tags.Time) };
    case 'DATETIME':
      return { kind: 'datetime', text: text(Tags.DateTime) };
    case 'PNAME':
      return { kind: 'name', text: text(Tags.PersonName) };
    case 'UIDREF':
      return { kind: 'uid', text: text(Tags.UID) };
    case 'COMPOSITE':
    case 'IMAGE':
    case 'WAVEFORM': {
      const item = dataSet.items(Tags.ReferencedSOPSequence)[0];
      return { kind: 'reference', type, ...(item === undefined ? {} : { reference: readReference(item) }) };
    }
    case 'SCOORD':
    case 'SCOORD3D':
      return regionOf(dataSet, type);
    case 'TCOORD':
      return timesOf(dataSet);
    default:
      return { kind: 'unknown', type };
  }
}

function container(dataSet: DataSet): ItemValue {
  const template = dataSet.items(Tags.ContentTemplateSequence)[0]?.text(Tags.TemplateIdentifier) ?? '';
  return {
    kind: 'container',
    isContinuous: dataSet.text(Tags.ContinuityOfContent) === 'CONTINUOUS',
    ...(template === '' ? {} : { template }),
  };
}

/** C.18.1: no item where there is no number; then the qualifier says why. */
function numberOf(dataSet: DataSet): NumberValue {
  const measured = dataSet.items(Tags.MeasuredValueSequence)[0];
  const qualifier = readCode(dataSet, Tags.NumericValueQualifierCodeSequence);
  const unit = measured === undefined ? undefined : readCode(measured, Tags.MeasurementUnitsCodeSequence);
  const text = measured?.text(Tags.NumericValue) ?? '';
  const exact = measured === undefined ? undefined : exactOf(measured);
  return {
    kind: 'number',
    ...(text === '' ? {} : { text }),
    ...(unit === undefined ? {} : { unit }),
    ...(exact === undefined ? {} : { exact }),
    ...(qualifier === undefined ? {} : { qualifier }),
  };
}

function exactOf(measured: DataSet): string | undefined {
  const [above] = measured.numbers(Tags.RationalNumeratorValue);
  const [below] = measured.numbers(Tags.RationalDenominatorValue);
  if (above !== undefined && below !== undefined) return `${above}/${below}`;
  const [floating] = measured.numbers(Tags.FloatingPointValue);
  return floating === undefined ? undefined : String(floating);
}

function regionOf(dataSet: DataSet, type: RegionValue['type']): RegionValue {
  const numbers = dataSet.numbers(Tags.GraphicData);
  const dimensions = type === 'SCOORD' ? 2 : 3;
  const frameOfReferenceUid = dataSet.text(Tags.ReferencedFrameOfReferenceUID) ?? '';
  return {
    kind: 'region',
    type,
    shape: dataSet.text(Tags.GraphicType) ?? '',
    points: Math.floor(numbers.length / dimensions),
    first: numbers.slice(0, shownMax * dimensions),
    dimensions,
    ...(frameOfReferenceUid === '' ? {} : { frameOfReferenceUid }),
  };
}

/** C.18.7: by sample, by seconds from the beginning, or by date and time. */
function timesOf(dataSet: DataSet): TimesValue {
  const range = dataSet.text(Tags.TemporalRangeType) ?? '';
  const samples = dataSet.texts(Tags.ReferencedSamplePositions);
  const seconds = dataSet.texts(Tags.ReferencedTimeOffsets);
  const moments = dataSet.texts(Tags.ReferencedDateTime);
  const times = (unit: TimesValue['unit'], all: readonly string[]): TimesValue => {
    return { kind: 'times', range, unit, count: all.length, first: all.slice(0, shownMax) };
  };
  if (samples.length > 0) return times('sample', samples);
  return seconds.length > 0 ? times('second', seconds) : times('moment', moments);
}

/** The first item of a sequence of codes (PS3.3 8.8): long codes and URNs stand in attributes of their own. */
export function readCode(dataSet: DataSet, tag: Tag): Code | undefined {
  const item = dataSet.items(tag)[0];
  if (item === undefined) return undefined;
  const text = (of: Tag): string => item.text(of) ?? '';
  const code = {
    value: text(Tags.CodeValue) || text(Tags.LongCodeValue) || text(Tags.URNCodeValue),
    scheme: text(Tags.CodingSchemeDesignator),
    meaning: text(Tags.CodeMeaning),
  };
  return code.value === '' && code.meaning === '' ? undefined : code;
}
