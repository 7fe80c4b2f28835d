/**
 * Keeps the arrows of docs/internals/architecture.md: which part may import which, that there is no cycle, and that only
 * the guard makes passes.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const source = resolve(import.meta.dirname, '../../src');

/** A part's allowed parts; `types:` parts may only be imported by `import type`. Leaves may be imported by all. */
const leaves = ['error.ts', 'gather.ts', 'limits.ts', 'log.ts'];
const arrows: Record<string, readonly string[]> = {
  dicom: [],
  'upper-layer': ['dicom'],
  dimse: ['upper-layer', 'dicom'],
  codecs: ['dicom', 'rendering'],
  rendering: ['dicom', 'types:codecs'],
  transcoding: ['codecs', 'dicom', 'types:backends'],
  keys: [],
  acme: ['upper-layer'],
  oidc: ['upper-layer', 'types:people'],
  ledger: ['dicom', 'keys'],
  guard: ['ledger', 'dicom', 'types:upper-layer'],
  people: ['types:keys'],
  oauth: ['guard'],
  backends: ['dicom', 'types:guard'],
  doors: ['guard', 'dimse', 'upper-layer', 'dicom', 'rendering', 'transcoding', 'types:codecs', 'types:backends'],
  config: ['dicom'],
  cli: ['config', 'dimse', 'upper-layer', 'dicom', 'ledger', 'keys', 'types:doors', 'compose.ts'],
  'compose.ts': ['*'],
  compose: ['*'],
  'main.ts': ['cli', 'config'],
};
/** Single files that another part may use as a value although the folder as a whole is only for types: pure functions. */
const valueExceptions: readonly string[] = [
  // The meaning of a scope belongs to the guard; a backend applies it to a data set that is just arriving.
  'backends -> guard/scope.ts',
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'(\.[^']+)';/gm;
  for (const match of text.matchAll(pattern)) {
    found.push({
      from: relative(source, file),
      to: relative(source, join(dirname(file), match[2] ?? '')),
      typeOnly: match[1] !== undefined,
    });
  }
  for (const match of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) {
    found.push({
      from: relative(source, file),
      to: relative(source, join(dirname(file), match[1] ?? '')),
      typeOnly: false,
    });
  }
  return found;
}

const isProductFile = (path: string): boolean => !/\.test\.ts$|\.peer\.test\.ts$|-suite\.ts$|test-support/.test(path);
const files = globSync('**/*.ts', { cwd: source }).filter(isProductFile);
const imports = files.flatMap((file) => importsOf(join(source, file)));
const partOf = (path: string): string => path.split('/')[0] ?? path;

test('every part imports only along the arrows of the house', () => {
  const wrong: string[] = [];
  for (const { from, to, typeOnly } of imports) {
    const fromPart = partOf(from);
    const toPart = partOf(to);
    if (fromPart === toPart || leaves.includes(to)) continue;
    if (leaves.includes(from)) {
      wrong.push(`${from} is a leaf but imports ${to}`);
      continue;
    }
    const allowed = arrows[fromPart];
    if (allowed === undefined) {
      wrong.push(`${from}: part ${fromPart} has no arrow in this test`);
      continue;
    }
    if (allowed.includes('*') || allowed.includes(toPart)) continue;
    if (typeOnly && allowed.includes(`types:${toPart}`)) continue;
    if (valueExceptions.includes(`${fromPart} -> ${to}`)) continue;
    wrong.push(`${from} imports ${to}${typeOnly ? ' (type)' : ''}`);
  }
  assert.deepEqual(wrong, []);
});

test('every arrow is used, so that none is left open by mistake', () => {
  const used = new Set(
    imports.map(({ from, to, typeOnly }) => `${partOf(from)} -> ${typeOnly ? 'types:' : ''}${partOf(to)}`),
  );
  const unused = Object.entries(arrows).flatMap(([from, allowed]) =>
    allowed.map((to) => `${from} -> ${to}`).filter((arrow) => !arrow.endsWith('*') && !used.has(arrow)),
  );
  assert.deepEqual(unused, []);
});

test('architecture.md draws the arrows that are kept here', () => {
  const page = readFileSync(resolve(source, '../docs/internals/architecture.md'), 'utf8');
  const lines = Object.entries(arrows).map(([from, allowed]) => {
    const values = allowed.filter((to) => !to.startsWith('types:')).map((to) => (to === '*' ? 'everything' : to));
    const types = allowed.filter((to) => to.startsWith('types:')).map((to) => to.slice('types:'.length));
    const only = types.length === 0 ? '' : ` (types only: ${types.join(', ')})`;
    return `${from} -> ${values.join(', ') || 'nothing'}${only}`;
  });
  const drawn = page.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
  assert.deepEqual(
    lines.filter((line) => !drawn.includes(line)),
    [],
  );
});

test('doors do not import each other', () => {
  const wrong = imports.filter(
    ({ from, to }) => partOf(from) === 'doors' && partOf(to) === 'doors' && from.split('/')[1] !== to.split('/')[1],
  );
  assert.deepEqual(wrong, []);
});

test('value imports have no cycle', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) {
    if (typeOnly) continue;
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    state.set(file, 'open');
    for (const other of next.get(file) ?? []) visit(other, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(cycles, []);
});

test('only the guard makes passes', () => {
  const makers = files.filter(
    (file) => partOf(file) !== 'guard' && /\bmakePass\b/.test(readFileSync(join(source, file), 'utf8')),
  );
  assert.deepEqual(makers, []);
});

test('only the composition lets a pass for de-identified data reach originals, for the backend that makes the one of the other', () => {
  const users = imports
    .filter(({ to, typeOnly }) => to === 'guard/identified-pass.ts' && !typeOnly)
    .map(({ from }) => from);
  assert.deepEqual(users, ['compose/doors.ts']);
});

test('nothing runs a shell, evaluates text or turns a certificate check off', () => {
  const forbidden = [
    /\bchild_process\b/,
    /shell:\s*true/,
    /\beval\(/,
    /new Function\(/,
    /NODE_TLS_REJECT_UNAUTHORIZED/,
  ];
  const wrong = files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return forbidden.filter((pattern) => pattern.test(text)).map((pattern) => `${file}: ${pattern}`);
  });
  assert.deepEqual(wrong, []);
});
