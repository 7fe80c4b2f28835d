/**
 * How fast the archive alone takes instances: no network, everything else on (structure check, SHA-256, encryption, durable
 * segments, index). `node bench/archive-store.ts [folder]`; the folder should be on the disk that the data will be on.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archive } from '../src/backends/archive/archive.ts';
import {
  dataSetLimits,
  makeInstance,
  MemoryStudyKeys,
  passFor,
  type TestInstance,
} from '../src/backends/backend.test-support.ts';
import { limits } from '../src/limits.ts';

interface Work {
  readonly name: string;
  readonly instances: number;
  readonly bytes: number;
  readonly writers: number;
}

const works: readonly Work[] = [
  { name: '500 slices of 0.53 MB', instances: 500, bytes: 526_000, writers: 1 },
  { name: '500 slices of 0.53 MB', instances: 500, bytes: 526_000, writers: 8 },
  { name: '2,000 instances of 10 KB', instances: 2000, bytes: 9_500, writers: 1 },
  { name: '2,000 instances of 10 KB', instances: 2000, bytes: 9_500, writers: 4 },
];

const pieceBytes = 65_536;

async function run(archive: Archive, instances: readonly TestInstance[], writers: number): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let instance = instances[next++]; instance !== undefined; instance = instances[next++]) {
        const writer = archive.store(passFor(instance.operation), {});
        for (let at = 0; at < instance.bytes.length; at += pieceBytes) {
          const wait = writer.write(instance.bytes.subarray(at, at + pieceBytes));
          if (wait !== undefined) await wait;
        }
        await writer.end();
        const { result } = await writer.commit();
        if (result !== 'stored') throw new Error(`Expected stored, was ${result}`);
      }
    }),
  );
  return performance.now() - started;
}

/** The same bytes in durable writes of 4 MiB, three at once, and nothing else: what the disk can do now. */
async function diskMegabytesPerSecond(directory: string, totalBytes: number): Promise<number> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;
  const file = await open(join(directory, 'disk'), flags);
  const block = randomBytes(4 * 1024 ** 2);
  const blocks = Math.max(3, Math.ceil(totalBytes / block.length));
  let next = 0;
  const started = performance.now();
  await Promise.all(
    [0, 1, 2].map(async () => {
      for (let index = next++; index < blocks; index = next++)
        await file.write(block, 0, block.length, index * block.length);
    }),
  );
  const ms = performance.now() - started;
  await file.close();
  return (blocks * block.length) / ms / 1000;
}

const folder = process.argv[2] ?? tmpdir();
console.log('| work | writers | instances/s | MB/s | disk alone MB/s | CPU s |\n|---|---|---|---|---|---|');
for (const work of works) {
  const rates: { rate: number; cpu: number; disk: number }[] = [];
  for (let round = 0; round < 4; round += 1) {
    const directory = await mkdtemp(join(folder, 'leadglass-bench-'));
    const archive = await Archive.open({
      directory,
      keys: new MemoryStudyKeys(),
      limits: { ...limits.archive, freeBytesMin: 0 },
      dataSetLimits,
      retentionDays: 0,
    });
    const pixels = randomBytes(work.bytes);
    const instances = Array.from({ length: work.instances }, (_, index) =>
      makeInstance({ study: 1 + (index % 4), instance: index + 1, pixels }),
    );
    const cpu = process.cpuUsage();
    const ms = await run(archive, instances, work.writers);
    const used = process.cpuUsage(cpu);
    await archive.close();
    const disk = await diskMegabytesPerSecond(directory, work.instances * work.bytes);
    rates.push({ rate: (work.instances / ms) * 1000, cpu: (used.user + used.system) / 1e6, disk });
    await rm(directory, { recursive: true });
  }
  const median = rates.slice(1).toSorted((a, b) => a.rate - b.rate)[1];
  if (median === undefined) throw new Error('no round was run');
  const megabytes = (median.rate * work.bytes) / 1e6;
  console.log(
    `| ${work.name} | ${work.writers} | ${median.rate.toFixed(0)} | ${megabytes.toFixed(0)} | ${median.disk.toFixed(0)} | ${median.cpu.toFixed(2)} |`,
  );
}
