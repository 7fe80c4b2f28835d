/**
 * How much one device and one address may do at once: associations, operations per second, failed identifications. Every table
 * here has a bound on its own size, so that a stranger with many addresses cannot fill the memory.
 */

export interface AdmissionLimits {
  readonly associationsPerDeviceMax: number;
  readonly associationsPerAddressMax: number;
  readonly peoplePerAddressMax: number;
  readonly operationsPerSecondMax: number;
  readonly failedIdentificationsPerAddressMax: number;
  readonly failedIdentificationWindowMs: number;
  readonly failedIdentificationAddressesMax: number;
}

/** Counts what is running under a key; a key with nothing running takes no memory. */
export class RunningCount {
  readonly #running = new Map<string, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Keys with something running. */
  get size(): number {
    return this.#running.size;
  }

  hasRoom(key: string): boolean {
    return this.count(key) < this.#max;
  }

  count(key: string): number {
    return this.#running.get(key) ?? 0;
  }

  add(key: string): void {
    this.#running.set(key, this.count(key) + 1);
  }

  remove(key: string): void {
    const left = this.count(key) - 1;
    if (left > 0) this.#running.set(key, left);
    else this.#running.delete(key);
  }
}

/** A token bucket: `perSecondMax` operations each second, and as many at once after a pause. */
export class OperationRate {
  readonly #perSecondMax: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecondMax: number, nowMs: number) {
    this.#perSecondMax = perSecondMax;
    this.#tokens = perSecondMax;
    this.#atMs = nowMs;
  }

  /** Takes one operation; false when there is none left at this moment. */
  take(nowMs: number): boolean {
    // A clock that stands or goes back gives no new tokens.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#tokens = Math.min(this.#perSecondMax, this.#tokens + (elapsedMs * this.#perSecondMax) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

interface Failures {
  count: number;
  /** When the window began. */
  sinceMs: number;
}

/** Failed identifications by address within a window; forgets the address that failed longest ago when full. */
export class FailedIdentifications {
  readonly #failures = new Map<string, Failures>();
  readonly #limits: AdmissionLimits;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Has this address failed so often that it is not even looked at any more? */
  isBlocked(address: string, nowMs: number): boolean {
    const failures = this.#current(address, nowMs);
    return failures !== undefined && failures.count >= this.#limits.failedIdentificationsPerAddressMax;
  }

  countOf(address: string, nowMs: number): number {
    return this.#current(address, nowMs)?.count ?? 0;
  }

  add(address: string, nowMs: number): void {
    const failures = this.#current(address, nowMs) ?? { count: 0, sinceMs: nowMs };
    failures.count += 1;
    // Taken out and put in again: the order of the map is the order of the last failure.
    this.#failures.delete(address);
    this.#failures.set(address, failures);
    if (this.#failures.size <= this.#limits.failedIdentificationAddressesMax) return;
    const oldest = this.#failures.keys().next();
    if (oldest.done !== true) this.#failures.delete(oldest.value);
  }

  /** Who has proven itself starts anew. */
  forget(address: string): void {
    this.#failures.delete(address);
  }

  get size(): number {
    return this.#failures.size;
  }

  #current(address: string, nowMs: number): Failures | undefined {
    const failures = this.#failures.get(address);
    if (failures === undefined || nowMs - failures.sinceMs < this.#limits.failedIdentificationWindowMs) return failures;
    this.#failures.delete(address);
    return undefined;
  }
}
