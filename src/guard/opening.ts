/**
 * The opening: the right of one device to do named operations through named doors on a named scope of data, with its
 * reason, owner and end date. Openings are the only source of permission. Once made an opening does not change; a changed
 * one closes the old and makes a new one, so that the history stays.
 */
import * as v from 'valibot';
import { type AeTitle, parseAeTitle } from '../dicom/ae-title.ts';
import { parseAddressRange } from './identify/address.ts';
import type { Purpose } from './principal.ts';
import type { Scope } from './scope.ts';
import { workstationPurposes } from './workstations.ts';

/** Doors that an opening of a device can name. */
export const openingDoors = ['dimse-tls', 'dimse-plain', 'web'] as const;
export type OpeningDoor = (typeof openingDoors)[number];

/**
 * Operations that an opening can name; `get` and `move` are the two ways of retrieving, `remove` asks that a study be hidden, `sign-in` lets
 * people sit at a workstation.
 */
export const openingOperations = ['verify', 'store', 'find', 'get', 'move', 'commit', 'remove', 'sign-in'] as const;
export type OpeningOperation = (typeof openingOperations)[number];

export const purposes = [
  'acquisition',
  'reading',
  'exchange',
  'archive',
  ...workstationPurposes,
] as const satisfies readonly Purpose[];

/** A third AE to which this device may have instances moved; always over TLS to a checked certificate. */
export interface MoveDestination {
  readonly aeTitle: AeTitle;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the destination's certificate in hex (pinned), or `own-authority`: issued by our certificate authority. */
  readonly trust: string;
}

/** What makes a door without TLS bearable for a while. */
export interface PlainException {
  /** The risk in words, as its owner wrote it. */
  readonly risk: string;
  /** TCP port of the door that only this opening uses. */
  readonly port: number;
}

export interface OpeningClosed {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

export type OpeningScope = Omit<Scope, 'receivedFrom' | 'studyInstanceUids'> & {
  /** Only studies of which this device itself sent an instance. */
  readonly ownStudiesOnly?: true;
};

export interface Opening {
  readonly id: number;
  /** Unique among the openings that are not closed; the device's AE title unless somebody chose another. */
  readonly name: string;
  readonly device: AeTitle;
  readonly purpose: Purpose;
  readonly doors: readonly OpeningDoor[];
  readonly operations: readonly OpeningOperation[];
  readonly scope: OpeningScope;
  /** Networks from which the device may come, CIDR; empty: any address (never on a plain door). */
  readonly addresses: readonly string[];
  /** May private and unknown storage SOP classes be stored? */
  readonly privateSopClasses: boolean;
  readonly moveDestinations: readonly MoveDestination[];
  readonly reason: string;
  readonly owner: string;
  readonly createdAtMs: number;
  /** First moment at which it is open. */
  readonly validFromMs: number;
  /** First moment at which it is not open any more. */
  readonly validUntilMs: number;
  readonly plain?: PlainException;
  readonly closed?: OpeningClosed;
}

export type OpeningState = 'open' | 'not-yet' | 'ended' | 'closed';

/** Closed counts before everything else, then the dates: open from `validFromMs` until just before `validUntilMs`. */
export function openingState(
  opening: Pick<Opening, 'closed' | 'validFromMs' | 'validUntilMs'>,
  nowMs: number,
): OpeningState {
  if (opening.closed !== undefined) return 'closed';
  if (nowMs < opening.validFromMs) return 'not-yet';
  if (nowMs >= opening.validUntilMs) return 'ended';
  return 'open';
}

/** Why an opening is not open at this moment, as a refusal says it (refusal.ts); undefined when it is. */
export function reasonNotOpen(
  opening: Parameters<typeof openingState>[0],
  nowMs: number,
): `opening-${Exclude<OpeningState, 'open'>}` | undefined {
  const state = openingState(opening, nowMs);
  return state === 'open' ? undefined : `opening-${state}`;
}

/**
 * Do both allow the same? Only who answers for it, why and from when until when may differ. An opening that replaces one which
 * allowed the same is the same right to whoever asks whether it is used; one that allows something else was never used yet.
 */
export function sameRight(one: OpeningTerms, other: OpeningTerms): boolean {
  return rightText(one) === rightText(other);
}

/** The order within lists does not matter. */
function rightText(terms: OpeningTerms): string {
  const { device, purpose, doors, operations, scope, addresses, privateSopClasses, moveDestinations, plain } = terms;
  const sorted = (list: readonly unknown[]): string[] => list.map((entry) => JSON.stringify(entry)).toSorted();
  const scopeEntries = Object.entries(scope).map(([key, value]) => [key, Array.isArray(value) ? sorted(value) : value]);
  return JSON.stringify([
    device,
    purpose,
    sorted(doors),
    sorted(operations),
    sorted(scopeEntries),
    sorted(addresses),
    privateSopClasses,
    sorted(moveDestinations.map(({ aeTitle: to, host, port, trust }) => [to, host, port, trust])),
    plain?.port,
  ]);
}

export const textSchema = (maxLength: number): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(),
    v.trim(),
    v.nonEmpty('is empty'),
    v.maxLength(maxLength),
    v.regex(/^\P{Cc}*$/u, 'has control characters'),
  );
const aeTitle = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): AeTitle => {
    try {
      return parseAeTitle(dataset.value, 'AE title');
    } catch {
      addIssue({ message: 'is not an AE title (1 to 16 printable ASCII characters)' });
      return NEVER;
    }
  }),
);
export const networkSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): string => {
    const range = parseAddressRange(dataset.value);
    if (range !== undefined) return range.text;
    addIssue({ message: 'is not a network (as 10.1.2.0/24, 10.1.2.3 or 2001:db8::/32)' });
    return NEVER;
  }),
);
const listOf = <const S extends v.GenericSchema>(item: S, max: number) =>
  v.pipe(v.array(item), v.maxLength(max), v.readonly());
const studyDate = v.pipe(v.string(), v.regex(/^[0-9]{8}$/, 'is not a date (YYYYMMDD)'));

/** The TCP ports of doors without TLS that are to be open at this moment, each with its opening. */
export function plainPorts(openings: readonly Opening[], nowMs: number): ReadonlyMap<number, Opening> {
  const ports = new Map<number, Opening>();
  for (const opening of openings) {
    const { plain } = opening;
    if (plain === undefined || !opening.doors.includes('dimse-plain')) continue;
    if (openingState(opening, nowMs) === 'open') ports.set(plain.port, opening);
  }
  return ports;
}

/** Milliseconds since the epoch. */
export const endSchema = v.pipe(v.number(), v.safeInteger());

/** Bounds of what one opening can hold, so that a policy check is quick: a person has to read it. */
const entriesMax = 64;
const textMax = 1000;

const moveDestinationSchema = v.strictObject({
  aeTitle,
  host: v.pipe(v.string(), v.maxLength(253), v.regex(/^[0-9A-Za-z:.-]+$/, 'is not a host name or address')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  trust: v.union([
    v.literal('own-authority'),
    v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex')),
  ]),
});

export const openingScopeSchema = v.strictObject({
  modalities: v.exactOptional(
    listOf(v.pipe(v.string(), v.regex(/^[A-Z0-9 _]{1,16}$/, 'is not a modality')), entriesMax),
  ),
  departments: v.exactOptional(listOf(textSchema(64), entriesMax)),
  studyDateFrom: v.exactOptional(studyDate),
  studyDateTo: v.exactOptional(studyDate),
  patientIdIssuers: v.exactOptional(listOf(textSchema(64), entriesMax)),
  ownStudiesOnly: v.exactOptional(v.literal(true)),
});

/** What a person decides about an opening; numbers and states are added when it is made. */
export const openingTermsSchema = v.strictObject({
  name: textSchema(64),
  device: aeTitle,
  purpose: v.picklist(purposes),
  doors: v.pipe(listOf(v.picklist(openingDoors), openingDoors.length), v.minLength(1, 'names no door')),
  operations: v.pipe(
    listOf(v.picklist(openingOperations), openingOperations.length),
    v.minLength(1, 'names no operation'),
  ),
  scope: openingScopeSchema,
  addresses: listOf(networkSchema, entriesMax),
  privateSopClasses: v.boolean(),
  moveDestinations: listOf(moveDestinationSchema, entriesMax),
  reason: textSchema(textMax),
  owner: textSchema(256),
  validFromMs: endSchema,
  validUntilMs: endSchema,
  plain: v.exactOptional(
    v.strictObject({
      risk: textSchema(textMax),
      port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
    }),
  ),
});

export type OpeningTerms = v.InferOutput<typeof openingTermsSchema>;
