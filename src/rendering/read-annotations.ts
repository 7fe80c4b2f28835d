/** Graphics and texts of a presentation state for one frame (PS3.3 C.10.5), in their layers (C.10.7), the lowest first. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import { LeadglassError } from '../error.ts';
import { readColour, white } from './cielab.ts';
import type { Overlay } from './image-facts.ts';
import { bytesOf } from './lookup-table.ts';
import type { Caption, Graphic, GraphicKind, Layer, Spot, Units } from './marks.ts';
import { malformedImage, unsupportedImage } from './picture.ts';
import { plainLines } from './text.ts';

export interface AnnotationLimits {
  readonly layersMax: number;
  readonly graphicsMax: number;
  readonly graphicPointsMax: number;
  readonly captionsMax: number;
  readonly captionCharactersMax: number;
}

export interface AnnotationSource {
  /** Items of Graphic Annotation Sequence that are about the frame. */
  readonly annotations: readonly DataSet[];
  /** Overlays of a layer, by its name. */
  readonly overlays: ReadonlyMap<string, readonly Overlay[]>;
}

interface Gathered {
  graphics: Graphic[];
  captions: Caption[];
}

/** @throws LeadglassError MALFORMED for graphics that cannot be drawn as they are meant; UNSUPPORTED; LIMIT_EXCEEDED */
export function readLayers(state: DataSet, source: AnnotationSource, limits: AnnotationLimits): readonly Layer[] {
  const gathered = new Map<string, Gathered>();
  const counts = new Counts(limits);
  for (const annotation of source.annotations) {
    const name = annotation.text(Tags.GraphicLayer) ?? '';
    const { graphics, captions } = gathered.get(name) ?? { graphics: [], captions: [] };
    for (const item of annotation.items(Tags.GraphicObjectSequence)) graphics.push(readGraphic(item, counts));
    for (const item of annotation.items(Tags.TextObjectSequence)) captions.push(readCaption(item, counts));
    gathered.set(name, { graphics, captions });
  }
  const names = new Set([...source.overlays.keys(), ...gathered.keys()]);
  if (names.size > limits.layersMax) throw tooMany('layers', limits.layersMax);
  const described = layersByName(state);
  return [...names]
    .map((name) => ({ name, ...layerFacts(described.get(name)) }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ name, colour }) => ({
      colour,
      overlays: source.overlays.get(name) ?? [],
      graphics: gathered.get(name)?.graphics ?? [],
      captions: gathered.get(name)?.captions ?? [],
    }));
}

/** The first item of each name; gone through once, however many layers there are. */
function layersByName(state: DataSet): ReadonlyMap<string, DataSet> {
  const byName = new Map<string, DataSet>();
  for (const item of state.items(Tags.GraphicLayerSequence)) {
    const name = item.text(Tags.GraphicLayer) ?? '';
    if (!byName.has(name)) byName.set(name, item);
  }
  return byName;
}

/** A layer that the state does not describe is drawn first and white. */
function layerFacts(item: DataSet | undefined): { readonly order: number; readonly colour: Layer['colour'] } {
  const colour =
    item &&
    readColour(item, {
      lab: Tags.GraphicLayerRecommendedDisplayCIELabValue,
      grey: Tags.GraphicLayerRecommendedDisplayGrayscaleValue,
    });
  return { order: item?.number(Tags.GraphicLayerOrder) ?? 0, colour: colour ?? white };
}

const kinds: ReadonlyMap<string, GraphicKind> = new Map([
  ['POINT', 'point'],
  ['POLYLINE', 'polyline'],
  ['INTERPOLATED', 'interpolated'],
  ['CIRCLE', 'circle'],
  ['ELLIPSE', 'ellipse'],
]);

/** Points that a kind has, at least and at most. */
const pointCounts: Readonly<Record<GraphicKind, readonly [number, number]>> = {
  point: [1, 1],
  polyline: [2, Number.POSITIVE_INFINITY],
  interpolated: [2, Number.POSITIVE_INFINITY],
  circle: [2, 2],
  ellipse: [4, 4],
};

function readGraphic(item: DataSet, counts: Counts): Graphic {
  const name = item.text(Tags.GraphicType) ?? '';
  const kind = kinds.get(name);
  if (kind === undefined) throw unsupportedImage('a graphic is of a kind not drawn here', 'Graphic Type');
  // Counted by its bytes (VR FL), before they become numbers.
  counts.graphic((bytesOf(item, Tags.GraphicData)?.length ?? 0) / 8);
  const numbers = item.numbers(Tags.GraphicData);
  const [least, most] = pointCounts[kind];
  const count = numbers.length / 2;
  if (!Number.isInteger(count) || count < least || count > most || !numbers.every(Number.isFinite)) {
    throw malformedImage(`a graphic of type ${name} has not the points that it needs`, 'Graphic Data');
  }
  const [line] = item.items(Tags.LineStyleSequence);
  const [fill] = item.items(Tags.FillStyleSequence);
  const colour = line && readColour(line, { lab: Tags.PatternOnColorCIELabValue });
  const fillColour = fill && readColour(fill, { lab: Tags.PatternOnColorCIELabValue });
  return {
    kind,
    units: unitsOf(item, Tags.GraphicAnnotationUnits),
    points: Float64Array.from(numbers),
    isFilled: item.text(Tags.GraphicFilled) === 'Y',
    ...(colour === undefined ? {} : { colour }),
    ...(fillColour === undefined ? {} : { fillColour }),
    fillOpacity: within(fill?.number(Tags.PatternOnOpacity), 0, 1),
    thickness: within(line?.number(Tags.LineThickness), 1, 16),
  };
}

/** 1 where nothing usable is said. */
function within(value: number | undefined, least: number, most: number): number {
  return value === undefined || !Number.isFinite(value) ? 1 : Math.min(most, Math.max(least, value));
}

function readCaption(item: DataSet, counts: Counts): Caption {
  // A character has at most four bytes, but for escapes between character sets; what is far too long is not decoded.
  counts.checkText(bytesOf(item, Tags.UnformattedTextValue)?.length ?? 0);
  const text = item.text(Tags.UnformattedTextValue) ?? '';
  counts.caption(text.length);
  const from = spotOf(item, Tags.BoundingBoxTopLeftHandCorner, Tags.BoundingBoxAnnotationUnits);
  const to = spotOf(item, Tags.BoundingBoxBottomRightHandCorner, Tags.BoundingBoxAnnotationUnits);
  const anchor = spotOf(item, Tags.AnchorPoint, Tags.AnchorPointAnnotationUnits);
  const [style] = item.items(Tags.TextStyleSequence);
  const colour = style && readColour(style, { lab: Tags.TextColorCIELabValue });
  const align = aligns.get(item.text(Tags.BoundingBoxTextHorizontalJustification) ?? '') ?? 'left';
  if ((from === undefined || to === undefined) && anchor === undefined) {
    throw malformedImage('a text has neither a box nor an anchor', 'Text Object Sequence');
  }
  return {
    lines: plainLines(text),
    ...(from === undefined || to === undefined ? {} : { box: { from, to, align } }),
    ...(anchor === undefined
      ? {}
      : { anchor: { ...anchor, isVisible: item.text(Tags.AnchorPointVisibility) === 'Y' } }),
    ...(colour === undefined ? {} : { colour }),
  };
}

const aligns: ReadonlyMap<string, 'left' | 'center' | 'right'> = new Map([
  ['CENTER', 'center'],
  ['RIGHT', 'right'],
]);

function spotOf(item: DataSet, place: Tag, units: Tag): Spot | undefined {
  const [x, y] = item.numbers(place);
  if (x === undefined || y === undefined) return undefined;
  if (!Number.isFinite(x) || !Number.isFinite(y)) throw malformedImage('a text is nowhere', 'Text Object Sequence');
  return { units: unitsOf(item, units), x, y };
}

function unitsOf(item: DataSet, tag: Tag): Units {
  switch (item.text(tag)) {
    case 'PIXEL':
      return 'image';
    case 'DISPLAY':
      return 'display';
    default:
      // MATRIX is of tiled images (C.10.5.1.3).
      throw unsupportedImage('an annotation has units other than PIXEL and DISPLAY', 'Graphic Annotation Units');
  }
}

class Counts {
  readonly #limits: AnnotationLimits;
  #graphics = 0;
  #points = 0;
  #captions = 0;
  #characters = 0;

  constructor(limits: AnnotationLimits) {
    this.#limits = limits;
  }

  graphic(points: number): void {
    const { graphicsMax, graphicPointsMax } = this.#limits;
    this.#graphics += 1;
    this.#points += points;
    if (this.#graphics > graphicsMax) throw tooMany('graphics', graphicsMax);
    if (this.#points > graphicPointsMax) throw tooMany('points of graphics', graphicPointsMax);
  }

  checkText(bytes: number): void {
    const { captionCharactersMax } = this.#limits;
    if (bytes > 8 * captionCharactersMax) throw tooMany('characters', captionCharactersMax);
  }

  caption(characters: number): void {
    const { captionsMax, captionCharactersMax } = this.#limits;
    this.#captions += 1;
    this.#characters += characters;
    if (this.#captions > captionsMax) throw tooMany('texts', captionsMax);
    if (this.#characters > captionCharactersMax) throw tooMany('characters', captionCharactersMax);
  }
}

function tooMany(what: string, most: number): LeadglassError {
  return new LeadglassError(
    'LIMIT_EXCEEDED',
    `Cannot draw the picture: its presentation state has over ${most} ${what}`,
  );
}
