/**
 * Signs that an account is shared or stolen, read from its last sign-ins and open sessions. Pure functions; each finding is a hint for the
 * reviewer and refuses nobody. Where an address is in the world is not known here: whoever knows it (a table of sites) may say so.
 */
import { networkOf } from './client.ts';

export interface SignInFact {
  readonly atMs: number;
  readonly succeeded: boolean;
  readonly address: string;
  readonly userAgent: string;
  /** Number of the known browser; absent for a failure at an unknown one. */
  readonly browser?: number;
}

export interface OpenSession {
  readonly address: string;
  readonly userAgent: string;
  readonly usedAtMs: number;
}

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

export type SignKind =
  | 'two-places-at-once'
  | 'new-browser'
  | 'many-failures-before'
  | 'impossible-pace'
  | 'many-browsers';

export interface Sign {
  readonly kind: SignKind;
  readonly text: string;
}

export interface SignsInput {
  readonly now: SignInFact;
  /** Newest first, without `now`. */
  readonly before: readonly SignInFact[];
  /** Of the same account, without the one just made. */
  readonly sessions: readonly OpenSession[];
  /** It was not known to the account before this sign-in. */
  readonly isNewBrowser: boolean;
  readonly placeOf?: (address: string) => Place | undefined;
}

/** Somebody who walks to the next room leaves the first workstation for longer than that. */
const atOnceMs = 2 * 60_000;
/** A person at work has a handful; a password on a note has many. */
const browsersPerDayMax = 5;
const dayMs = 86_400_000;
const failuresBeforeMin = 10;
/** An airliner; measurement of places is that coarse. */
const kilometresPerHourMax = 1000;
const kilometresMin = 100;

/** What is unusual about this sign-in; empty for the first one of an account, with which nothing can be compared. */
export function signsOf(input: SignsInput): readonly Sign[] {
  if (!input.before.some(({ succeeded }) => succeeded)) return [];
  const checks = [twoPlacesAtOnce, newBrowser, manyFailures, impossiblePace, manyBrowsers];
  return checks.map((check) => check(input)).filter((sign) => sign !== undefined);
}

/** Another session, from another network and another program, was used within the last minutes. */
function twoPlacesAtOnce({ now, sessions }: SignsInput): Sign | undefined {
  const other = sessions.find(
    ({ address, userAgent, usedAtMs }) =>
      Math.abs(now.atMs - usedAtMs) <= atOnceMs &&
      networkOf(address) !== networkOf(now.address) &&
      userAgent !== now.userAgent,
  );
  return (
    other && { kind: 'two-places-at-once', text: `in use from ${other.address} and ${now.address} at the same time` }
  );
}

function newBrowser({ isNewBrowser }: SignsInput): Sign | undefined {
  return isNewBrowser ? { kind: 'new-browser', text: 'first sign-in at this browser' } : undefined;
}

function manyFailures({ before }: SignsInput): Sign | undefined {
  const lastSuccess = before.findIndex(({ succeeded }) => succeeded);
  const failures = lastSuccess < 0 ? before.length : lastSuccess;
  if (failures < failuresBeforeMin) return undefined;
  return { kind: 'many-failures-before', text: `signed in after ${failures} failures` };
}

function impossiblePace({ now, before, placeOf }: SignsInput): Sign | undefined {
  const last = before.find(({ succeeded }) => succeeded);
  const here = placeOf?.(now.address);
  const there = last && placeOf?.(last.address);
  if (last === undefined || here === undefined || there === undefined) return undefined;
  const kilometres = distanceKilometres(here, there);
  const hours = Math.max(0, now.atMs - last.atMs) / 3_600_000;
  if (kilometres < kilometresMin || kilometres <= hours * kilometresPerHourMax) return undefined;
  const minutes = Math.round(hours * 60);
  return {
    kind: 'impossible-pace',
    text: `${Math.round(kilometres)} km from the last sign-in ${minutes} minutes before`,
  };
}

function manyBrowsers({ now, before }: SignsInput): Sign | undefined {
  const browsers = new Set(
    [now, ...before]
      .filter(({ succeeded, atMs }) => succeeded && Math.abs(now.atMs - atMs) < dayMs)
      .map(({ browser }) => browser)
      .filter((browser) => browser !== undefined),
  );
  if (browsers.size <= browsersPerDayMax) return undefined;
  return { kind: 'many-browsers', text: `signed in at ${browsers.size} browsers within a day` };
}

/** Great-circle distance on a sphere of 6,371 km. */
export function distanceKilometres(a: Place, b: Place): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const latitude = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const longitude = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const along = latitude + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * longitude;
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(along)));
}
