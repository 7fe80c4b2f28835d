/** Time as the upper layer needs it; given as an argument so that tests of timers are quick and exact. */

export interface UpperLayerClock {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number;
  /** Runs once after this time; the returned function takes it back. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: UpperLayerClock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
