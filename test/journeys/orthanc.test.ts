/** Orthanc over mutual TLS: it sends its studies to us, and takes what we move to it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { differences, type Image, writeSeries } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { freePort, startServer } from '../support/programs.ts';

let leadglass: Leadglass;
before(async () => {
  leadglass = await Leadglass.start();
});
after(() => leadglass[Symbol.asyncDispose]());

interface Orthanc {
  readonly dicomPort: number;
  readonly get: (path: string) => Promise<unknown>;
  readonly post: (path: string, body: string | Buffer) => Promise<unknown>;
  readonly download: (path: string) => Promise<Buffer>;
}

/** With the certificate of an enrolled device, whose name is localhost where it is called itself. */
async function startOrthanc(t: TestContext, device: Device, dicomPort: number): Promise<Orthanc> {
  const httpPort = await freePort();
  const folder = leadglass.path(`orthanc-${device.aeTitle}`);
  mkdirSync(folder);
  const file = (name: string): string => join(device.folder, name);
  const configuration = join(folder, 'orthanc.json');
  const settings = {
    Name: device.aeTitle,
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    Plugins: [],
    HttpPort: httpPort,
    RemoteAccessAllowed: false,
    DicomAet: device.aeTitle,
    DicomPort: dicomPort,
    DicomTlsEnabled: true,
    DicomTlsCertificate: file('cert.pem'),
    DicomTlsPrivateKey: file('key.pem'),
    DicomTlsTrustedCertificates: file('ca.pem'),
    DicomTlsRemoteCertificateRequired: true,
    DicomAlwaysAllowStore: true,
    DicomModalities: {
      leadglass: { AET: 'LEADGLASS', Host: 'localhost', Port: leadglass.port, UseDicomTls: true },
    },
  };
  writeFileSync(configuration, JSON.stringify(settings));
  await startServer(t, { program: 'Orthanc', parameters: [configuration], port: httpPort });
  const call = async (path: string, body?: string | Buffer): Promise<Response> => {
    const sent =
      body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) };
    const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, {
      ...sent,
      signal: AbortSignal.timeout(30_000),
    });
    assert.equal(response.status, 200, `${path}: ${response.status} ${response.ok ? '' : await response.text()}`);
    return response;
  };
  return {
    dicomPort,
    get: async (path) => (await call(path)).json(),
    post: async (path, body) => (await call(path, body)).json(),
    download: async (path) => Buffer.from(await (await call(path)).arrayBuffer()),
  };
}

const paths = (images: readonly Image[]): readonly string[] => images.map(({ path }) => path);

test('Orthanc echoes and sends its study, and it is here bit for bit', needs('Orthanc'), async (t) => {
  const device = await leadglass.enrol('ORTHANC1', 'archive');
  const orthanc = await startOrthanc(t, device, await freePort());
  const images = writeSeries(leadglass.path('sent'), { study: 'orthanc sends', patientId: 'ORTHANC-1' }, 5);
  for (const path of paths(images)) await orthanc.post('/instances', readFileSync(path));
  await orthanc.post('/modalities/leadglass/echo', '{}');
  const studies = await orthanc.get('/studies');
  assert.ok(Array.isArray(studies) && studies.length === 1);
  await orthanc.post('/modalities/leadglass/store', JSON.stringify({ Resources: studies, Synchronous: true }));
  const out = leadglass.path('from-orthanc');
  await leadglass.succeed('study', 'export', images[0]?.studyInstanceUid ?? '', '--out', out);
  assert.deepEqual(differences(paths(images), out), []);
  const rows = await leadglass.ledger('--patient', 'ORTHANC-1', '--who', 'ORTHANC1');
  assert.ok(rows.some(({ event, outcome }) => event.startsWith('110104') && outcome === 'success'));
});

test('Orthanc finds a study here', needs('Orthanc'), async (t) => {
  const device = await leadglass.enrol('ORTHANC2', 'archive');
  const orthanc = await startOrthanc(t, device, await freePort());
  const images = writeSeries(leadglass.path('queried'), { study: 'orthanc finds', patientId: 'ORTHANC-2' }, 1);
  await leadglass.succeed('import', ...paths(images));
  const query = { Level: 'Study', Query: { PatientID: 'ORTHANC-2', StudyInstanceUID: '' } };
  const made = await orthanc.post('/modalities/leadglass/query', JSON.stringify(query));
  assert.ok(typeof made === 'object' && made !== null && 'Path' in made && typeof made.Path === 'string');
  const answers = await orthanc.get(`${made.Path}/answers`);
  assert.ok(Array.isArray(answers) && answers.length === 1);
  const content = await orthanc.get(`${made.Path}/answers/0/content?simplify`);
  assert.match(JSON.stringify(content), new RegExp(images[0]?.studyInstanceUid ?? '-'));
});

test('a study moved to Orthanc is there bit for bit', needs('Orthanc'), async (t) => {
  const device = await leadglass.enrol('ORTHANC3', 'archive', '--server-name', 'localhost');
  const orthanc = await startOrthanc(t, device, await freePort());
  const images = writeSeries(leadglass.path('moved'), { study: 'orthanc takes', patientId: 'ORTHANC-3' }, 5);
  await leadglass.succeed('import', ...paths(images));
  const read = await leadglass.enrol(
    ...(['READ3', 'reading', '--move-destination', `ORTHANC3=localhost:${orthanc.dicomPort}`] as const),
  );
  const options = ['--as', read.folder, '--study', images[0]?.studyInstanceUid ?? '', '--to', 'ORTHANC3'];
  const moved = await leadglass.json<{ completed: number }>('move', leadglass.address, ...options);
  assert.equal(moved.completed, images.length);
  const instances = await orthanc.get('/instances');
  assert.ok(Array.isArray(instances) && instances.length === images.length);
  const back = leadglass.path('in-orthanc');
  mkdirSync(back);
  for (const id of instances) {
    writeFileSync(join(back, `${String(id)}.dcm`), await orthanc.download(`/instances/${String(id)}/file`));
  }
  assert.deepEqual(differences(paths(images), back), []);
});
