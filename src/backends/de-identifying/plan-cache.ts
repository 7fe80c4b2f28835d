/** How instances read when they are de-identified, of those that were asked for last: a viewer asks for frame after frame. */
import type { DeIdentifiedPlan } from '../../dicom/de-identify/de-identify.ts';

/** An instance that cannot be handed out. */
export const refused = Symbol('refused');
export type Planned = DeIdentifiedPlan | typeof refused;

/** What an entry costs besides its new bytes. */
const entryBytes = 1024;

export class PlanCache {
  readonly #bytesMax: number;
  readonly #plans = new Map<string, Planned>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Planned | undefined {
    const plan = this.#plans.get(key);
    if (plan === undefined) return undefined;
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    return plan;
  }

  set(key: string, plan: Planned): void {
    const bytes = bytesOf(plan);
    if (bytes > this.#bytesMax / 2 || this.#plans.has(key)) return;
    this.#plans.set(key, plan);
    this.#bytes += bytes;
    for (const [oldest, old] of this.#plans) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#plans.delete(oldest);
      this.#bytes -= bytesOf(old);
    }
  }
}

function bytesOf(plan: Planned): number {
  return plan === refused ? entryBytes : entryBytes + plan.pieces.newBytes;
}
