import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { test } from 'node:test';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { certificateFacts, fingerprintOf, openingTerms, peerFacts } from '../guard/test-support.ts';
import type { GuardSession } from '../guard/session.ts';
import { limits } from '../limits.ts';
import { quietLog } from '../log.ts';
import {
  callOf,
  importFiles,
  makeFile,
  openHouse,
  pieces,
  records,
  tempFolder,
  type TestFile,
  type TestHouse,
} from './compose.test-support.ts';
import { completeInterruptedTransfers } from './recovery.ts';

const dayMs = 86_400_000;

/** The house as a crash at this moment leaves it: a copy of the folder, opened by another process's worth of objects. */
async function crashed(house: TestHouse): Promise<TestHouse> {
  const directory = await tempFolder();
  await cp(house.directory, directory, { recursive: true });
  return openHouse({}, directory);
}

async function deviceSession({ installation }: TestHouse): Promise<GuardSession> {
  const { policy, guard } = installation;
  const now = Date.now();
  const name = parseAeTitle('CT1', 'AE title');
  policy.addDevice({ name, purpose: 'acquisition', reason: 'r', owner: 'root', createdAtMs: now });
  const dates = { notBeforeMs: now - dayMs, notAfterMs: now + dayMs };
  const fingerprint256 = fingerprintOf('CT1');
  const subject = 'CN=CT1';
  policy.addCertificate({
    fingerprint256,
    device: name,
    origin: 'own',
    subject,
    serialNumber: '01',
    ...dates,
    addedAtMs: now,
  });
  policy.addOpening(openingTerms({ validFromMs: now - dayMs, validUntilMs: now + dayMs }), now);
  return guard.session(await guard.identify(peerFacts({ certificate: certificateFacts(dates) })));
}

/** As a door stores; the session stays open. */
async function store(
  { installation }: TestHouse,
  session: GuardSession,
  { operation, bytes }: TestFile,
): Promise<void> {
  await using admission = await session.admit(operation);
  const writer = installation.archive.store(admission.pass, {});
  await writer.write(bytes);
  await admission.involving(await writer.end());
  await writer.commit();
  admission.succeeded();
}

const instancesIn = (xml: string): number[] =>
  [...xml.matchAll(/NumberOfInstances="(\d+)"/g)].map(([, number]) => Number(number));

test('what a device had sent when the server was killed is closed with the counts of what is stored, once', async () => {
  await using house = await openHouse();
  const session = await deviceSession(house);
  await store(house, session, makeFile());
  await store(house, session, makeFile({ instance: 2 }));
  await store(house, session, makeFile({ instance: 2, pixels: 99 })); // kept aside
  await store(house, session, makeFile({ study: 2 }));
  await using after = await crashed(house);
  assert.equal(await completeInterruptedTransfers(after.installation, quietLog), 2);
  const closing = (await records(after)).filter(({ transferState }) => transferState === 'ended');
  assert.deepEqual(
    closing.map(({ event, outcome, device, studyInstanceUids, xml }) => [
      event,
      outcome,
      device,
      studyInstanceUids,
      instancesIn(xml),
    ]),
    [
      ['110104', 0, 'CT1', ['1.2.3.1'], [3]],
      ['110104', 0, 'CT1', ['1.2.3.2'], [1]],
    ],
  );
  assert.match(closing[0]?.reason ?? '', /the server stopped during the transfer/);
  assert.match(closing[0]?.xml ?? '', /DOE\^JANE/);
  assert.equal(await completeInterruptedTransfers(after.installation, quietLog), 0);
  await using again = await crashed(after);
  assert.equal(await completeInterruptedTransfers(again.installation, quietLog), 0);
  await session.end('test over');
});

test('an import and an export that a crash cut off are closed, the export as one of unknown outcome', async () => {
  await using house = await openHouse();
  const { file, studyInstanceUid } = makeFile({ study: 2 });
  await importFiles(house, { file });
  const importing = await house.services.beginImport(callOf('import'));
  await importing.store(pieces(makeFile().file));
  const exporting = await house.services.beginExport(callOf('study export'), { studyInstanceUid, reason: 'r' });
  for await (const _ of exporting.read(0)) break;
  const before = house.installation.ledger.head.seq;
  await using after = await crashed(house);
  assert.equal(await completeInterruptedTransfers(after.installation, quietLog), 2);
  const closing = (await records(after)).filter(({ seq }) => seq > before);
  assert.deepEqual(
    closing.map(({ event, outcome, principal, xml }) => [event, outcome, principal, instancesIn(xml)]),
    [
      ['110107', 0, 'operator ada', [1]],
      ['110106', 8, 'operator ada', []],
    ],
  );
  await importing.end('done');
  await exporting.end('broken');
});

test('instances that a record in between has told of are not counted a second time', async () => {
  await using house = await openHouse();
  const session = await deviceSession(house);
  const count = limits.transferRecordInstancesMax + 2;
  for (let instance = 1; instance <= count; instance += 250) {
    const last = Math.min(instance + 249, count);
    const some = Array.from({ length: last - instance + 1 }, (_, index) =>
      makeFile({ instance: instance + index, pixels: 2 }),
    );
    await Promise.all(some.map((one) => store(house, session, one)));
  }
  const before = (await records(house)).filter(({ event }) => event === '110104');
  assert.equal(before.length, 1);
  await using after = await crashed(house);
  assert.equal(await completeInterruptedTransfers(after.installation, quietLog), 1);
  const told = (await records(after)).filter(({ event }) => event === '110104').flatMap(({ xml }) => instancesIn(xml));
  assert.equal(
    told.reduce((sum, number) => sum + number, 0),
    count,
  );
  await session.end('test over');
});

test('a start after a clean stop has nothing to close', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  await using after = await crashed(house);
  assert.equal(await completeInterruptedTransfers(after.installation, quietLog), 0);
});
