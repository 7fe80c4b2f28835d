/** Holds docs/asvs.md: every requirement once, every verdict one of three, every evidence there. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/asvs.md'), 'utf8');

/** How many of each section of ASVS 5.0.0 are of level 1 or 2; they are the first ones of each section. */
const counts: Readonly<Record<string, number>> = {
  ...{ '1.1': 2, '1.2': 9, '1.3': 11, '1.4': 3, '1.5': 2 },
  ...{ '2.1': 3, '2.2': 3, '2.3': 4, '2.4': 1 },
  ...{ '6.1': 3, '6.2': 12, '6.3': 4, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 4 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '8.1': 2, '8.2': 3, '8.3': 1, '8.4': 1 },
  ...{ '9.1': 3, '9.2': 4 },
  ...{ '10.1': 2, '10.2': 2, '10.3': 4, '10.4': 11, '10.5': 5, '10.6': 2, '10.7': 3 },
  ...{ '12.1': 3, '12.2': 2, '12.3': 4 },
  ...{ '14.1': 2, '14.2': 4, '14.3': 3 },
};

const rows = page
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [number = '', level = '', asks = '', verdict = '', ...evidence] = line.slice(2, -2).split(' | ');
    return { number, level, asks, verdict, evidence: evidence.join(' | ') };
  });

test('every requirement of levels 1 and 2 has one row, in order', () => {
  const wanted = Object.entries(counts).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
  );
  assert.deepEqual(
    rows.map(({ number }) => number),
    wanted,
  );
});

test('every verdict is one of three, and says why', () => {
  for (const { number, level, asks, verdict, evidence } of rows) {
    assert.match(level, /^[12]$/, number);
    assert.ok(['met', 'not met', 'not applicable'].includes(verdict), `${number}: ${verdict}`);
    assert.ok(asks !== '' && evidence !== '', number);
  }
});

test('every file that is named is there, and so is every test that is quoted behind it', () => {
  const wrong: string[] = [];
  for (const { number, evidence } of rows) {
    for (const [, file = '', test] of evidence.matchAll(
      /`((?:src|test|web|docs|bin|bench)\/[\w./-]+)`(?: “([^”]+)”)?/g,
    )) {
      if (!existsSync(join(root, file))) wrong.push(`${number}: ${file} is not there`);
      else if (test !== undefined && !hasTest(file, test)) wrong.push(`${number}: ${file} has no test “${test}”`);
    }
  }
  assert.deepEqual(wrong, []);
});

function hasTest(file: string, name: string): boolean {
  const text = readFileSync(join(root, file), 'utf8');
  return [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted));
}

test("the console keeps nothing in the browser's storage but theme, language and the section to come back to", () => {
  const users = globSync('web/src/**/*.{ts,tsx}', { cwd: root }).filter((file) =>
    /\b(?:localStorage|sessionStorage|indexedDB|caches|document\.cookie)\b/.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  );
  assert.deepEqual(users.toSorted(), [
    'web/src/i18n/i18n.ts',
    'web/src/model/provider-trip.ts',
    'web/src/model/theme.ts',
  ]);
});
