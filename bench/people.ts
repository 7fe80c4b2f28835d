/**
 * `node bench/people.ts [--quick] [--people N] [--instances N] [--seconds N] [--pause MS] [--profile FOLDER]`: signed-in people who search at
 * once, each in a browser of their own (HTTP/2, session cookie) with the console's own queries, over an index of N instances (100,000; 5,000
 * with --quick); and how long the server takes from a click on a study to its first image, while nobody else asks. Loopback only.
 *
 * Everybody types a part of a name or an ID, waits for the whole answer (up to three queries, as the console asks them), looks at it for
 * `--pause` (1000 ms on average) and types again. `--pause 0` measures what the server can do at most instead. `--profile` writes the server's
 * CPU profile there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { studyQueries } from '../web/src/model/study-search.ts';
import { percentile } from './support/figures.ts';
import { type LoadBrowser, signedInPeople } from './support/people-at-door.ts';
import type { Work } from './support/load.ts';
import { seriesUidFor, uidFor } from './support/raw-dicom.ts';
import { startLeadglass } from './support/servers.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    people: { type: 'string', default: '200' },
    instances: { type: 'string' },
    seconds: { type: 'string' },
    pause: { type: 'string', default: '1000' },
    profile: { type: 'string' },
  },
});
const people = Number(options.people);
const instances = Number(options.instances ?? (options.quick ? 5_000 : 100_000));
const seconds = Number(options.seconds ?? (options.quick ? 5 : 20));
const pauseMs = Number(options.pause);
const goalMs = 100;
const perStudy = 50;
const studies = Math.ceil(instances / perStudy);
const seed = 'people';
const json = 'application/dicom+json';
/** As the console asks. */
const rowsOfPage = 100;

const clicked = 'clicked';
const clicks = 21;

/** By one device, in a process of its own. */
function store(group: { seed: string; patients: number; perStudy: number; side: number }): void {
  const { patients, side } = group;
  const work: Work = {
    ...{ work: 'store', target: server.target, associations: 4, count: patients * group.perStudy },
    ...{ rows: side, columns: side, seed: group.seed, patients },
  };
  const words = [join(import.meta.dirname, 'support/load.ts'), JSON.stringify(work)];
  execFileSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What somebody types: a name's beginning, an ID, a part of one, nothing at all. */
function typed(turn: number): string {
  const number = String(1 + ((turn * 7919) % studies)).padStart(6, '0');
  return (
    [`test${number}`, `LOAD${number}`, `load`, `LOAD${number.slice(0, 4)}`, `ACC${Number(number)}`][turn % 5] ?? ''
  );
}

async function search(browser: LoadBrowser, text: string): Promise<number> {
  const started = performance.now();
  const queries = studyQueries({ text, modality: '', from: '', to: '' }, rowsOfPage);
  const answers = await Promise.all(
    queries.map((query) => browser.get(`/dicom-web/studies?${query.toString()}`, json)),
  );
  for (const { status } of answers)
    if (status !== 200 && status !== 204) throw new Error(`A search answered ${status}`);
  return performance.now() - started;
}

async function searchAll(browsers: readonly LoadBrowser[]): Promise<readonly number[]> {
  const timesMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(
    browsers.map(async (browser, person) => {
      // Nobody begins at the same moment as everybody else, unless there are no pauses at all.
      await sleep(pauseMs * Math.random());
      for (let turn = person; performance.now() < endMs; turn += people) {
        timesMs.push(await search(browser, typed(turn)));
        await sleep(pauseMs * (0.5 + Math.random()));
      }
    }),
  );
  return timesMs;
}

/** From the click: the study, its series, the first series' instances, its first frame drawn. */
async function firstImage(browser: LoadBrowser, patient: number): Promise<number> {
  const started = performance.now();
  const study = `/dicom-web/studies/${uidFor(`${clicked}/${patient}/study`)}`;
  const series = `${study}/series/${seriesUidFor(clicked, patient)}`;
  const instance = `${series}/instances/${uidFor(`${clicked}/${patient}/${(patient - 1) * 10 + 1}`)}`;
  const asked = await Promise.all([
    browser.get(`/dicom-web/studies?StudyInstanceUID=${study.slice(study.lastIndexOf('/') + 1)}`, json),
    browser.get(`${study}/series?includefield=SeriesDescription`, json),
  ]);
  const listed = await browser.get(`${series}/instances?includefield=NumberOfFrames`, json);
  const drawn = await browser.get(`${instance}/frames/1/rendered`, 'image/jpeg');
  for (const { status } of [...asked, listed, drawn]) if (status !== 200) throw new Error(`A click answered ${status}`);
  return performance.now() - started;
}

const say = (what: string, value: number, unit: string): void =>
  console.log(`${what.padEnd(62)} ${value.toFixed(0).padStart(7)} ${unit}`);

const scratch = mkdtempSync(join(tmpdir(), 'leadglass-bench-people-'));
if (options.profile !== undefined) {
  mkdirSync(options.profile, { recursive: true });
}
const server = await startLeadglass(join(scratch, 'leadglass'), {
  web: true,
  ...(options.profile === undefined ? {} : { profileIn: options.profile }),
});
try {
  store({ seed, patients: studies, perStudy, side: 4 });
  store({ seed: clicked, patients: clicks, perStudy: 10, side: 512 });
  const browsers = await signedInPeople(server, people);
  const [first] = browsers;
  if (first === undefined) throw new Error('Nobody is there');
  const cold = await firstImage(first, 1);
  const warm: number[] = [];
  for (let patient = 2; patient <= clicks; patient += 1) warm.push(await firstImage(first, patient));
  say('first image after a click, cold, the server alone', cold, 'ms');
  say('first image after a click, another study, median of 20', percentile(warm, 0.5), 'ms');
  const before = server.processorSeconds();
  const timesMs = await searchAll(browsers);
  const busyMs = ((server.processorSeconds() - before) * 1000) / timesMs.length;
  const words = `${people} people search ${studies * perStudy} instances, ${pauseMs} ms between`;
  const medianMs = percentile(timesMs, 0.5);
  say(`${words}: median`, medianMs, `ms${medianMs < goalMs ? '' : ` (goal: under ${goalMs})`}`);
  say(`${words}: p99`, percentile(timesMs, 0.99), 'ms');
  say(`${words}: searches`, timesMs.length / seconds, '1/s');
  console.log(`The server's processor time for a search: ${busyMs.toFixed(2)} ms, of all threads`);
  for (const browser of browsers) browser.close();
} finally {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
