/** The people's half of the contract over the fixture's house; typed by the contract itself. */
import type { PeopleCalls } from '../../../src/doors/console/console-api.ts';
import type { PasskeyOptions, SessionView } from '../../../src/doors/console/people-flows.ts';
import { roleBounds, roles } from '../../../src/guard/roles.ts';
import { code, type FixtureSession, type House, invitation, password } from './house.ts';

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly more: { readonly field?: string; readonly answer?: string };
  constructor(status: number, problem: string, title: string, more: { field?: string; answer?: string } = {}) {
    super(title);
    this.status = status;
    this.code = problem;
    this.more = more;
  }
}

export interface Context {
  readonly house: House;
  /** Undefined before a sign-in. */
  readonly session: FixtureSession | undefined;
  /** Makes one and sets its cookie. */
  readonly open: (email: string) => FixtureSession;
  readonly close: () => void;
}

export type PeopleHandlers = {
  readonly [P in keyof PeopleCalls]: (context: Context, asked: PeopleCalls[P]['asks']) => PeopleCalls[P]['answers'];
};

const challenge = Buffer.alloc(32, 7).toString('base64url');
const request: PasskeyOptions = { challenge, rpId: 'localhost', userVerification: 'required', timeout: 60_000 };

function creation(email: string): PasskeyOptions {
  return {
    challenge,
    rp: { id: 'localhost', name: 'Leadglass' },
    user: { id: Buffer.from(email).toString('base64url'), name: email, displayName: email },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
  };
}

export function sessionView({ account, signedInAtMs, stepUpUntilMs, emergency }: FixtureSession): SessionView {
  const { email, name, role } = account;
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    account: { id: 1, email, name, role },
    may: roles.filter((one) => one === role).flatMap((one) => roleBounds[one].operations),
    signedInAt: at(signedInAtMs),
    idleEndsAt: at(signedInAtMs + 900_000),
    endsAt: at(signedInAtMs + 36_000_000),
    ...(stepUpUntilMs > Date.now() ? { stepUpUntil: at(stepUpUntilMs) } : {}),
    ...(emergency === undefined ? {} : { emergency }),
  };
}

const secret = { secret: 'JBSW Y3DP EHPK 3PXP', uri: 'otpauth://totp/Leadglass?secret=JBSWY3DPEHPK3PXP', qrSvg: qr() };
const recoveryCodes = Array.from({ length: 10 }, (_, index) => `k7m${index}-pq2x-${index}w9d`);

function qr(): string {
  const cells: string[] = [];
  for (let row = 0; row < 25; row += 1) {
    for (let column = 0; column < 25; column += 1) {
      if ((row * 7 + column * 13 + row * column) % 3 === 0) cells.push(`M${column} ${row}h1v1h-1z`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 25 25"><path d="${cells.join('')}"/></svg>`;
}

function emailOf(ceremony: string): string {
  return ceremony.split(' ')[1] ?? '';
}

function credentialId(credential: Readonly<Record<string, unknown>>): string {
  return typeof credential['id'] === 'string' ? credential['id'] : '';
}

function byPasskey(context: Context, credential: Readonly<Record<string, unknown>>): SessionView {
  const email = context.house.passkeys.get(credentialId(credential));
  if (email === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'This passkey is not known here');
  return sessionView(context.open(email));
}

function byCode(given: string): void {
  if (given !== code)
    throw new Refused(401, 'NOT_AUTHENTICATED', 'That code is not right, or it was used already', { field: 'code' });
}

function fresh({ session }: Context): FixtureSession {
  if (session === undefined) throw new Refused(401, 'NOT_AUTHENTICATED', 'Nobody is signed in');
  return session;
}

/** @throws Refused with STEP_UP_NEEDED */
export function needFactor(context: Context): FixtureSession {
  const session = fresh(context);
  if (session.stepUpUntilMs < Date.now())
    throw new Refused(403, 'NOT_AUTHORIZED', 'This needs your second factor again', { answer: 'STEP_UP_NEEDED' });
  return session;
}

function stepped(context: Context): SessionView {
  const session = fresh(context);
  session.stepUpUntilMs = Date.now() + 300_000;
  return sessionView(session);
}

function noProvider(): never {
  throw new Refused(503, 'BACKEND_UNAVAILABLE', 'There is none', { answer: 'PROVIDER_UNREACHABLE' });
}

export const peopleHandlers: PeopleHandlers = {
  'authorize/show': (context, { request: question }) => {
    const { account } = fresh(context);
    if (question !== 'the-question') throw new Refused(404, 'NOT_FOUND', 'This request is over');
    const seesImages = account.role === 'physician';
    return {
      program: { name: 'ohif', title: 'OHIF viewer', host: 'viewer.klinikum.example' },
      operations: seesImages ? ['get', 'find'] : [],
      account: account.email,
      minutes: 10,
      renewedUntil: new Date(Date.now() + 36_000_000).toISOString(),
    };
  },
  'authorize/decide': (context) => {
    fresh(context);
    return { location: '/' };
  },
  'sign-in/begin': () => ({ ceremony: 'sign-in ', passkey: request }),
  'sign-in/passkey': (context, { credential }) => byPasskey(context, credential),
  'sign-in/password': ({ house }, { email, password: given }) => {
    if (given !== password || !house.accounts.some((account) => account.email === email)) {
      throw new Refused(401, 'NOT_AUTHENTICATED', 'E-mail or password is not right');
    }
    return { ceremony: `sign-in ${email}`, next: ['code', 'recovery-code'] };
  },
  'sign-in/code': (context, { ceremony, code: given }) => {
    byCode(given);
    return sessionView(context.open(emailOf(ceremony)));
  },
  'sign-in/second-passkey': (context, { credential }) => byPasskey(context, credential),
  'sign-in/recovery-code': (context, { ceremony, code: given }) => {
    if (!recoveryCodes.includes(given))
      throw new Refused(401, 'NOT_AUTHENTICATED', 'This code is not right', { field: 'code' });
    return { ...sessionView(context.open(emailOf(ceremony))), recoveryCodesLeft: 9 };
  },
  'step-up/begin': (context) => {
    const { account } = fresh(context);
    const isKnown = [...context.house.passkeys.values()].includes(account.email);
    return {
      ceremony: 'step-up',
      next: isKnown ? ['passkey', 'code'] : ['code'],
      ...(isKnown ? { passkey: request } : {}),
    };
  },
  'step-up/passkey': (context, { credential }) => {
    if (!context.house.passkeys.has(credentialId(credential)))
      throw new Refused(401, 'NOT_AUTHENTICATED', 'Not known here');
    return stepped(context);
  },
  'step-up/code': (context, { code: given }) => {
    byCode(given);
    return stepped(context);
  },
  'sign-out': (context) => {
    context.close();
    return {};
  },
  // There is none here; the real server is tried with one (test/journeys/single-sign-on.test.ts).
  'sign-in/provider': noProvider,
  'enrol/provider': noProvider,
  'step-up/provider': noProvider,
  'sign-in/provider/finish': noProvider,
  'enrol/begin': (_context, { invitation: given }) => {
    if (given !== invitation) throw new Refused(401, 'NOT_AUTHENTICATED', 'This invitation was used or has ended');
    const email = 'grace@klinikum.example';
    return {
      ceremony: `enrol ${email}`,
      kind: 'enrol',
      email,
      name: 'Grace Hopper',
      role: 'physician',
      passkey: creation(email),
      local: true,
      password: { min: 15, max: 128 },
    };
  },
  'enrol/check-password': (_context, { password: given }) =>
    given.toLowerCase().includes('hospital')
      ? {
          score: 1,
          refusal: {
            code: 'field-word',
            text: 'It holds a word that everybody here would try first.',
            hint: 'Take words that have nothing to do with your work.',
          },
        }
      : { score: given.length > 24 ? 4 : 3 },
  'enrol/name': (_context, { email }) => ({ email, passkey: creation(email) }),
  'enrol/passkey': ({ house }, { ceremony, credential }) => {
    const email = emailOf(ceremony);
    house.passkeys.set(credentialId(credential), email);
    return { email, recoveryCodes: [] };
  },
  'enrol/password': (_context, { password: given }) => {
    if (given.length < 15)
      throw new Refused(400, 'BAD_REQUEST', 'It is shorter than 15 characters', { field: 'password' });
    return { code: secret };
  },
  'enrol/code': (_context, { ceremony, code: given }) => {
    byCode(given);
    return { email: emailOf(ceremony), recoveryCodes };
  },
  'own/sessions/end': (context, { id }) => {
    const { house } = context;
    fresh(context);
    house.ownSessions = house.ownSessions.filter((one) => one.current || (id !== 'others' && one.id !== id));
    return {};
  },
  'own/passcodes/make': (context, { device }) => {
    const { house } = context;
    const { email } = needFactor(context).account;
    const id = house.passcodes.length + 2;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    house.passcodes = [...house.passcodes, { id, device, createdAt: new Date().toISOString(), until }];
    const made = { passcode: `lgp_${'example'.repeat(6)}x`, token: `${'example'.repeat(6)}.${'example'.repeat(20)}.x` };
    return { id, device, until, userName: email, ...made };
  },
  'own/passcodes/end': (context, { id }) => {
    fresh(context);
    context.house.passcodes = context.house.passcodes.filter((one) => one.id !== id);
    return {};
  },
  'own/passkeys/begin': (context) => ({ ceremony: 'own', passkey: creation(needFactor(context).account.email) }),
  'own/passkeys/add': (context, { credential, label }) => {
    const { house } = context;
    house.passkeys.set(credentialId(credential), needFactor(context).account.email);
    const added = { id: house.factors.passkeys.length + 2, label, createdAt: new Date().toISOString() };
    house.factors = { ...house.factors, passkeys: [...house.factors.passkeys, added] };
    return {};
  },
  'own/passkeys/rename': (context, { id, label }) => {
    needFactor(context);
    const { house } = context;
    const passkeys = house.factors.passkeys.map((key) => (key.id === id ? { ...key, label } : key));
    house.factors = { ...house.factors, passkeys };
    return {};
  },
  'own/passkeys/remove': (context, { id }) => {
    needFactor(context);
    const { house } = context;
    house.factors = { ...house.factors, passkeys: house.factors.passkeys.filter((key) => key.id !== id) };
    return {};
  },
  'own/password': (context, { present, password: given }) => {
    needFactor(context);
    if (present !== password) throw new Refused(400, 'BAD_REQUEST', 'This is not your present password');
    if (given.length < 15)
      throw new Refused(400, 'BAD_REQUEST', 'It is shorter than 15 characters', { field: 'password' });
    return {};
  },
  'own/code/begin': (context) => {
    needFactor(context);
    return { ceremony: 'own code', code: secret };
  },
  'own/code/confirm': (_context, { code: given }) => {
    byCode(given);
    return { recoveryCodes };
  },
  'own/recovery-codes': (context) => {
    needFactor(context);
    return { recoveryCodes };
  },
};
