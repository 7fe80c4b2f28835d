/** For tests of the console in a real browser: Chromium over the fixture, with an eye on everything that must not happen. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import assert from 'node:assert/strict';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { until } from '../support/page-facts.ts';
import { findProgram } from '../support/peers.ts';
import { type ConsoleFixture, startConsoleFixture } from '../support/console-fixture/fixture-server.ts';
import { code, password } from '../support/console-fixture/house.ts';

const repository = resolve(import.meta.dirname, '../..');

export interface OpenConsole extends AsyncDisposable {
  readonly fixture: ConsoleFixture;
  /** A browser of its own: no cookie, no storage. What goes wrong in it is in `troubles`. */
  readonly visit: (options?: VisitOptions) => Promise<Visit>;
}
export interface VisitOptions {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
  readonly locale?: string;
  /** Who is signed in already: `ada`. */
  readonly as?: string;
  /** Answers in the place of the fixture's, below `/api/`. */
  readonly answers?: Readonly<Record<string, unknown>>;
}
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors, violations of the policy, requests to other hosts. */
  readonly troubles: string[];
  readonly go: (path: string) => Promise<void>;
}

/** Builds the console where its sources are newer, then starts fixture and browser. */
export async function openConsole(): Promise<OpenConsole> {
  execFileSync(process.execPath, ['scripts/build-console.ts', '--if-needed'], { cwd: repository, stdio: 'ignore' });
  const fixture = await startConsoleFixture();
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    // As root, in containers, Chromium has no sandbox of its own; it loads our own pages only.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  return {
    fixture,
    visit: (options = {}) => visit(browser, fixture, options),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function visit(browser: Browser, fixture: ConsoleFixture, options: VisitOptions): Promise<Visit> {
  const { width = 1280, theme = 'light', locale = 'en-GB' } = options;
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 780 : 900 },
    colorScheme: theme,
    reducedMotion: 'reduce',
    locale,
    permissions: ['clipboard-write', 'clipboard-read'],
  });
  const page = await context.newPage();
  for (const [path, answer] of Object.entries(options.answers ?? {})) {
    await page.route(`${fixture.origin}/api/${path}`, (route) => route.fulfill({ json: answer }));
  }
  page.setDefaultTimeout(20_000);
  const troubles: string[] = [];
  page.on('console', (message) => {
    // The browser tells each refused request; that one is refused is what some tests are about.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(fixture.origin) && !/^(?:data|blob):/.test(url)) troubles.push(`request to ${url}`);
  });
  await page.addInitScript(`
    globalThis.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifts += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  `);
  if (options.as !== undefined) {
    // In the page, since its cookie is for a secure page that only the browser itself takes for one.
    await page.goto(`${fixture.origin}/theme.js`);
    await page.evaluate(signingIn(emailOf(options.as)));
  }
  return {
    page,
    context,
    troubles,
    async go(path) {
      await page.goto(fixture.origin + path);
      await settled(page);
    },
  };
}

const signingIn = (email: string): string => `(async () => {
  const post = (path, body) => fetch('/api/' + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-leadglass': 'console' },
    body: JSON.stringify(body),
  });
  const { ceremony } = await (await post('sign-in/password', ${JSON.stringify({ email, password })})).json();
  await post('sign-in/code', { ceremony, code: '${code}' });
})()`;

export const emailOf = (name: string): string => `${name}@klinikum.example`;

/** Nothing loads any more, and the heading is there. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.waitForLoadState('networkidle');
  await until(page, "document.querySelector('.skeleton, [aria-busy=true]') === null");
}

/** Presses Tab until the focus is on what carries this name; a person without a pointer does no other. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press('Tab');
    const focused = String(
      await page.evaluate(`(() => {
        const active = document.activeElement;
        const label = active?.labels?.[0]?.textContent ?? '';
        return (active?.getAttribute('aria-label') || label || active?.textContent || '').trim();
      })()`),
    );
    seen.push(focused);
    if (typeof name === 'string' ? focused.startsWith(name) : name.test(focused)) return;
  }
  assert.fail(`Tab never reached ${String(name)}; it was on ${seen.join(' > ')}`);
}

export const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });

/** The dialog for a fresh factor: focus is in its field already. */
export async function giveFactor(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await until(page, "document.activeElement.autocomplete === 'one-time-code'");
  await page.keyboard.type(code);
}
