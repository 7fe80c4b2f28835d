/**
 * Measurements as a structured report: Comprehensive SR (PS3.3 A.35.3) by template 1500 (PS3.16), one measurement group each. An area
 * is a planar region with its values (TID 1410), everything else a group with its own coordinates (TID 1501). Pure: clock and UIDs come in.
 */
import type { DataSetJson } from '../../../model/dicom-json.ts';
import type { ImageFacts } from './image-facts.ts';
import type { Measured } from './measured.ts';
import { type Code, codeItem, codes, contentItem, type Json, type Relation, value } from './report-codes.ts';

export const comprehensiveSr = '1.2.840.10008.5.1.4.1.1.88.33';

export interface ReportedMeasurement extends Measured {
  readonly facts: ImageFacts;
}
export interface ReportFacts {
  /** Metadata of one of the measured images: who and which study. */
  readonly source: DataSetJson;
  readonly measurements: readonly ReportedMeasurement[];
  /** Who measured, as their account is called. */
  readonly observer: string;
  readonly seriesDescription: string;
  readonly now: Date;
  readonly newUid: () => string;
}

/** Patient and study stay what they are: PS3.3 C.7.1.1, C.7.2.1. */
const kept = [
  '00080020',
  '00080030',
  '00080050',
  '00080090',
  '00081030',
  '00100010',
  '00100020',
  '00100021',
  '00100030',
  '00100040',
  '0020000D',
  '00200010',
] as const;
/** Type 2: present, perhaps without a value. */
const needed: Readonly<Record<string, string>> = {
  '00080020': 'DA',
  '00080030': 'TM',
  '00080050': 'SH',
  '00080090': 'PN',
  '00100010': 'PN',
  '00100020': 'LO',
  '00100030': 'DA',
  '00100040': 'CS',
  '00200010': 'SH',
};

export function reportOf(facts: ReportFacts): Json {
  const { source, measurements, observer, now, newUid } = facts;
  const head: Json = {};
  for (const tag of kept) {
    const element = source[tag];
    const vr = element?.vr ?? needed[tag];
    if (vr === undefined) continue;
    head[tag] = element?.Value === undefined ? { vr } : { vr, Value: element.Value };
  }
  const [day, time] = [dayOf(now), timeOf(now)];
  return {
    ...head,
    '00080005': value('CS', 'ISO_IR 192'),
    '00080012': value('DA', day),
    '00080013': value('TM', time),
    '00080016': value('UI', comprehensiveSr),
    '00080018': value('UI', newUid()),
    '00080023': value('DA', day),
    '00080033': value('TM', time),
    '00080060': value('CS', 'SR'),
    '00080070': value('LO', 'Leadglass'),
    '0008103E': value('LO', facts.seriesDescription),
    '00081111': value('SQ'),
    '0020000E': value('UI', newUid()),
    // Behind the series of images, which count from 1.
    '00200011': value('IS', 9000),
    '00200013': value('IS', 1),
    '0040A372': value('SQ'),
    '0040A375': value('SQ', evidenceOf(measurements)),
    // Of these measurements there may be more in another report.
    '0040A491': value('CS', 'PARTIAL'),
    '0040A493': value('CS', 'UNVERIFIED'),
    ...rootOf(measurements, observer, newUid),
  };
}

function rootOf(measurements: readonly ReportedMeasurement[], observer: string, newUid: () => string): Json {
  const groups = measurements.map((measured, index) => groupOf(measured, `Measurement ${index + 1}`, newUid()));
  return {
    ...contentItem({
      type: 'CONTAINER',
      concept: codes.report,
      content: { '0040A050': value('CS', 'SEPARATE') },
      children: [
        coded('HAS CONCEPT MOD', codes.language, codes.english),
        coded('HAS OBS CONTEXT', codes.observerType, codes.person),
        contentItem({
          relation: 'HAS OBS CONTEXT',
          type: 'PNAME',
          concept: codes.observerName,
          content: { '0040A123': value('PN', { Alphabetic: nameOf(observer) }) },
        }),
        coded('HAS CONCEPT MOD', codes.procedure, codes.imaging),
        contentItem({
          relation: 'CONTAINS',
          type: 'CONTAINER',
          concept: codes.measurements,
          content: { '0040A050': value('CS', 'SEPARATE') },
          children: groups,
        }),
      ],
    }),
    '0040A504': value('SQ', template('1500')),
  };
}

const template = (identifier: string): Json => ({
  '00080105': value('CS', 'DCMR'),
  '0040DB00': value('CS', identifier),
});

/** `Eve Stone` as the parts of a name: PS3.5 6.2.1. */
function nameOf(written: string): string {
  const words = written
    .replaceAll(/[\\^=]/g, ' ')
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const family = words.pop() ?? 'Unknown';
  return words.length === 0 ? family : `${family}^${words.join(' ')}`;
}

function coded(relation: Relation, concept: Code, content: Code): Json {
  return contentItem({ relation, type: 'CODE', concept, content: { '0040A168': value('SQ', codeItem(content)) } });
}

function groupOf(measured: ReportedMeasurement, name: string, uid: string): Json {
  const isArea = measured.tool === 'ellipse' || measured.tool === 'rectangle';
  const children = [
    contentItem({
      relation: 'HAS OBS CONTEXT',
      type: 'TEXT',
      concept: codes.tracking,
      content: { '0040A160': value('UT', name) },
    }),
    contentItem({
      relation: 'HAS OBS CONTEXT',
      type: 'UIDREF',
      concept: codes.trackingUid,
      content: { '0040A124': value('UI', uid) },
    }),
    ...(isArea ? [coordinates(measured, 'CONTAINS', codes.region)] : []),
    ...numbersOf(measured),
  ];
  return {
    ...contentItem({
      relation: 'CONTAINS',
      type: 'CONTAINER',
      concept: codes.group,
      content: { '0040A050': value('CS', 'SEPARATE') },
      children,
    }),
    '0040A504': value('SQ', template(isArea ? '1410' : '1501')),
  };
}

/** What is measured in millimetres, degrees and values of a known meaning. Pixels of an image without a spacing measure nothing. */
function numbersOf(measured: ReportedMeasurement): readonly Json[] {
  const { tool, facts, lengthMm, angle, areaMm2, mean, deviation, min, max } = measured;
  const from = tool === 'ellipse' || tool === 'rectangle' ? [] : [coordinates(measured, 'INFERRED FROM')];
  if (tool === 'length') return lengthMm === undefined ? [] : [numeric(codes.length, lengthMm, codes.mm, from)];
  if (tool === 'angle') return angle === undefined ? [] : [numeric(codes.angle, angle, codes.degree, from)];
  const quantity = quantityOf(facts.modality);
  if (tool === 'probe') {
    return measured.value === undefined || quantity === undefined
      ? []
      : [numeric(quantity.concept, measured.value, quantity.unit, from)];
  }
  const derived = (
    [
      [codes.mean, mean],
      [codes.deviation, deviation],
      [codes.min, min],
      [codes.max, max],
    ] as const
  ).flatMap(([way, number]) =>
    number === undefined || quantity === undefined
      ? []
      : [numeric(quantity.concept, number, quantity.unit, [coded('HAS CONCEPT MOD', codes.derivation, way)])],
  );
  return [...(areaMm2 === undefined ? [] : [numeric(codes.area, areaMm2, codes.mm2, [])]), ...derived];
}

function quantityOf(modality: string): { readonly concept: Code; readonly unit: Code } | undefined {
  if (modality === 'CT') return { concept: codes.attenuation, unit: codes.hounsfield };
  return modality === 'MR' ? { concept: codes.signal, unit: codes.noUnits } : undefined;
}

/** Whether a report can hold it. */
export const isReportable = (measured: ReportedMeasurement): boolean =>
  measured.facts.isMade !== true && numbersOf(measured).length > 0;

function numeric(concept: Code, number: number, unit: Code, children: readonly Json[]): Json {
  const measuredValue = {
    '0040A30A': value('DS', decimal(number)),
    '004008EA': value('SQ', codeItem(unit)),
  };
  return contentItem({
    relation: 'CONTAINS',
    type: 'NUM',
    concept,
    content: { '0040A300': value('SQ', measuredValue) },
    children,
  });
}

/** DS has 16 characters, PS3.5 6.2. */
const decimal = (number: number): number => Number(number.toPrecision(10));

/** PS3.3 C.18.6: column and row, the corner of the first pixel 0, 0; the image is below it. */
function coordinates(measured: ReportedMeasurement, relation: Relation, concept?: Code): Json {
  const { tool, facts } = measured;
  const points = measured.points.map(([column, row]) => [column + 0.5, row + 0.5] as const);
  const { type, data } = graphicOf(tool, points);
  const { sopClassUid, place } = facts;
  const image = contentItem({
    relation: 'SELECTED FROM',
    type: 'IMAGE',
    content: {
      '00081199': value('SQ', {
        '00081150': value('UI', sopClassUid),
        '00081155': value('UI', place.instance),
        ...(facts.isMultiFrame === true ? { '00081160': value('IS', place.frame) } : {}),
      }),
    },
  });
  return contentItem({
    relation,
    type: 'SCOORD',
    ...(concept === undefined ? {} : { concept }),
    content: { '00700022': value('FL', ...data.flat().map(Math.fround)), '00700023': value('CS', type) },
    children: [image],
  });
}

type Point = readonly [number, number];

/** PS3.3 table C.18.6.1.2: a closed polyline ends where it began; an ellipse is the ends of its longer axis, then of the other. */
function graphicOf(
  tool: Measured['tool'],
  points: readonly Point[],
): { readonly type: string; readonly data: readonly Point[] } {
  const [a = [0, 0], b = [0, 0], c = [0, 0], d = [0, 0]] = points;
  if (tool === 'probe') return { type: 'POINT', data: [a] };
  // Cornerstone's corners go left above, right above, left below, right below.
  if (tool === 'rectangle') return { type: 'POLYLINE', data: [a, b, d, c, a] };
  if (tool !== 'ellipse') return { type: 'POLYLINE', data: points };
  const isUpright = Math.hypot(a[0] - b[0], a[1] - b[1]) >= Math.hypot(c[0] - d[0], c[1] - d[1]);
  return { type: 'ELLIPSE', data: isUpright ? [a, b, c, d] : [c, d, a, b] };
}

/** PS3.3 C.17.2.1: everything that the report speaks of, by study and series. */
function evidenceOf(measurements: readonly ReportedMeasurement[]): Json {
  const series = new Map<string, Map<string, string>>();
  for (const { facts } of measurements) {
    const instances = series.get(facts.place.series) ?? new Map<string, string>();
    instances.set(facts.place.instance, facts.sopClassUid);
    series.set(facts.place.series, instances);
  }
  return {
    '00081115': value(
      'SQ',
      ...[...series].map(([uid, instances]) => ({
        '00081199': value(
          'SQ',
          ...[...instances].map(([instance, sopClass]) => ({
            '00081150': value('UI', sopClass),
            '00081155': value('UI', instance),
          })),
        ),
        '0020000E': value('UI', uid),
      })),
    ),
    '0020000D': value('UI', measurements[0]?.facts.place.study ?? ''),
  };
}

const two = (number: number): string => String(number).padStart(2, '0');
const dayOf = (at: Date): string => `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
const timeOf = (at: Date): string => `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
