/** People of a hospital at their browsers: one Chromium, a context for each, enrolled by links that others see on their pages. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { BrowserWindow } from './chromium.ts';
import { addAuthenticator, enrolByPasskey } from './passkeys.ts';
import { codeOf, password } from './person.ts';

export type Way = 'passkey' | 'password';

/** Somebody at a browser of their own: no cookie, authenticator or storage of anybody else. */
export class AtBrowser {
  readonly page: Page;
  readonly name: string;
  readonly #origin: string;
  /** Of one-time codes, of who enrolled with a password. */
  #secret = '';
  #lastStep = 0;

  private constructor(page: Page, name: string, origin: string) {
    this.page = page;
    this.name = name;
    this.#origin = origin;
  }

  static async arrive(window: BrowserWindow, name: string, port: number): Promise<AtBrowser> {
    const browser = window.page.context().browser();
    assert.ok(browser !== null);
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await addAuthenticator(page);
    return new AtBrowser(page, name, `https://localhost:${port}`);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.#origin + path);
    await this.page.locator('h1').first().waitFor();
  }

  heading(name: string | RegExp): Promise<void> {
    return this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  says(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  button(name: string | RegExp): Promise<void> {
    return this.page
      .getByRole('button', { name, exact: typeof name === 'string' })
      .first()
      .click();
  }

  /** For people: in both themes, on a desk and a telephone, in the folder of LEADGLASS_SCREENSHOTS. */
  async picture(name: string): Promise<void> {
    const folder = process.env['LEADGLASS_SCREENSHOTS'];
    if (folder === undefined) return;
    for (const [width, height] of [
      [1280, 800],
      [390, 780],
    ] as const) {
      await this.page.setViewportSize({ width, height });
      for (const colorScheme of ['light', 'dark'] as const) {
        await this.page.emulateMedia({ colorScheme });
        const file = `day-${name}-${width}-${colorScheme}.png`;
        await this.page.screenshot({ path: join(folder, file) });
      }
    }
    await this.page.setViewportSize({ width: 1280, height: 800 });
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  /** By the one-time link, to the first page behind the sign-in. */
  async enrol(link: string, way: Way, first: string): Promise<void> {
    await this.page.goto(link);
    await this.heading('Welcome');
    if (way === 'passkey') await enrolByPasskey(this.page);
    else await this.#enrolByPassword();
    await this.heading(first);
  }

  async #enrolByPassword(): Promise<void> {
    const { page } = this;
    await page.getByText('Password and code').click();
    await this.button('Next');
    await page.getByLabel('New password').fill(password);
    await page.keyboard.press('Enter');
    await this.heading('Authenticator app');
    const secret = page.locator('code').filter({ hasText: /^[A-Z2-7 ]{16,}$/ });
    this.#secret = ((await secret.first().textContent()) ?? '').replaceAll(' ', '');
    await page.getByLabel('Code', { exact: true }).fill(this.nextCode());
    await this.heading('Recovery codes');
    const codes = await page.locator('.codes code').allTextContents();
    const label = (await page.locator('label', { hasText: 'Type code number' }).textContent()) ?? '';
    await page.getByLabel(/^Type code number/).fill(codes[Number(/\d+/.exec(label)?.[0]) - 1] ?? '');
    await page.keyboard.press('Enter');
    await this.says('Enrolled. Now sign in');
    await page.getByLabel('E-mail').fill(this.name);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.keyboard.press('Enter');
    await page.getByLabel('Code', { exact: true }).fill(this.nextCode());
  }

  /** Each is good once: a second one within half a minute is that of the next step, which is taken too. */
  nextCode(): string {
    const step = Math.max(this.#lastStep + 1, Math.floor(Date.now() / 30_000) - 1);
    this.#lastStep = step;
    return codeOf(this.#secret, step * 30_000);
  }

  /** What follows a press that may ask for a fresh factor: waits for these words, and shows the passkey where it is asked for. */
  async confirmed(words: string | RegExp): Promise<void> {
    const { page } = this;
    const done = page.getByText(words).first();
    const asked = page.getByRole('heading', { name: 'Confirm that it is you' });
    await done.or(asked).first().waitFor();
    if (await asked.isVisible())
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /passkey/ })
        .click();
    await done.waitFor();
  }

  /** The status that this browser's session gets for a request, as scripts in the page see it. */
  async status(path: string): Promise<number> {
    return Number(
      await this.page.evaluate(
        `fetch(${JSON.stringify(path)}, { headers: { accept: 'application/dicom+json' } }).then(({ status }) => status)`,
      ),
    );
  }
}
