/**
 * Ctrl-C and SIGTERM for commands that have something to end: an association, a session at the server, half a file. Such a
 * command is given a signal; when it fires, it ends what it began, says how far it came, and throws `interrupted()`, which
 * becomes exit status 3.
 */
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { exitStatus } from './exit-status.ts';

export class Interruption {
  #controller: AbortController | undefined;

  /**
   * Fires at the first Ctrl-C or SIGTERM; a second one ends the process at once. Asking for it takes both signals over, so a
   * command that does not ask just ends, as programs do.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal);
    }
    return this.#controller.signal;
  }

  get happened(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  readonly #onSignal = (): void => {
    if (this.happened) process.exit(exitStatus.couldNotRun);
    this.#controller?.abort(interrupted());
  };
}

/** What a command throws at its end, once it has said how far it came. */
export function interrupted(): LeadglassError {
  return new LeadglassError('CANCELLED', 'Interrupted; it ended before all was done');
}

/** A turn of the event loop: between files that are read at once, so that a signal is heard. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Rejects when the signal has fired and the peer had its time to let go: for work that a silent peer holds up. */
export async function heldUp(signal: AbortSignal, { until }: { readonly until: Promise<unknown> }): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => reject(interrupted()), limits.clientReleaseMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const stop = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
  until.then(stop, stop);
  return await promise;
}
