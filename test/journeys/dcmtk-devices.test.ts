/** DCMTK's tools as modality, reading station and destination, with the commands of the documentation, over TLS. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import {
  cutFile,
  differences,
  filesBelow,
  type Image,
  sopClasses,
  writeImage,
  writeSeries,
} from '../support/dicom-files.ts';
import { fingerprintOf, openssl, selfSigned } from '../support/certificates.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { startTunnel } from '../support/tls-tunnel.ts';
import { needs } from '../support/peers.ts';
import { freePort, runProgram, startServer } from '../support/programs.ts';

let leadglass: Leadglass;
let ct1: Device;
let read1: Device;
let images: readonly Image[];
let study: string;

before(async () => {
  leadglass = await Leadglass.start();
  ct1 = await leadglass.enrol('CT1', 'acquisition');
  read1 = await leadglass.enrol('READ1', 'reading');
  images = writeSeries(leadglass.path('images'), { study: 'dcmtk', patientId: 'DCMTK-1' }, 5);
  study = images[0]?.studyInstanceUid ?? '';
  await leadglass.succeed('import', leadglass.path('images'));
});
after(() => leadglass[Symbol.asyncDispose]());

/** `-aet CT1 -aec LEADGLASS +tls … localhost PORT`, in the order of the documentation. */
function peer({ aeTitle, dcmtkTls: tls }: Device): readonly string[] {
  return ['-aet', aeTitle, '-aec', 'LEADGLASS', ...tls, 'localhost', String(leadglass.port)];
}

const keys = (): readonly string[] => ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study}`];
const paths = (): readonly string[] => images.map(({ path }) => path);

/** As `peer`, for getscu and movescu: DCMTK has TLS in them only after 3.6.7. */
async function tunnelled(t: TestContext, { aeTitle, folder }: Device): Promise<readonly string[]> {
  const port = await startTunnel(t, { folder, port: leadglass.port });
  return ['-aet', aeTitle, '-aec', 'LEADGLASS', 'localhost', String(port)];
}

/** Returns the folder that it writes to. */
async function startStorescp(t: TestContext, aeTitle: string, port: number, tls: readonly string[]): Promise<string> {
  const files = leadglass.path(`${aeTitle}-files`);
  mkdirSync(files);
  const parameters = ['-aet', aeTitle, '-od', files, '+B', ...tls, String(port)];
  await startServer(t, { program: 'storescp', parameters, port });
  return files;
}

test('echoscu is answered', needs('echoscu'), async () => {
  const ran = await runProgram('echoscu', ['-v', ...peer(ct1)]);
  assert.equal(ran.status, 0, ran.output);
  assert.match(ran.output, /Received Echo Response \(Success\)/);
});

test(
  'storescu stores bit for bit in each of its TLS profiles, and the ledger says who stored what',
  needs('storescu'),
  async () => {
    // BCP 195: non-downgrading, the default as documented, and the extended one.
    for (const profile of ['+py', '+pz']) {
      const folder = leadglass.path(`sent${profile}`);
      const sent = writeSeries(folder, { study: `storescu ${profile}`, patientId: `S${profile}` }, 3);
      const ran = await runProgram('storescu', [profile, ...peer(ct1), ...sent.map(({ path }) => path)]);
      assert.equal(ran.status, 0, ran.output);
      await assertKept(sent, `S${profile}`);
    }
  },
);

test('what comes over TLS 1.3 or 1.2 alone is kept the same', needs('storescu'), async (t) => {
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const port = await startTunnel(t, { folder: ct1.folder, port: leadglass.port, version });
    const sent = writeSeries(leadglass.path(`sent-${version}`), { study: version, patientId: version }, 3);
    const titles = ['-aet', 'CT1', '-aec', 'LEADGLASS', 'localhost', String(port)];
    const ran = await runProgram('storescu', [...titles, ...sent.map(({ path }) => path)]);
    assert.equal(ran.status, 0, ran.output);
    await assertKept(sent, version);
  }
});

async function assertKept(sent: readonly Image[], patientId: string): Promise<void> {
  const studyUid = sent[0]?.studyInstanceUid ?? '';
  const out = leadglass.path(`export-${patientId}`);
  await leadglass.succeed('study', 'export', studyUid, '--out', out);
  assert.deepEqual(
    differences(
      sent.map(({ path }) => path),
      out,
    ),
    [],
  );
  const rows = (await leadglass.ledger('--study', studyUid)).filter(({ who }) => who === 'CT1');
  const events = rows.map(({ event, outcome }) => `${event.slice(0, 6)} ${outcome}`).toSorted();
  assert.deepEqual(events, ['110102 success', '110104 success'], 'begun and transferred, once each');
  assert.deepEqual(rows[0]?.patientIds, [patientId]);
}

test('findscu finds with wildcards, dates, UID lists and at each level', needs('findscu'), async () => {
  const find = async (...keys: readonly string[]): Promise<readonly string[]> => {
    const words = keys.flatMap((key) => ['-k', key]);
    const ran = await runProgram('findscu', ['-S', ...peer(read1), ...words]);
    assert.equal(ran.status, 0, ran.output);
    return ran.output.match(/\((?:0010,0020|0020,000d|0020,000e|0008,0018)\) \w\w \[[^\]]*\]/g) ?? [];
  };
  const all = await find('QueryRetrieveLevel=STUDY', 'PatientID', 'StudyInstanceUID');
  assert.ok(all.some((line) => line.includes(`[${study}`)));
  for (const key of ['PatientID=DCMTK*', 'PatientName=M?ller*', 'StudyDate=20261031-20261102', 'PatientName=*花子']) {
    const found = await find('QueryRetrieveLevel=STUDY', 'SpecificCharacterSet=ISO_IR 192', 'StudyInstanceUID', key);
    assert.ok(
      found.some((line) => line.includes(`[${study}`)),
      `${key}: ${found.join()}`,
    );
  }
  assert.deepEqual(await find('QueryRetrieveLevel=STUDY', 'StudyInstanceUID', 'PatientID=NOBODY'), []);
  const listed = await find('QueryRetrieveLevel=STUDY', `StudyInstanceUID=1.2.3\\${study}`);
  assert.equal(listed.length, 1);
  const series = await find('QueryRetrieveLevel=SERIES', `StudyInstanceUID=${study}`, 'SeriesInstanceUID');
  assert.ok(series.some((line) => line.includes(`[${images[0]?.seriesInstanceUid ?? ''}`)));
  const instances = await find(
    'QueryRetrieveLevel=IMAGE',
    `StudyInstanceUID=${study}`,
    `SeriesInstanceUID=${images[0]?.seriesInstanceUid ?? ''}`,
    'SOPInstanceUID',
  );
  assert.equal(instances.filter((line) => line.startsWith('(0008,0018)')).length, images.length);
});

test('getscu gets the study back bit for bit', needs('getscu'), async (t) => {
  const out = leadglass.path('got');
  mkdirSync(out);
  const ran = await runProgram('getscu', ['-S', '-od', out, '+B', ...(await tunnelled(t, read1)), ...keys()]);
  assert.equal(ran.status, 0, ran.output);
  assert.deepEqual(differences(paths(), out), []);
});

test(
  'a destination that takes implicit VR only gets a copy in it, with the same pixels',
  needs('movescu', 'storescp'),
  async (t) => {
    const port = await freePort();
    const ws3 = await leadglass.enrol('WS3', 'reading', '--server-name', 'localhost');
    const read3 = await leadglass.enrol('READ3', 'reading', '--move-destination', `WS3=localhost:${port}`);
    const files = await startStorescp(t, 'WS3', port, ['+xi', ...ws3.dcmtkTls]);
    const ran = await runProgram('movescu', ['-v', '-S', '-aem', 'WS3', ...(await tunnelled(t, read3)), ...keys()]);
    assert.equal(ran.status, 0, ran.output);
    const got = filesBelow(files).map((path) => cutFile(path));
    assert.equal(got.length, images.length);
    const pixels = (bytes: Buffer): string => bytes.subarray(-2 * 64 * 64).toString('base64');
    const expected = new Map<string, string>(
      images.map(({ sopInstanceUid, path }) => [sopInstanceUid, pixels(cutFile(path).dataSet)]),
    );
    for (const file of got) {
      assert.equal(file.transferSyntaxUid, '1.2.840.10008.1.2');
      assert.equal(pixels(file.dataSet), expected.get(file.sopInstanceUid));
    }
  },
);

test('movescu has the study sent to a storescp over TLS, and only there', needs('movescu', 'storescp'), async (t) => {
  const port = await freePort();
  // The destination is a device, too: its certificate is good for a server of this name.
  const ws2 = await leadglass.enrol('WS2', 'reading', '--server-name', 'localhost');
  const read2 = await leadglass.enrol('READ2', 'reading', '--move-destination', `WS2=localhost:${port}`);
  const files = await startStorescp(t, 'WS2', port, ws2.dcmtkTls);
  const ran = await runProgram('movescu', ['-v', '-S', '-aem', 'WS2', ...(await tunnelled(t, read2)), ...keys()]);
  assert.equal(ran.status, 0, ran.output);
  assert.deepEqual(differences(paths(), files), []);

  const elsewhere = await runProgram('movescu', ['-v', '-S', '-aem', 'WS3', ...(await tunnelled(t, read2)), ...keys()]);
  assert.match(elsewhere.output, /MoveDestinationUnknown|0xa801/i);
  const [refused] = (await leadglass.ledger('--who', 'READ2')).filter(({ outcome }) => outcome !== 'success');
  assert.match(refused?.reason ?? '', /destination/);
});

test(
  'a destination whose certificate is not meant for its name gets nothing',
  needs('movescu', 'storescp'),
  async (t) => {
    const port = await freePort();
    const imposter = await leadglass.enrol('WS4', 'reading');
    const read4 = await leadglass.enrol('READ4', 'reading', '--move-destination', `WS4=localhost:${port}`);
    const files = await startStorescp(t, 'WS4', port, imposter.dcmtkTls);
    const ran = await runProgram('movescu', ['-v', '-S', '-aem', 'WS4', ...(await tunnelled(t, read4)), ...keys()]);
    assert.doesNotMatch(ran.output, /Final Move Response \(Success\)/, ran.output);
    assert.deepEqual(filesBelow(files), []);
  },
);

test(
  'a destination of another authority is trusted by its fingerprint',
  needs('movescu', 'storescp', 'openssl'),
  async (t) => {
    const port = await freePort();
    const own = selfSigned(leadglass.path('ws5'), 'ws5.example');
    const destination = `WS5=localhost:${port}=${fingerprintOf(own.cert)}`;
    const read5 = await leadglass.enrol('READ5', 'reading', '--move-destination', destination);
    // In return it must trust us, by what enrolled devices trust.
    const tls = ['+tls', own.key, own.cert, '+cf', join(read5.folder, 'ca.pem')];
    const files = await startStorescp(t, 'WS5', port, tls);
    const ran = await runProgram('movescu', ['-v', '-S', '-aem', 'WS5', ...(await tunnelled(t, read5)), ...keys()]);
    assert.equal(ran.status, 0, ran.output);
    assert.deepEqual(differences(paths(), files), []);
  },
);

test(
  'a device that keeps its key comes in with the certificate for its request',
  needs('openssl', 'echoscu'),
  async () => {
    const folder = leadglass.path('us1-own');
    mkdirSync(folder);
    const key = join(folder, 'key.pem');
    const csr = join(folder, 'us1.csr');
    openssl('req', '-new', '-newkey', 'rsa:3072', '-nodes', '-keyout', key, '-out', csr, '-subj', '/CN=whatever');
    const us1 = await leadglass.enrol('US1', 'acquisition', '--csr', csr);
    const tls = ['+tls', key, join(us1.folder, 'cert.pem'), '+cf', join(us1.folder, 'ca.pem')];
    const ran = await runProgram('echoscu', ['-v', ...peer({ ...us1, dcmtkTls: tls })]);
    assert.equal(ran.status, 0, ran.output);
  },
);

test(
  'a device with a certificate of another authority comes in by it, pinned',
  needs('openssl', 'echoscu'),
  async () => {
    const own = selfSigned(leadglass.path('mr1-own'), 'mr1.example');
    const mr1 = await leadglass.enrol('MR1', 'acquisition', '--certificate', own.cert);
    const tls = ['+tls', own.key, own.cert, '+cf', join(mr1.folder, 'ca.pem')];
    const ran = await runProgram('echoscu', ['-v', ...peer({ ...mr1, dcmtkTls: tls })]);
    assert.equal(ran.status, 0, ran.output);
  },
);

test('a reading station may store evidence and nothing else', needs('storescu'), async () => {
  const report = writeImage(leadglass.path('report'), {
    study: 'evidence',
    sopClass: sopClasses.report,
    modality: 'SR',
  });
  const stored = await runProgram('storescu', [...peer(read1), report.path]);
  assert.equal(stored.status, 0, stored.output);
  const image = writeImage(leadglass.path('no-evidence'), { study: 'no evidence' });
  const refused = await runProgram('storescu', [...peer(read1), image.path]);
  assert.notEqual(refused.status, 0);
  assert.match(refused.output, /No presentation context for: \(CT\)/i);
  await assert.rejects(leadglass.succeed('study', 'show', image.studyInstanceUid));
});
