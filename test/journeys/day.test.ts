/**
 * A day of every role, from nothing, in Chromium: the first administrator invites the others, a device is enrolled and confirmed, images
 * come, each role does its own work and is refused that of the others, in plain words on the page.
 * LEADGLASS_SCREENSHOTS=DIR keeps pictures of the steps.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BrowserWindow, painted } from '../support/chromium.ts';
import { AtBrowser, type Way } from '../support/day-people.ts';
import { type Image, uidOf, writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { enrolByPasskey } from '../support/passkeys.ts';
import { needs } from '../support/peers.ts';
import { writeVolume } from '../support/viewer-data.ts';

const { skip } = needs('chromium');
const reason = 'polytrauma in the shock room';
const people = {
  paul: { role: 'Physician', name: 'Paul Okonkwo', way: 'passkey', first: 'Studies' },
  tim: { role: 'Technologist', name: 'Tim Barroso', way: 'password', first: 'Studies' },
  rita: { role: 'Researcher', name: 'Rita Halloran', way: 'passkey', first: 'Studies' },
  emil: { role: 'Exchange clerk', name: 'Emil Nakamura', way: 'passkey', first: 'Studies' },
  sina: { role: 'Security officer', name: 'Sina Lindqvist', way: 'passkey', first: 'Home' },
} as const satisfies Record<string, { role: string; name: string; way: Way; first: string }>;
type Name = keyof typeof people | 'ada';
const emailOf = (name: Name): string => `${name}@hospital.example`;

let leadglass: Leadglass;
let window: BrowserWindow;
const at = new Map<Name, AtBrowser>();
const chest = 'Chest';
let head: Image;

function who(name: Name): AtBrowser {
  const found = at.get(name);
  assert.ok(found !== undefined, `${name} is not here yet`);
  return found;
}

before(async () => {
  if (skip !== false) return;
  leadglass = await Leadglass.start();
  const ca = join(leadglass.data, 'certificates', 'authority-root.pem');
  window = await BrowserWindow.open({ port: leadglass.consolePort, ca });
  const volume = { study: chest, series: 'Axial', modality: 'CT', seriesNumber: 1, slices: 4 } as const;
  writeVolume(leadglass.path('chest'), { ...volume, rows: 100, columns: 80, spacing: [0.5, 0.8, 2] });
  head = writeImage(leadglass.path('head'), {
    ...{ study: 'head', patientId: 'HEAD-1', patientName: 'ROE^RICHARD', modality: 'MR' },
    pixelBytes: 2 * 256 * 256,
  });
});
after(async () => {
  if (skip !== false) return;
  await window[Symbol.asyncDispose]();
  await leadglass[Symbol.asyncDispose]();
});

async function arrive(name: Name): Promise<AtBrowser> {
  const person = await AtBrowser.arrive(window, emailOf(name), leadglass.consolePort);
  at.set(name, person);
  return person;
}

/** Runs the form that is open in a dialog, and shows a factor where the server wants a fresh one. */
async function send(person: AtBrowser, action: string, done: string | RegExp): Promise<void> {
  await person.page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
  await person.confirmed(done);
}

test('the first administrator enrols by the printed link and finds an empty house', { skip }, async () => {
  const ada = await arrive('ada');
  const link = /https:\/\/localhost:\d+\/enrol#\S+/.exec(leadglass.startText)?.[0] ?? '';
  await ada.page.goto(link);
  await ada.page.getByLabel('E-mail').fill(emailOf('ada'));
  await ada.page.getByLabel('Your name').fill('Ada Weber');
  await enrolByPasskey(ada.page);
  await ada.heading('Home');
  await ada.picture('home-empty');
  await ada.go('/devices');
  await ada.picture('devices-empty');
});

test('she invites one person of each role, and each enrols by the link that the page shows', { skip }, async () => {
  const ada = who('ada');
  for (const key of ['paul', 'tim', 'rita', 'emil', 'sina'] as const) {
    const { role, name: whole, way, first } = people[key];
    await ada.go('/people');
    await ada.button('Invite somebody');
    const dialog = ada.page.getByRole('dialog');
    await dialog.getByLabel('E-mail').fill(emailOf(key));
    await dialog.getByLabel('Name').fill(whole);
    await dialog.getByLabel('Role').selectOption({ label: role });
    await dialog.getByLabel('Reason').fill(`${role} of the house`);
    if (key === 'rita') await ada.picture('invite');
    await send(ada, 'Make the link', /enrol#/);
    const link = (await dialog.getByText(/enrol#/).textContent()) ?? '';
    await dialog.getByRole('button', { name: 'Done' }).click();
    const person = await arrive(key);
    await person.enrol(link.trim(), way, first);
    await person.picture(`first-${key}`);
  }
  await ada.go('/people');
  await ada.says(people.sina.name);
  await ada.picture('people');
});

test('a device that she adds can do nothing before the security officer has confirmed it; then it stores', {
  skip,
}, async () => {
  const ada = who('ada');
  const folder = await addDevice(ada, { aeTitle: 'CT1', purpose: 'Acquisition', about: 'CT, room 1' });
  await ada.picture('device-waits');
  const early = await leadglass.run('echo', leadglass.address, '--as', folder);
  assert.notEqual(early.status, 0, early.output);
  await confirmDevice(who('sina'), 'CT1');
  await ada.says('Waiting for its first echo');
  await leadglass.succeed('echo', leadglass.address, '--as', folder);
  await ada.says('It is here: the first use arrived.');
  await leadglass.succeed('send', leadglass.address, '--as', folder, leadglass.path('chest'), head.path);
  await ada.go('/');
  await ada.says('CT1');
  await ada.picture('home');
});

/** The wizard, with a key that the browser makes; @returns the folder of the files that it hands out, as our client wants them */
async function addDevice(
  person: AtBrowser,
  { aeTitle, purpose, about }: { readonly aeTitle: string; readonly purpose: string; readonly about: string },
): Promise<string> {
  const { page } = person;
  await person.go('/devices/add');
  await page.getByLabel('AE title').fill(aeTitle);
  await page.getByText(purpose, { exact: true }).click();
  await page.getByLabel('What it is').fill(about);
  await person.button('Next');
  await person.button('A year');
  await person.button('Enrol and open');
  await person.confirmed(`${aeTitle} waits for a second person`);
  const folder = leadglass.path(aeTitle.toLowerCase());
  mkdirSync(folder);
  for (const [saved, name] of [
    [`${aeTitle.toLowerCase()}-key.pem`, 'key.pem'],
    [`${aeTitle.toLowerCase()}-cert.pem`, 'cert.pem'],
    ['leadglass-ca.pem', 'ca.pem'],
  ] as const) {
    const download = page.waitForEvent('download');
    await person.button(`Save ${saved}`);
    await (await download).saveAs(join(folder, name));
  }
  // What is typed into a modality; our own client has it in a file.
  const value = async (name: string): Promise<string> =>
    ((await page.locator('dt', { hasText: name }).locator('+ dd code').textContent()) ?? '').trim();
  const server = { host: await value('Host'), port: Number(await value('Port')), tls: true };
  const titles = { aeTitle: await value('Calling AE title'), called: await value('Called AE title') };
  const facts = { aeTitle: titles.aeTitle, server: { ...server, aeTitle: titles.called } };
  writeFileSync(join(folder, 'device.json'), JSON.stringify(facts));
  return folder;
}

async function confirmDevice(sina: AtBrowser, aeTitle: string): Promise<void> {
  await sina.go('/devices');
  await sina.page.getByRole('button', { name: new RegExp(`^Confirm add ${aeTitle}`) }).click();
  await sina.confirmed('Confirmed and done.');
}

test('she opens what each may see: the physician CT and reports, the researcher one project', { skip }, async () => {
  const ada = who('ada');
  await ada.go('/people');
  await ada.page.getByRole('link', { name: people.paul.name }).click();
  await ada.heading(people.paul.name);
  await ada.button('Change');
  const dialog = ada.page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('reads CT');
  await dialog.getByText('Narrow it further').click();
  await dialog.getByLabel('Modalities').fill('ct sr');
  await ada.picture('images-change');
  await send(ada, 'Change', /^Changed: open to Paul Okonkwo/);
  await ada.says('Modalities: CT, SR');
  await ada.picture('person');

  await who('rita').page.reload();
  await who('rita').says('No images are open to you');
  await who('rita').picture('nothing-open');
  await ada.go(`/people/${encodeURIComponent(emailOf('rita'))}`);
  await ada.says('No images are open');
  await ada.button('Open images');
  await dialog.getByLabel('Project').fill('lung-2027');
  await dialog.getByRole('button', { name: 'A year', exact: true }).click();
  await dialog.getByLabel('Reason').fill('ethics vote 17');
  await ada.picture('images-open');
  await send(ada, 'Open images', /^Images are open to Rita Halloran/);
});

test('she herself sees no image: not in the pages, not by their addresses, not by a script', { skip }, async () => {
  const ada = who('ada');
  assert.equal(await ada.page.getByRole('link', { name: 'Studies' }).count(), 0);
  await ada.go('/studies');
  await ada.heading('Not found');
  await ada.picture('not-found');
  assert.equal(await ada.status('/dicom-web/studies'), 403);
  await ada.go('/ledger');
  await ada.heading('Not found');
});

test('the physician finds the study, sees the image and keeps a measurement as a report', { skip }, async () => {
  const paul = who('paul');
  const { page } = paul;
  await paul.go('/studies');
  await page.keyboard.type('mül');
  await page.getByRole('link', { name: /Müller, Änne/i }).click();
  await paul.heading(/Müller, Änne/i);
  assert.equal(await page.getByRole('button', { name: 'Export as ZIP' }).count(), 0, 'no export is open to him');
  await paul.picture('study');
  await page.getByRole('link', { name: 'Open the viewer' }).click();
  await page.locator('.v-surface[data-shown]').first().waitFor();
  const box = await page.locator('.v-surface').first().boundingBox();
  assert.ok(box !== null);
  assert.ok((await painted(page, box)).lit > 5000, 'an image is there');
  await page.getByRole('button', { name: 'Length', exact: true }).click();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 80, y);
  await page.mouse.down();
  await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.move(x + 80, y, { steps: 4 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Measurements: 1' }).click();
  await paul.button('Keep as a report');
  await paul.says('are kept with the study');
  await paul.picture('viewer');
  await paul.go('/people');
  await paul.heading('Not found');
  await paul.go(`/studies/${head.studyInstanceUid}`);
  await paul.says('There is no such study, or you may not see it');
});

test('the physician opens one patient in an emergency, sees that one, and ends it', { skip }, async () => {
  const paul = who('paul');
  const { page } = paul;
  await paul.go('/emergency');
  await page.getByLabel('Patient ID').fill('HEAD-1');
  await page.getByText('Family name', { exact: true }).first().click();
  await page.getByRole('textbox', { name: 'Family name' }).fill('Roe');
  await page.getByLabel('Reason').fill(reason);
  await paul.picture('emergency');
  await paul.button('Open this patient');
  await paul.confirmed(/HEAD-1/);
  await paul.heading('Studies');
  await page.getByRole('link', { name: /Roe, Richard/i }).waitFor();
  assert.equal(await page.getByRole('link', { name: /Müller, Änne/i }).count(), 0);
  await paul.picture('emergency-open');
  await paul.button('End now');
  await page.getByRole('link', { name: /Müller, Änne/i }).waitFor();
});

test('the technologist uploads a file', { skip }, async () => {
  const tim = who('tim');
  const more = writeImage(leadglass.path('knee'), { study: 'knee', patientId: 'KNEE-1', patientName: 'POE^EDGAR' });
  await tim.go('/studies');
  await tim.page.getByRole('link', { name: 'Upload' }).click();
  await tim.heading('Upload');
  const buffer = readFileSync(more.path);
  await tim.page
    .locator('input[type=file]')
    .first()
    .setInputFiles([
      { name: 'knee.dcm', mimeType: 'application/dicom', buffer },
      { name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') },
    ]);
  await tim.says('1 file is stored');
  await tim.says('is no DICOM file');
  await tim.picture('upload');
  await tim.page.getByRole('link', { name: 'To the studies' }).click();
  await tim.page.getByRole('link', { name: /Poe, Edgar/i }).waitFor();
});

test('the researcher sees pseudonyms, and nobody of the house', { skip }, async () => {
  const rita = who('rita');
  await rita.go('/studies');
  const rows = rita.page.locator('tbody tr');
  await rows.first().waitFor();
  const text = ((await rita.page.locator('main').textContent()) ?? '').toLowerCase();
  for (const secret of ['müller', 'roe', 'head-1']) assert.ok(!text.includes(secret), secret);
  await rita.picture('research');
  await rita.go(`/studies/${uidOf(chest)}`);
  await rita.says('There is no such study, or you may not see it');
  assert.equal(await rita.page.getByRole('link', { name: 'Upload' }).count(), 0);
});

test('the exchange clerk releases a study to a partner, whose device fetches it', { skip }, async () => {
  const emil = who('emil');
  const { studyInstanceUid } = head;
  await emil.go(`/studies/${studyInstanceUid}`);
  await emil.button('Release');
  await emil.says(/^No partner is enrolled for exchange/);
  await emil.picture('no-partner');
  const folder = await addDevice(who('ada'), { aeTitle: 'CLINIC2', purpose: 'Exchange', about: 'Across the river' });
  await confirmDevice(who('sina'), 'CLINIC2');
  await emil.go(`/studies/${studyInstanceUid}`);
  await emil.button('Release');
  await emil.page.getByRole('dialog').getByLabel('Reason').fill('referral');
  await emil.picture('release');
  await send(emil, 'Release', /^Released to CLINIC2/);
  const out = leadglass.path('fetched');
  await leadglass.succeed('get', leadglass.address, '--as', folder, '--study', studyInstanceUid, '--out', out);
});

test('the security officer reads the ledger, verifies it, and reviews the emergency', { skip }, async () => {
  const sina = who('sina');
  const { page } = sina;
  await sina.go('/ledger');
  await sina.button('Verify now');
  await sina.says('Intact:');
  await page.getByLabel('Who', { exact: false }).first().fill(emailOf('paul'));
  await sina.button('Show');
  await page.locator('tbody tr').first().waitFor();
  await sina.picture('ledger');
  await page.getByLabel("One patient's story").check();
  await page.getByLabel('Patient ID').fill('HEAD-1');
  await page.keyboard.press('Enter');
  await page.locator('.story li').first().waitFor();
  await page
    .locator('.story li', { hasText: emailOf('paul') })
    .first()
    .waitFor();
  await sina.picture('story');

  await sina.go('/emergency');
  await page.locator('tbody tr', { hasText: 'HEAD-1' }).getByRole('link').click();
  await sina.says(reason);
  await page.getByText('Justified', { exact: true }).click();
  await page.getByLabel('Findings').fill('confirmed by the shift leader');
  await sina.picture('review');
  await page.getByRole('button', { name: 'Sign the review' }).click();
  await sina.confirmed('confirmed by the shift leader');
  await sina.go('/studies');
  await sina.heading('Not found');
  assert.equal(await sina.status('/dicom-web/studies'), 403);
});
