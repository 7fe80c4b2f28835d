/** Keeps the pages true where a machine can: links lead to files, and commands in code blocks are commands. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';

const root = resolve(import.meta.dirname, '../..');
const pages = ['*.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: root }));

/** The lines of the fenced code blocks of a page. */
function codeLines(text: string): string[] {
  return [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
}

test('relative links lead to files that exist', () => {
  assert.ok(pages.includes('README.md') && pages.length > 5);
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:|^#/.test(target))
      .filter((target) => !existsSync(join(root, dirname(page), target.replace(/#.*$/, ''))))
      .map((target) => `${page}: ${target}`);
  });
  assert.deepEqual(broken, []);
});

test('pages that comments in the source name exist', () => {
  const sources = ['src', 'test', 'scripts', 'fuzz', 'bench'].flatMap((folder) =>
    globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }),
  );
  const broken = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bdocs\/[\w/.-]+\.md\b/g)]
      .filter(([page]) => !existsSync(join(root, page)))
      .map(([page]) => `${file}: ${page}`),
  );
  assert.deepEqual(broken, []);
});

test('commands in code blocks exist', () => {
  const wrong = pages.flatMap((page) =>
    codeLines(readFileSync(join(root, page), 'utf8'))
      .map((line) => /^(?:\$ )?(?:\S*\/)?bin\/leadglass\s+(.*)$/.exec(line)?.[1])
      .filter((rest) => rest !== undefined)
      // `--data DIR` may stand before the command.
      .map((rest) => rest.replace(/^--data[ =]\S+\s+/, '').split(/\s+/)[0] ?? '')
      .filter((word) => !word.startsWith('--') && !Object.hasOwn(commands, word))
      .map((word) => `${page}: ${word}`),
  );
  assert.deepEqual(wrong, []);
});

test('npm scripts in code blocks exist', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wrong = pages.flatMap((page) =>
    codeLines(readFileSync(join(root, page), 'utf8'))
      .flatMap((line) => [...line.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name))
      .filter((name) => !Object.hasOwn(scripts, name))
      .map((name) => `${page}: npm run ${name}`),
  );
  assert.deepEqual(wrong, []);
});
