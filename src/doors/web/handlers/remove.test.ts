import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetLimits, makeInstance } from '../../../backends/backend.test-support.ts';
import { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { webHouse } from './handlers.test-support.ts';

const dayMs = 86_400_000;
const operations = ['find', 'get', 'remove'] as const;
const study = '/studies/1.2.3.1';

test('a study whose removal is asked for is hidden, and asking again finds nothing', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ study: 1 }));
  const session = await web.sessionOf({ name: 'REMOVER', purpose: 'archive', operations: [...operations] });
  const { status, body } = await web.ask(study, { method: 'DELETE', session });
  assert.deepEqual([status, body.length], [204, 0]);
  await assert.rejects(web.ask(study, { session }), { code: 'NOT_FOUND' });
  await assert.rejects(web.ask(study, { method: 'DELETE', session }), { code: 'NOT_FOUND' });
});

test('the ledger has who asked for the removal of whose study, before and after', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ study: 1 }));
  const session = await web.sessionOf({ name: 'REMOVER', purpose: 'archive', operations: [...operations] });
  const before = web.house.ledger.records.length;
  await web.ask(study, { method: 'DELETE', session });
  const written = web.house.ledger.records.slice(before);
  assert.deepEqual(
    written.map(({ studyInstanceUids, device, event }) => [
      studyInstanceUids,
      device,
      event.event.outcome,
      event.event.outcomeDescription,
    ]),
    ['asked for', 'done'].map((what) => [
      ['1.2.3.1'],
      'REMOVER',
      0,
      `removal, request, ${what}: DELETE through the web door`,
    ]),
  );
});

test('before its retention has ended a study stays: 409, with the reason for whom reaches it', async () => {
  const backend = new MemoryBackend({ dataSetLimits, retentionDays: 30, nowMs: () => 29 * dayMs });
  await using web = await webHouse({ backend });
  await web.keep(makeInstance({ study: 1, modality: 'CT' }));
  const session = await web.sessionOf({ name: 'REMOVER', purpose: 'archive', operations: [...operations] });
  await assert.rejects(web.ask(study, { method: 'DELETE', session }), {
    status: 409,
    code: 'CONFLICT',
    message: /its retention has not ended/,
  });
  assert.equal(web.house.ledger.last.reason, 'NOT_AUTHORIZED');
  const narrow = await web.sessionOf({
    name: 'NARROW',
    purpose: 'archive',
    operations: [...operations],
    scope: { modalities: ['MR'] },
  });
  for (const path of [study, '/studies/1.2.3.999']) {
    await assert.rejects(web.ask(path, { method: 'DELETE', session: narrow }), { code: 'NOT_FOUND' });
  }
});

test('an opening that does not name removal has the request refused, and the record names the study', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ study: 1 }));
  await assert.rejects(web.ask(study, { method: 'DELETE' }), (error: unknown) => {
    assert.ok(error instanceof RefusedError);
    assert.equal(error.reason, 'operation');
    return true;
  });
  assert.deepEqual(web.house.ledger.last.studyInstanceUids, ['1.2.3.1']);
  assert.equal((await web.ask(study)).status, 200);
});

test('series and instances cannot be removed by themselves: 405', async () => {
  await using web = await webHouse();
  for (const path of [`${study}/series/1.2.3.1.1`, `${study}/series/1.2.3.1.1/instances/1.2.3.1.1.1`, '/studies']) {
    await assert.rejects(web.ask(path, { method: 'DELETE' }), { status: 405 });
  }
});
