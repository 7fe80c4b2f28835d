/** Emergency access in a real browser, by keyboard: opened, seen, ended, reviewed; and a clerk who releases a study. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessFaults, until } from '../support/page-facts.ts';
import { needs } from '../support/peers.ts';
import { giveFactor, heading, openConsole, type OpenConsole, settled, tabTo } from './console.test-support.ts';

const { skip } = needs('chromium');
let house: OpenConsole;
before(async () => {
  if (skip === false) house = await openConsole();
});
after(async () => {
  if (skip === false) await house[Symbol.asyncDispose]();
});

test('a physician opens one patient by keyboard, sees nobody else, and ends it; the address holds no patient', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'paul' });
  await go('/emergency');
  await tabTo(page, 'Patient ID');
  await page.keyboard.type('P1004');
  await tabTo(page, 'Birth date');
  await page.getByLabel('Birth date', { exact: true }).last().fill('1961-05-30');
  await tabTo(page, 'Reason');
  await page.keyboard.type('trauma');
  await tabTo(page, 'Open this patient');
  await page.keyboard.press('Enter');
  await page.getByText('Say why, in ten characters or more').waitFor();
  await until(page, "document.activeElement.tagName === 'TEXTAREA'");
  await page.keyboard.type(' in the shock room');
  await tabTo(page, 'Open this patient');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText('No patient here has this Patient ID together with what you said.').waitFor();
  await page.getByLabel('Birth date', { exact: true }).last().fill('1961-04-30');
  await tabTo(page, 'Open this patient');
  await page.keyboard.press('Enter');
  await heading(page, 'Studies').waitFor();
  const banner = page.getByRole('region', { name: 'Emergency access' });
  await banner.getByText('Emergency access to patient P1004.').waitFor();
  await settled(page);
  const patients = await page.locator('.patient-id').allTextContents();
  assert.ok(patients.length > 0 && patients.every((id) => id === 'P1004'), patients.join());
  assert.equal(await page.getByRole('link', { name: 'Upload' }).count(), 0);
  assert.doesNotMatch(page.url(), /P1004/);
  assert.deepEqual(await accessFaults(page), []);
  // It is there on every page, and after a reload.
  await page.reload();
  await banner.waitFor();
  await tabTo(page, 'End now');
  await page.keyboard.press('Enter');
  await page.getByText('Emergency access has ended.').waitFor();
  await banner.waitFor({ state: 'detached' });
  await settled(page);
  assert.ok(new Set(await page.locator('.patient-id').allTextContents()).size > 1);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('where several patients have the number, its issuer is asked for; the time runs out by itself', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'paul' });
  await go('/emergency');
  await page.getByLabel('Patient ID').fill('P7');
  await page.getByText('Family name').click();
  await page.getByLabel('Family name', { exact: true }).last().fill('Okafor');
  await page.getByLabel('Reason').fill('unconscious, no relatives');
  await page.getByRole('button', { name: 'Open this patient' }).click();
  await giveFactor(page);
  await page.getByText('Several patients have this Patient ID: say its issuer too.').waitFor();
  await page.getByLabel('Issuer of the ID').waitFor();
  await context.close();

  const lena = await house.visit({ as: 'lena' });
  await lena.go('/studies');
  await lena.page.clock.install();
  await lena.page.reload();
  await lena.page.getByText('Emergency access to patient P1004.').waitFor();
  for (const session of house.fixture.house.sessions.values()) session.emergency = undefined;
  await lena.page.clock.fastForward('01:01:00');
  await lena.page.getByText('The time of the emergency access is over.').waitFor();
  await lena.page.getByRole('region', { name: 'Emergency access' }).waitFor({ state: 'detached' });
  assert.deepEqual([...troubles, ...lena.troubles], []);
  await lena.context.close();
});

test('the security officer reviews one by keyboard; it then waits no more', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'sina' });
  await go('/emergency');
  await page
    .getByRole('link', { name: /Nov|2026/ })
    .first()
    .waitFor();
  assert.equal(await page.locator('tbody tr').count(), 2);
  await go('/emergency/31');
  await tabTo(page, /^Justified/);
  await page.keyboard.press('Space');
  await tabTo(page, 'Findings');
  await page.keyboard.type('Asked the stroke team; the note is in the file.');
  await tabTo(page, 'Sign the review');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText('The review is in the ledger.').waitFor();
  await page.getByText('Asked the stroke team').waitFor();
  await go('/emergency');
  assert.equal(await page.locator('tbody tr').count(), 1);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a clerk releases a study to a partner by keyboard, after a fresh factor', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'emil' });
  await go('/studies/1.2.826.0.1.3680043.8.498.1000');
  await tabTo(page, 'Release');
  await page.keyboard.press('Enter');
  await page.getByText('PARTNER · Hospital across the river').waitFor({ state: 'attached' });
  assert.deepEqual(await accessFaults(page), []);
  await tabTo(page, 'Reason');
  await page.keyboard.type('second opinion');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText(/^Released to PARTNER until/).waitFor();
  assert.ok(house.fixture.requests.includes('POST /api/control/studyRelease'));
  assert.deepEqual(troubles, []);
  await context.close();
});
