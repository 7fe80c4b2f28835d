/** The people's part as the console's API wants it: views as JSON, refusals with advice. Nothing is decided here. */
import type {
  Challenge,
  NewCode,
  OwnFactors,
  PeopleFlows,
  ProviderTrip,
  SessionView,
  SignedIn,
} from '../doors/console/people-flows.ts';
import { AdvisedError } from '../doors/console/api-error.ts';
import { LeadglassError } from '../error.ts';
import { usualOperations } from '../guard/person-opening.ts';
import { limits } from '../limits.ts';
import { type Role, unnamedEmail } from '../people/account.ts';
import type { CodeSetup } from '../people/enrolment.ts';
import type { LinkedIdentity } from '../people/identity-store.ts';
import type { PasswordRefusal } from '../people/password/password-policy.ts';
import type { People } from '../people/people.ts';
import { PeopleRefusedError } from '../people/refusal.ts';
import type { SecondFactors } from '../people/second-factor.ts';
import { isOwnNetwork } from '../people/session-place.ts';
import type { LiveSession } from '../people/sessions.ts';
import type { SignedIn as PersonSignedIn } from '../people/begin-session.ts';

const instant = (ms: number): string => new Date(ms).toISOString();

/** What is open in a session beyond the own right; asked with each look at the session. */
export type EmergencyOf = (sessionId: number, account: string) => SessionView['emergency'];
/** What the person may usually do with images at this moment. */
export type OperationsOf = (account: string) => SessionView['may'];
/**
 * The device as the policy names it, if people may say there who they are.
 * @param maker where the passcode is made, by whom
 * @throws LeadglassError NOT_FOUND; RefusedError for a role that is held to workstations and sits at none
 */
export type UserDevice = (aeTitle: string, maker: { readonly role: Role; readonly workstation?: string }) => string;

export function peopleFlows(
  people: People,
  userDevice: UserDevice,
  emergencyOf: EmergencyOf = () => undefined,
  operationsOf: OperationsOf = () => [],
): PeopleFlows {
  const { signIn, stepUp, enrolment, ownFactors, sessions, singleSignOn } = people;
  const { passwordCodePointsMin: min, passwordCodePointsMax: max } = limits.people;
  const view = (secret: string): SessionView => {
    const live = sessions.use(secret);
    const emergency = emergencyOf(live.session.id, live.account.email);
    const may = operationsOf(live.account.email);
    return { ...sessionView(live), may, ...(emergency === undefined ? {} : { emergency }) };
  };
  const came = (given: PersonSignedIn): SignedIn => ({
    session: view(given.session),
    secret: given.session,
    browser: given.browser,
    recoveryCodesLeft: given.recoveryCodesLeft,
  });
  const renewed = (secret: string): SignedIn => ({ session: view(secret), secret });
  return advised({
    signInBegin: (from) => signIn.begin(from),
    signInPasskey: async (from, { ceremony, credential }) => came(await signIn.passkey(ceremony, credential, from)),
    signInPassword: async (from, given) => challengeOf(await signIn.password(given, from)),
    signInCode: async (from, { ceremony, code }) => came(await signIn.code(ceremony, code, from)),
    signInSecondPasskey: async (from, { ceremony, credential }) =>
      came(await signIn.secondPasskey(ceremony, credential, from)),
    signInRecoveryCode: async (from, { ceremony, code }) => came(await signIn.recoveryCode(ceremony, code, from)),
    session: (secret, from) => {
      try {
        const live = sessions.find(secret);
        // Elsewhere a cookie says whose factor is to be shown; what is open in the session is for who has shown it.
        return isOwnNetwork(live.session, from) ? view(secret) : { ...sessionView(live), may: [] };
      } catch (error) {
        if (error instanceof PeopleRefusedError) return undefined;
        throw error;
      }
    },
    atItsPlace: (from, secret, how) => people.places.check(secret, from, how),
    signInWays: () => ({
      ...(singleSignOn.provider === undefined ? {} : { provider: { name: singleSignOn.provider.name } }),
      local: singleSignOn.localSignIn,
    }),
    providerSignIn: async (from, { origin }) => trip(await singleSignOn.begin({ kind: 'sign-in' }, from, back(origin))),
    providerEnrol: async (from, { origin, ceremony }) =>
      trip(await singleSignOn.begin({ kind: 'enrol', enrolment: ceremony }, from, back(origin))),
    providerStepUp: async (from, secret, { origin }) =>
      trip(await singleSignOn.begin({ kind: 'step-up', session: secret }, from, back(origin))),
    providerFinish: async (from, secret, given) => {
      const finished = await singleSignOn.finish(
        { ...given, ...(secret === undefined ? {} : { session: secret }) },
        from,
      );
      if (finished.kind === 'enrol') return { done: 'enrol', email: finished.account.email };
      if (finished.kind === 'step-up') return { done: 'step-up', ...renewed(finished.session) };
      // There are no recovery codes to count: the factors are the provider's.
      const { recoveryCodesLeft: _none, ...signedIn } = came(finished.signedIn);
      return { done: 'sign-in', ...signedIn };
    },
    providerLogout: async (from, { token }) => {
      await singleSignOn.logout(token, from);
    },
    signOut: (secret, { origin }) => {
      const url = origin === '' ? undefined : singleSignOn.signOutUrl(secret, `${origin}/sign-in`);
      signIn.signOut(secret);
      return url;
    },
    stepUpBegin: async (from, secret) => challengeOf(await stepUp.begin(secret, from)),
    stepUpPasskey: async (from, secret, { ceremony, credential }) =>
      renewed(await stepUp.passkey(secret, { ceremony, answer: credential }, from)),
    stepUpCode: async (from, secret, given) => renewed(await stepUp.code(secret, given, from)),

    enrolBegin: async (from, { invitation }) => {
      const { ceremony, kind, account, passkey } = await enrolment.open(invitation, from);
      const known = account.email === unnamedEmail ? {} : { email: account.email, name: account.displayName };
      const { provider } = singleSignOn;
      return {
        ceremony,
        kind,
        role: account.role,
        passkey,
        ...(provider === undefined ? {} : { provider: { name: provider.name } }),
        local: singleSignOn.localSignIn === 'everybody' || account.role === 'administrator',
        password: { min, max },
        ...known,
      };
    },
    enrolName: async (from, { ceremony, email, name }) => {
      const { account, passkey } = await enrolment.sayWho(ceremony, { email, displayName: name }, from);
      return { email: account.email, passkey };
    },
    enrolCheckPassword: async ({ ceremony, password }) => {
      const refusal = await enrolment.judge(ceremony, password);
      if (refusal === undefined) return { score: 4 };
      return { score: refusal.code === 'PASSWORD_GUESSABLE' ? 2 : 1, refusal };
    },
    enrolPasskey: async (from, { ceremony, credential, label }) => {
      const enrolled = await enrolment.passkey(ceremony, { answer: credential, name: label }, from);
      return { email: enrolled.account.email, recoveryCodes: enrolled.recoveryCodes };
    },
    enrolPassword: async ({ ceremony, password }) => {
      const answer = await enrolment.password(ceremony, password);
      if ('refused' in answer) throw passwordError(answer.refused);
      return { code: newCode(answer.setup) };
    },
    enrolCode: async (from, { ceremony, code }) => {
      const enrolled = await enrolment.code(ceremony, code, from);
      return { email: enrolled.account.email, recoveryCodes: enrolled.recoveryCodes };
    },

    ownSessions: async (secret) => {
      const { session: own, account } = sessions.use(secret);
      return sessions.of(account.id).map(({ id, createdAtMs, usedAtMs, address, userAgent, workstation }) => ({
        ...(workstation === undefined ? {} : { workstation }),
        id,
        current: id === own.id,
        createdAt: instant(createdAtMs),
        lastUsedAt: instant(usedAtMs),
        address,
        userAgent,
      }));
    },
    endOwnSession: async (secret, { id }) => {
      const live = sessions.use(secret);
      sessions.requireStepUp(live);
      const { session: own, account } = live;
      if (id === 'others') sessions.endOf(account.id, 'own', own.id);
      else if (sessions.byId(id)?.accountId === account.id) sessions.end(id, 'own');
      else throw new LeadglassError('NOT_FOUND', 'You have no such session');
    },
    ownFactors: async (secret) => {
      const { account } = sessions.use(secret);
      const { factors, recoveryCodesLeft } = people.admin.show(account.email);
      const linked = people.identityOf(account.id);
      return {
        ...(linked === undefined ? {} : { provider: providerView(linked, singleSignOn.provider?.name) }),
        passkeys: people.passkeysOf(account.id).map(({ id, name, addedAtMs, usedAtMs, suspendedAtMs }) => ({
          id,
          label: name,
          createdAt: instant(addedAtMs),
          ...(usedAtMs === undefined ? {} : { lastUsedAt: instant(usedAtMs) }),
          ...(suspendedAtMs === undefined ? {} : { suspended: true }),
        })),
        hasPassword: factors.includes('password'),
        hasCode: factors.includes('one-time code'),
        recoveryCodesLeft,
      };
    },
    passkeyBegin: (from, secret) => ownFactors.beginPasskey(secret, from),
    passkeyAdd: (secret, { ceremony, credential, label }) =>
      ownFactors.addPasskey(secret, { ceremony, answer: credential, name: label }),
    passkeyRename: (secret, { id, label }) => ownFactors.renamePasskey(secret, id, label),
    passkeyRemove: (secret, { id }) => ownFactors.removePasskey(secret, id),
    codeBegin: async (from, secret, { password }) => {
      const answer = await ownFactors.beginCode(secret, from, password);
      if ('refused' in answer) throw passwordError(answer.refused);
      return { ceremony: answer.ceremony, code: newCode(answer.setup) };
    },
    codeConfirm: async (secret, given) => ({ recoveryCodes: await ownFactors.addCode(secret, given) }),
    passcodes: async (secret) =>
      people.passcodes.own(secret).map(({ id, device, issuedAtMs, endsAtMs }) => ({
        id,
        device,
        createdAt: instant(issuedAtMs),
        until: instant(endsAtMs),
      })),
    passcodeMake: async (secret, { device }) => {
      const { account, session } = sessions.use(secret);
      const { role } = account;
      if (usualOperations(role).length === 0) {
        throw new LeadglassError('CONFLICT', 'Your role sees no images: a passcode for a device would open nothing');
      }
      const { endsAtMs, ...made } = await people.passcodes.issue(secret, userDevice(device, { ...session, role }));
      return { ...made, until: instant(endsAtMs) };
    },
    passcodeEnd: (secret, { id }) => people.passcodes.end(secret, id),
    passwordChange: async (from, secret, given) => {
      const refused = await ownFactors.changePassword(secret, given, from);
      if (refused !== undefined) throw passwordError(refused);
    },
    recoveryCodes: async (secret) => ({ recoveryCodes: await ownFactors.newRecoveryCodes(secret) }),
  });
}

/** Where the browser comes back to: a page of the console, which sends the answer on. */
function back(origin: string): string {
  return `${origin}/sign-in/callback`;
}

function trip({ ceremony, url }: { readonly ceremony: string; readonly url: string }): ProviderTrip {
  return { ceremony, location: url };
}

function providerView(
  { issuer, subject, linkedAtMs, department }: LinkedIdentity,
  name = new URL(issuer).host,
): NonNullable<OwnFactors['provider']> {
  return { name, issuer, subject, since: instant(linkedAtMs), ...(department === undefined ? {} : { department }) };
}

function sessionView({ session, account }: LiveSession): Omit<SessionView, 'may'> {
  const { sessionAbsoluteMs, sessionIdleMs, stepUpMs } = limits.people;
  const { id, email, displayName, role } = account;
  const freshUntilMs = session.steppedUpAtMs + stepUpMs;
  const endsAtMs = session.createdAtMs + sessionAbsoluteMs;
  return {
    account: { id, email, name: displayName, role },
    signedInAt: instant(session.createdAtMs),
    idleEndsAt: instant(session.usedAtMs + sessionIdleMs[role]),
    endsAt: instant(Math.min(endsAtMs, session.notAfterMs ?? endsAtMs)),
    stepUpUntil: instant(freshUntilMs),
    ...(session.workstation === undefined ? {} : { workstation: session.workstation }),
  };
}

function challengeOf({
  ceremony,
  factors,
}: {
  readonly ceremony: string;
  readonly factors: Omit<SecondFactors, 'recoveryCode'> & { readonly recoveryCode?: boolean };
}): Challenge {
  const { code, recoveryCode, passkey, provider } = factors;
  return {
    ceremony,
    next: [
      ...(passkey === undefined ? [] : ['passkey' as const]),
      ...(code ? ['code' as const] : []),
      ...(recoveryCode === true ? ['recovery-code' as const] : []),
      ...(provider === true ? ['provider' as const] : []),
    ],
    ...(passkey === undefined ? {} : { passkey }),
  };
}

function newCode({ secret, uri, qrSvg }: CodeSetup): NewCode {
  return { secret, uri, qrSvg };
}

function passwordError({ code, text, hint }: PasswordRefusal): AdvisedError {
  return new AdvisedError('BAD_REQUEST', text, { answer: code, hint });
}

/** Each refusal of the people's part gets the form of the door; its reason stays in the detail, for the log. */
function advised(flows: PeopleFlows): PeopleFlows {
  const told = (error: unknown): unknown => {
    if (!(error instanceof PeopleRefusedError)) return error;
    const { code, message, answer, hint, retryAfterMs, detail } = error;
    return new AdvisedError(code, message, { answer, hint, retryAfterMs, detail });
  };
  const wrapped = Object.entries(flows).map(([name, flow]: [string, (...given: unknown[]) => unknown]) => [
    name,
    (...given: unknown[]): unknown => {
      try {
        const result = flow(...given);
        return result instanceof Promise ? result.catch((error: unknown) => Promise.reject(told(error))) : result;
      } catch (error) {
        throw told(error);
      }
    },
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same names with the same results
  return Object.fromEntries(wrapped) as PeopleFlows;
}
