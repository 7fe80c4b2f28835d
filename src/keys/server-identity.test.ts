import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { ForeignAuthority } from './foreign-authority.test-support.ts';
import {
  type IdentityFiles,
  readAuthorityFile,
  readIdentityFiles,
  readIdentityTexts,
  readMacKeyFile,
} from './identity-files.ts';
import { code } from './keys.test-support.ts';
import { covers, readServerIdentity, serverNames } from './server-identity.ts';

const now = (): Date => new Date();
const dayMs = 86_400_000;

test('a pair is taken with its chain, also when other text stands between', async () => {
  using authority = await ForeignAuthority.open();
  const { certificatePem, keyPem, facts } = await authority.issue('pacs.example', '10.1.2.3');
  const read = readServerIdentity(
    { certificatePem: `Bag Attributes\n${certificatePem}\ntrailing`, keyPem: `some words\n${keyPem}` },
    now(),
  );
  assert.equal(read.facts.fingerprint256, facts.fingerprint256);
  assert.equal(read.certificatePem, certificatePem);
  assert.equal(read.keyPem, keyPem);
  assert.deepEqual(serverNames(read.facts), ['pacs.example', '10.1.2.3']);
  const withRoot = certificatePem + authority.rootPem;
  assert.equal(readServerIdentity({ certificatePem: withRoot, keyPem }, now()).certificatePem, withRoot);
});

test('a pair that does not fit, a chain out of order and a certificate out of time are refused, each in its words', async () => {
  using authority = await ForeignAuthority.open();
  const one = await authority.issue('a.example');
  const { keyPem: otherKey } = await authority.issue('b.example');
  const [own = '', issuing = ''] = one.certificatePem.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----\n/g) ?? [];
  const refused = (certificatePem: string, keyPem: string, words: RegExp, at = now()): void =>
    assert.throws(
      () => readServerIdentity({ certificatePem, keyPem }, at),
      (error) => {
        assert.match(String(error), words);
        return true;
      },
    );
  refused(one.certificatePem, otherKey, /key does not belong to its certificate/);
  refused(issuing + own, one.keyPem, /belongs to a later certificate/);
  refused(own + authority.rootPem, one.keyPem, /certificate 1 of its chain is not signed by certificate 2/);
  refused(own + authority.rootPem + issuing, one.keyPem, /not signed by/);
  refused('', one.keyPem, /no certificate in PEM form/);
  refused(
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
    one.keyPem,
    /certificate 1 in it cannot be read/,
  );
  refused(own.repeat(9), one.keyPem, /holds 9 certificates/);
  refused(one.certificatePem, 'no key', /no private key in PEM form/);
  refused(one.certificatePem, one.keyPem, /ended at/, new Date(Date.now() + 399 * dayMs));
  refused(one.certificatePem, one.keyPem, /valid only from/, new Date(Date.now() - dayMs));
  const device = await authority.authority.issueDeviceCertificate({
    aeTitle: 'CT1',
    notAfter: new Date(Date.now() + dayMs),
  });
  refused(device.certificatePem, device.keyPem ?? '', /not for servers/);
});

test('an encrypted key opens with its passphrase only, and neither stands in an error', async () => {
  using authority = await ForeignAuthority.open();
  const { certificatePem, keyPem } = await authority.issue('a.example');
  const secret = 'correct horse battery';
  const encrypted = createPrivateKey(keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: secret,
  });
  const read = readServerIdentity({ certificatePem, keyPem: encrypted, passphrase: secret }, now());
  assert.equal(read.keyPem, keyPem);
  assert.throws(
    () => readServerIdentity({ certificatePem, keyPem: encrypted }, now()),
    code('BAD_REQUEST', /encrypted/),
  );
  assert.throws(
    () => readServerIdentity({ certificatePem, keyPem: encrypted, passphrase: 'wrong horse' }, now()),
    (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /does not open with this passphrase/);
      assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /horse|BEGIN/);
      return true;
    },
  );
});

test('weak keys and signatures are refused', needs('openssl'), async () => {
  using authority = await ForeignAuthority.open();
  const make = (...words: readonly string[]): IdentityFiles => {
    const files = { certificate: authority.path('weak.pem'), key: authority.path('weak.key') };
    const common = ['-nodes', '-days', '9', '-subj', '/CN=a', '-addext', 'subjectAltName=DNS:a.example'];
    const places = ['-keyout', files.key, '-out', files.certificate];
    execFileSync('openssl', ['req', '-x509', ...words, ...common, ...places], { stdio: 'ignore' });
    return files;
  };
  const small = make('-newkey', 'rsa:1024');
  assert.throws(() => readIdentityFiles(small, now()), code('NOT_AUTHENTICATED', /RSA key of 1024 bits/));
  const old = make('-newkey', 'rsa:2048', '-sha1');
  assert.throws(() => readIdentityFiles(old, now()), code('NOT_AUTHENTICATED', /SHA-?1/i));
  const good = make('-newkey', 'rsa:2048');
  assert.deepEqual(serverNames(readIdentityFiles(good, now()).facts), ['a.example']);
});

test('a key that others can read, a folder, a pipe, a huge file and one that is not there are refused by name', async () => {
  using authority = await ForeignAuthority.open();
  const { certificatePem, keyPem } = await authority.issue('a.example');
  const files = {
    certificate: authority.path('c.pem'),
    key: authority.path('k.pem'),
    passphraseFile: authority.path('p'),
  };
  writeFileSync(files.certificate, certificatePem);
  writeFileSync(files.key, keyPem, { mode: 0o640 });
  writeFileSync(files.passphraseFile, 'unused\r\n', { mode: 0o600 });
  assert.equal(readIdentityTexts(files).passphrase, 'unused');
  for (const mode of [0o644, 0o604, 0o660]) {
    chmodSync(files.key, mode);
    assert.throws(
      () => readIdentityTexts(files),
      code('BAD_REQUEST', /k\.pem: others could read or change it/),
      mode.toString(8),
    );
  }
  chmodSync(files.key, 0o600);
  chmodSync(files.passphraseFile, 0o644);
  assert.throws(() => readIdentityTexts(files), code('BAD_REQUEST', /p: others could/));
  const other = (certificate: string) => ({ certificate, key: files.key });
  mkdirSync(authority.path('folder'));
  assert.throws(() => readIdentityTexts(other(authority.path('folder'))), code('BAD_REQUEST', /is no file|EISDIR/));
  execFileSync('mkfifo', [authority.path('pipe')]);
  assert.throws(() => readIdentityTexts(other(authority.path('pipe'))), code('BAD_REQUEST', /is no file/));
  writeFileSync(authority.path('huge'), 'x'.repeat(64 * 1024 + 1));
  assert.throws(() => readIdentityTexts(other(authority.path('huge'))), code('LIMIT_EXCEEDED'));
  writeFileSync(authority.path('huge'), 'x'.repeat(64 * 1024));
  assert.equal(readIdentityTexts(other(authority.path('huge'))).certificatePem.length, 64 * 1024);
  assert.throws(
    () => readIdentityTexts(other(authority.path('none'))),
    code('NOT_FOUND', /none: there is no such file/),
  );
  symlinkSync('c.pem', authority.path('link'));
  assert.equal(readIdentityTexts(other(authority.path('link'))).certificatePem, certificatePem);
});

test('attack: a name that would read as two is none', () => {
  assert.deepEqual(
    serverNames({ subjectAltName: 'DNS:"evil, DNS:good.example", DNS:a.example, URI:x, DNS:*.b.example' }),
    ['a.example', '*.b.example'],
  );
  assert.deepEqual(serverNames({ subjectAltName: 'DNS:*, DNS:a..\u0000b, IP Address:1.2.3' }), []);
  assert.deepEqual(serverNames({ subjectAltName: undefined }), []);
});

test('a star covers one label', () => {
  assert.ok(covers(['a.example', '*.b.example'], 'A.example') && covers(['*.b.example'], 'x.b.example'));
  for (const name of ['b.example', 'x.y.b.example', 'example']) assert.ok(!covers(['*.b.example'], name), name);
});

test('authorities and account keys are read from their files; without a path there is what was given', async () => {
  using authority = await ForeignAuthority.open();
  assert.deepEqual(readAuthorityFile('', ['preset']), ['preset']);
  writeFileSync(authority.path('ca.pem'), `${authority.rootPem}\n${authority.authority.issuingPem}`);
  assert.equal(readAuthorityFile(authority.path('ca.pem'), []).length, 2);
  writeFileSync(authority.path('ca.pem'), 'nothing');
  assert.throws(() => readAuthorityFile(authority.path('ca.pem'), []), code('MALFORMED', /no certificate/));
  assert.equal(readMacKeyFile(''), undefined);
  writeFileSync(authority.path('mac'), `${Buffer.alloc(32, 7).toString('base64url')}\n`, { mode: 0o600 });
  assert.deepEqual(readMacKeyFile(authority.path('mac')), Buffer.alloc(32, 7));
  for (const text of ['c2hvcnQ', 'not base64url at all, but long enough', '']) {
    writeFileSync(authority.path('mac'), text);
    assert.throws(
      () => readMacKeyFile(authority.path('mac')),
      (error) => error instanceof Error && (text === '' || !error.message.includes(text)),
    );
  }
});
