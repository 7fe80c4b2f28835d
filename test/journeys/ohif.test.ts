/**
 * The published OHIF viewer in Chromium on an origin of its own, reading by a token: study list, CT (scroll, window, length), report,
 * segmentation, MR and ultrasound of the demo's studies. It talks to nobody but us, and nothing of ours troubles it.
 * LEADGLASS_SCREENSHOTS=DIR keeps pictures of each step.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Area, BrowserWindow, painted } from '../support/chromium.ts';
import { writeDemoStudies } from '../support/demo-studies.ts';
import { Leadglass } from '../support/leadglass.ts';
import { needsOhif, OhifServer } from '../support/ohif.ts';
import { needs } from '../support/peers.ts';

const withViewer = needs('chromium').skip === false ? needsOhif() : needs('chromium');

/** Everything that a reading room has at its start: the demo's studies, a viewer that is allowed, and a token for it. */
async function readingRoom(leadglass: Leadglass, ohif: OhifServer): Promise<{ readonly ca: string }> {
  const sent = leadglass.path('studies');
  writeDemoStudies(sent, 'ohif');
  const { folder } = await leadglass.enrol('CT1', 'acquisition');
  await leadglass.succeed('send', leadglass.address, sent, '--as', folder);
  await leadglass.enrol('VIEW1', 'reading', '--door', 'web');
  ohif.source = await leadglass.json('device', 'token', 'VIEW1', '--reason', 'viewer');
  return { ca: join(folder, 'ca.pem') };
}

/** The viewer as a person has it before them. */
class Viewer {
  readonly #window: BrowserWindow;
  /** Whether measurements are to be kept is asked once. */
  #isAsked = false;

  constructor(window: BrowserWindow) {
    this.#window = window;
  }

  get #page() {
    return this.#window.page;
  }

  get pane() {
    return this.#page.locator('[data-cy="viewport-pane"]').first();
  }

  #button(name: string) {
    return this.#page.locator(`[data-cy="${name}"]`);
  }

  async openStudy(description: string): Promise<void> {
    await this.#page.getByText(description).click();
    await this.#page.getByText('Basic Viewer').click();
  }

  /** Which image is shown, as the viewer writes it: `I:12 (1/12)`. */
  async shows(position: string): Promise<void> {
    await this.pane.getByText(position).waitFor();
  }

  async area(): Promise<Area> {
    const box = await this.pane.boundingBox();
    assert.ok(box !== null);
    return box;
  }

  async scroll(to: string): Promise<void> {
    const { x, y, width, height } = await this.area();
    await this.#page.mouse.move(x + width / 2, y + height / 2);
    // A viewport that is just being set up takes no notice of the wheel.
    for (let turns = 0; turns < 6; turns += 1) {
      await this.#page.mouse.wheel(0, 120);
      const isThere = await this.pane
        .getByText(to)
        .waitFor({ timeout: 10_000 })
        .then(() => true)
        .catch(() => false);
      if (isThere) return;
    }
    assert.fail(`never scrolled to ${to}: ${await this.pane.innerText()}`);
  }

  /** Drags from the middle, `dx` and `dy` pixels. */
  async drag(dx: number, dy: number): Promise<void> {
    const { x, y, width, height } = await this.area();
    const from = { x: x + width / 2, y: y + height / 2 };
    await this.#page.mouse.move(from.x, from.y);
    await this.#page.mouse.down();
    await this.#page.mouse.move(from.x + dx, from.y + dy, { steps: 6 });
    await this.#page.mouse.up();
  }

  /** Window width and centre as the viewer writes them. */
  async window(): Promise<string> {
    return (await this.#button('viewport-overlay-bottom-left').first().innerText()).replaceAll(/\s+/g, ' ');
  }

  async windowIsNot(before: string): Promise<void> {
    const deadline = Date.now() + 10_000;
    while ((await this.window()) === before) {
      assert.ok(Date.now() < deadline, `the window stayed ${before}`);
      await sleep(100);
    }
  }

  /** @returns the length in mm that the viewer writes beside the line */
  async measure(pixels: number): Promise<number> {
    await this.#button('MeasurementTools-split-button-primary').click();
    await this.drag(pixels, 0);
    const text = this.pane.locator('svg text').filter({ hasText: /\d mm/ });
    await text.waitFor();
    const question = this.pane.getByText('No, do not ask again');
    if (!this.#isAsked) await question.click();
    this.#isAsked = true;
    await this.#button('WindowLevel-btn').click();
    // The last movements of the mouse may still be on their way to the line.
    let length = '';
    for (let now = (await text.textContent()) ?? ''; now !== length; now = (await text.textContent()) ?? '') {
      length = now;
      await sleep(300);
    }
    return Number.parseFloat(length);
  }

  /** Of what is painted: there is a picture. */
  async paints(): Promise<{ readonly red: number }> {
    const { lit, red } = await painted(this.#page, await this.area());
    assert.ok(lit > 20_000, `only ${lit} pixels are lit`);
    return { red };
  }
}

/** 256 rows of 1 mm fill the height of the viewport. */
function assertLength(mm: number, pixels: number, { height }: Area): void {
  const expected = (pixels * 256) / height;
  assert.ok(Math.abs(mm - expected) < 0.03 * expected, `${mm} mm measured, ${expected} mm drawn`);
}

test(
  'OHIF lists, opens, scrolls, windows and measures CT, MR and US, and shows report and segmentation',
  withViewer,
  async (t: TestContext) => {
    await using ohif = await OhifServer.start();
    const doors = `doors:\n  dimse: { port: 0 }\n  console: { port: 0, corsOrigins: ['${ohif.origin}'] }\n`;
    await using leadglass = await Leadglass.start({ config: doors });
    const { ca } = await readingRoom(leadglass, ohif);
    await using window = await BrowserWindow.open({ port: leadglass.consolePort, ca });
    const { page } = window;
    page.setDefaultTimeout(60_000);
    const viewer = new Viewer(window);
    await page.goto(ohif.origin);

    await t.test('the list has the four studies', async () => {
      for (const study of ['CT', 'MR', 'US', 'CR']) await page.getByText(`${study} phantom`).waitFor();
      const rows = await page.locator('tbody').last().innerText();
      assert.match(rows, /Demo, Ada.*CT\\SEG\\SR.*14/s);
      await window.picture('list');
    });

    // Drawing is done by the processor here: smaller is faster.
    await page.setViewportSize({ width: 1000, height: 600 });

    await t.test('CT: scroll, window, length', async () => {
      await viewer.openStudy('CT phantom');
      await page.getByText('Skip all').click();
      await viewer.shows('I:12 (1/12)');
      await viewer.scroll('I:11 (2/12)');
      await viewer.scroll('I:10 (3/12)');
      const before = await viewer.window();
      assert.equal(before, 'W: 4096 L: 2048');
      await viewer.drag(60, -30);
      await viewer.windowIsNot(before);
      assertLength(await viewer.measure(200), 200, await viewer.area());
      await viewer.paints();
      await window.picture('ct');
    });

    await t.test('SR: the text of the report', async () => {
      await page.getByText('SR demo series').dblclick();
      await viewer.pane.getByText('A phantom without pathological findings. Kein Befund. 異常なし。').waitFor();
      await viewer.pane.getByText('Diagnostic Imaging Report').waitFor();
      await window.picture('sr');
    });

    await t.test('SEG: the segment lies over its slices', async () => {
      await page.getByText('SEG demo series').dblclick();
      await viewer.pane.getByText('Yes', { exact: true }).click();
      await viewer.shows('(1/12)');
      await viewer.scroll('(2/12)');
      const deadline = Date.now() + 30_000;
      while ((await viewer.paints()).red < 5_000) {
        assert.ok(Date.now() < deadline, 'no segment is painted');
        await sleep(500);
      }
      await window.picture('seg');
    });

    await t.test('MR: scroll, window, length', async () => {
      await page.getByText('MR phantom').click();
      await page.getByText('MR demo series').dblclick();
      await viewer.shows('I:6 (1/6)');
      await viewer.scroll('I:5 (2/6)');
      const before = await viewer.window();
      await viewer.drag(40, 20);
      await viewer.windowIsNot(before);
      assertLength(await viewer.measure(150), 150, await viewer.area());
      await viewer.paints();
      await window.picture('mr');
    });

    await t.test('US: a colour picture and a loop of 24 frames', async () => {
      await page.locator('[data-cy="return-to-work-list"]').click();
      await viewer.openStudy('US phantom');
      await viewer.shows('1/1');
      await viewer.paints();
      await window.picture('us');
      await page.locator('[data-cy="study-browser-thumbnail"]').nth(1).dblclick();
      await viewer.shows('(1/24)');
      await viewer.scroll('(2/24)');
      await viewer.paints();
      await window.picture('us-loop');
    });

    const web = `https://localhost:${leadglass.consolePort}/`;
    const ours = window.answers.filter(({ url }) => url.startsWith(web));
    assert.ok(ours.length > 40, `only ${ours.length} answers of ours`);
    assert.deepEqual(
      ours.filter(({ status }) => status !== 200 && status !== 204),
      [],
    );
    assert.deepEqual(window.errors, []);
    const elsewhere = window.asked.filter(
      (url) => !url.startsWith(web) && !url.startsWith(`${ohif.origin}/`) && !/^(?:blob|data):/.test(url),
    );
    assert.deepEqual(elsewhere, []);
    await leadglass.succeed('ledger', 'verify');
  },
);
