import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { parseDisplayName, parseEmail } from './account.ts';
import { Ceremonies } from './ceremonies.ts';
import { networkOf } from './client.ts';
import { PeopleDatabase } from './people-database.ts';
import { refused, testLimits as limits } from './people.test-support.ts';
import { makeSecret, secretHash } from './secret.ts';

const isBad = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'BAD_REQUEST';
const isCorrupt = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'CORRUPT';

test('an e-mail address has one spelling', () => {
  const spellings: Record<string, string> = {
    'Ada@Hospital.Example': 'ada@hospital.example',
    ' ada@hospital.example ': 'ada@hospital.example',
    'ａｄａ@hospital.example': 'ada@hospital.example',
    'ada.berg+ct@röntgen.example': 'ada.berg+ct@xn--rntgen-wxa.example',
    'JÖRG@hospital.example': 'jörg@hospital.example',
    'jo\u0308rg@hospital.example': 'jörg@hospital.example',
    'root@localhost': 'root@localhost',
  };
  for (const [typed, expected] of Object.entries(spellings)) assert.equal(parseEmail(typed, limits), expected);
});

test('what is no e-mail address is refused', () => {
  const none = [
    '',
    '@',
    'ada',
    'ada@',
    '@x.example',
    'a b@x.example',
    'a@b@',
    'a@x..example',
    'a@-x.example',
    '.a@x.example',
  ];
  const hostile = ['a\0@x.example', '\ud800@x.example', 'a@x.example/p', 'a@x.example:25', '"a"@x.example'];
  for (const typed of [
    ...none,
    ...hostile,
    '<a@x.example>',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@0',
    'a@0x7f',
    'a\u202e@x.example',
    'x'.repeat(1e6),
  ]) {
    assert.throws(() => parseEmail(typed, limits), isBad, JSON.stringify(typed).slice(0, 40));
  }
  const [local, domain] = ['a'.repeat(64), 'x.example'];
  assert.equal(parseEmail(`${local}@${domain}`, limits), `${local}@${domain}`);
  assert.throws(() => parseEmail(`${local}a@${domain}`, limits), isBad);
});

test('reading an address twice gives the same, and nothing else is thrown', () => {
  const part = fc.string({ unit: 'grapheme', maxLength: 20 });
  fc.assert(
    fc.property(part, part, (local, domain) => {
      let email: string;
      try {
        email = parseEmail(`${local}@${domain}`, limits);
      } catch (error) {
        assert.ok(isBad(error));
        return;
      }
      assert.equal(parseEmail(email, limits), email);
    }),
    { numRuns: 500 },
  );
});

test('a name has no characters that change what a person reads', () => {
  assert.equal(parseDisplayName('  Dr. Zoe\u0308 Øst ', limits), 'Dr. Zoë Øst');
  for (const name of ['', ' ', 'a\nb', 'a\u202eb', '\ud800', 'x'.repeat(201)]) {
    assert.throws(() => parseDisplayName(name, limits), isBad);
  }
});

test('the network of an address is the address, or its /64', () => {
  assert.equal(networkOf('10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:DB8:1:2::9'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:db8::9'), '2001:db8:0:0::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
});

test('a secret is known by its hash, and only as what it is', () => {
  const secret = makeSecret('session');
  assert.equal(secretHash('session', secret)?.length, 32);
  assert.equal(secretHash('invitation', secret), undefined);
  assert.equal(secretHash('session', `${secret} `), undefined);
  assert.equal(secretHash('session', 'lgs_'.padEnd(47, '!')), undefined);
});

test('ceremonies are bounded, and who begins many pushes out their own', () => {
  const ceremonies = new Ceremonies({ ceremonyMs: 1000, ceremoniesMax: 20, ceremoniesPerAddressMax: 5 }, () => 0);
  const begin = (address: string): string => ceremonies.begin({ kind: 'sign-in', challenge: 'c' }, address);
  const own = begin('10.0.0.1');
  const flood = Array.from({ length: 100 }, () => begin('203.0.113.1'));
  assert.equal(ceremonies.size, 6);
  assert.equal(ceremonies.take('sign-in', own).challenge, 'c');
  assert.throws(() => ceremonies.take('sign-in', own), refused('ceremony-unknown'));
  assert.throws(() => ceremonies.look('sign-in', flood[0] ?? ''), refused('ceremony-unknown'));
  assert.throws(() => ceremonies.look('enrol', flood.at(-1) ?? ''), refused('ceremony-unknown'));
  for (let index = 0; index < 100; index += 1) begin(`10.1.0.${index}`);
  assert.equal(ceremonies.size, 20);
});

test('the file of the accounts is for us alone; another version or another file is not opened', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leadglass-people-'));
  try {
    const path = join(directory, 'people.sqlite');
    PeopleDatabase.open(path)[Symbol.dispose]();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    assert.throws(() => PeopleDatabase.open(path), isCorrupt);
    writeFileSync(path, 'no database at all, but long enough to be read as one, perhaps');
    assert.throws(() => PeopleDatabase.open(path), isCorrupt);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
