/** The HTTPS door with a certificate of the hospital's: given as files, exchanged while it runs, under the server's real rights. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import type { ServerCertificate } from '../../src/keys/authority.ts';
import { ForeignAuthority } from '../../src/keys/foreign-authority.test-support.ts';
import type { StatusReport } from '../../src/doors/control/control-services.ts';
import { Leadglass } from '../support/leadglass.ts';

/** A connection that checks the certificate as a browser of the hospital does. */
async function connect(leadglass: Leadglass, ca: string, servername: string): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port: leadglass.consolePort, ca, servername });
  await once(socket, 'secureConnect');
  return socket;
}

async function ask(socket: tls.TLSSocket): Promise<string> {
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return String((await once(socket, 'data'))[0]);
}

test('a certificate from files outside of the data folder is shown and exchanged while connections run', async () => {
  using hospital = await ForeignAuthority.open();
  // As certbot lays them: links that are put in the place of others.
  mkdirSync(hospital.path('live'));
  const lay = (version: number, { certificatePem, keyPem }: ServerCertificate): void => {
    for (const [name, text] of [
      ['chain', certificatePem],
      ['key', keyPem],
    ] as const) {
      writeFileSync(hospital.path(`${name}${version}.pem`), text, { mode: 0o600 });
      symlinkSync(`../${name}${version}.pem`, hospital.path(`live/${name}.new`));
      renameSync(hospital.path(`live/${name}.new`), hospital.path(`live/${name}.pem`));
    }
  };
  lay(1, await hospital.issue('pacs.example'));
  const files = `[{ certificate: ${hospital.path('live/chain.pem')}, key: ${hospital.path('live/key.pem')} }]`;
  await using leadglass = await Leadglass.start({
    config: `names: [localhost, pacs.example]\ndoors: { dimse: { port: 0 }, console: { port: 0, certificate: { from: files, files: ${files} } } }\n`,
  });
  assert.match((await leadglass.succeed('config', 'check')).output, /is valid/);
  const standing = await connect(leadglass, hospital.rootPem, 'pacs.example');
  const before = standing.getPeerX509Certificate()?.serialNumber;
  assert.match(await ask(standing), /^HTTP\/1\.1 200/);
  const { certificates, warnings } = await leadglass.json<StatusReport>('status');
  assert.deepEqual([certificates[0]?.from, certificates[0]?.names], ['files', ['pacs.example']]);
  assert.ok(!warnings.some((warning) => warning.includes('certificate')), warnings.join('\n'));
  assert.match((await leadglass.succeed('status')).output, /console certificate\s+pacs\.example, from files, until 20/);

  lay(2, await hospital.issue('pacs.example'));
  let after = before;
  for (let tries = 0; after === before && tries < 60; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await connect(leadglass, hospital.rootPem, 'pacs.example');
    after = next.getPeerX509Certificate()?.serialNumber;
    next.destroy();
  }
  assert.notEqual(after, before);
  assert.match(await ask(standing), /^HTTP\/1\.1 200/, 'the connection of before goes on');
  standing.destroy();

  lay(3, await hospital.issue('other.example'));
  const other = await leadglass.run('config', 'check');
  assert.equal(other.status, 1);
  assert.match(other.output, /is for other\.example, none of which stands in names/);
  writeFileSync(hospital.path('key3.pem'), 'broken');
  const checked = await leadglass.run('config', 'check');
  assert.equal(checked.status, 1);
  assert.match(
    checked.output,
    /doors\.console\.certificate\.files\[0\]: .*chain\.pem: its key is no private key in PEM form/,
  );
  const recorded = await leadglass.ledger('--event', '110113');
  assert.equal(recorded.filter(({ who }) => who.includes('certificates')).length >= 2, true);
});

test('attack: a configuration that the launcher does not understand opens no path; the door starts with our own certificate', async () => {
  using hospital = await ForeignAuthority.open();
  const { certificatePem, keyPem } = await hospital.issue('pacs.example');
  writeFileSync(hospital.path('c.pem'), certificatePem);
  writeFileSync(hospital.path('k.pem'), keyPem, { mode: 0o600 });
  const files = `[{ certificate: ${hospital.path('c.pem')}, key: ${hospital.path('k.pem')} }]`;
  await using leadglass = await Leadglass.start({
    config: `names: [localhost, pacs.example]\ndoors: { dimse: { port: 0 }, console: { port: 0, certificate: { "fr\\u006fm": files, files: ${files} } } }\n`,
  });
  const { certificates, warnings } = await leadglass.json<StatusReport>('status');
  assert.equal(certificates[0]?.from, 'own-authority');
  assert.ok(
    warnings.some((warning) => warning.includes('c.pem: the server was started without the right to read it')),
    warnings.join('\n'),
  );
});
