/**
 * `node bench/unknown-or-forbidden.ts [--rounds N] [--device NAME]`: can a device tell by the time of an answer whether a study is
 * here that it may not see? One client on loopback asks for an unknown study, for forbidden ones (small, of many series, of many
 * instances) and for a removed one, in random order on one connection, by every operation. Printed are median and 95th percentile in
 * microseconds and, against the unknown study, how often the other one is slower (0.5: no difference) with the z of the rank test
 * (Mann-Whitney). Without `--device` for three of them: scope by modality, own studies, releases.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { percentile } from './support/figures.ts';
import { part10Head, seriesUidFor, syntheticCt, syntheticPixels, uidFor } from './support/raw-dicom.ts';
import { type LeadglassServer, startLeadglass } from './support/servers.ts';

const devices = ['MRONLY', 'OWNONLY', 'PARTNER'];
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '300' }, device: { type: 'string' } } });
const rounds = Number(values.rounds);
const seed = 'timing';
const pixels = syntheticPixels(16 * 16 * 2);

interface Kind {
  readonly name: string;
  readonly patient: number;
  readonly series: number;
  readonly instances: number;
}

const unknown: Kind = { name: 'unknown', patient: 9, series: 1, instances: 0 };
const kinds: readonly Kind[] = [
  unknown,
  // The same question under another name: how large chance alone makes the numbers.
  { name: 'unknown too', patient: 8, series: 1, instances: 0 },
  { name: 'forbidden', patient: 1, series: 1, instances: 1 },
  { name: 'of 300 series', patient: 2, series: 300, instances: 300 },
  { name: 'of 3000 images', patient: 3, series: 1, instances: 3000 },
  { name: 'removed', patient: 4, series: 1, instances: 1 },
];

interface Resource {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

const resourceOf = ({ patient }: Kind): Resource => ({
  study: uidFor(`${seed}/${patient}/study`),
  series: seriesUidFor(seed, patient, 1),
  instance: uidFor(`${seed}/${patient}/1`),
});

const json = 'application/dicom+json';
const octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const dicom = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const seriesPath = ({ study, series }: Resource): string => `/studies/${study}/series/${series}`;
const instancePath = (one: Resource): string => `${seriesPath(one)}/instances/${one.instance}`;

const operations: readonly (readonly [name: string, accept: string, path: (one: Resource) => string])[] = [
  ['search studies', json, ({ study }) => `/studies?StudyInstanceUID=${study}`],
  ['search series of', json, ({ study }) => `/studies/${study}/series`],
  ['search instances of', json, (one) => `${seriesPath(one)}/instances`],
  ['search all instances', json, ({ instance }) => `/instances?SOPInstanceUID=${instance}`],
  ['study', dicom, ({ study }) => `/studies/${study}`],
  ['study as zip', 'application/zip', ({ study }) => `/studies/${study}`],
  ['series', dicom, seriesPath],
  ['instance', dicom, instancePath],
  ['metadata of study', json, ({ study }) => `/studies/${study}/metadata`],
  ['metadata', json, (one) => `${instancePath(one)}/metadata`],
  ['frames', octets, (one) => `${instancePath(one)}/frames/1`],
  ['pixel data', octets, (one) => `${instancePath(one)}/pixeldata`],
  ['bulk data', octets, (one) => `${instancePath(one)}/bulkdata/7FE00010`],
  ['rendered', 'image/jpeg', (one) => `${instancePath(one)}/rendered`],
  ['thumbnail of study', 'image/jpeg', ({ study }) => `/studies/${study}/thumbnail`],
  [
    'WADO-URI',
    'application/dicom',
    ({ study, series, instance }) =>
      `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}&contentType=application/dicom`,
  ],
];

interface Client {
  readonly base: string;
  readonly agent: https.Agent;
}

function clientOf(server: LeadglassServer, device: string): Client {
  const file = (name: string): Buffer => readFileSync(join(server.credentials(device), name));
  const identity = { key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') };
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...identity });
  return { base: `https://localhost:${server.consolePort}/dicom-web`, agent };
}

interface Got {
  readonly status: number;
  readonly microseconds: number;
}

function ask(
  { base, agent }: Client,
  path: string,
  { accept, body }: { readonly accept: string; readonly body?: Buffer },
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const type = { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' };
    const headers = { accept, ...(body === undefined ? {} : type) };
    const method = body === undefined ? 'GET' : 'POST';
    const started = process.hrtime.bigint();
    const request = https.request(`${base}${path}`, { agent, method, headers }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          microseconds: Number(process.hrtime.bigint() - started) / 1000,
        });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

async function keep(client: Client, { patient, series, instances }: Kind): Promise<void> {
  const parts: Buffer[] = [];
  for (let number = 1; number <= instances; number += 1) {
    const facts = {
      seed,
      patient,
      instance: number,
      series: ((number - 1) % series) + 1,
      rows: 16,
      columns: 16,
      pixels,
    };
    const { header, sopInstanceUid } = syntheticCt(facts);
    parts.push(Buffer.from('--edge\r\nContent-Type: application/dicom\r\n\r\n'), part10Head(sopInstanceUid), header);
    parts.push(pixels, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from('--edge--\r\n'));
  const { status } = await ask(client, '/studies', { accept: json, body: Buffer.concat(parts) });
  if (status !== 200) throw new Error(`STOW answered ${status}`);
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  return list
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** How often one of `others` is above one of `own`, and how many standard deviations that is from a half. */
function rankTest(own: readonly number[], others: readonly number[]): { readonly share: number; readonly z: number } {
  const ranked = [
    ...own.map((value) => ({ value, isOther: false })),
    ...others.map((value) => ({ value, isOther: true })),
  ].toSorted((a, b) => a.value - b.value);
  let rankSum = 0;
  for (const [index, { isOther }] of ranked.entries()) if (isOther) rankSum += index + 1;
  const [n, m] = [own.length, others.length];
  const above = rankSum - (m * (m + 1)) / 2;
  const deviation = Math.sqrt((n * m * (n + m + 1)) / 12);
  return { share: above / (n * m), z: (above - (n * m) / 2) / deviation };
}

async function measure(client: Client, device: string): Promise<void> {
  console.log(`\n${device}`);
  console.log(
    `${'operation'.padEnd(22)}${'study'.padEnd(16)}${'median'.padStart(8)}${'p95'.padStart(8)}  slower     z`,
  );
  for (const [name, accept, path] of operations) {
    const times = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
    const statuses = new Set<number>();
    for (let round = -10; round < rounds; round += 1) {
      for (const kind of shuffled(kinds)) {
        const { status, microseconds } = await ask(client, path(resourceOf(kind)), { accept });
        statuses.add(status);
        // The first ones warm up.
        if (round >= 0) times.get(kind)?.push(microseconds);
      }
    }
    if (statuses.size > 1) throw new Error(`${name} answers with ${[...statuses].join()}`);
    const own = times.get(unknown) ?? [];
    for (const kind of kinds) {
      const taken = times.get(kind) ?? [];
      const cells = [percentile(taken, 0.5), percentile(taken, 0.95)].map((value) => value.toFixed(0).padStart(8));
      const { share, z } = rankTest(own, taken);
      const compared = kind === unknown ? '' : `  ${share.toFixed(3).padStart(6)}${z.toFixed(1).padStart(6)}`;
      const label = kind === unknown ? `${name} (${[...statuses].join()})` : '';
      console.log(`${label.padEnd(22)}${kind.name.padEnd(16)}${cells.join('')}${compared}`);
    }
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-timing-'));
let stop: () => Promise<void> = async () => undefined;
try {
  const server = await startLeadglass(join(scratch, 'data'), { web: true, config: 'archive: { retentionDays: 0 }\n' });
  stop = () => server.stop();
  const archive = clientOf(server, 'BENCHWEB');
  for (const kind of kinds) if (kind.instances > 0) await keep(archive, kind);
  const removed = kinds.find(({ name }) => name === 'removed') ?? unknown;
  server.run('study', 'remove', resourceOf(removed).study, '--reason', 'benchmark');
  server.enrol('MRONLY', 'reading', '--door', 'web', '--modality', 'MR');
  server.enrol('OWNONLY', 'reading', '--door', 'web', '--own-studies');
  server.enrol('PARTNER', 'exchange', '--door', 'web');
  for (const device of devices.filter((name) => values.device === undefined || values.device === name)) {
    const client = clientOf(server, device);
    await measure(client, device);
    client.agent.destroy();
  }
  archive.agent.destroy();
} finally {
  await stop();
  rmSync(scratch, { recursive: true, force: true });
}
