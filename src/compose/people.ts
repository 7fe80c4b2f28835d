/** The accounts of one installation: opened beside the guard, recording into the same ledger. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import { RefusedError } from '../guard/refusal.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { RelyingParty } from '../people/passkeys.ts';
import type { PasswordJudge } from '../people/password/password-judge.ts';
import { People } from '../people/people.ts';
import type { Installation } from './installation.ts';
import { recordOrRefuse } from './ledger-first.ts';
import { peopleRecord } from './people-records.ts';
import { auditSelf } from './recovery.ts';
import type { SingleSignOnParts } from './single-sign-on.ts';

export function openPeople(
  installation: Installation,
  {
    judge,
    log,
    consolePort,
    singleSignOn,
  }: {
    readonly judge: PasswordJudge;
    readonly log: Log;
    /** Of the door, which may be open only later. */
    readonly consolePort: () => number;
    readonly singleSignOn?: SingleSignOnParts | undefined;
  },
): People {
  const { dataDirectory, config, ring, secrets, ledger, guard } = installation;
  const self = auditSelf(config);
  const party = relyingParty(config.names, consolePort);
  return new People({
    path: join(dataDirectory, 'people.sqlite'),
    ring,
    secrets,
    judge,
    party,
    houseWords: config.names,
    ...(singleSignOn === undefined ? {} : { singleSignOn }),
    limits: limits.people,
    // As for devices: while the clock stands before a time that was seen already, nobody signs in and no session is good.
    now: () => {
      if (!guard.isClockSteady) throw new RefusedError('NOT_AUTHORIZED', 'clock');
      return Date.now();
    },
    record: async (event) => await recordOrRefuse(ledger, peopleRecord(event, self)),
    recordFailed: (error) => log.error('ledger.session-end-unrecorded', { detail: String(error) }),
  });
}

/** Ends now and then what is idle or over. */
export function sweepSessions(people: People, log: Log): Disposable {
  const timer = setInterval(() => {
    try {
      people.sessions.sweep();
    } catch (error) {
      log.warn('job.session-sweep-failed', { detail: String(error) });
    }
  }, limits.people.sessionSweepMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** A passkey belongs to a host name; an address cannot be one (WebAuthn 5.1.3 step 8). */
export function relyingParty(names: readonly string[], port: () => number): RelyingParty {
  const id = names.find((name) => isIP(name) === 0) ?? 'localhost';
  return { id, name: 'Leadglass', origins: () => [port() === 443 ? `https://${id}` : `https://${id}:${port()}`] };
}
