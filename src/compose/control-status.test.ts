import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoorView } from '../doors/control/control-services.ts';
import { openingTerms } from '../guard/test-support.ts';
import { callOf, importFiles, makeFile, openHouse, type TestHouse } from './compose.test-support.ts';
import { statusServices, warningsOf } from './control-status.ts';

const dayMs = 86_400_000;
const door: DoorView = { name: 'dimse', protocol: 'DICOM over TLS', address: '127.0.0.1', port: 2762 };

function statusOf({ installation }: TestHouse, doors: readonly DoorView[] = [door], codecFailure?: string) {
  const { status } = statusServices({
    installation,
    version: '1.2.3',
    startedAtMs: 0,
    doors: () => doors,
    certificates: () => ({ views: [], warnings: [] }),
    codecFailure: () => codecFailure,
  });
  return status(callOf('status'), {});
}

test('a fresh server has nothing to warn of', async () => {
  await using house = await openHouse();
  const report = await statusOf(house);
  assert.deepEqual(
    report.warnings.filter((warning) => !warning.startsWith('The disk')),
    [],
  );
  assert.deepEqual(report.openings, { open: 0, expiringSoon: 0, neverUsed: 0, plain: 0 });
  assert.equal(report.version, '1.2.3');
  assert.equal(report.startedAt, '1970-01-01T00:00:00.000Z');
  assert.deepEqual(report.doors, [door]);
  assert.ok(report.ledger.lastCheckpointAt?.endsWith('Z'));
  assert.equal(report.lastBackupAt, undefined);
});

test('numbers are those of archive, ledger and policy', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile(), makeFile({ instance: 2 }), makeFile({ study: 2 }));
  await importFiles(house, makeFile({ pixels: 50 }), makeFile({ study: 2, instance: 2, patientId: 'OTHER' }));
  const { archive, ledger, warnings } = await statusOf(house);
  assert.deepEqual(
    { ...archive, bytes: archive.bytes > 1000 },
    { studies: 2, instances: 4, bytes: true, conflicts: 1, mismatchedStudies: 1 },
  );
  assert.equal(ledger.records, house.installation.ledger.head.seq);
  assert.equal(ledger.head, house.installation.ledger.head.hash);
  assert.ok(warnings.some((warning) => /^1 instance arrived.*is kept aside.*leadglass conflict list/.test(warning)));
});

test('what is open to the network, without TLS, ends soon or was never used is said, with what to do', async () => {
  await using house = await openHouse();
  const { policy } = house.installation;
  const nowMs = Date.now();
  const terms = openingTerms({ validFromMs: nowMs - dayMs });
  policy.addDevice({ name: terms.device, purpose: terms.purpose, reason: 'r', owner: 'root', createdAtMs: nowMs });
  policy.addOpening({ ...terms, name: 'a', validUntilMs: nowMs + 10 * dayMs }, nowMs);
  const used = policy.addOpening({ ...terms, name: 'b', validUntilMs: nowMs + 100 * dayMs }, nowMs);
  policy.addUses(new Map([[used, { lastUsedAtMs: nowMs, useCount: 1 }]]));
  policy.addOpening({ ...terms, name: 'c', validUntilMs: nowMs - 1 }, nowMs);
  policy.addOpening(
    {
      ...terms,
      name: 'd',
      doors: ['dimse-plain'],
      addresses: ['10.1.2.3/32'],
      plain: { risk: 'old', port: 11_112 },
      validUntilMs: nowMs + 80 * dayMs,
    },
    nowMs,
  );
  const { openings, warnings } = await statusOf(house, [
    door,
    { ...door, name: 'console', address: '0.0.0.0', port: 8443 },
  ]);
  assert.deepEqual(openings, { open: 3, expiringSoon: 1, neverUsed: 2, plain: 1 });
  for (const words of [
    /^1 device comes without TLS/,
    /^The console door listens on 0\.0\.0\.0:8443, beyond this machine/,
    /^1 opening will end within 30 days: .*device renew/,
    /^2 openings were never used: .*opening close/,
  ]) {
    assert.ok(
      warnings.some((warning) => words.test(warning)),
      String(words),
    );
  }
  assert.ok(!warnings.some((warning) => warning.includes('2762')));
  assert.ok(warnings.every((warning) => /^[A-Z0-9].*\.$/.test(warning)));
});

test('a device whose certificate ends soon, before its opening, is said', async () => {
  await using house = await openHouse();
  const { policy } = house.installation;
  const nowMs = Date.now();
  const terms = openingTerms({ validFromMs: nowMs - dayMs, validUntilMs: nowMs + 100 * dayMs });
  policy.addDevice({ name: terms.device, purpose: terms.purpose, reason: 'r', owner: 'root', createdAtMs: nowMs });
  policy.addOpening(terms, nowMs);
  const certificate = {
    device: terms.device,
    origin: 'pinned',
    subject: 'CN=x',
    serialNumber: '01',
    addedAtMs: nowMs,
  } as const;
  policy.addCertificate({
    ...certificate,
    fingerprint256: 'a'.repeat(64),
    notBeforeMs: 0,
    notAfterMs: nowMs + 9 * dayMs,
  });
  const said = /^1 device has a certificate that ends within 30 days, before what is open to it: .*device renew/;
  assert.ok((await statusOf(house)).warnings.some((warning) => said.test(warning)));
  policy.addCertificate({
    ...certificate,
    fingerprint256: 'b'.repeat(64),
    notBeforeMs: 0,
    notAfterMs: nowMs + 99.5 * dayMs,
  });
  assert.ok(!(await statusOf(house)).warnings.some((warning) => said.test(warning)));
});

test('codecs that have failed are said, with what to do', async () => {
  await using house = await openHouse();
  const { warnings } = await statusOf(house, [door], 'ERR_SOMETHING');
  assert.ok(
    warnings.some((warning) =>
      /^Images cannot be converted or drawn.*\(ERR_SOMETHING\): start the server anew/.test(warning),
    ),
  );
});

test('a disk that runs full and an archive that does not read are said', async () => {
  await using house = await openHouse();
  const { archive } = house.installation;
  const totals = { studies: 0, instances: 0, bytes: 0, conflicts: 0, mismatchedStudies: 0 };
  const withDisk = async (freeBytes: number) => {
    const fileSystem = { ...archive.fileSystem, freeBytes: async () => freeBytes };
    const recovery = { ...archive.recovery, problems: [{ segment: 1, offset: 2, problem: 'p' }] };
    const changed = Object.create(archive, { fileSystem: { value: fileSystem }, recovery: { value: recovery } });
    return warningsOf({ ...house.installation, archive: changed }, { doors: [], totals });
  };
  assert.match((await withDisk(1024 ** 3 - 1))[1] ?? '', /so nothing is stored: make room/);
  assert.match((await withDisk(1024 ** 3))[1] ?? '', /make room before 1\.0 GiB, where storing stops/);
  const enough = await withDisk(20 * 1024 ** 3);
  assert.equal(enough.length, 1);
  assert.match(enough[0] ?? '', /^The archive holds 1 record that could not be read/);
});

test('a status is answered also while the ledger cannot be written, and says so', async () => {
  await using house = await openHouse();
  await house.installation.ledger.close();
  const { warnings } = await statusOf(house);
  assert.match(warnings[0] ?? '', /^The ledger cannot be written, so nothing is admitted/);
});
