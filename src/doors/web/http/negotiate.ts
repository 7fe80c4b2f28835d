/**
 * Which representation a client gets, PS3.18 8.7.8: the highest weight wins, first among what the query parameter asks for,
 * then among what the header asks for; between equals the order of the offers decides, which is the server's own.
 * Asked anew for each message part, since each instance has its own offers.
 */
import type { Acceptable, MediaRange } from './accept.ts';
import { HttpError } from './http-error.ts';

/** A representation that can be given of one resource. */
export interface Offer {
  /** In lower case, of multipart/related that of its parts. */
  readonly name: string;
  readonly isMultipart: boolean;
  /** UID; left out where the media type has none (rendered ones, JSON and XML). */
  readonly transferSyntax?: string;
  /**
   * Given to who names the media type without a transfer syntax: it is the default of tables 8.7.3-2 to 8.7.3-5, or stands in
   * for it (8.7.3 allows that for lossy and for too long pixel data).
   */
  readonly isDefaultSyntax?: boolean;
  /** Only for who names the transfer syntax: neither `*` nor its default means a representation that loses something. */
  readonly isNamedOnly?: boolean;
  /** The default of the resource's category, given for any media type (8.7.7); where none is marked, the first offer is. */
  readonly isDefault?: boolean;
  /** Further names that old clients know it by: application/json, image/x-jls, image/x-dicom-rle. */
  readonly aliases?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * The chosen offer, or undefined where none is acceptable. 8.3.3.1 would give the default media type to a query parameter that
 * names nothing we have, 8.7.8.1 goes on to the header and then refuses: the latter is the rule for both, so it stands.
 * @param offers those that cost the server least in front
 */
export function choose<T extends Offer>(acceptable: Acceptable, offers: readonly T[]): T | undefined {
  return highest(acceptable.query, offers) ?? highest(acceptable.header, offers);
}

/** As `choose`. @throws HttpError 406 */
export function chooseOrRefuse<T extends Offer>(acceptable: Acceptable, offers: readonly T[]): T {
  const chosen = choose(acceptable, offers);
  if (chosen !== undefined) return chosen;
  const known = [...new Set(offers.map(describe))].join(', ');
  throw new HttpError(406, `Cannot answer in any of the accepted media types; this resource has ${known}`, {
    field: 'Accept',
  });
}

function highest<T extends Offer>(ranges: readonly MediaRange[], offers: readonly T[]): T | undefined {
  let best: T | undefined;
  let bestWeight = 0;
  const standard = offers.find(({ isDefault }) => isDefault === true) ?? offers[0];
  for (const offer of offers) {
    const weight = weightFor(offer, ranges, offer === standard);
    if (weight <= bestWeight) continue;
    best = offer;
    bestWeight = weight;
  }
  return best;
}

/** RFC 9110 12.5.1: the most specific range that matches says the weight. */
function weightFor(offer: Offer, ranges: readonly MediaRange[], isDefault: boolean): number {
  let weight = 0;
  let most = -Infinity;
  for (const range of ranges) {
    const specific = specificity(range, offer, isDefault);
    if (specific === undefined || specific < most) continue;
    // Of two that are equally specific the kinder one counts.
    weight = specific === most ? Math.max(weight, range.weight) : range.weight;
    most = specific;
  }
  return weight;
}

/** How closely a range describes an offer; undefined when it does not. */
function specificity(range: MediaRange, offer: Offer, isDefault: boolean): number | undefined {
  const byName = nameSpecificity(range, offer, isDefault);
  const bySyntax = syntaxSpecificity(range, offer);
  if (byName === undefined || bySyntax === undefined) return undefined;
  let byParameters = 0;
  for (const [name, value] of range.parameters) {
    const offered = offer.parameters?.[name];
    // 8.7.7: a parameter that is not supported is ignored; a range without it describes the offer better.
    if (offered === undefined) byParameters -= 1;
    else if (offered.toLowerCase() === value.toLowerCase()) byParameters += 10;
    else return undefined;
  }
  return byName * 10_000 + bySyntax * 1000 + byParameters;
}

function nameSpecificity(range: MediaRange, offer: Offer, isDefault: boolean): number | undefined {
  // 8.7.7: any media type means the default one of the resource's category.
  if (range.name === '*/*' && !range.isMultipart) return isDefault ? 0 : undefined;
  if (range.name === 'multipart/*') return offer.isMultipart ? 1 : undefined;
  if (range.isMultipart !== offer.isMultipart) return undefined;
  if (range.name === '*/*') return 2;
  if (range.name === offer.name || offer.aliases?.includes(range.name) === true) return 4;
  const [type = '', subtype = ''] = range.name.split('/');
  return subtype === '*' && offer.name.startsWith(`${type}/`) ? 3 : undefined;
}

/**
 * 8.7.8.2: the one that is named, any for `*`, else the default one of the media type. A range that leaves the media type open
 * cannot mean the default of one of them.
 */
function syntaxSpecificity({ name, transferSyntax }: MediaRange, offer: Offer): number | undefined {
  // 8.7.4: not permitted for rendered media types, so it is ignored there (8.7.7).
  if (offer.transferSyntax === undefined) return 0;
  if (offer.isNamedOnly === true && transferSyntax !== offer.transferSyntax) return undefined;
  if (transferSyntax === undefined) return offer.isDefaultSyntax === true || name.endsWith('/*') ? 0 : undefined;
  if (transferSyntax === '*') return 1;
  return transferSyntax === offer.transferSyntax ? 2 : undefined;
}

function describe({ name, isMultipart, transferSyntax }: Offer): string {
  const syntax = transferSyntax === undefined ? '' : `; transfer-syntax=${transferSyntax}`;
  return isMultipart ? `multipart/related; type="${name}"${syntax}` : `${name}${syntax}`;
}
