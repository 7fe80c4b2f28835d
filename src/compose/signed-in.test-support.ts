/** For tests of commands that people give: somebody invited, enrolled with a passkey and signed in at a real guard. */
import type { Call } from '../doors/control/control-services.ts';
import type { GuardSession } from '../guard/session.ts';
import type { Role } from '../guard/roles.ts';
import { quietLog } from '../log.ts';
import { SoftAuthenticator } from '../people/authenticator.test-support.ts';
import type { People } from '../people/people.ts';
import { challengeOf, client, fakeJudge } from '../people/people.test-support.ts';
import { callOf, type TestHouse } from './compose.test-support.ts';
import { accountServices } from './control-accounts.ts';
import { openPeople } from './people.ts';

const origin = 'https://localhost:8443';
const rpId = 'localhost';

export interface Staff extends Disposable {
  readonly people: People;
  readonly accounts: ReturnType<typeof accountServices>;
  /** Both factors were just shown. @returns the secret of the session */
  signIn(email: string, role: Role): Promise<string>;
  /** A session of the guard under that secret, as one request at the web door has. */
  session(secret: string): Promise<GuardSession>;
  /** A command of that person. */
  call(secret: string, command: string): Promise<Call>;
}

export function staffOf({ installation }: TestHouse): Staff {
  const people = openPeople(installation, { judge: fakeJudge, log: quietLog, consolePort: () => 8443 });
  const connected = installation.persons.connect(people);
  const accounts = accountServices({ installation, people, consoleUrl: () => origin });
  const session = async (secret: string): Promise<GuardSession> => {
    const facts = { door: 'web', localPort: 8443, address: '10.0.0.7', calledAeTitle: '', callingAeTitle: '' } as const;
    return installation.guard.session(await installation.guard.identify({ ...facts, session: secret }));
  };
  return {
    people,
    accounts,
    session,
    signIn: async (email, role) => {
      const { link } = await accounts.accountInvite(callOf('account invite'), { email, role });
      const authenticator = new SoftAuthenticator();
      const opened = await people.enrolment.open(link.slice(link.indexOf('#') + 1), client);
      const registered = authenticator.register({ challenge: challengeOf(opened.passkey), origin, rpId });
      await people.enrolment.passkey(opened.ceremony, { answer: registered, name: 'Key' }, client);
      const begun = await people.signIn.begin(client);
      const answer = authenticator.authenticate({ challenge: challengeOf(begun.passkey), origin, rpId });
      return (await people.signIn.passkey(begun.ceremony, answer, client)).session;
    },
    call: async (secret, command) => ({ ...callOf(command), caller: { session: await session(secret) } }),
    [Symbol.dispose]() {
      connected[Symbol.dispose]();
      people[Symbol.dispose]();
    },
  };
}
