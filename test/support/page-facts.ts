/** What is true of a page, asked from outside: its own policy evaluates no text. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds by WCAG 2.2 A and AA and its best practices, in one line each. */
export async function accessFaults(page: Page): Promise<readonly string[]> {
  // By the debugger's way, which the page's policy does not bind.
  await page.evaluate(axeSource);
  const found: unknown = await page.evaluate(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
  }).then(({ violations }) => violations.map(({ id, nodes }) =>
    id + ': ' + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 160) + ' ' + (any[0]?.message ?? '')).join(' | ')))`);
  return Array.isArray(found) ? found.map(String) : ['axe gave no list'];
}

/** Until this is true in the page. */
export async function until(page: Page, expression: string, withinMs = 20_000): Promise<void> {
  const endMs = Date.now() + withinMs;
  while ((await page.evaluate(expression)) !== true) {
    assert.ok(Date.now() < endMs, `never came true: ${expression}`);
    await page.waitForTimeout(30);
  }
}
