/** What a person does in the viewer and sees of it, over a study whose values follow from their place. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { until as untilTrue } from './page-facts.ts';
import { valueAt, type VolumeFacts, writeVolume } from './viewer-data.ts';
import { type RoomOptions, ViewerRoom } from './viewer-room.ts';

const volume = {
  study: 'Volumes',
  modality: 'CT',
  rows: 100,
  columns: 80,
  spacing: [0.5, 0.8, 2],
  slices: 20,
} as const satisfies Partial<VolumeFacts>;
const files = (folder: string): void => {
  writeVolume(folder, { ...volume, series: 'Axial A', seriesNumber: 1 });
  const other = { modality: 'MR', seriesNumber: 2, slices: 12, spacing: [0.5, 0.8, 3], firstMm: 10 } as const;
  writeVolume(folder, { ...volume, series: 'Axial B', ...other });
  writeVolume(folder, { ...volume, series: 'Gap', seriesNumber: 3, slices: 8, without: 4 });
  writeVolume(folder, { ...volume, series: 'Broken', seriesNumber: 4, slices: 6, broken: 2 });
};

export const pane = (page: Page, number = 1): Locator => page.locator('.v-surface').nth(number - 1);
export const tool = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

export async function shows(page: Page, words: string, number = 1): Promise<void> {
  await page.locator(`.v-pane:nth-of-type(${number}) .v-corner`, { hasText: words }).first().waitFor();
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export async function frameOf(page: Page, number = 1): Promise<Frame> {
  const box = await pane(page, number).boundingBox();
  assert.ok(box !== null);
  return box;
}

/** How large an image is drawn that fits into its view: pixels of the page for one mm. */
export const scaleOf = ({ width, height }: Frame, widthMm: number, heightMm: number): number =>
  Math.min(width / widthMm, height / heightMm);

export async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  await page.mouse.move(from[0], from[1]);
  await page.mouse.down();
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 4 });
  await page.mouse.move(to[0], to[1], { steps: 4 });
  await page.mouse.up();
}

/** What stands beside the newest measurement of a view, once it is there and the last movements of the mouse have come to it. */
export async function words(page: Page, pattern: RegExp, number = 1): Promise<string> {
  const text = pane(page, number).locator('svg text').filter({ hasText: pattern }).last();
  await text.waitFor();
  let found = '';
  for (let now = (await text.textContent()) ?? ''; now !== found; now = (await text.textContent()) ?? '') {
    found = now;
    await sleep(400);
  }
  return found;
}

/** Until this is true in the page, which may have volumes to load first. */
export const until = (page: Page, expression: string): Promise<void> => untilTrue(page, expression, 30_000);

/** Nothing but our own server was asked, nothing was refused by the policy, nothing stays in the browser. */
export async function assertQuiet(room: ViewerRoom, expected: RegExp = /^$/): Promise<void> {
  const web = `https://localhost:${room.leadglass.consolePort}/`;
  const elsewhere = room.browser.asked.filter((url) => !url.startsWith(web) && !/^(?:blob|data):/.test(url));
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(
    room.browser.errors.filter((error) => !expected.test(error)),
    [],
  );
  const kept = await room.page.evaluate('[Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]');
  assert.deepEqual(kept, [[], [], '']);
}

/** Length, area, values: what a ruler and the pixels say. */
export async function measures(page: Page): Promise<void> {
  const frame = await frameOf(page);
  const scale = scaleOf(frame, 64, 50);
  const [x, y] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const near = (text: string, mm: number, within: number): void => {
    const found = Number.parseFloat(text);
    assert.ok(Math.abs(found - mm) <= within, `${text} where ${mm} was drawn`);
  };
  await tool(page, 'Length').click();
  await drag(page, [x - 120, y - 100], [x + 80, y - 100]);
  near(await words(page, /mm$/), 200 / scale, 0.15);
  await drag(page, [x + 150, y - 60], [x + 150, y + 60]);
  near(await words(page, /mm$/), 120 / scale, 0.15);

  await tool(page, 'Rectangle').click();
  await drag(page, [x - 60, y + 20], [x + 20, y + 80]);
  const area = await words(page, /mm²/);
  near(area, (80 / scale) * (60 / scale), 0.5);
  // The values grow evenly, so their mean is the value in the middle; shown is slice 3.
  const middle = valueAt(-20 / scale / 0.8 + 39.5, 50 / scale / 0.5 + 49.5, 2);
  near(/Mean ([\d.]+)/.exec(area)?.[1] ?? '', middle, 2.5);

  await tool(page, 'Value').click();
  await page.mouse.click(x - 200, y - 150);
  const column = Math.round(-200 / scale / 0.8 + 39.5);
  const row = Math.round(-150 / scale / 0.5 + 49.5);
  assert.equal(await words(page, /^-?\d+ HU$/), `${valueAt(column, row, 2)} HU`);

  await tool(page, 'Angle').click();
  await drag(page, [x + 200, y + 40], [x + 200, y + 140]);
  await page.mouse.click(x + 300, y + 140);
  near(await words(page, /°$/), 90, 0.2);
}

export async function room(options: RoomOptions): Promise<ViewerRoom> {
  const opened = await ViewerRoom.open({ files, ...options });
  opened.page.setDefaultTimeout(60_000);
  return opened;
}
