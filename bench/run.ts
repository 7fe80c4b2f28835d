/**
 * `npm run bench`: the figures of the archive beside DCMTK and Orthanc, where they are installed, in one run on loopback.
 * Options: `--quick` (smaller, a minute), `--only store,small,get,find,associate,memory,start`, `--json`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../test/support/peers.ts';
import { percentile } from './support/figures.ts';
import type { Figures, Work } from './support/load.ts';
import { uidFor } from './support/raw-dicom.ts';
import { type Server, startLeadglass, startOrthanc, startStorescp } from './support/servers.ts';

const quick = process.argv.includes('--quick');
const only = process.argv[process.argv.indexOf('--only') + 1];
const wants = (name: string): boolean => !process.argv.includes('--only') || (only ?? '').split(',').includes(name);
const rounds = quick ? 1 : 3;

interface Row {
  readonly work: string;
  readonly server: string;
  readonly value: number;
  readonly unit: string;
  /** Larger is better, or smaller. */
  readonly better: 'more' | 'less';
}
const rows: Row[] = [];

function load(work: Work): Figures {
  // What the one before left in the page cache is written first, so that nobody waits for another's bytes.
  execFileSync('sync');
  const output = execFileSync(process.execPath, [join(import.meta.dirname, 'support/load.ts'), JSON.stringify(work)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by load.ts
  const figures = JSON.parse(output) as Figures;
  if (figures.failed > 0) console.error(`  ${figures.failed} of ${figures.operations} failed`);
  return figures;
}

const median = (values: readonly number[]): number => percentile(values, 0.5);
const say = (text: string): void => {
  if (!process.argv.includes('--json')) console.log(text);
};

function record(row: Row): void {
  rows.push(row);
  say(`  ${row.server.padEnd(34)} ${row.value.toFixed(row.value < 10 ? 2 : 0).padStart(8)} ${row.unit}`);
}

const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-'));
const servers: Server[] = [];
try {
  const leadglass = await startLeadglass(join(scratch, 'leadglass'));
  servers.push(leadglass);
  const credentials = leadglass.credentials('BENCH');
  if (findProgram('storescp') !== undefined) servers.push(await startStorescp(join(scratch, 'storescp'), credentials));
  if (findProgram('Orthanc') !== undefined) servers.push(await startOrthanc(join(scratch, 'orthanc'), credentials));
  const archives = servers.filter(({ name }) => !name.startsWith('DCMTK'));

  if (wants('store')) {
    for (const associations of [1, 4, 8]) {
      const work = `500 CT slices of 0.5 MB, ${associations} association${associations > 1 ? 's' : ''}`;
      say(`\n${work} (mutual TLS 1.3)`);
      const results = new Map<Server, number[]>();
      for (let round = 0; round < rounds; round += 1) {
        for (const server of servers) {
          const figures = load({
            work: 'store',
            target: { ...server.target, tlsVersion: 'TLSv1.3' },
            associations,
            count: quick ? 200 : 500,
            rows: 512,
            columns: 512,
            seed: `ct/${associations}/${round}`,
          });
          results.set(server, [...(results.get(server) ?? []), figures.operations / figures.seconds]);
        }
      }
      for (const [server, values] of results)
        record({ work, server: server.name, value: median(values), unit: 'instances/s', better: 'more' });
    }
  }

  if (wants('small')) {
    const work = '2,000 instances of 10 KB, 4 associations';
    say(`\n${work}`);
    for (const server of servers) {
      const values: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const figures = load({
          work: 'store',
          target: server.target,
          associations: 4,
          count: 2000,
          rows: 64,
          columns: 75,
          seed: `small/${round}`,
          patients: 20,
        });
        values.push(figures.operations / figures.seconds);
      }
      record({ work, server: server.name, value: median(values), unit: 'instances/s', better: 'more' });
    }
  }

  if (wants('get')) {
    const work = 'C-GET of 500 CT slices';
    say(`\n${work}`);
    for (const server of archives) {
      if (!wants('store'))
        load({
          work: 'store',
          target: server.target,
          associations: 4,
          count: quick ? 200 : 500,
          rows: 512,
          columns: 512,
          seed: 'ct/1/0',
        });
      const values: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const figures = load({
          work: 'get',
          target: server.target,
          studyInstanceUid: uidFor('ct/1/0/1/study'),
          times: 1,
        });
        values.push(figures.operations / figures.seconds);
      }
      record({ work, server: server.name, value: median(values), unit: 'instances/s', better: 'more' });
    }
  }

  if (wants('associate')) {
    for (const resume of [true, false]) {
      const work = `associations with one C-ECHO, 4 at once, ${resume ? 'resumed' : 'full handshake'}`;
      say(`\n${work}`);
      for (const server of servers) {
        const figures = load({ work: 'associate', target: server.target, parallel: 4, seconds: quick ? 2 : 5, resume });
        record({
          work,
          server: server.name,
          value: figures.operations / figures.seconds,
          unit: 'associations/s',
          better: 'more',
        });
      }
    }
  }

  if (wants('find')) {
    const patients = quick ? 500 : 5000;
    const work = `C-FIND at study level over ${patients * 20} instances in ${patients} studies, median`;
    say(`\n${work}`);
    for (const server of archives) {
      load({
        work: 'store',
        target: server.target,
        associations: 4,
        count: patients * 20,
        rows: 2,
        columns: 2,
        seed: 'find',
        patients,
      });
      const level = [0x0008, 0x0052, 'CS', 'STUDY'] as const;
      const study = [0x0020, 0x000d, 'UI', ''] as const;
      const figures = load({
        work: 'find',
        target: server.target,
        times: quick ? 60 : 300,
        identifiers: [
          [level, [0x0010, 0x0020, 'LO', 'LOAD000123'], study],
          [[0x0008, 0x0020, 'DA', '20240101-20240101'], level, study],
          [level, [0x0010, 0x0010, 'PN', 'Load^Test00012*'], study],
        ],
      });
      record({
        work,
        server: server.name,
        value: percentile(figures.latenciesMs ?? [], 0.5),
        unit: 'ms',
        better: 'less',
      });
      record({
        work: work.replace('median', 'p99'),
        server: server.name,
        value: percentile(figures.latenciesMs ?? [], 0.99),
        unit: 'ms',
        better: 'less',
      });
    }
  }

  for (const server of servers) await server.stop();

  if (wants('memory')) {
    const work = 'peak memory, 8 associations each sending a 200 MB multi-frame';
    say(`\n${work}`);
    const fresh = await startLeadglass(join(scratch, 'memory'));
    servers.push(fresh);
    load({
      work: 'store',
      target: fresh.target,
      associations: 8,
      count: 8,
      rows: 512,
      columns: 512,
      frames: quick ? 100 : 400,
      seed: 'mf',
    });
    record({ work, server: fresh.name, value: fresh.peakMemoryMb(), unit: 'MB', better: 'less' });
    await fresh.stop();
  }

  if (wants('start')) {
    const work = 'start to both doors open';
    say(`\n${work}`);
    const again: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const first = await startLeadglass(join(scratch, `start`));
      servers.push(first);
      again.push(first.startMs);
      await first.stop();
    }
    record({
      work: `${work}, first start`,
      server: 'Leadglass',
      value: (again[0] ?? 0) / 1000,
      unit: 's',
      better: 'less',
    });
    record({
      work: `${work}, later starts`,
      server: 'Leadglass',
      value: (again.at(-1) ?? 0) / 1000,
      unit: 's',
      better: 'less',
    });
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(rows, undefined, 2));
} else {
  say('\nRatios (1.00 is the same; above 1 Leadglass is better)');
  for (const row of rows.filter(({ server }) => server === 'Leadglass')) {
    for (const peer of rows.filter(({ work, server }) => work === row.work && server !== 'Leadglass')) {
      const ratio = row.better === 'more' ? row.value / peer.value : peer.value / row.value;
      say(`  ${ratio.toFixed(2).padStart(6)}  ${row.work} ÷ ${peer.server}`);
    }
  }
}
