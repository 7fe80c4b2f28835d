/** What every command gets: where things are, how to print, and how to reach the running server. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { controlClient } from './control-client.ts';
import type { ControlClient } from './control-client.ts';
import type { ConnectDicom, SendDicom } from './dicom-client.ts';
import type { Interruption } from './interruption.ts';
import type { Output } from './output.ts';

export interface Context {
  readonly output: Output;
  /** Absolute. */
  readonly dataDirectory: string;
  /** For the ledger. */
  readonly user: string;
  /** `command` names the caller in the ledger: `device add`. */
  control(command: string): ControlClient;
  /** Opens an association with a peer; it is aborted when `signal` fires. */
  readonly connect: ConnectDicom;
  /** Sends instances to a peer, until `signal` fires. */
  readonly send: SendDicom;
  /** Fires at the first Ctrl-C or SIGTERM; see interruption.ts. */
  readonly signal: AbortSignal;
  /** Sets how the process will end; the worst word wins. */
  exitWith(status: number): void;
}

export function contextOf(
  output: Output,
  { interruption, exitWith }: { readonly interruption: Interruption; readonly exitWith: (status: number) => void },
): Context {
  // bin/leadglass resolves --data and sets this; run without it, the folder is relative to where one stands.
  const dataDirectory = resolve(process.env['LEADGLASS_DATA'] ?? 'leadglass-data');
  const user = operatingSystemUser();
  return {
    output,
    dataDirectory,
    user,
    exitWith,
    // Loaded only by the commands that call a peer.
    connect: async (target, contexts) => {
      const { signal } = interruption;
      return (await import('./connect-dicom.ts')).connectDicom(target, contexts, signal);
    },
    send: async (target, instances, options) => {
      const { signal } = interruption;
      return (await import('./connect-dicom.ts')).sendDicom(target, instances, { ...options, signal });
    },
    get signal() {
      return interruption.signal;
    },
    control: (command) => controlClient({ dataDirectory, user, command, onProgress: showProgress(output) }),
  };
}

function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function showProgress(output: Output): (event: { done: number; total?: number; unit: string } | undefined) => void {
  return (event) => {
    if (event === undefined) output.progress(undefined);
    else output.progress(`${event.done}${event.total === undefined ? '' : ` of ${event.total}`} ${event.unit}`);
  };
}
