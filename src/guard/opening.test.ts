/** When two openings are the same right, which decides whether uses are counted on; their states over time are in policy.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OpeningTerms, sameRight } from './opening.ts';
import { aet, dayMs, openingTerms, startMs } from './test-support.ts';

const right: OpeningTerms = openingTerms({
  purpose: 'reading',
  doors: ['dimse-tls', 'web'],
  operations: ['find', 'get', 'move'],
  scope: { modalities: ['CT', 'MR'], departments: ['A', 'B'], ownStudiesOnly: true },
  addresses: ['10.1.0.0/16', '10.2.0.0/16'],
});

test('who answers for an opening, why and from when until when may differ: it is the same right', () => {
  const others: readonly Partial<OpeningTerms>[] = [
    { name: 'another' },
    { owner: 'ada' },
    { reason: 'another' },
    { validFromMs: startMs - dayMs, validUntilMs: startMs + dayMs },
    { doors: ['web', 'dimse-tls'] },
    { operations: ['move', 'find', 'get'] },
    { scope: { ownStudiesOnly: true, departments: ['B', 'A'], modalities: ['MR', 'CT'] } },
    { addresses: ['10.2.0.0/16', '10.1.0.0/16'] },
  ];
  for (const other of others) assert.ok(sameRight(right, { ...right, ...other }), JSON.stringify(other));
});

test('whatever allows more, less or another thing is another right', () => {
  const others: readonly Partial<OpeningTerms>[] = [
    { device: aet('CT2') },
    { purpose: 'archive' },
    { doors: ['web'] },
    { operations: ['find', 'get'] },
    { scope: {} },
    { scope: { modalities: ['CT'], departments: ['A', 'B'], ownStudiesOnly: true } },
    { scope: { modalities: ['CT', 'MR'], departments: ['A', 'B'] } },
    { addresses: [] },
    { privateSopClasses: true },
    { plain: { port: 11_112, risk: 'old' } },
  ];
  for (const other of others) assert.equal(sameRight(right, { ...right, ...other }), false, JSON.stringify(other));
});
