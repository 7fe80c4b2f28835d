import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../limits.ts';
import { resourceTemplates } from './resource-table.ts';
import { operationFor, routesOf, type WebOperation } from './routes.ts';

const examples = {
  study: '1.2.3',
  series: '1.2.3.4',
  instance: '1.2.3.4.5',
  frames: '1,2',
  attribute: '7FE00010',
} as const;

function pathOf(template: string): string {
  return template.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => new Map<string, string>(Object.entries(examples)).get(name) ?? '?',
  );
}

for (const { template, methods } of resourceTemplates) {
  test(`${template} is routed as it is described`, () => {
    const routes = routesOf(pathOf(template), limits.web);
    const described = new Map<string, WebOperation>();
    for (const { method, operation } of methods) {
      described.set(method, operation);
      if (method === 'GET') described.set('HEAD', operation);
    }
    assert.deepEqual(routes, described);
  });
}

test('every operation that a path can name is described, each resource once', () => {
  const all = {
    search: true,
    store: true,
    remove: true,
    'wado-uri': true,
    instances: true,
    metadata: true,
    rendered: true,
    thumbnail: true,
    bulkdata: true,
    pixeldata: true,
    frames: true,
    'bulkdata-value': true,
  } satisfies Record<WebOperation, true>;
  const described = resourceTemplates.flatMap(({ methods }) => methods.map(({ operation }) => operation));
  assert.deepEqual(new Set<string>(described), new Set(Object.keys(all)));
  const ids = resourceTemplates.flatMap(({ methods }) => methods.map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length);
  const templates = resourceTemplates.map(({ template }) => template);
  assert.equal(new Set(templates).size, templates.length);
});

test('a method that is not taken is told with those that are', () => {
  assert.throws(() => operationFor('DELETE', routesOf('/studies', limits.web)), {
    status: 405,
    headers: { allow: 'GET, HEAD, POST, OPTIONS' },
  });
});

test('a path that is no resource does not exist', () => {
  for (const path of ['/wado/', '/wado/x', '/', '', '/studies/', '/study', '/studies/1.2/x']) {
    let methods: number | undefined;
    try {
      methods = routesOf(path, limits.web).size;
    } catch {
      methods = 0;
    }
    assert.equal(methods, 0, path);
  }
});
