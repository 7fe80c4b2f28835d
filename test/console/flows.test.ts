/** Whole days' work in a real browser, by keyboard: sign-in, enrolment, devices, people, the ledger, studies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { code, invitation, password } from '../support/console-fixture/house.ts';
import { accessFaults, until } from '../support/page-facts.ts';
import { addAuthenticator, enrolByPasskey } from '../support/passkeys.ts';
import { needs } from '../support/peers.ts';
import { emailOf, giveFactor, heading, openConsole, type OpenConsole, settled, tabTo } from './console.test-support.ts';

const { skip } = needs('chromium');
let house: OpenConsole;
before(async () => {
  if (skip === false) house = await openConsole();
});
after(async () => {
  if (skip === false) await house[Symbol.asyncDispose]();
});

/** Reads the codes as a person copies them, and types back the one that is asked for. */
async function keepRecoveryCodes(page: Page): Promise<void> {
  await heading(page, 'Recovery codes').waitFor();
  const codes = await page.locator('.codes code').allTextContents();
  const field = page.getByLabel(/^Type code number/);
  const asked = Number(
    /\d+/.exec((await page.locator('label', { hasText: 'Type code number' }).textContent()) ?? '')?.[0],
  );
  await field.fill('not this one');
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('This is not that code').waitFor();
  await field.fill((codes[asked - 1] ?? '').toUpperCase().replaceAll('-', ' '));
  await page.keyboard.press('Enter');
}

test('a person signs in by password and code with the keyboard alone; a wrong password and a wrong code are told', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit();
  await go('/openings/CT1');
  await heading(page, 'Sign in').waitFor();
  await tabTo(page, 'E-mail');
  await page.keyboard.type(emailOf('ada'));
  await tabTo(page, 'Password');
  await page.keyboard.type('guessed');
  await page.keyboard.press('Enter');
  await page.getByText('E-mail or password is not right').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await heading(page, 'Second factor').waitFor();
  await page.keyboard.type('000000');
  await page.getByText('That code is not right').waitFor();
  await page.keyboard.type(code);
  // Where one wanted to go.
  await heading(page, 'CT1').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('an invited physician enrols with a passkey and comes in with it; the token is in no address', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit();
  await addAuthenticator(page);
  await go(`/enrol#${invitation}`);
  await heading(page, 'Welcome').waitFor();
  assert.doesNotMatch(page.url(), /invitation/);
  await enrolByPasskey(page, async () => {
    await tabTo(page, 'Make a passkey');
    await page.keyboard.press('Enter');
    await page.getByText('Enrolled. Now sign in').waitFor();
    assert.ok(house.fixture.requests.every((line) => !line.includes(invitation)));
  });
  await heading(page, 'Studies').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('enrolment by password says why one is refused, shows the secret as picture and text, and takes the first code', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit();
  await go(`/enrol#${invitation}`);
  await page.getByText('Password and code').click();
  await page.getByRole('button', { name: 'Next' }).click();
  const field = page.getByLabel('New password');
  await field.fill('our hospital by the river');
  await page.getByText('It holds a word that everybody here would try first.').waitFor();
  await field.fill(password);
  await page.getByText('Very good.').waitFor();
  await page.keyboard.press('Enter');
  await heading(page, 'Authenticator app').waitFor();
  await until(page, "document.querySelector('.qr img').naturalWidth > 0");
  await page.getByLabel('Code', { exact: true }).fill(code);
  await keepRecoveryCodes(page);
  await page.getByText('Enrolled. Now sign in').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('an administrator adds a device by keyboard, a second person confirms it, and its first echo is seen to arrive', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('add a dev');
  await page.keyboard.press('Enter');
  await heading(page, 'Add a device').waitFor();
  await page.keyboard.type('CT9');
  await tabTo(page, 'Acquisition');
  await tabTo(page, 'What it is');
  await page.keyboard.type('CT, trauma bay');
  await page.keyboard.press('Enter');
  await tabTo(page, 'A new key');
  await tabTo(page, 'A year');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Enrol and open');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await heading(page, 'CT9 waits for a second person').waitFor();
  await page.getByText('leadglass.klinikum.example', { exact: true }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save ct9-key.pem' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'ct9-key.pem');
  await page.getByText(/^Set the device up meanwhile/).waitFor();
  const second = await house.visit({ as: 'sina' });
  await second.go('/devices');
  await second.page.getByRole('button', { name: 'Confirm add CT9' }).press('Enter');
  await giveFactor(second.page);
  await second.page.getByText('Confirmed and done.').waitFor();
  assert.deepEqual(second.troubles, []);
  await second.context.close();
  await page.getByText('Waiting for its first echo').waitFor();
  const { openings } = house.fixture.house;
  const index = openings.findIndex(({ name }) => name === 'CT9');
  const opening = openings[index];
  assert.ok(opening);
  openings[index] = { ...opening, lastUsedAt: new Date().toISOString() };
  await page.getByText('It is here: the first use arrived.').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('closing an opening asks for a reason at the field and for a fresh factor, and Escape leaves all as it was', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/openings/US4');
  await page.getByRole('button', { name: 'Close' }).first().press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'Close US4?' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await until(page, "document.activeElement.textContent === 'Close'");
  await page.keyboard.press('Enter');
  await until(page, "document.activeElement.matches('dialog input')");
  await page.keyboard.press('Enter');
  await page.getByText('Say why: somebody will ask in a year').waitFor();
  await until(page, "document.activeElement.getAttribute('aria-invalid') === 'true'");
  await page.keyboard.type('ward 4 moved');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText('US4 is closed.').waitFor();
  await page.getByText(/Closed by ada/).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('an invitation shows its link once; an address that has an account is refused at its field', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/people');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await page.keyboard.type(emailOf('paul'));
  await page.getByLabel('Reason').fill('night shifts');
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText('There is an account with this e-mail already').waitFor();
  await page.getByLabel('E-mail', { exact: true }).fill('zoe@klinikum.example');
  await page.keyboard.press('Enter');
  await page.getByText(/enrol#/).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied').waitFor({ state: 'attached' });
  assert.match(String(await page.evaluate('navigator.clipboard.readText()')), /\/enrol#/);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('an administrator opens images to a researcher by keyboard, changes what is open, and closes it', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/people/rita%40klinikum.example');
  await page.getByText('No images are open').waitFor();
  await tabTo(page, 'Open images');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'Open images to Rita Halloran' }).waitFor();
  await dialog.getByText('Can never hold, whoever asks: store, export, remove, release.').waitFor();
  assert.equal(await dialog.getByRole('checkbox', { name: /^export/ }).count(), 0);
  await tabTo(page, 'Open images');
  await page.keyboard.press('Enter');
  // The first field with a fault has the focus.
  await until(page, "document.activeElement.getAttribute('aria-invalid') === 'true'");
  await page.keyboard.type('Lung 2027');
  await tabTo(page, 'Dates, all shifted alike');
  await page.keyboard.press('Space');
  await tabTo(page, 'A year');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Reason');
  await page.keyboard.type('ethics vote 17');
  await page.keyboard.press('Enter');
  await page.getByText('Small letters, digits and hyphens, at most 40').waitFor();
  await page.getByLabel('Project').fill('lung-2027');
  assert.deepEqual(await accessFaults(page), []);
  await page.keyboard.press('Enter');
  await giveFactor(page);
  await page.getByText(/^Images are open to Rita Halloran until/).waitFor();
  await page.getByText('De-identified for lung-2027').waitFor();

  await tabTo(page, 'Change');
  await page.keyboard.press('Enter');
  await dialog.getByRole('heading', { name: 'Change what is open to Rita Halloran' }).waitFor();
  assert.equal(await dialog.getByLabel('Project').inputValue(), 'lung-2027');
  await dialog.getByText('Narrow it further').press('Enter');
  await dialog.getByLabel('Modalities').fill('ct');
  await dialog.getByLabel('Addresses').fill('the ward');
  await dialog.getByLabel('Reason').fill('only CT');
  assert.deepEqual(await accessFaults(page), []);
  await page.keyboard.press('Enter');
  await dialog.getByText('addresses: is not a network').waitFor();
  await dialog.getByLabel('Addresses').fill('10.20.0.0/16');
  await page.keyboard.press('Enter');
  await page.getByText(/^Changed: open to Rita Halloran/).waitFor();
  await page.getByText('Modalities: CT').waitFor();
  await page.getByText(/replaced: only CT/).waitFor();

  await page.getByRole('region', { name: 'Images' }).getByRole('button', { name: 'Close' }).press('Enter');
  await page.keyboard.type('the project has ended');
  await page.keyboard.press('Enter');
  await page.getByText('Nothing is open to Rita Halloran any more.').waitFor();
  await page.getByRole('button', { name: 'Open images' }).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('who may not administer sees what is open to a person and changes nothing; nothing is there for a role without images', {
  skip,
}, async () => {
  const officer = await house.visit({ as: 'sina' });
  await officer.go('/people/paul%40klinikum.example');
  await officer.page.getByText('CT readers', { exact: false }).first().waitFor();
  assert.equal(await officer.page.getByRole('button', { name: /^(?:Open images|Change|Close)$/ }).count(), 0);
  await officer.context.close();
  const { page, context, go } = await house.visit({ as: 'ada' });
  await go('/people/sina%40klinikum.example');
  await page.getByText('This role sees no images').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Open images' }).count(), 0);
  await context.close();
});

test("the security officer verifies the ledger and reads one patient's story; no patient is in the address", {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'sina' });
  await go('/ledger');
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText(/Intact: 48,221 records/).waitFor();
  await page.getByLabel("One patient's story").check();
  await page.getByLabel('Patient ID').fill('P1001');
  await page.keyboard.press('Enter');
  await page.locator('.story li').first().waitFor();
  assert.doesNotMatch(page.url(), /P1001/);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a physician finds a study while typing, steps through its images by keys, and exports it after a fresh factor', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'paul' });
  await go('/studies');
  await page.keyboard.type('okafor');
  await page
    .getByRole('status')
    .filter({ hasText: /^7 studies$/ })
    .waitFor();
  await tabTo(page, 'Okafor, Chidi');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await heading(page, 'Okafor, Chidi').waitFor();
  assert.doesNotMatch(page.url(), /okafor/i);
  await page.getByRole('button', { name: /Axial/ }).press('Enter');
  await page.getByRole('group', { name: /^Image;/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('PageDown');
  await page.getByText('12 / 32').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as ZIP' }).press('Enter');
  await giveFactor(page);
  assert.match((await download).suggestedFilename(), /\.zip$/);
  await page.getByRole('tab', { name: 'Images' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText('this one').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a technologist uploads files; what is no DICOM file is told and not sent', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'tim' });
  await go('/studies/upload');
  const before = house.fixture.stored.length;
  const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(5000)]);
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([
      { name: 'one.dcm', mimeType: 'application/dicom', buffer: dicom },
      { name: 'two.dcm', mimeType: 'application/dicom', buffer: dicom },
      { name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') },
    ]);
  await page.getByText('2 files are stored').waitFor();
  await page.getByText('is no DICOM file').waitFor();
  assert.equal(house.fixture.stored.length - before, 2);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a session that the server ended leads to the sign-in, and after it back to the same page', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/devices');
  house.fixture.house.sessions.clear();
  await page.getByRole('link', { name: 'MR1' }).click();
  await page.getByText('Your session has ended').waitFor();
  await page.getByLabel('E-mail').fill(emailOf('ada'));
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.getByLabel('Code', { exact: true }).fill(code);
  await heading(page, 'MR1').waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('what cannot be loaded says so and can be tried again', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  house.fixture.failing = { path: '/api/control/deviceList', status: 503 };
  await go('/devices');
  await page.getByText('The store cannot be reached just now').waitFor();
  house.fixture.failing = undefined;
  await page.getByRole('button', { name: 'Try again' }).press('Enter');
  await page.getByRole('link', { name: 'CT1' }).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('language and theme are switched in place and kept', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada', theme: 'light' });
  await go('/account');
  await page.getByLabel('Deutsch').check();
  await heading(page, 'Ihr Konto').waitFor();
  await page.getByLabel('Dunkel', { exact: true }).check();
  assert.equal(await page.evaluate('document.documentElement.lang'), 'de');
  await page.reload();
  await settled(page);
  await heading(page, 'Ihr Konto').waitFor();
  assert.equal(await page.evaluate('getComputedStyle(document.documentElement).colorScheme'), 'dark');
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a role has only its own pages', { skip }, async () => {
  const { page, context, go } = await house.visit({ as: 'paul' });
  await go('/people');
  await heading(page, 'Not found').waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').count(), 2);
  await context.close();
});

test('a physician lets a program act, and an administrator removes it, by keyboard alone', { skip }, async () => {
  const physician = await house.visit({ as: 'paul' });
  await physician.go('/authorize/the-question');
  await heading(physician.page, 'OHIF viewer asks for access').waitFor();
  await tabTo(physician.page, 'Allow');
  await physician.page.keyboard.press('Enter');
  await physician.page.waitForURL(`${house.fixture.origin}/`);
  assert.ok(house.fixture.requests.includes('POST /api/authorize/decide'));
  assert.deepEqual(physician.troubles, []);
  await physician.context.close();

  const administrator = await house.visit({ as: 'ada' });
  await administrator.go('/openings');
  await administrator.page.getByRole('heading', { name: 'Programs' }).waitFor();
  await administrator.page.getByRole('button', { name: 'Remove' }).focus();
  await administrator.page.keyboard.press('Enter');
  await administrator.page.getByRole('heading', { name: 'Remove OHIF viewer?' }).waitFor();
  await administrator.page.keyboard.type('replaced');
  await administrator.page.keyboard.press('Enter');
  await giveFactor(administrator.page);
  await administrator.page.getByText('OHIF viewer is removed; its tokens have ended.').waitFor();
  assert.deepEqual(administrator.troubles, []);
  await administrator.context.close();
});

test('a physician makes a passcode for a DICOM device after a fresh factor, sees it once, and ends it', {
  skip,
}, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'paul' });
  await go('/account');
  await page.getByRole('button', { name: 'Make a passcode' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make a passcode' }).click();
  await page.getByText('This is needed').first().waitFor();
  await page.getByLabel('AE title of the device').fill('READ2');
  await page.keyboard.press('Enter');
  // The fixture's session has just shown both factors, or asks for one again.
  const once = page.getByText('Shown only now.');
  const confirm = page.getByRole('heading', { name: 'Confirm that it is you' });
  await once.or(confirm).first().waitFor();
  if (await confirm.isVisible()) await giveFactor(page);
  await once.waitFor();
  await page.getByText(/^lgp_/).waitFor();
  assert.deepEqual(await accessFaults(page), []);
  await page.getByRole('button', { name: 'Done' }).click();
  assert.equal(await page.getByText(/^lgp_/).count(), 0);
  const row = page.locator('tr', { hasText: 'READ2' });
  await row.getByRole('button', { name: 'End READ2' }).click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(troubles, []);
  await context.close();
});

test('the wizard asks nothing of a workstation that is not its own to say', { skip }, async () => {
  const { page, context, troubles, go } = await house.visit({ as: 'ada' });
  await go('/devices/add');
  await page.getByLabel('AE title').fill('ROOM9');
  await page.getByText('Reading station', { exact: true }).click();
  await page.getByLabel('What it is').fill('Reading room, place 9');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Addresses').waitFor();
  assert.equal(await page.getByText('DICOMweb', { exact: false }).count(), 0, 'no choice of doors');
  assert.equal(await page.getByText('No TLS at all').count(), 0);
  assert.deepEqual(await accessFaults(page), []);
  assert.deepEqual(troubles, []);
  await context.close();
});
