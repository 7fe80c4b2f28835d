/** Nmap's DICOM scripts find nothing on our doors: they do not even tell that DICOM is spoken. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { freePort, runProgram, startServer } from '../support/programs.ts';

test('dicom-ping and dicom-brute find an open storescp, and nothing here', needs('nmap', 'storescp'), async (t) => {
  await using leadglass = await Leadglass.start();
  const device = await leadglass.enrol('CT1', 'acquisition');
  // That the scripts find what is open shows that they work.
  const open = await freePort();
  const files = leadglass.path('open');
  mkdirSync(files);
  await startServer(t, { program: 'storescp', parameters: ['-od', files, String(open)], port: open });
  const ports = [leadglass.port, leadglass.consolePort, open];
  const scripts = ['--script', '+dicom-ping,+dicom-brute', '--script-timeout', '20s'];
  const ran = await runProgram('nmap', ['-Pn', '-p', ports.join(','), ...scripts, '127.0.0.1'], { timeoutMs: 60_000 });
  assert.equal(ran.status, 0, ran.output);
  const about = (port: number): string => new RegExp(`^${port}/tcp.*\n(?:\\|.*\n)*`, 'm').exec(ran.stdout)?.[0] ?? '';
  assert.match(about(open), /DICOM Service Provider discovered/);
  for (const port of [leadglass.port, leadglass.consolePort]) {
    assert.match(about(port), /tcp +open/);
    // They give up in themselves where nothing is answered; a finding would stand at the same place.
    const findings = about(port).replaceAll(/^\|_?dicom-\w+: ERROR: Script execution failed.*$/gm, '');
    assert.doesNotMatch(findings, /\||dicom|LEADGLASS|2\.25\./i);
  }
  await leadglass.succeed('echo', leadglass.address, '--as', device.folder);
  await leadglass.succeed('ledger', 'verify');
});
