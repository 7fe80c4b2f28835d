import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { ForeignAuthority } from '../keys/foreign-authority.test-support.ts';
import { namedFileFindings } from './named-files.ts';

const now = new Date();

test('each pair that the server would not take, or has no use for, is named', async () => {
  using hospital = await ForeignAuthority.open();
  const { certificatePem, keyPem } = await hospital.issue('pacs.example');
  writeFileSync(hospital.path('c.pem'), certificatePem);
  writeFileSync(hospital.path('k.pem'), keyPem, { mode: 0o600 });
  const check = (names: string, key = 'k.pem') => {
    const pair = `{certificate: ${hospital.path('c.pem')}, key: ${hospital.path(key)}}`;
    const text = `names: [${names}]\ndoors: {console: {certificate: {from: files, files: [${pair}]}}}`;
    return namedFileFindings(parseConfig(text, 'f'), now).map(({ path, problem }) => `${path} ${problem}`);
  };
  assert.deepEqual(check('localhost, PACS.example'), []);
  assert.match(
    check('localhost')[0] ?? '',
    /^doors\.console\.certificate\.files\[0\] .*is for pacs\.example, none of which/,
  );
  assert.match(check('pacs.example', 'c.pem')[0] ?? '', /c\.pem: others could read/);
  assert.match(check('pacs.example', 'none')[0] ?? '', /none: there is no such file/);
});

test('the files of the ACME way are read, too; those of a way that was not chosen are not', async () => {
  using hospital = await ForeignAuthority.open();
  const check = (from: string) => {
    const files = `authorityFile: ${hospital.path('ca')}, externalAccount: {keyId: a, keyFile: ${hospital.path('mac')}}`;
    const acme = `{directoryUrl: "https://ca.example/", names: [b], termsOfServiceAgreed: true, ${files}}`;
    const text = `names: [b]\ndoors: {console: {certificate: {from: ${from}, acme: ${acme}}}}`;
    return namedFileFindings(parseConfig(text, 'f'), now).map(({ path }) => path.replace(/^.*acme\./, ''));
  };
  assert.deepEqual(check('acme'), ['authorityFile', 'externalAccount.keyFile']);
  assert.deepEqual(check('own-authority'), []);
  writeFileSync(hospital.path('ca'), hospital.rootPem);
  writeFileSync(hospital.path('mac'), Buffer.alloc(32, 1).toString('base64url'), { mode: 0o600 });
  assert.deepEqual(check('acme'), []);
});

test('the files of single sign-on are looked at: a secret that others can read, a key that is too weak, no authority', async () => {
  using hospital = await ForeignAuthority.open();
  const check = (more: string) => {
    const rules = 'clientId: a, secondFactor: {amr: [mfa]}, roles: {physician: [b]}';
    const text = `singleSignOn: {issuer: "https://login.example", ${rules}, ${more}}`;
    return namedFileFindings(parseConfig(text, 'f'), now).map(({ path, problem }) => `${path} ${problem}`);
  };
  const write = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(hospital.path(name), text, { mode });
    return hospital.path(name);
  };
  const secret = write('secret', 'word\n');
  const pem = (size: number) =>
    generateKeyPairSync('rsa', { modulusLength: size }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  assert.deepEqual(check(`secretFile: ${secret}, authorityFile: ${write('ca', hospital.rootPem)}`), []);
  assert.match(
    check(`secretFile: ${write('open', 'word', 0o644)}`)[0] ?? '',
    /^singleSignOn\.secretFile .*others could/,
  );
  assert.match(check(`secretFile: ${write('empty', '\n')}`)[0] ?? '', /first line is empty/);
  assert.match(
    check(`secretFile: ${secret}, authorityFile: ${secret}`)[0] ?? '',
    /authorityFile .*no certificate in PEM/,
  );
  const byKey = (file: string) => check(`authentication: private-key, keyFile: ${file}`);
  assert.deepEqual(byKey(write('rsa', pem(2048))), []);
  assert.match(byKey(write('weak', pem(1024)))[0] ?? '', /keyFile .*at least 2048 bits/);
  assert.match(byKey(secret)[0] ?? '', /no private key/);
});
