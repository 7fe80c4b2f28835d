/** Account commands of the control door. */
import type {
  ControlServices,
  AccountView as AccountViewText,
  AccountLink,
  PersonOpeningView,
} from '../doors/control/control-services.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { formatUntil, parseUntil } from '../guard/dates.ts';
import { openingState } from '../guard/opening.ts';
import type { Administer } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';
import {
  noProjectWords,
  type PersonOpening,
  type PersonOpeningTerms,
  projectForm,
  projectOptions,
  usualOperations,
} from '../guard/person-opening.ts';
import { PersonOpeningService } from '../guard/person-opening-service.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { isWorkstationPurpose } from '../guard/workstations.ts';
import { limits } from '../limits.ts';
import { LeadglassError } from '../error.ts';
import { type Account, type Actor, isOver } from '../people/account.ts';
import type { AccountView } from '../people/account-admin.ts';
import type { IssuedLink } from '../people/account-links.ts';
import type { LinkedIdentity } from '../people/identity-store.ts';
import type { People } from '../people/people.ts';
import { PeopleRefusedError } from '../people/refusal.ts';
import type { Session } from '../people/sessions.ts';
import type { Installation } from './installation.ts';
import { administer } from './caller.ts';
import { scopeOf, scopeText } from './opening-texts.ts';
import type { OperationsOf } from './people-flows.ts';

type AccountServices = Pick<
  ControlServices,
  | 'accountInvite'
  | 'accountList'
  | 'accountShow'
  | 'accountDisable'
  | 'accountReset'
  | 'accountConfirm'
  | 'accountTie'
  | 'accountSessions'
  | 'accountSessionsEnd'
  | 'accountOpen'
  | 'accountClose'
  | 'accountOpenings'
>;

export interface AccountServiceFacts {
  readonly installation: Installation;
  readonly people: People;
  /** The console's address, without a path; undefined while its door is closed. */
  readonly consoleUrl: () => string | undefined;
}

export function accountServices({ installation, people, consoleUrl }: AccountServiceFacts): AccountServices {
  const { guard, policy } = installation;
  const timeZone = Temporal.Now.timeZoneId();
  const { admin, links, sessions } = people;
  const openings = new PersonOpeningService({ store: policy });
  const personOpen = (email: string): boolean =>
    policy.personOpenings.of(email).some(({ closed, emergency }) => closed === undefined && emergency === undefined);
  /** What the role usually may, as long as the account, a year at most; of who has an opening already, that one stays. */
  const openUsually = (pass: Pass<Administer>, account: Account, reason = 'invited'): void => {
    const operations = usualOperations(account.role);
    if (operations.length === 0 || personOpen(account.email)) return;
    const nowMs = Date.now();
    const validUntilMs = Math.min(account.untilMs ?? Number.POSITIVE_INFINITY, nowMs + limits.personOpeningMs);
    const { email, role } = account;
    openings.open(pass, {
      account: email,
      role,
      operations,
      scope: {},
      addresses: [],
      reason,
      validFromMs: nowMs,
      validUntilMs,
    });
  };
  const linked = (issued: IssuedLink): AccountLink => ({
    account: accountText(issued.account),
    link: enrolmentLink(consoleUrl(), issued.secret),
    until: new Date(issued.notAfterMs).toISOString(),
    needsConfirmation: issued.needsConfirmation,
  });
  return {
    accountInvite: (call, { email, name, role, until, reason }) =>
      administer(guard, call, `account ${email} as ${role}`, async (pass) => {
        const request = {
          email,
          displayName: name ?? email,
          role,
          ...(reason === undefined ? {} : { reason }),
          ...(until === undefined ? {} : { untilMs: parseUntil(until, timeZone) }),
        };
        const issued = await admin.invite(request, actorOf(sessions, pass));
        openUsually(pass, issued.account, reason);
        return linked(issued);
      }),
    accountList: (call) =>
      administer(guard, call, 'all accounts', () => admin.list().map((account) => accountText(account))),
    accountShow: (call, { email }) => administer(guard, call, `account ${email}`, () => viewText(admin.show(email))),
    accountDisable: (call, { email, reason }) =>
      administer(guard, call, `account ${email}: ${reason}`, async (pass) => {
        const ended = await admin.disable(email, actorOf(sessions, pass), reason);
        const { account } = admin.show(email);
        if (personOpen(account.email)) openings.close(pass, { account: account.email, reason });
        return ended;
      }),
    accountOpen: (call, { email, allow, scope, project, options, addresses, until, reason }) =>
      administer(
        guard,
        call,
        `opening for ${email}${project === undefined ? '' : `, project ${project}`}: ${reason}`,
        (pass) => {
          const { account } = admin.show(email);
          const opened = openings.open(pass, {
            account: account.email,
            role: account.role,
            operations: allow,
            scope: { ...scopeOf(scope), ...projectScope(project, options) },
            addresses,
            reason,
            validFromMs: Date.now(),
            validUntilMs: parseUntil(until, timeZone),
          });
          return personOpeningText(opened);
        },
      ),
    accountClose: (call, { email, reason }) =>
      administer(guard, call, `opening of ${email} closed: ${reason}`, (pass) => ({
        email,
        closed: openings.close(pass, { account: admin.show(email).account.email, reason }),
      })),
    accountOpenings: (call, { email }) =>
      administer(guard, call, `openings of ${email}`, () =>
        policy.personOpenings
          .of(admin.show(email).account.email)
          // Who manages accounts learns of no patient; emergencies are shown to who reviews them.
          .filter(({ emergency }) => emergency === undefined)
          .map((opening) => personOpeningText(opening)),
      ),
    accountReset: (call, { email, reason }) =>
      administer(guard, call, `account ${email}: ${reason}`, async (pass) =>
        linked(await links.reset(email, actorOf(sessions, pass), reason)),
      ),
    accountConfirm: (call, { email }) =>
      administer(guard, call, `account ${email}, link confirmed`, async (pass) => {
        await told(() => links.confirm(email, actorOf(sessions, pass)));
        return { email };
      }),
    accountTie: (call, { email, passkey, workstation, reason }) =>
      administer(
        guard,
        call,
        `passkey of ${email} tied to ${workstation ?? 'no workstation'}: ${reason}`,
        async (pass) => {
          const device =
            workstation === undefined ? undefined : policy.device(parseAeTitle(workstation, 'workstation'));
          const isOne = device?.revoked === undefined && device !== undefined && isWorkstationPurpose(device.purpose);
          if (workstation !== undefined && !isOne) {
            throw new LeadglassError(
              'NOT_FOUND',
              `There is no workstation ${workstation}: "leadglass device add ${workstation} --purpose workstation-…" enrols one`,
            );
          }
          const tied = { name: passkey, reason, ...(device === undefined ? {} : { workstation: device.name }) };
          const { sessionsEnded } = await admin.tiePasskey(email, tied, actorOf(sessions, pass));
          return { email, sessionsEnded };
        },
      ),
    accountSessions: (call, { email }) =>
      administer(guard, call, `sessions of ${email}`, () => {
        sessions.sweep();
        return admin.show(email).sessions.map(sessionText);
      }),
    accountSessionsEnd: (call, { email, reason }) =>
      administer(guard, call, `sessions of ${email} end: ${reason}`, async (pass) => ({
        email,
        sessionsEnded: await admin.endSessions(email, actorOf(sessions, pass)),
      })),
  };
}

/** What is open to a person beside emergencies, for pages that offer only what can be done. */
export function openOperations({ personOpenings }: PolicyStore): OperationsOf {
  return (account) => {
    const isOpen = (one: PersonOpening): boolean =>
      one.emergency === undefined && openingState(one, Date.now()) === 'open';
    return personOpenings.of(account).findLast(isOpen)?.operations ?? [];
  };
}

/** @throws LeadglassError NOT_AUTHORIZED for whoever is neither */
export function actorOf(sessions: People['sessions'], { principal }: Pass<Administer>): Actor {
  if (principal.kind === 'operator') return { kind: 'operator', user: principal.user };
  const accountId = principal.kind === 'person' ? sessions.byId(principal.sessionId)?.accountId : undefined;
  if (principal.kind !== 'person' || accountId === undefined) {
    throw new LeadglassError('NOT_AUTHORIZED', 'Accounts are changed by people and operators only');
  }
  return { kind: 'account', accountId, email: principal.account };
}

/** The secret stands behind `#`: browsers send it to no server, and no log of a proxy has it. */
export function enrolmentLink(consoleUrl: string | undefined, secret: string): string {
  return `${consoleUrl ?? ''}/enrol#${secret}`;
}

function personOpeningText(opening: PersonOpening): PersonOpeningView {
  const { account, role, operations, scope, addresses, reason, owner, validFromMs, validUntilMs, closed } = opening;
  return {
    number: opening.id,
    email: account,
    role,
    allow: operations,
    // Days as every other answer has them.
    scope: { ...scope, ...scopeText(scope) },
    addresses,
    reason,
    owner,
    from: new Date(validFromMs).toISOString(),
    until: formatUntil(validUntilMs, Temporal.Now.timeZoneId()),
    state: openingState(opening, Date.now()),
    ...(closed === undefined
      ? {}
      : { closed: { at: new Date(closed.atMs).toISOString(), by: closed.by, reason: closed.reason } }),
  };
}

/** @throws LeadglassError BAD_REQUEST for an option that no project may have */
function projectScope(
  project: string | undefined,
  options: readonly string[] | undefined,
): Pick<PersonOpeningTerms['scope'], 'deIdentified'> {
  if (project === undefined) {
    if (options === undefined) return {};
    throw new LeadglassError('BAD_REQUEST', 'Options are those of a project: name it, too');
  }
  if (!projectForm.test(project)) {
    throw new LeadglassError('BAD_REQUEST', `${project} ${noProjectWords}`, {
      field: 'project',
    });
  }
  return { deIdentified: { project, options: (options ?? []).map(projectOption) } };
}

function projectOption(name: string): (typeof projectOptions)[number] {
  const known = projectOptions.find((option) => option === name);
  if (known !== undefined) return known;
  const all = projectOptions.join(', ');
  throw new LeadglassError('BAD_REQUEST', `A project cannot have the option ${name}; there are ${all}`);
}

/** At a command line the hint is part of what is said. */
export async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof PeopleRefusedError)) throw cause;
    throw new LeadglassError(cause.code, `${cause.message}: ${cause.hint}`, { cause });
  }
}

function accountText(account: Account): AccountViewText {
  const { email, displayName, role, state, untilMs, createdAtMs, createdBy, disabled } = account;
  return {
    email,
    name: displayName,
    role,
    state: state === 'active' && isOver(account, Date.now()) ? 'ended' : state,
    ...(untilMs === undefined ? {} : { until: formatUntil(untilMs, Temporal.Now.timeZoneId()) }),
    createdAt: new Date(createdAtMs).toISOString(),
    createdBy,
    ...(disabled === undefined
      ? {}
      : { disabled: { at: new Date(disabled.atMs).toISOString(), by: disabled.by, reason: disabled.reason } }),
  };
}

function viewText(view: AccountView): Awaited<ReturnType<AccountServices['accountShow']>> {
  return {
    account: accountText(view.account),
    factors: view.factors,
    ...(view.provider === undefined ? {} : { provider: providerText(view.provider) }),
    passkeys: view.passkeys.map(({ name, isSuspended, workstation }) => ({
      name,
      suspended: isSuspended,
      ...(workstation === undefined ? {} : { workstation }),
    })),
    recoveryCodesLeft: view.recoveryCodesLeft,
    sessions: view.sessions.map(sessionText),
    ...(view.invitation === undefined
      ? {}
      : {
          invitation: {
            kind: view.invitation.kind,
            until: new Date(view.invitation.notAfterMs).toISOString(),
            confirmed: view.invitation.confirmedBy !== undefined,
          },
        }),
    history: view.history.map(({ atMs, by, what, reason }) => ({ at: new Date(atMs).toISOString(), by, what, reason })),
  };
}

function providerText({ issuer, subject, linkedAtMs, department }: LinkedIdentity) {
  const since = new Date(linkedAtMs).toISOString();
  return { issuer, subject, since, ...(department === undefined ? {} : { department }) };
}

function sessionText({ id, method, createdAtMs, usedAtMs, address, userAgent, workstation }: Session) {
  return {
    number: id,
    method,
    createdAt: new Date(createdAtMs).toISOString(),
    usedAt: new Date(usedAtMs).toISOString(),
    address,
    userAgent,
    ...(workstation === undefined ? {} : { workstation }),
  };
}
