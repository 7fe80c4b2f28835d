/** Each page in both themes and three widths: for everybody (axe), in place from the first moment, and quiet. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OwnFactors } from '../../src/doors/console/people-flows.ts';
import { invitation } from '../support/console-fixture/house.ts';
import { accessFaults } from '../support/page-facts.ts';
import { needs } from '../support/peers.ts';
import { openConsole, type OpenConsole, settled } from './console.test-support.ts';

const { skip } = needs('chromium');
const study = '1.2.826.0.1.3680043.8.498.1000';
const pages = [
  { name: 'sign-in', path: '/' },
  {
    name: 'sign-in with a provider',
    path: '/',
    answers: { 'sign-in/ways': { provider: { name: 'your Saint Mary account' }, local: 'administrators' } },
  },
  { name: 'an answer of the provider that nobody asked for', path: '/sign-in/callback?code=x&state=y' },
  {
    name: 'the own account of somebody who signs in at the provider',
    path: '/account',
    as: 'ada',
    answers: {
      'own/factors': {
        provider: {
          name: 'your Saint Mary account',
          issuer: 'https://login.klinikum.example/realms/staff',
          subject: '5f0c1c5e-8c1f-4f0e-9a55-3a0c7d1f5b11',
          since: '2026-11-02T08:00:00Z',
          department: 'Radiology',
        },
        passkeys: [],
        hasPassword: false,
        hasCode: false,
        recoveryCodesLeft: 0,
      } satisfies OwnFactors,
    },
  },
  { name: 'enrolment', path: `/enrol#${invitation}` },
  { name: 'enrolment without an invitation', path: '/enrol' },
  { name: 'home', path: '/', as: 'ada' },
  { name: 'devices', path: '/devices', as: 'ada' },
  { name: 'one device', path: '/devices/CT1', as: 'ada' },
  { name: 'the wizard', path: '/devices/add', as: 'ada' },
  { name: 'openings', path: '/openings', as: 'ada' },
  { name: 'one opening', path: '/openings/OLD1', as: 'ada' },
  { name: 'people', path: '/people', as: 'ada' },
  { name: 'one person', path: '/people/paul%40klinikum.example', as: 'ada' },
  { name: 'a person who does research, with nothing open', path: '/people/rita%40klinikum.example', as: 'ada' },
  { name: 'a person who sees no images', path: '/people/sina%40klinikum.example', as: 'ada' },
  { name: 'one person, to the security officer', path: '/people/paul%40klinikum.example', as: 'sina' },
  { name: 'settings', path: '/settings', as: 'ada' },
  { name: 'the own account', path: '/account', as: 'ada' },
  { name: 'home of the security officer', path: '/', as: 'sina' },
  { name: 'the own account of who sees images', path: '/account', as: 'paul' },
  { name: 'the ledger', path: '/ledger', as: 'sina' },
  { name: 'emergency access', path: '/emergency', as: 'paul' },
  { name: 'emergency access that is open', path: '/emergency', as: 'lena' },
  { name: 'emergencies to review', path: '/emergency', as: 'sina' },
  { name: 'one emergency', path: '/emergency/44', as: 'sina' },
  { name: 'one that was reviewed', path: '/emergency/12', as: 'sina' },
  { name: 'studies', path: '/studies', as: 'paul' },
  { name: 'one study', path: `/studies/${study}`, as: 'paul' },
  { name: 'upload', path: '/studies/upload', as: 'tim' },
  { name: 'the question of a program', path: '/authorize/the-question', as: 'paul' },
  { name: 'a question to who sees no images', path: '/authorize/the-question', as: 'ada' },
  { name: 'a question that is over', path: '/authorize/another-question', as: 'paul' },
  { name: 'a program that asks wrongly', path: '/authorize/wrong' },
  { name: 'a page that is not there', path: '/ledger', as: 'ada' },
] as const;
const widths = [360, 1024, 1920] as const;
const themes = ['light', 'dark'] as const;

let house: OpenConsole;
before(async () => {
  if (skip === false) house = await openConsole();
});
after(async () => {
  if (skip === false) await house[Symbol.asyncDispose]();
});

for (const { name, path, ...options } of pages) {
  test(`${name}: readable by everybody, in place at once, quiet, at every width in both themes`, { skip }, async () => {
    for (const width of widths) {
      const { page, context, troubles, go } = await house.visit({ ...options, width });
      await go(path);
      assert.ok(Number(await page.evaluate('globalThis.shifts')) < 0.02, `layout shift at ${width}`);
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      assert.ok(Number(overflow) <= 0, `wider than the window at ${width}`);
      for (const colorScheme of themes) {
        await page.emulateMedia({ colorScheme });
        await settled(page);
        // The colours of the other theme are there with the next drawing.
        await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
        assert.deepEqual(await accessFaults(page), [], `${colorScheme} at ${width}`);
      }
      assert.deepEqual(troubles, []);
      await context.close();
    }
  });
}
