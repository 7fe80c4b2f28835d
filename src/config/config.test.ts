import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../error.ts';
import { configDeclaration } from './config.ts';
import type { Config } from './config.ts';
import { group, key } from './declaration.ts';
import { loadConfig } from './load.ts';
import { nearest } from './nearest.ts';
import { checkConfig, configBytesMax, parseConfig } from './parse.ts';
import { configReferenceText, defaultConfigText, redactedConfig } from './render.ts';
import { webCertificatePaths } from './web-certificate-files.ts';
import * as v from 'valibot';

function findings(text: string): readonly string[] {
  return checkConfig(text).findings.map(({ path, problem }) => `${path}: ${problem}`);
}

test('an empty file gives the defaults: two doors on loopback and nothing else', () => {
  const config = parseConfig('', 'leadglass.yaml');
  assert.equal(config.aeTitle, 'LEADGLASS');
  assert.deepEqual(config.doors.dimse, { host: '127.0.0.1', port: 2762, minTlsVersion: '1.2' });
  const { certificate, ...console } = config.doors.console;
  assert.deepEqual(console, { enabled: true, host: '127.0.0.1', port: 8443, corsOrigins: [] });
  assert.equal(certificate.from, 'own-authority');
  assert.equal(config.archive.privateSopClasses, false);
});

test('the file of a first start means the same as an empty one, and names every key', () => {
  const text = defaultConfigText();
  assert.deepEqual(parseConfig(text, 'f'), parseConfig('', 'f'));
  const names = (members: object): string[] =>
    Object.entries(members).flatMap(([name, member]: [string, { readonly kind: string; readonly members?: object }]) =>
      member.kind === 'group' ? [name, ...names(member.members ?? {})] : [name],
    );
  for (const name of names(configDeclaration.members)) assert.match(text, new RegExp(`^ *(?:# )?${name}:`, 'm'));
});

test('every key of the first file can be switched on by taking away its comment sign', () => {
  const text = defaultConfigText()
    .replace(/^# Leadglass: .*$/m, '')
    .replaceAll(/^( *)# (\w+:)/gm, '$1$2');
  assert.deepEqual(parseConfig(text, 'f'), parseConfig('', 'f'));
});

test('an unknown key is refused with the nearest known one', () => {
  assert.deepEqual(findings('aetitle: X'), ['aetitle: unknown key; did you mean "aeTitle"?']);
  assert.deepEqual(findings('doors:\n  dimse:\n    minTlsVerison: "1.3"'), [
    'doors.dimse.minTlsVerison: unknown key; did you mean "minTlsVersion"?',
  ]);
  assert.match(findings('doors: {dicomweb: {}}')[0] ?? '', /known here: dimse, console, plain/);
});

test('all mistakes are told at once, with the value that was there', () => {
  assert.deepEqual(findings('aeTitle: "A\\\\B"\ndoors: {dimse: {port: 65536, host: localhost}}'), [
    'aeTitle: must be an AE title: 1 to 16 printable ASCII characters, no backslash, no outer spaces, was "A\\\\B"',
    'doors.dimse.host: must be an IP address of this machine; 127.0.0.1 is this machine only, 0.0.0.0 is every network, was "localhost"',
    'doors.dimse.port: must be a whole number from 0 to 65535, was 65536',
  ]);
});

test('numbers are taken at their bounds and refused beyond', () => {
  for (const port of [0, 1, 65_535]) assert.deepEqual(findings(`doors: {dimse: {port: ${port}}}`), []);
  for (const port of [-1, 65_536, 1.5]) assert.equal(findings(`doors: {dimse: {port: ${port}}}`).length, 1);
});

test('YAML tricks: duplicate keys, many aliases, tags, lists and long texts are refused', () => {
  assert.equal(findings('aeTitle: A\naeTitle: B').length > 0, true);
  assert.equal(findings('- a').length, 1);
  assert.equal(findings('aeTitle: !!js/function "x"').length > 0, true);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
  ];
  assert.equal(findings(bomb.join('\n')).length > 0, true);
  assert.deepEqual(findings(`#${' '.repeat(configBytesMax)}`), [`: is longer than ${configBytesMax} bytes`]);
  assert.deepEqual(findings(`#${' '.repeat(configBytesMax - 1)}`), []);
});

test('property: any text gives a configuration or findings, never an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const { config, findings } = checkConfig(text);
      assert.equal(config === undefined, findings.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('a __proto__ key changes nothing', () => {
  assert.equal(findings('__proto__: {aeTitle: X}').length, 1);
  assert.equal(({} as Record<string, unknown>)['aeTitle'], undefined);
});

test('the effective configuration covers secrets', () => {
  const config = parseConfig('aeTitle: PACS1', 'f');
  assert.deepEqual(redactedConfig(config), config);
  const declared = group('g', {
    password: key(v.string(), { default: 'x', values: 'text', comment: 'c', secret: true }),
  });
  assert.equal(declared.members.password.secret, true);
});

test('docs/reference/configuration.md is current', () => {
  const page = resolve(import.meta.dirname, '../../docs/reference/configuration.md');
  assert.equal(readFileSync(page, 'utf8'), configReferenceText(), 'run: node scripts/generate-config-docs.ts');
});

test('a first load writes the file for its owner only; a second one reads it', (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'leadglass-config-'));
  t.after(() => rmSync(dataDirectory, { recursive: true }));
  const first = loadConfig({ dataDirectory, writeMissing: true });
  assert.equal(first.written, true);
  assert.equal(statSync(first.file).mode & 0o777, 0o600);
  writeFileSync(first.file, 'aeTitle: PACS1');
  const second = loadConfig({ dataDirectory, writeMissing: true });
  assert.deepEqual([second.written, second.config.aeTitle], [false, 'PACS1']);
});

test('a configuration file that was named must be there', () => {
  assert.throws(
    () => loadConfig({ dataDirectory: '/nowhere', configFile: '/nowhere/x.yaml', writeMissing: true }),
    (error) => error instanceof LeadglassError && error.code === 'NOT_FOUND',
  );
});

test('the nearest word is offered only when it is near', () => {
  assert.equal(nearest('stauts', ['status', 'serve']), 'status');
  assert.equal(nearest('xyz', ['status', 'serve']), undefined);
});

test('where the certificate comes from must be said as a whole', () => {
  const root = 'doors.console.certificate';
  const about = (text: string): readonly string[] =>
    findings(`names: [pacs.example, b]\ndoors: {console: {certificate: ${text}}}`);
  assert.deepEqual(about('{from: files}'), [`${root}.files: must name a certificate, since from is files`]);
  assert.deepEqual(about('{from: files, files: [{certificate: /c.pem, key: /k.pem}]}'), []);
  for (const path of ['c.pem', '/c*.pem', '"/c\\npem"']) {
    const [finding = ''] = about(`{from: files, files: [{certificate: ${path}, key: /k.pem}]}`);
    assert.match(
      finding,
      /files\[0\]\[certificate\]: must be an absolute path, without stars and control characters/,
      path,
    );
  }
  assert.match(about('{from: files, files: [{certificate: /c.pem}]}')[0] ?? '', /files\[0\]/);
  assert.equal(about('{from: acme}').length, 3);
  const acme = 'directoryUrl: "https://ca.example/dir", names: [pacs.example], termsOfServiceAgreed: true';
  assert.deepEqual(about(`{from: acme, acme: {${acme}}}`), []);
  assert.deepEqual(about(`{from: acme, acme: {${acme}, externalAccount: {keyId: x}}}`), [
    `${root}.acme.externalAccount: must have both keyId and keyFile, or neither`,
  ]);
  assert.deepEqual(about(`{from: acme, acme: {${acme.replace('pacs', 'other')}}}`), [
    `${root}.acme.names: other.example must also stand in names, since the door answers to no other`,
  ]);
  for (const wrong of ['http://ca.example/', 'https://u:p@ca.example/', 'ca.example', 'file:///etc']) {
    assert.equal(about(`{acme: {directoryUrl: "${wrong}"}}`).length, 1, wrong);
  }
  for (const wrong of ['10.1.2.3', '"*.example"', 'Pacs.example', '"a b"']) {
    assert.equal(about(`{acme: {names: [${wrong}]}}`).length, 1, wrong);
  }
});

test('the files that the server may read are those of the way that was chosen', () => {
  const files = 'files: [{certificate: /c, key: /k, passphraseFile: /p}, {certificate: /c, key: /k}]';
  const acme =
    'acme: {directoryUrl: "https://a/", names: [b], termsOfServiceAgreed: true, authorityFile: /a, externalAccount: {keyId: i, keyFile: /m}}';
  const paths = (from: string, more = ''): readonly string[] =>
    webCertificatePaths(
      parseConfig(`names: [b]\ndoors: {console: {${more}certificate: {from: ${from}, ${files}, ${acme}}}}`, 'f'),
    );
  assert.deepEqual(paths('own-authority'), []);
  assert.deepEqual(paths('files'), ['/c', '/k', '/p']);
  assert.deepEqual(paths('acme'), ['/a', '/m']);
  assert.deepEqual(paths('acme', 'enabled: false, '), []);
});

// The type is exact: these lines fail to compile when ValueOf loses a key's type.
export const typeCheck = (config: Config): [string, number, '1.2' | '1.3', readonly string[]] => [
  config.aeTitle,
  config.doors.dimse.port,
  config.doors.dimse.minTlsVersion,
  config.names,
];
