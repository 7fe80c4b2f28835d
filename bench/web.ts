/**
 * `node bench/web.ts [--quick]`: the web door over HTTPS beside Orthanc with its DICOMweb plugin, on loopback, in one run with one
 * client (connections kept). Orthanc over plain HTTP: Debian's 1.10.1 ends with a segmentation fault at its first HTTPS request, so
 * it has less to do. Prints a table and ratios.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctImageStorage, explicitLittleEndian, syntheticCt, syntheticPixels, uidFor } from './support/raw-dicom.ts';
import { freePort, startLeadglass } from './support/servers.ts';

const quick = process.argv.includes('--quick');
const slices = quick ? 100 : 500;
const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-web-'));
const seed = 'web';
const study = uidFor(`${seed}/1/study`);
const series = uidFor(`${seed}/1/series`);

interface WebServer {
  readonly name: string;
  readonly base: string;
  readonly agent: http.Agent;
  stop(): Promise<void>;
}

interface Got {
  readonly status: number;
  readonly bytes: number;
}

function ask(
  server: WebServer,
  path: string,
  facts: { accept?: string; type?: string; body?: readonly Buffer[] } = {},
) {
  return new Promise<Got>((resolve, reject) => {
    const { accept, type, body } = facts;
    const { request: requestOf } = server.base.startsWith('https:') ? https : http;
    const request = requestOf(
      `${server.base}${path}`,
      {
        agent: server.agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(accept === undefined ? {} : { accept }),
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(body === undefined ? {} : { 'content-length': body.reduce((sum, { length }) => sum + length, 0) }),
        },
      },
      (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    for (const piece of body ?? []) request.write(piece);
    request.end();
  });
}

/** A whole Part 10 file around a synthetic slice. */
function part10(header: Buffer, sopInstanceUid: string): Buffer {
  const element = (number: number, vr: string, value: Buffer): Buffer => {
    const long = vr === 'OB';
    const head = Buffer.alloc(long ? 12 : 8);
    head.writeUInt16LE(2, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, 'latin1');
    if (long) head.writeUInt32LE(value.length, 8);
    else head.writeUInt16LE(value.length, 6);
    return Buffer.concat([head, value]);
  };
  const uid = (text: string): Buffer => Buffer.from(text.length % 2 === 0 ? text : `${text}\0`, 'latin1');
  const rest = Buffer.concat([
    element(0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 'UI', uid(ctImageStorage)),
    element(0x0003, 'UI', uid(sopInstanceUid)),
    element(0x0010, 'UI', uid(explicitLittleEndian)),
    element(0x0012, 'UI', uid('2.25.1')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rest.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0000, 'UL', length), rest, header]);
}

const pixels = syntheticPixels(512 * 512 * 2);
const instances = Array.from({ length: slices }, (_, index) =>
  syntheticCt({ seed, patient: 1, instance: index + 1, rows: 512, columns: 512, pixels }),
);

async function store(server: WebServer): Promise<number> {
  const started = performance.now();
  const perRequest = 50;
  for (let at = 0; at < instances.length; at += perRequest) {
    const body: Buffer[] = [];
    for (const { header, sopInstanceUid } of instances.slice(at, at + perRequest)) {
      body.push(
        Buffer.from('--edge\r\nContent-Type: application/dicom\r\n\r\n'),
        part10(header, sopInstanceUid),
        pixels,
      );
      body.push(Buffer.from('\r\n'));
    }
    body.push(Buffer.from('--edge--\r\n'));
    const type = 'multipart/related; type="application/dicom"; boundary=edge';
    const { status } = await ask(server, '/studies', { type, accept: 'application/dicom+json', body });
    if (status !== 200) throw new Error(`${server.name}: STOW answered ${status}`);
  }
  return (slices * pixels.length) / 1e6 / ((performance.now() - started) / 1000);
}

async function retrieve(server: WebServer): Promise<number> {
  const started = performance.now();
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  const { status, bytes } = await ask(server, `/studies/${study}`, { accept });
  if (status !== 200 || bytes < slices * pixels.length)
    throw new Error(`${server.name}: WADO answered ${status}, ${bytes}`);
  return bytes / 1e6 / ((performance.now() - started) / 1000);
}

/** Requests per second of so many clients at once. */
async function perSecond(
  server: WebServer,
  facts: { clients: number; count: number; path: (n: number) => string; accept: string },
) {
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: facts.clients }, async () => {
      for (let n = next++; n < facts.count; n = next++) {
        const { status } = await ask(server, facts.path(n), { accept: facts.accept });
        if (status !== 200) throw new Error(`${server.name}: ${facts.path(n)} answered ${status}`);
      }
    }),
  );
  return facts.count / ((performance.now() - started) / 1000);
}

async function leadglassWeb(): Promise<WebServer> {
  const server = await startLeadglass(join(scratch, 'leadglass'), { web: true });
  const file = (name: string): Buffer => readFileSync(join(server.credentials('BENCHWEB'), name));
  const agent = new https.Agent({ keepAlive: true, key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') });
  return {
    name: 'Leadglass',
    base: `https://localhost:${server.consolePort}/dicom-web`,
    agent,
    stop: () => server.stop(),
  };
}

async function orthancWeb(): Promise<WebServer> {
  const port = await freePort();
  const folder = join(scratch, 'orthanc');
  mkdirSync(folder);
  const configuration = join(folder, 'orthanc.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      Plugins: [plugin],
      HttpPort: port,
      DicomPort: await freePort(),
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomWeb: { Enable: true, Root: '/dicom-web/' },
    }),
  );
  const child = spawn('Orthanc', [configuration], { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  const agent = new http.Agent({ keepAlive: true });
  const server: WebServer = {
    name: 'Orthanc (HTTP)',
    base: `http://127.0.0.1:${port}/dicom-web`,
    agent,
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    },
  };
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await ask(server, '/studies', { accept: 'application/dicom+json' }).catch(() => undefined);
    if (answer !== undefined) return server;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('Orthanc does not answer');
}

const servers: WebServer[] = [];
try {
  servers.push(await leadglassWeb());
  if (existsSync(plugin)) servers.push(await orthancWeb());
  const instance = (n: number): string =>
    `/studies/${study}/series/${series}/instances/${instances[n % slices]?.sopInstanceUid ?? ''}`;
  const works: readonly (readonly [string, string, (server: WebServer) => Promise<number>])[] = [
    [`STOW-RS of ${slices} CT slices`, 'MB/s', store],
    [`WADO-RS of the study`, 'MB/s', retrieve],
    [
      'single frames, 16 clients',
      'frames/s',
      (server) =>
        perSecond(server, {
          clients: 16,
          count: slices * 2,
          path: (n) => `${instance(n)}/frames/1`,
          accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        }),
    ],
    [
      'rendered JPEG, 4 clients',
      'frames/s',
      (server) =>
        perSecond(server, { clients: 4, count: 100, path: (n) => `${instance(n)}/rendered`, accept: 'image/jpeg' }),
    ],
    [
      'study search, 16 clients',
      'requests/s',
      (server) =>
        perSecond(server, {
          clients: 16,
          count: 2000,
          path: () => '/studies?PatientID=LOAD000001',
          accept: 'application/dicom+json',
        }),
    ],
  ];
  for (const [work, unit, measure] of works) {
    const values: number[] = [];
    for (const server of servers) {
      // Storing again would be recognised; everything else is measured at its best of three.
      const runs = measure === store ? 1 : 3;
      let best = 0;
      for (let run = 0; run < runs; run += 1) best = Math.max(best, await measure(server));
      values.push(best);
      console.log(`${work.padEnd(34)} ${server.name.padEnd(18)} ${best.toFixed(0).padStart(7)} ${unit}`);
    }
    const [ours, theirs] = values;
    if (ours !== undefined && theirs !== undefined) console.log(`${''.padEnd(34)} ratio ${(ours / theirs).toFixed(2)}`);
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
