/** The console's API put together: accounts, control services under a person's session, cookies. */
import { answerApi } from '../doors/console/api.ts';
import { failureForLog } from '../doors/console/api-error.ts';
import { cookieOf, sessionCookie } from '../doors/console/cookies.ts';
import type { ProgramFlows } from '../doors/console/program-flows.ts';
import { callService, commandOf } from '../doors/control/call-service.ts';
import type { ControlServices } from '../doors/control/control-services.ts';
import type { WebApi } from '../doors/web/web-door.ts';
import { LeadglassError } from '../error.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { RefusedError } from '../guard/refusal.ts';
import type { Role } from '../guard/roles.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { cookieNames } from '../oauth/provider.ts';
import type { People } from '../people/people.ts';
import { openOperations } from './control-accounts.ts';
import { openEmergencies } from './control-emergencies.ts';
import { peopleFlows, type UserDevice } from './people-flows.ts';
import { refuseAwayFromWorkstation, userDeviceOf } from './workstations.ts';

export function consoleApi(facts: {
  readonly people: People;
  readonly policy: PolicyStore;
  readonly oauth: AuthorizationServer;
  readonly services: ControlServices;
  /** Roles that work at enrolled workstations only. */
  readonly workstationRoles: readonly Role[];
  readonly log: Log;
}): WebApi {
  const { people, policy, oauth, log } = facts;
  const userDevice: UserDevice = (aeTitle, maker) => {
    refuseAwayFromWorkstation(facts.workstationRoles, maker);
    return userDeviceOf(policy, aeTitle);
  };
  const flows = peopleFlows(people, userDevice, openEmergencies(policy), openOperations(policy));
  const browserCookieSeconds = Math.floor(limits.people.knownBrowserMs / 1000);
  return {
    answer: (request) =>
      answerApi(request, {
        people: flows,
        programs: programFlows(oauth),
        control: ({ name, given, session, signal }) =>
          callService(
            name,
            given,
            { caller: { session }, command: commandOf(name), signal, progress: () => undefined },
            facts.services,
          ),
        limits: {
          apiBodyBytesMax: limits.web.apiBodyBytesMax,
          browserCookieSeconds,
          providerCookieSeconds: Math.floor(limits.people.ceremonyMs / 1000),
        },
        failed: (error) => {
          const told = failureForLog(error);
          if (told.code === 'INTERNAL' || told.code === 'CORRUPT') log.error('web.call-failed', told);
          else log.info('web.call-failed', told);
        },
      }),
    sessionOf: async (headers, address) => {
      const secret = cookieOf(headers['cookie'], sessionCookie);
      if (secret === undefined) return undefined;
      try {
        await flows.atItsPlace({ address, userAgent: headers['user-agent'] ?? '' }, secret, { toProve: false });
      } catch (error) {
        // At this door what is not one's own looks as if it were not there; that a factor is needed must be told.
        if (!(error instanceof LeadglassError) || error.code !== 'NOT_AUTHORIZED') throw error;
        throw new RefusedError('NOT_AUTHORIZED', 'step-up');
      }
      return secret;
    },
  };
}

/** What a program asks of the person who is signed in, as the console shows it. */
function programFlows(oauth: AuthorizationServer): ProgramFlows {
  return {
    cookie: cookieNames.asking,
    asking: async (secret, request) => {
      const { renewedUntilMs, ...asking } = await oauth.asking(secret, request);
      const until = renewedUntilMs === undefined ? {} : { renewedUntil: new Date(renewedUntilMs).toISOString() };
      return { ...asking, ...until };
    },
    decide: (secret, { request, allow }) => oauth.decide(secret, request, allow),
  };
}
