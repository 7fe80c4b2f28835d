/**
 * `node bench/web-large.ts [--megabytes N] [--side N]`: a study of 10 GB goes in by STOW-RS and out by WADO-RS, one request each,
 * against the real server; prints its memory on the way. `--side` is rows and columns of an instance (512: half a megabyte;
 * 10000: 200 MB). The data lie in the folder for temporary files, which needs that much space, and are removed at the end.
 */
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { largeStudy, type Memory, memoryOf, retrieveLarge, storeLarge, type WebTarget } from './support/large-study.ts';
import { startLeadglass } from './support/servers.ts';

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '10240' }, side: { type: 'string', default: '512' } },
});
const megabytes = Number(values.megabytes);
const side = Number(values.side);
const instances = Math.ceil((megabytes * 1024 ** 2) / (side * side * 2));
const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-large-'));
const { bavail, bsize } = statfsSync(scratch);
const rowEvery = Math.max(1, Math.floor(megabytes / 10)) * 1024 ** 2;

const columns = ['done', 'MB', 'resident', 'anonymous', 'peak'] as const;

function row(label: string, done: number, { residentMb, anonymousMb, peakMb }: Memory): void {
  const cells = [done / 1024 ** 2, residentMb, anonymousMb, peakMb].map((value) => value.toFixed(0).padStart(10));
  console.log(`${label.padEnd(10)}${cells.join('')}`);
}

/** Runs one direction, with a row for each tenth. */
async function measured(
  label: string,
  pid: number,
  work: (progress: (bytes: number) => void) => Promise<number>,
): Promise<void> {
  const started = performance.now();
  let next = rowEvery;
  let mostMb = 0;
  const watching = setInterval(() => (mostMb = Math.max(mostMb, memoryOf(pid).anonymousMb)), 100);
  const bytes = await work((done) => {
    if (done < next) return;
    next += rowEvery;
    row(label, done, memoryOf(pid));
  });
  clearInterval(watching);
  const rate = bytes / 1e6 / ((performance.now() - started) / 1000);
  console.log(`${label}: ${rate.toFixed(0)} MB/s, at most ${mostMb.toFixed(0)} MB anonymous (looked at each 0.1 s)`);
}

if (bavail * bsize < 2 * megabytes * 1024 ** 2) throw new Error(`Too little space in ${scratch}`);
let stop: () => Promise<void> = async () => undefined;
try {
  const server = await startLeadglass(join(scratch, 'data'), { web: true });
  stop = () => server.stop();
  const file = (name: string): Buffer => readFileSync(join(server.credentials('BENCHWEB'), name));
  const agent = new https.Agent({ keepAlive: true, key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') });
  const target: WebTarget = { base: `https://localhost:${server.consolePort}/dicom-web`, agent };
  const study = largeStudy('large', { instances, side });
  console.log(`${instances} instances of ${(study.pixels.length / 1e6).toFixed(1)} MB`);
  console.log(columns.map((name, index) => (index === 0 ? name.padEnd(10) : name.padStart(10))).join(''));
  row('start', 0, memoryOf(server.pid));
  await measured('STOW-RS', server.pid, (progress) => storeLarge(target, study, progress));
  await measured('WADO-RS', server.pid, (progress) => retrieveLarge(target, study, progress));
  row('end', 0, memoryOf(server.pid));
  agent.destroy();
} finally {
  await stop();
  rmSync(scratch, { recursive: true, force: true });
}
