/** The line of one channel in one row, as the data of an SVG path in millimetres. */
import { millimetres } from './drawing.ts';
import type { Envelope } from './envelope.ts';
import type { Lane } from './lane.ts';
import type { Plan } from './plan.ts';

export interface TraceFacts {
  readonly plan: Plan;
  readonly envelope: Envelope;
  readonly lane: Lane;
  readonly samplesPerSecond: number;
  readonly skewSeconds: number;
  /** Of the row, from its first second on. */
  readonly row: number;
  readonly left: number;
  readonly top: number;
}

/** Gaps where nothing was acquired; '' where there is nothing at all. */
export function traceOf(facts: TraceFacts): string {
  const { plan, envelope, lane, left, top, row } = facts;
  const { first, end } = placesOf(plan, row, facts.samplesPerSecond);
  const pieces: string[] = [];
  let before: number | undefined;
  for (let place = first; place < end; place += 1) {
    const one = lane.yOf(envelope.least[place] ?? Number.NaN);
    const other = lane.yOf(envelope.most[place] ?? Number.NaN);
    if (one === undefined || other === undefined) {
      before = undefined;
      continue;
    }
    const x = millimetres(left + xOf(place, facts));
    // Two points, the nearer one first, so that no line goes back.
    const isTurned = before !== undefined && Math.abs(other - before) < Math.abs(one - before);
    const [from, to] = isTurned ? [other, one] : [one, other];
    pieces.push(`${before === undefined ? 'M' : 'L'}${x},${millimetres(top + from)}`);
    // A single point has a length, too, or it would not be seen.
    if (to !== from) pieces.push(`L${x},${millimetres(top + to)}`);
    else if (before === undefined) pieces.push('h0.1');
    before = to;
  }
  return pieces.join('');
}

/** A place stands in the row in which its samples are taken, whatever the channel's skew. */
function placesOf(plan: Plan, row: number, samplesPerSecond: number): { readonly first: number; readonly end: number } {
  const placeOf = (seconds: number): number =>
    Math.min(plan.places, Math.ceil((seconds * samplesPerSecond) / plan.samplesPerPlace - 1e-9));
  const isLast = row === plan.rows - 1;
  return {
    first: placeOf(row * plan.secondsPerRow),
    end: isLast ? plan.places : placeOf((row + 1) * plan.secondsPerRow),
  };
}

function xOf(place: number, { plan, samplesPerSecond, skewSeconds, row }: TraceFacts): number {
  const middle = plan.samplesPerPlace === 1 ? 0 : 0.5;
  const seconds = ((place + middle) * plan.samplesPerPlace) / samplesPerSecond - row * plan.secondsPerRow;
  return Math.min(Math.max(0, (seconds + skewSeconds) * plan.mmPerSecond), plan.secondsPerRow * plan.mmPerSecond);
}
