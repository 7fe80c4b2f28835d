import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { capabilities } from '../src/doors/web/capabilities.ts';
import { handlers } from '../src/doors/web/handlers/handlers.ts';
import { resourceTemplates } from '../src/doors/web/resource-table.ts';
import { openApiPage, openApiText } from './generate-openapi.ts';

test('docs/reference/openapi.json is what the routes and handlers make', () => {
  assert.equal(readFileSync(openApiPage, 'utf8'), openApiText(), 'run: node scripts/generate-openapi.ts');
});

test('the document and the capabilities name every operation that has a handler, and no other', () => {
  const text = openApiText();
  const wadl = capabilities('https://localhost/dicom-web', handlers);
  for (const { methods } of resourceTemplates) {
    for (const { id, operation } of methods) {
      const isServed = handlers[operation] !== undefined;
      assert.equal(text.includes(`"operationId": "${id}"`), isServed, id);
      assert.equal(wadl.includes(`id="${id}"`), isServed, id);
    }
  }
});
