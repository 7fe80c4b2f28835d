/** A small hospital with its accounts in memory, a clock that stands still, and everything that was recorded. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '../keys/key-ring.ts';
import { MemorySecrets } from '../keys/keys.test-support.ts';
import { limits as allLimits } from '../limits.ts';
import type { Role } from './account.ts';
import { SoftAuthenticator } from './authenticator.test-support.ts';
import type { Client } from './client.ts';
import type { PeopleEvent } from './events.ts';
import { codeAt, codeStep } from './one-time-code.ts';
import type { Judgement, PasswordJudge } from './password/password-judge.ts';
import { People, type PeopleOptions } from './people.ts';
import type { PeopleLimits } from './people-limits.ts';
import { PeopleRefusedError, type PeopleReason } from './refusal.ts';
import type { SignedIn } from './begin-session.ts';
import type { Place } from './signs.ts';

export const rpId = 'pacs.hospital.example';
export const origin = 'https://pacs.hospital.example:8443';
export const startMs = Date.UTC(2027, 0, 4, 8);
export const goodPassword = 'kettle violin ocean brick';
export const operator = { kind: 'operator', user: 'root' } as const;

/** Argon2 as cheap as RFC 9106 allows: what is tested is what is around it. */
export const testLimits: PeopleLimits = {
  ...allLimits.people,
  argon2: { memoryKiB: 8, passes: 1, parallelism: 1, tagBytes: 32, saltBytes: 32 },
};

/** Without the lists, which take seconds to load; judge-password.test.ts asks the real ones. */
export const fakeJudge: PasswordJudge = {
  judge: (password): Promise<Judgement> =>
    Promise.resolve({ isCommon: password === 'password1', guessesLog10: password.length / 2 }),
};

export interface House extends Disposable {
  readonly people: People;
  readonly events: PeopleEvent[];
  clockMs: number;
  /** Set to make the ledger refuse. */
  ledgerFails: boolean;
  reopen(): House;
}

export interface HouseOptions {
  readonly limits?: Partial<PeopleLimits>;
  readonly placeOf?: (address: string) => Place | undefined;
  readonly singleSignOn?: PeopleOptions['singleSignOn'];
}

export function house(options: HouseOptions = {}): House {
  const directory = mkdtempSync(join(tmpdir(), 'leadglass-people-'));
  const secrets = new MemorySecrets();
  const ring = KeyRing.open(secrets);
  const open = (clockMs: number): House => {
    const events: PeopleEvent[] = [];
    const made = {
      events,
      clockMs,
      ledgerFails: false,
    };
    const people = new People({
      path: join(directory, 'people.sqlite'),
      ring,
      secrets,
      judge: fakeJudge,
      party: { id: rpId, name: 'Leadglass', origins: () => [origin] },
      houseWords: ['Saint Mary Hospital'],
      limits: { ...testLimits, ...options.limits },
      now: () => made.clockMs,
      record: (event) => {
        if (made.ledgerFails) return Promise.reject(new Error('the disk is full'));
        events.push(event);
        return Promise.resolve();
      },
      recordFailed: () => {},
      ...(options.placeOf === undefined ? {} : { placeOf: options.placeOf }),
      ...(options.singleSignOn === undefined ? {} : { singleSignOn: options.singleSignOn }),
    });
    return Object.assign(made, {
      people,
      reopen: () => {
        people[Symbol.dispose]();
        return open(made.clockMs);
      },
      [Symbol.dispose]: () => {
        people[Symbol.dispose]();
        rmSync(directory, { recursive: true, force: true });
      },
    });
  };
  return open(startMs);
}

export const client: Client = { address: '10.0.0.7', userAgent: 'Firefox' };

export async function invite(place: House, email: string, role: Role = 'physician'): Promise<string> {
  const { secret } = await place.people.admin.invite({ email, displayName: 'Ada Berg', role }, operator);
  return secret;
}

export function challengeOf(options: Readonly<Record<string, unknown>> | undefined): string {
  return String(options?.['challenge']);
}

export interface CodePerson {
  readonly email: string;
  readonly secret: Buffer;
  readonly recoveryCodes: readonly string[];
}

/** Enrolled with password and one-time codes; the clock goes on by a minute, since the code shown is used up. */
export async function enrolByCode(place: House, email: string, role: Role = 'physician'): Promise<CodePerson> {
  const { enrolment } = place.people;
  const { ceremony } = await enrolment.open(await invite(place, email, role), client);
  const taken = await enrolment.password(ceremony, goodPassword);
  if ('refused' in taken) throw new Error(taken.refused.code);
  const secret = fromBase32(taken.setup.secret);
  const { recoveryCodes } = await enrolment.code(ceremony, codeNow(place, secret), client);
  place.clockMs += 60_000;
  return { email, secret, recoveryCodes };
}

export async function enrolByPasskey(
  place: House,
  email: string,
  role: Role = 'physician',
  authenticator = new SoftAuthenticator(),
): Promise<SoftAuthenticator> {
  const { enrolment } = place.people;
  const { ceremony, passkey } = await enrolment.open(await invite(place, email, role), client);
  const answer = authenticator.register({ challenge: challengeOf(passkey), origin, rpId });
  await enrolment.passkey(ceremony, { answer, name: 'Key' }, client);
  return authenticator;
}

export async function signInByPasskey(place: House, authenticator: SoftAuthenticator, at = client): Promise<SignedIn> {
  const { ceremony, passkey } = await place.people.signIn.begin(at);
  const answer = authenticator.authenticate({ challenge: challengeOf(passkey), origin, rpId });
  return await place.people.signIn.passkey(ceremony, answer, at);
}

/** The clock goes on by a minute, so that the next code is another. */
export async function signInByCode(place: House, person: CodePerson, at = client): Promise<SignedIn> {
  const { ceremony } = await place.people.signIn.password({ email: person.email, password: goodPassword }, at);
  const signedIn = await place.people.signIn.code(ceremony, codeNow(place, person.secret), at);
  place.clockMs += 60_000;
  return signedIn;
}

export function codeNow(place: House, secret: Buffer): string {
  return codeAt(secret, codeStep(place.clockMs, testLimits), testLimits);
}

export function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const bytes = bits.join('').match(/[01]{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

/** For assert.rejects. */
export function refused(reason: PeopleReason): (error: unknown) => boolean {
  return (error) => error instanceof PeopleRefusedError && error.reason === reason;
}
