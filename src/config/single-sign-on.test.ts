import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from './parse.ts';
import { singleSignOnPaths } from './single-sign-on-files.ts';

const good = `
  issuer: https://login.hospital.example/realm
  clientId: leadglass
  secretFile: /etc/leadglass/secret
  secondFactor: { amr: [mfa] }
  roles: { physician: [doctors], exchange-clerk: [desk] }`;

const findings = (text: string): readonly string[] =>
  checkConfig(`singleSignOn:${text}`).findings.map(({ path, problem }) => `${path} ${problem}`);

test('nothing is asked and nothing is read where no issuer is given', () => {
  const { config, findings: none } = checkConfig('singleSignOn: {secretFile: /etc/secret, roles: {physician: [a]}}');
  assert.deepEqual(none, []);
  assert.deepEqual(config && singleSignOnPaths(config), []);
});

test('a whole one is taken, and the server may read just its files', () => {
  const { config, findings: none } = checkConfig(`singleSignOn:${good}\n  authorityFile: /etc/ca.pem`);
  assert.deepEqual(none, []);
  assert.deepEqual(config && singleSignOnPaths(config), ['/etc/leadglass/secret', '/etc/ca.pem']);
});

const lacking: Record<string, { readonly text: string; readonly problem: RegExp }> = {
  'no client': { text: good.replace('clientId: leadglass', ''), problem: /clientId must be given/ },
  'no secret': { text: good.replace('secretFile: /etc/leadglass/secret', ''), problem: /secretFile must be given/ },
  'no key for a signature': { text: `${good}\n  authentication: private-key`, problem: /keyFile must be given/ },
  'nothing that proves a second factor': { text: good.replace('[mfa]', '[]'), problem: /secondFactor must name/ },
  'no role': { text: good.replace(/roles.*/, ''), problem: /roles must name a group/ },
  'a group of two roles': { text: good.replace('[desk]', '[doctors]'), problem: /"doctors" stands for two roles/ },
  'a secret in the file itself': { text: `${good}\n  clientSecret: abc`, problem: /clientSecret unknown key/ },
  'a provider without TLS': {
    text: good.replace('https:', 'http:'),
    problem: /issuer must be a URL that begins with https/,
  },
  'a query in the issuer': { text: good.replace('/realm', '/realm?x=1'), problem: /without query/ },
  'a relative path': { text: good.replace('/etc/leadglass/secret', 'secret'), problem: /absolute path/ },
  'a path with a star': { text: good.replace('/etc/leadglass/secret', '/etc/*'), problem: /without stars/ },
  'sessions of a day': { text: `${good}\n  sessionHours: 24`, problem: /from 1 to 12/ },
  'local sign-in for nobody': { text: `${good}\n  localSignIn: nobody`, problem: /everybody, administrators/ },
};
for (const [what, { text, problem }] of Object.entries(lacking)) {
  test(`with ${what} it is refused, and told why`, () => {
    assert.match(findings(text).join('\n'), problem);
  });
}

test('a file that names no console has no use for it', () => {
  const { findings: told } = checkConfig(`doors: {console: {enabled: false}}\nsingleSignOn:${good}`);
  assert.match(told[0]?.problem ?? '', /needs the console/);
});
