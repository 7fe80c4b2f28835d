import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { storageSopClasses } from '../src/dicom/sop-class.ts';
import { conformancePage, conformanceText } from './generate-conformance.ts';

test('docs/reference/sop-classes.md is what the source says', () => {
  assert.equal(readFileSync(conformancePage, 'utf8'), conformanceText(), 'run: node scripts/generate-conformance.ts');
});

test('every storage SOP class, service and kind of error has its row', () => {
  const text = conformanceText();
  for (const uid of storageSopClasses.keys()) assert.ok(text.includes(`| ${uid} |`), uid);
  assert.match(text, /\| StudyRootQueryRetrieveInformationModelGet \|/);
  assert.match(text, /\| `CONFLICT` \| C111 \|/);
});

test('the conformance statement gives the number of storage SOP classes that there are', () => {
  const statement = readFileSync(new URL('../docs/conformance-statement.md', import.meta.url), 'utf8');
  assert.ok(statement.includes(`${storageSopClasses.size} storage SOP classes`));
});
