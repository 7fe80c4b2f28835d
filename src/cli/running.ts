/** What `serve` needs of compose.ts: start everything, say what is open, stop everything. */
import type { Call, ResultOf } from '../doors/control/control-services.ts';
import type { Log } from '../log.ts';

export interface StartOptions {
  readonly dataDirectory: string;
  /** Absent: leadglass.yaml in the data folder. */
  readonly configFile?: string;
  readonly log: Log;
}

export interface RunningLeadglass {
  readonly doors: readonly {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly protocol: string;
  }[];
  /** True when this start made the data folder's keys, certificates and configuration. */
  readonly firstStart: boolean;
  /** Only while there is no administrator. */
  readonly enrolmentLink?: string;
  readonly openings: number;
  /** Whole sentences for the operator, for instance that a door listens beyond this machine. */
  readonly warnings?: readonly string[];
  /** Lets running associations end, then closes; resolves when everything acknowledged is safe. */
  stop(): Promise<void>;
}

/** What `verify` and `index rebuild` need of compose.ts when no server runs: `openOffline({dataDirectory, log})`. */
export interface OfflineLeadglass extends AsyncDisposable {
  run<N extends 'verify' | 'indexRebuild'>(name: N, call: Call): Promise<ResultOf[N]>;
}
