/**
 * Sees to the end of each emergency: what ran out, was closed or lost its session is closed for good and recorded as stopped (Emergency
 * Override Stopped). The right itself has ended before, by itself; this is what makes the end visible.
 */
import { asLeadglassError } from '../error.ts';
import type { Emergency } from '../guard/emergency-table.ts';
import { EmergencyRecords } from '../guard/emergency-records.ts';
import { openingState } from '../guard/opening.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { Installation } from './installation.ts';
import { auditSelf } from './recovery.ts';

export interface EmergencyWatch extends AsyncDisposable {
  /** Looks now; resolves when what has ended is recorded. */
  settle(): Promise<void>;
}

type Watched = Pick<Installation, 'config' | 'guard' | 'ledger' | 'persons' | 'policy'>;

/** The accounts must be open: a session that nobody knows is one that has ended. */
export function watchEmergencies(
  { config, guard, ledger, persons, policy }: Watched,
  { log, now = Date.now }: { readonly log: Log; readonly now?: () => number },
): EmergencyWatch {
  const records = new EmergencyRecords(auditSelf(config));
  let running: Promise<void> = Promise.resolve();
  const settleOne = async (emergency: Emergency): Promise<void> => {
    const { opening } = emergency;
    const how = endOf(emergency, {
      nowMs: now(),
      hasSession: persons.byId(opening.emergency?.sessionId ?? 0) !== undefined,
    });
    if (how === undefined) return;
    const atMs = now();
    // Closed first: what is recorded as stopped can never open again, whatever the clock does.
    policy.personOpenings.close(opening, { atMs, by: opening.account, reason: how });
    const [patient] = opening.scope.patients ?? [];
    if (patient !== undefined) {
      await ledger.record(records.stopped({ at: new Date(atMs), account: opening.account, patient, words: how }));
    }
    policy.emergencies.stop(opening.id, { atMs, how });
    log.warn('guard.emergency-stopped', { emergency: opening.id });
  };
  const settleAll = async (): Promise<void> => {
    // While the clock cannot be believed nobody has a session; that ends no emergency.
    if (!guard.isClockSteady) return;
    try {
      for (const emergency of policy.emergencies.running()) await settleOne(emergency);
    } catch (thrown) {
      // What is left stays unrecorded and is looked at again.
      log.error('guard.emergency-end-unrecorded', { code: asLeadglassError(thrown).code });
    }
  };
  const settle = (): Promise<void> => (running = running.then(settleAll));
  const changed = (): void => void settle();
  const listening = [policy.onPersonChange(changed), persons.onChange(changed)];
  const timer = setInterval(() => void settle(), limits.emergencyWatchMs).unref();
  void settle();
  return {
    settle,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const one of listening) one[Symbol.dispose]();
      await running;
    },
  };
}

/** Why it has ended; undefined while it lasts. */
function endOf(
  { opening }: Emergency,
  { nowMs, hasSession }: { readonly nowMs: number; readonly hasSession: boolean },
): string | undefined {
  if (opening.closed !== undefined) {
    const { by, reason } = opening.closed;
    return by === opening.account ? reason : `closed by ${by}: ${reason}`;
  }
  if (openingState(opening, nowMs) !== 'open') return 'its time was over';
  return hasSession ? undefined : 'its session ended';
}
