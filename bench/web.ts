/**
 * `node bench/web.ts [--quick] [--only WORK,...] [--plain] [--instances N]`: the web door beside Orthanc with its DICOMweb plugin
 * behind nginx, all over HTTPS on loopback, in one run with one client (connections kept). Works: stow, wado, frames, rendered,
 * search. `--plain` adds Orthanc without TLS. Studies are searched among N instances (100,000; 5,000 with --quick), which
 * takes minutes to store. Prints a table and ratios.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { part10, type SyntheticInstance, syntheticCt, syntheticPixels, uidFor } from './support/raw-dicom.ts';
import { ask, dicomWebPlugin, leadglassWeb, orthancWeb, type WebServer } from './support/web-servers.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'stow,wado,frames,rendered,search' },
    plain: { type: 'boolean', default: false },
    instances: { type: 'string' },
  },
});
const slices = options.quick ? 100 : 500;
const searched = Number(options.instances ?? (options.quick ? 5000 : 100_000));
const only = new Set(options.only.split(','));
const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-web-'));
const seed = 'web';
const study = uidFor(`${seed}/1/study`);
const series = uidFor(`${seed}/1/series`);
const json = 'application/dicom+json';

const pixels = syntheticPixels(512 * 512 * 2);
const slicesOf = (of: string): readonly SyntheticInstance[] =>
  Array.from({ length: slices }, (_, index) =>
    syntheticCt({ seed: of, patient: 1, instance: index + 1, rows: 512, columns: 512, pixels }),
  );
const instances = slicesOf(seed);
const instancePath = (n: number): string =>
  `/studies/${study}/series/${series}/instances/${instances[n % slices]?.sopInstanceUid ?? ''}`;

async function storeAll(server: WebServer, group: readonly SyntheticInstance[]): Promise<void> {
  const body = group.flatMap((instance) => [
    Buffer.from('--edge\r\nContent-Type: application/dicom\r\n\r\n'),
    part10(instance),
    instance.pixels,
    Buffer.from('\r\n'),
  ]);
  body.push(Buffer.from('--edge--\r\n'));
  const type = 'multipart/related; type="application/dicom"; boundary=edge';
  const { status } = await ask(server, '/studies', { type, accept: json, body });
  if (status !== 200) throw new Error(`${server.name}: STOW answered ${status}`);
}

/** MB per second; each run another study, the first one the one that is read afterwards. */
async function store(server: WebServer, run: number): Promise<number> {
  const study = run === 0 ? instances : slicesOf(`${seed}${run}`);
  const started = performance.now();
  const perRequest = 50;
  for (let at = 0; at < slices; at += perRequest) await storeAll(server, study.slice(at, at + perRequest));
  return (slices * pixels.length) / 1e6 / ((performance.now() - started) / 1000);
}

/** MB per second. */
async function retrieve(server: WebServer): Promise<number> {
  const started = performance.now();
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  const { status, bytes } = await ask(server, `/studies/${study}`, { accept });
  if (status !== 200 || bytes < slices * pixels.length) {
    throw new Error(`${server.name}: WADO answered ${status}, ${bytes}`);
  }
  return bytes / 1e6 / ((performance.now() - started) / 1000);
}

interface Load {
  readonly clients: number;
  readonly count: number;
  readonly accept: string;
  readonly path: (n: number) => string;
}

/** Requests per second of so many clients at once. */
async function perSecond(server: WebServer, { clients, count, accept, path }: Load): Promise<number> {
  const started = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const { status } = await ask(server, path(n), { accept });
      if (status !== 200) throw new Error(`${server.name}: ${path(n)} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return count / ((performance.now() - started) / 1000);
}

const perStudy = 50;
const patients = Math.ceil(searched / perStudy);

/** Small instances, 50 to a study, until there are as many as are to be searched. */
async function fill(server: WebServer): Promise<void> {
  const small = Buffer.alloc(32);
  let patient = 2;
  const filler = async (): Promise<void> => {
    for (let of = patient++; of < patients + 2; of = patient++) {
      const group = Array.from({ length: perStudy }, (_, index) =>
        syntheticCt({ seed, patient: of, instance: index + 1, rows: 4, columns: 4, pixels: small }),
      );
      await storeAll(server, group);
    }
  };
  await Promise.all(Array.from({ length: 4 }, filler));
}

const name = (n: number): string => String(2 + ((n * 7919) % patients)).padStart(6, '0');

interface Work {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** The best of so many. */
  readonly runs: number;
  readonly prepare?: (server: WebServer) => Promise<void>;
  readonly measure: (server: WebServer, run: number) => Promise<number>;
}
const frameType = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const works: readonly Work[] = [
  { id: 'stow', title: `STOW-RS of ${slices} CT slices`, unit: 'MB/s', runs: 3, measure: store },
  { id: 'wado', title: 'WADO-RS of the study', unit: 'MB/s', runs: 5, measure: retrieve },
  {
    id: 'frames',
    title: 'single frames, 16 clients',
    unit: 'frames/s',
    runs: 3,
    measure: (server) =>
      perSecond(server, {
        clients: 16,
        count: slices * 2,
        accept: frameType,
        path: (n) => `${instancePath(n)}/frames/1`,
      }),
  },
  {
    id: 'rendered',
    title: 'rendered JPEG, 4 clients',
    unit: 'frames/s',
    runs: 3,
    measure: (server) =>
      perSecond(server, {
        clients: 4,
        count: slices,
        accept: 'image/jpeg',
        path: (n) => `${instancePath(n)}/rendered`,
      }),
  },
  {
    id: 'search',
    title: `search ${searched} instances, 16 cl.`,
    unit: 'requests/s',
    runs: 3,
    prepare: fill,
    // One patient each time another; every tenth asks for a list of fifty.
    measure: (server) =>
      perSecond(server, {
        clients: 16,
        count: 2000,
        accept: json,
        path: (n) =>
          n % 10 === 0 ? `/studies?PatientName=Load*&limit=50&offset=${n % 97}` : `/studies?PatientID=LOAD${name(n)}`,
      }),
  },
];

const servers: WebServer[] = [];
try {
  servers.push(await leadglassWeb(join(scratch, 'ours')));
  if (existsSync(dicomWebPlugin)) {
    const hasNginx = spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;
    if (hasNginx) servers.push(await orthancWeb(join(scratch, 'behind-nginx')));
    if (options.plain || !hasNginx) servers.push(await orthancWeb(join(scratch, 'plain'), { plain: true }));
  }
  // Whatever is read has been stored before.
  for (const work of works) {
    if (work.id !== 'stow' && !only.has(work.id)) continue;
    const results: number[] = [];
    for (const server of servers) {
      await work.prepare?.(server);
      let best = 0;
      for (let run = 0; run < work.runs; run += 1) best = Math.max(best, await work.measure(server, run));
      results.push(best);
      const ratio = results.length === 1 ? '' : `ours is ${((results[0] ?? 0) / best).toFixed(2)} times that`;
      console.log(
        `${work.title.padEnd(34)} ${server.name.padEnd(20)} ${best.toFixed(0).padStart(7)} ${work.unit.padEnd(10)} ${ratio}`,
      );
    }
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
