/** The HTTPS door's certificate by ACME, from Pebble, under the server's real rights. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import type { StatusReport } from '../../src/doors/control/control-services.ts';
import { Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { Pebble } from '../support/pebble.ts';
import { freePort } from '../support/programs.ts';

const key = Buffer.alloc(32, 9).toString('base64url');

function config(pebble: Pebble, port: number, names: readonly string[], more = ''): string {
  const acme = [
    `directoryUrl: "${pebble.directoryUrl}"`,
    `authorityFile: ${pebble.authorityFile}`,
    `names: [${names.join(', ')}]`,
    'contact: [radiology@hospital.example]',
    'termsOfServiceAgreed: true',
    more,
  ].filter((part) => part !== '');
  return `names: [localhost, pacs.hospital.example, viewer.hospital.example]\ndoors: { dimse: { port: 0 }, console: { port: ${port}, certificate: { from: acme, acme: { ${acme.join(', ')} } } } }\n`;
}

async function issuerShown(port: number, servername: string, alpn = 'http/1.1'): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ALPNProtocols: [alpn] });
  await once(socket, 'secureConnect');
  const issuer = socket.getPeerX509Certificate()?.issuer ?? '';
  socket.destroy();
  return issuer;
}

async function until(what: () => Promise<boolean>, pebble: Pebble, leadglass: Leadglass): Promise<void> {
  for (let tries = 0; tries < 120; tries += 1) {
    if (await what()) return;
    await sleep(250);
  }
  assert.fail(`it did not come:\n${leadglass.log}\n${pebble.output}`);
}

test(
  'names are proved on the port of the door, the certificate arrives, is shown, recorded, kept, and there after a restart',
  needs('pebble', 'pebble-challtestsrv'),
  async () => {
    const port = await freePort();
    await using pebble = await Pebble.start({ tlsPort: port, externalAccount: { keyId: 'kid-7', key } });
    const macFile = pebble.authority.path('mac');
    writeFileSync(macFile, `${key}\n`, { mode: 0o600 });
    const names = ['pacs.hospital.example', 'viewer.hospital.example'];
    await using leadglass = await Leadglass.start({
      config: config(pebble, port, names, `externalAccount: { keyId: kid-7, keyFile: ${macFile} }`),
    });
    await until(async () => /Pebble/.test(await issuerShown(port, names[0] ?? '')), pebble, leadglass);
    // As a browser of the hospital: the root of the ACME server, the name, the whole chain.
    const socket = tls.connect({ host: '127.0.0.1', port, servername: names[1] ?? '', ca: await pebble.root() });
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
    socket.destroy();
    assert.match(await issuerShown(port, 'localhost'), /Leadglass issuing/);
    const { certificates, warnings } = await leadglass.json<StatusReport>('status');
    assert.deepEqual([certificates[0]?.from, certificates[0]?.names.toSorted()], ['acme', names]);
    assert.ok(!warnings.some((warning) => /ACME|certificate/.test(warning)), warnings.join('\n'));
    assert.match((await leadglass.succeed('status')).output, /console certificate.*by ACME, until/);
    assert.ok((await leadglass.ledger('--event', '110113')).some(({ who }) => who.includes('certificates')));

    const kept = readdirSync(join(leadglass.data, 'keys')).filter((name) => name.startsWith('acme-'));
    assert.equal(kept.length, 2, kept.join());
    for (const name of kept) assert.doesNotMatch(readFileSync(join(leadglass.data, 'keys', name), 'latin1'), /PRIVATE/);
    const command = readFileSync(`/proc/${leadglass.pid}/cmdline`, 'utf8');
    for (const text of [leadglass.log, leadglass.startText, command, pebble.output]) {
      assert.ok(!text.includes(key) && !/PRIVATE KEY/.test(text), 'no secret in sight');
    }
    // Without an open challenge the protocol of challenges leads nowhere.
    await assert.rejects(issuerShown(port, names[0] ?? '', 'acme-tls/1'));

    await leadglass.stop();
    const before = pebble.output.length;
    await leadglass.start();
    assert.match(await issuerShown(port, names[0] ?? ''), /Pebble/);
    await sleep(1_000);
    assert.doesNotMatch(pebble.output.slice(before), /order/i, 'nothing was asked for again');
  },
);

test(
  'an ACME server that does not reach the door: ours is shown, status and ledger say why, and nothing else is harmed',
  needs('pebble', 'pebble-challtestsrv'),
  async () => {
    const port = await freePort();
    // It looks for the challenge on another port than the door's.
    await using pebble = await Pebble.start({ tlsPort: await freePort() });
    await using leadglass = await Leadglass.start({ config: config(pebble, port, ['pacs.hospital.example']) });
    await until(async () => leadglass.log.includes('web.acme-failed'), pebble, leadglass);
    const { certificates, warnings } = await leadglass.json<StatusReport>('status');
    assert.equal(certificates[0]?.from, 'own-authority');
    const [warning = ''] = warnings.filter((text) => text.includes('ACME'));
    assert.match(
      warning,
      /^The certificate of the console door could not be had by ACME: pacs\.hospital\.example was not authorized: .+; it is tried again at 20.*Z, and until then it shows the one of our own authority/,
    );
    assert.match(await issuerShown(port, 'pacs.hospital.example'), /Leadglass issuing/);
    const failed = (await leadglass.ledger('--event', '110113')).filter(({ outcome }) => outcome !== '0');
    assert.ok(
      failed.some(({ who }) => who.includes('certificates')),
      JSON.stringify(failed),
    );
  },
);
