/** The console's API put together: accounts, control services under a person's session, cookies. */
import { answerApi } from '../doors/console/api.ts';
import { cookieOf, sessionCookie } from '../doors/console/cookies.ts';
import { callService } from '../doors/control/call-service.ts';
import type { ControlServices } from '../doors/control/control-services.ts';
import type { WebApi } from '../doors/web/web-door.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { People } from '../people/people.ts';
import { peopleFlows } from './people-flows.ts';

export function consoleApi(facts: {
  readonly people: People;
  readonly services: ControlServices;
  readonly log: Log;
}): WebApi {
  const { people, log } = facts;
  const flows = peopleFlows(people);
  const browserCookieSeconds = Math.floor(limits.people.knownBrowserMs / 1000);
  return {
    answer: (request) =>
      answerApi(request, {
        people: flows,
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
        failed: ({ code, message, detail }) => {
          const told = { code, detail: detail ?? message };
          if (code === 'INTERNAL' || code === 'CORRUPT') log.error('web.call-failed', told);
          else log.info('web.call-failed', told);
        },
      }),
    sessionOf: (headers) => {
      const secret = cookieOf(headers['cookie'], sessionCookie);
      if (secret === undefined) return undefined;
      if (flows.session(secret) !== undefined) return secret;
      throw new LeadglassError('NOT_AUTHENTICATED', 'You are not signed in any more');
    },
  };
}

/**
 * The name of a call as the command line types it and the guard knows it: `deviceTokenEnd` is `device token end`. It is ours and not the
 * browser's to say, since roles go by it.
 */
export function commandOf(call: string): string {
  return call.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
