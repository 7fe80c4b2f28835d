/** Commands of the second person: what waits, and saying yes or no to it. */
import type { Call, ControlServices } from '../doors/control/control-services.ts';
import type { Doers } from '../guard/second-person.ts';
import { confirmChange, refuseChange, waitingChange } from '../guard/second-person.ts';
import { operatorOf } from '../guard/device-service.ts';
import type { WaitingChange } from '../guard/waiting-change.ts';
import { LeadglassError } from '../error.ts';
import type { People } from '../people/people.ts';
import { administer } from './caller.ts';
import { actorOf, told } from './control-accounts.ts';
import { deviceChanges, waitingView } from './device-changes.ts';
import type { Installation } from './installation.ts';

type ConfirmationServices = Pick<ControlServices, 'confirmationList' | 'confirmationGive' | 'confirmationRefuse'>;

export function confirmationServices(facts: {
  readonly installation: Installation;
  readonly people: People;
  readonly arrangePlainDoors: () => Promise<void>;
}): ConfirmationServices {
  const { installation, people, arrangePlainDoors } = facts;
  const { guard, policy } = installation;
  const { devices, tokens, openings } = deviceChanges(installation);
  const { secondPerson } = people;
  const isSecondThere = (askedBy: string): boolean => secondPerson.isThere({ by: `person ${askedBy}` });
  const doers: Doers = {
    'device-add': (change, by) => devices.doAdd(change, by),
    'device-renew': (change, by) => devices.doRenew(change, by),
    'device-token': (change) => tokens.doIssue(change),
    'opening-apply': ({ document, told: difference }, by) => openings.doApply(document, difference, by),
  };
  /** For the ledger also when it is refused: who asked for what. */
  const summaryOf = (number: number): string => {
    const waiting = policy.waiting.byId(number);
    return waiting === undefined ? `change ${number}` : `change ${number} of ${waiting.askedBy}: ${waiting.summary}`;
  };
  return {
    confirmationList: (call) =>
      administer(guard, call, 'all that waits', () => ({
        changes: policy.waiting.open(Date.now()).map((waiting) => waitingView(waiting, isSecondThere)),
        links: people.links.waiting().map(({ email, askedBy, notAfterMs }) => ({
          email,
          askedBy,
          until: new Date(notAfterMs).toISOString(),
        })),
      })),
    confirmationGive: (call, { number }) =>
      administer(guard, call, summaryOf(number), async (pass) => {
        const nowMs = Date.now();
        const waiting = waitingChange(policy, number, nowMs);
        await told(async () => secondPerson.check(actorOf(people.sessions, pass), { by: `person ${waiting.askedBy}` }));
        refuseOfGone(people, waiting);
        guard.writeUses(); // a prolonged opening goes on counting from here
        confirmChange(waiting, { store: policy, doers, nowMs, by: operatorOf(pass) });
        await arrangePlainDoors();
        return { number, summary: waiting.summary };
      }),
    // Whoever asked may take it back.
    confirmationRefuse: (call: Call, { number, reason }) =>
      administer(guard, call, `${summaryOf(number)}; refused: ${reason}`, (pass) => {
        const nowMs = Date.now();
        const waiting = waitingChange(policy, number, nowMs);
        refuseChange(waiting, { store: policy, nowMs, by: operatorOf(pass) });
        return { number, summary: waiting.summary };
      }),
  };
}

/** What somebody asked for whose account was ended since, perhaps because it was stolen, is not done. */
function refuseOfGone(people: People, { id, askedBy }: WaitingChange): void {
  if (people.usableAccount(askedBy)?.role === 'administrator') return;
  throw new LeadglassError(
    'CONFLICT',
    `Cannot confirm change ${id}: ${askedBy} does not administer any more; refuse it and ask for it anew`,
  );
}
