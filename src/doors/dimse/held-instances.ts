/**
 * How many heads the retrieves under way hold, by device and in all. One retrieve may hold a hundred thousand; a device that asks
 * for the same again in each operation of each association, and reads nothing, must not fill the memory of all.
 */
import { LeadglassError } from '../../error.ts';

export interface HeldInstancesLimits {
  readonly retrieveInstancesHeldPerDeviceMax: number;
  readonly retrieveInstancesHeldMax: number;
}

/** What one retrieve holds. */
export interface Holding extends Disposable {
  /** @throws LeadglassError OUT_OF_RESOURCES */
  add(): void;
}

export class HeldInstances {
  readonly #limits: HeldInstancesLimits;
  readonly #byDevice = new Map<string, number>();
  #all = 0;

  constructor(limits: HeldInstancesLimits) {
    this.#limits = limits;
  }

  /** Of all retrieves together. */
  get count(): number {
    return this.#all;
  }

  holdFor(device: string): Holding {
    let own = 0;
    return {
      add: () => {
        this.#add(device);
        own += 1;
      },
      [Symbol.dispose]: () => {
        this.#remove(device, own);
        own = 0;
      },
    };
  }

  #add(device: string): void {
    const { retrieveInstancesHeldPerDeviceMax, retrieveInstancesHeldMax } = this.#limits;
    const ofDevice = this.#byDevice.get(device) ?? 0;
    if (ofDevice >= retrieveInstancesHeldPerDeviceMax || this.#all >= retrieveInstancesHeldMax) {
      throw new LeadglassError('OUT_OF_RESOURCES', 'Too many instances are being retrieved at once; ask again later');
    }
    this.#byDevice.set(device, ofDevice + 1);
    this.#all += 1;
  }

  #remove(device: string, count: number): void {
    const left = (this.#byDevice.get(device) ?? 0) - count;
    if (left > 0) this.#byDevice.set(device, left);
    else this.#byDevice.delete(device);
    this.#all -= count;
  }
}
