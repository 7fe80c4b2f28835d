/** The console against the real server in a real browser: the first administrator enrols by the printed link, with a passkey. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrowserWindow } from '../support/chromium.ts';
import { Leadglass } from '../support/leadglass.ts';
import { addAuthenticator, enrolByPasskey } from '../support/passkeys.ts';
import { needs } from '../support/peers.ts';

test(
  'the first administrator enrols by the printed link with a passkey, signs in, and looks around',
  needs('chromium'),
  async () => {
    await using leadglass = await Leadglass.start();
    const device = await leadglass.enrol('CT1', 'archive');
    const port = leadglass.consolePort;
    await using browser = await BrowserWindow.open({ port, ca: join(device.folder, 'ca.pem') });
    const { page } = browser;
    await addAuthenticator(page);

    const link = /https:\/\/localhost:\d+\/enrol#\S+/.exec(leadglass.startText)?.[0] ?? '';
    await page.goto(link);
    await page.getByLabel('E-mail').fill('eve@hospital.example');
    await page.getByLabel('Your name').fill('Eve Stone');
    await browser.picture('console-enrol');
    await enrolByPasskey(page);
    for (const [path, text] of [
      ['', 'CT1'],
      ['people', 'eve@hospital.example'],
      ['devices', 'CT1'],
      ['settings', 'aeTitle'],
    ] as const) {
      await page.goto(`https://localhost:${port}/${path}`);
      await page.getByText(text).first().waitFor();
      await browser.picture(`console-${path === '' ? 'home' : path}`);
    }
    assert.equal(await page.evaluate('document.cookie'), '', 'no page reads the cookie of the session');
    assert.ok(
      browser.asked.every((url) => !url.includes(link.slice(link.indexOf('#') + 1))),
      'the link is in no request',
    );
    const records = JSON.stringify(await leadglass.ledger('--who', 'eve@hospital.example'));
    assert.ok(records.includes('110114') && !records.includes(link.slice(-43)));
    // That nobody was signed in at first is an answer, and the browser tells each refused request.
    const others = browser.errors.filter((error) => !/401|ERR_ABORTED/.test(error));
    assert.deepEqual(others, []);
  },
);
