/**
 * The published OHIF viewer in Chromium as a program that acts for a person: it sends her to us, she signs in with two factors and lets it,
 * it shows her images, and is out when her session ends. LEADGLASS_SCREENSHOTS=DIR keeps pictures.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrowserWindow, painted } from '../support/chromium.ts';
import { writeDemoStudies } from '../support/demo-studies.ts';
import { day, Leadglass } from '../support/leadglass.ts';
import { needsOhif, OhifServer } from '../support/ohif.ts';
import { needs } from '../support/peers.ts';
import { withToken } from '../support/oauth-program.ts';
import { codeOf, enrolled, password } from '../support/person.ts';

const withViewer = needs('chromium').skip === false ? needsOhif() : needs('chromium');

async function sendStudies(leadglass: Leadglass): Promise<string> {
  const sent = leadglass.path('studies');
  writeDemoStudies(sent, 'ohif sign-in');
  const { folder } = await leadglass.enrol('CT1', 'acquisition');
  await leadglass.succeed('send', leadglass.address, sent, '--as', folder);
  return join(folder, 'ca.pem');
}

test(
  'OHIF sends a physician to sign in with two factors, shows her images, and is out when her session ends',
  withViewer,
  async () => {
    await using ohif = await OhifServer.start();
    // No origin stands in the configuration: that of a registered program may read, and no other.
    await using leadglass = await Leadglass.start();
    const ca = await sendStudies(leadglass);
    const port = leadglass.consolePort;
    const web = `https://localhost:${port}/`;
    const words = [
      '--title',
      'OHIF viewer',
      '--redirect',
      `${ohif.origin}/callback`,
      '--until',
      day(20),
      '--reason',
      'wards',
    ];
    const { issuer, resource } = await leadglass.json<{ issuer: string; resource: string }>(
      'client',
      'add',
      'ohif',
      ...words,
    );
    const scope = 'openid online_access user/ImagingStudy.rs';
    ohif.source = { baseUrl: resource, signIn: { authority: issuer, client_id: 'ohif', scope } };
    const ada = await enrolled(leadglass, readFileSync(ca), { email: 'ada@hospital.example', role: 'physician' });
    await using window = await BrowserWindow.open({ port, ca });
    const { page } = window;
    page.setDefaultTimeout(60_000);

    await page.goto(ohif.origin);
    await page.getByLabel('E-mail').fill(ada.email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Code').fill(codeOf(ada.secret, Date.now()));
    await page.getByRole('heading', { name: 'OHIF viewer asks for access' }).waitFor();
    await page.getByText(ada.email).waitFor();
    await window.picture('ohif-question');
    await page.getByRole('button', { name: 'Allow', exact: true }).click();

    for (const study of ['CT', 'MR', 'US', 'CR']) await page.getByText(`${study} phantom`).waitFor();
    assert.ok(page.url().startsWith(`${ohif.origin}/`));
    await window.picture('ohif-signed-in');
    await page.setViewportSize({ width: 1000, height: 600 });
    await page.getByText('MR phantom').click();
    await page.getByText('Basic Viewer').click();
    const pane = page.locator('[data-cy="viewport-pane"]').first();
    await pane.getByText('I:6 (1/6)').waitFor();
    const area = await pane.boundingBox();
    assert.ok(area !== null && (await painted(page, area)).lit > 20_000);

    const stored = String(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'));
    assert.ok(!stored.includes(ada.email) && !stored.includes('__Host-'), 'the viewer knows its token and nobody');
    const cookies = (await page.context().cookies(web)).filter(({ name }) => name.includes('leadglass'));
    assert.ok(cookies.length >= 2);
    for (const { secure, httpOnly, sameSite } of cookies) {
      assert.deepEqual([secure, httpOnly, sameSite], [true, true, 'Strict']);
    }
    const ours = window.answers.filter(({ url }) => url.startsWith(`${web}dicom-web`));
    assert.ok(ours.length > 10);
    assert.deepEqual(
      ours.filter(({ status }) => status !== 200 && status !== 204),
      [],
    );
    const elsewhere = window.asked.filter(
      (url) => !url.startsWith(web) && !url.startsWith(`${ohif.origin}/`) && !/^(?:blob|data):/.test(url),
    );
    assert.deepEqual(elsewhere, []);
    assert.ok(
      window.asked.every((url) => !/access_token|refresh_token|code_verifier/.test(url)),
      'no token in an address',
    );

    await leadglass.succeed('account', 'sessions', ada.email, '--end', '--reason', 'notebook stolen');
    const token = /access_token\W+([\w-]{40,})/.exec(stored)?.[1] ?? '';
    assert.equal((await withToken(ada.browser, token)).status, 401, 'the token that the viewer still has');
    await page.goto(`${ohif.origin}/`);
    await page.getByLabel('Password', { exact: true }).waitFor();
    assert.ok(page.url().startsWith(web), 'it sends her to sign in again');
    const records = JSON.stringify(await leadglass.ledger('--who', ada.email));
    assert.ok(records.includes('110112') && records.includes('110113'), 'searches and the leave are in the ledger');
    await leadglass.succeed('ledger', 'verify');
  },
);
