/** The viewer where there is no graphics card, and on a phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessFaults } from '../support/page-facts.ts';
import { needs } from '../support/peers.ts';
import { assertQuiet, frameOf, measures, pane, room, shows, tool, until } from '../support/viewer-hands.ts';

const { skip } = needs('chromium');

test('without WebGL everything is drawn and measured as with it', { skip }, async () => {
  await using plain = await room({ browser: { withoutGraphics: true, viewport: { width: 1280, height: 800 } } });
  const { page } = plain;
  assert.equal(await page.evaluate("document.createElement('canvas').getContext('webgl2')"), null);
  await plain.view('Volumes');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await shows(page, 'Im 3/20');
  await measures(page);
  await page.getByLabel('Window presets').selectOption({ label: 'Bone' });
  await pane(page).focus();
  await page.keyboard.press('ArrowDown');
  await shows(page, 'C 500 W 2000');
  await plain.browser.picture('viewer-without-webgl');
  await assertQuiet(plain, /status of 40[06]/);
});

test('on a phone one finger scrolls, two enlarge, and nothing is wider than the screen', { skip }, async () => {
  await using phone = await room({ browser: { viewport: { width: 390, height: 780 }, isPhone: true } });
  const { page } = phone;
  await phone.view('Volumes');
  assert.equal(await tool(page, 'Scroll').getAttribute('aria-pressed'), 'true');
  const { x, y, width, height } = await frameOf(page);
  const [middle, centre] = [x + width / 2, y + height / 2];
  const fingers = await page.context().newCDPSession(page);
  const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: { x: number; y: number }[]) => {
    await fingers.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  };
  await touch('touchStart', { x: middle, y: centre - 60 });
  for (let step = 1; step <= 6; step += 1) await touch('touchMove', { x: middle, y: centre - 60 + step * 10 });
  await touch('touchEnd');
  await until(page, "!document.querySelector('.v-corner[data-at=bottom-left]').textContent.startsWith('Im 1/')");
  await touch('touchStart', { x: middle - 20, y: centre }, { x: middle + 20, y: centre });
  for (let step = 1; step <= 6; step += 1) {
    await touch('touchMove', { x: middle - 20 - step * 10, y: centre }, { x: middle + 20 + step * 10, y: centre });
  }
  await touch('touchEnd');
  await until(page, "!document.querySelector('.v-corner[data-at=bottom-left]').textContent.includes('100%')");
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.ok(Number(overflow) <= 0);
  assert.deepEqual(await accessFaults(page), []);
  await phone.browser.picture('viewer-phone');
  await assertQuiet(phone, /status of 40[06]/);
});
