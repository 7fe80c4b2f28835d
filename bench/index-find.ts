/**
 * How quickly the index answers: rows of made-up studies are put into it directly, then queries at study level run through the
 * archive's own find, answers built and all. `node bench/index-find.ts [instances …]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveIndex } from '../src/backends/archive/index/archive-index.ts';
import { find } from '../src/backends/archive/index/find.ts';
import { encodeHead, headOfLevel } from '../src/backends/archive/index/head.ts';
import { openIndexFile } from '../src/backends/archive/index/schema.ts';
import { dataSetLimits, makeInstance, passFor, readInstance } from '../src/backends/backend.test-support.ts';
import { DataSet } from '../src/dicom/data-set.ts';
import { Tags } from '../src/dicom/dictionary/tags.generated.ts';
import { parseQuery, type Query } from '../src/dicom/query.ts';
import type { Tag } from '../src/dicom/tag.ts';
import { limits } from '../src/limits.ts';
import { percentile } from './support/figures.ts';

const instancesPerStudy = 20;
const families = ['Smith', 'Doe', 'Müller', 'Garcia', 'Ivanov', 'Nguyen', 'Okafor', 'Rossi', 'Larsen', 'Kowalski'];

/** Every 500th study has a rare name. */
function nameOf(study: number): string {
  const family = study % 500 === 0 ? `Rare${study}` : `${families[study % families.length]}${study % 997}`;
  return `${family}^Given${study % 89}`;
}

function dateOf(study: number): string {
  return new Date(Date.UTC(2014, 0, 1) + (study % 3650) * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}

function load(index: ArchiveIndex, instances: number): number {
  const studies = Math.floor(instances / instancesPerStudy);
  const group = 500;
  const sha256 = new Uint8Array(32);
  const salt = new Uint8Array(16);
  let instance = 0;
  for (let start = 1; start <= studies; start += group) {
    index.transaction({ segment: 1, offset: 64, sequence: 0, instance: 0 }, () => {
      for (let study = start; study < start + group && study <= studies; study += 1) {
        const facts = {
          study,
          patientName: nameOf(study),
          patientId: `PID${study}`,
          studyDate: dateOf(study),
          pixels: 2,
        };
        const head = readInstance(makeInstance(facts).bytes);
        const common = { sequence: 0, keyId: study, salt, extents: [], commitAt: { segment: 1, offset: 64 }, head };
        instance += 1;
        index.insertInstance(
          {
            ...common,
            instance,
            facts: {
              transferSyntaxUid: '1.2.840.10008.1.2.1',
              lengthBytes: 500_000,
              sha256,
              result: 'stored',
              transferId: 't',
              receivedFrom: 'CT1',
              receivedAtMs: 0,
              head: new Uint8Array(),
            },
          },
          `1.2.3.${study}.1.1`,
        );
        const series = index.statement('SELECT max(id) AS id FROM series').get()?.['id'] ?? 0;
        const imageHead = encodeHead(headOfLevel(head, 'IMAGE'));
        for (let number = 2; number <= instancesPerStudy; number += 1) {
          instance += 1;
          index
            .statement(`INSERT INTO instance VALUES (?, ?, ?, '1.2.840.10008.5.1.4.1.1.2', ?, '1.2.840.10008.1.2.1', 500000, ?, ?,
              x'', 1, 64, 0, 1, 0, ?)`)
            .run(instance, series, `1.2.3.${study}.1.${number}`, number, sha256, salt, imageHead);
        }
        index.statement('UPDATE series SET instances = ? WHERE id = ?').run(instancesPerStudy, series);
      }
    });
  }
  return studies;
}

function queryOf(tag: Tag, text: string): Query {
  const identifier = new DataSet();
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', 'STUDY');
  for (const asked of [Tags.PatientName, Tags.PatientID, Tags.StudyDate, Tags.StudyTime, Tags.AccessionNumber]) {
    identifier.setText(asked, undefined, '');
  }
  for (const asked of [Tags.ModalitiesInStudy, Tags.StudyDescription, Tags.StudyInstanceUID])
    identifier.setText(asked, undefined, '');
  identifier.setNumber(Tags.NumberOfStudyRelatedInstances, 'IS', []);
  identifier.setText(tag, undefined, text);
  const options = { model: 'study-root', relational: false, dateTimeCombined: false, fuzzy: false } as const;
  return parseQuery(identifier, { ...options, limits: limits.query });
}

async function measure(index: ArchiveIndex, make: (round: number) => Query, rounds: number) {
  const times: number[] = [];
  let answers = 0;
  for (let round = -20; round < rounds; round += 1) {
    const pass = passFor({ kind: 'find', query: make(Math.abs(round)) });
    const started = performance.now();
    answers = 0;
    for await (const answer of find(index, pass, { limits: limits.archive, dataSetLimits }))
      answers += answer.size > 0 ? 1 : 0;
    if (round >= 0) times.push(performance.now() - started);
  }
  return { answers, median: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

const sizes = process.argv.slice(2).map(Number);
console.log('| instances | studies | query | answers | median ms | p99 ms |\n|---|---|---|---|---|---|');
for (const instances of sizes.length > 0 ? sizes : [100_000, 1_000_000]) {
  const directory = await mkdtemp(join(tmpdir(), 'leadglass-bench-'));
  const index = new ArchiveIndex(openIndexFile(join(directory, 'index.sqlite')));
  try {
    const studies = load(index, instances);
    const pick = (round: number): number => 1 + ((round * 7919) % studies);
    const works: readonly (readonly [string, (round: number) => Query])[] = [
      ['Patient ID', (round) => queryOf(Tags.PatientID, `PID${pick(round)}`)],
      ['Study Date, one day', (round) => queryOf(Tags.StudyDate, `${dateOf(pick(round))}-${dateOf(pick(round))}`)],
      ['Patient Name, `Smith12*`', (round) => queryOf(Tags.PatientName, `${nameOf(pick(round)).split('^')[0]}*`)],
      [
        'Patient Name, `*are4500*`',
        (round) => queryOf(Tags.PatientName, `*are${500 * (1 + (round % Math.floor(studies / 500)))}^*`),
      ],
      ['Patient Name, `*zzz*` (nobody)', () => queryOf(Tags.PatientName, '*zzz*')],
      ['Accession Number', (round) => queryOf(Tags.AccessionNumber, `A${pick(round)}`)],
    ];
    for (const [name, make] of works) {
      const { answers, median, p99 } = await measure(index, make, 300);
      console.log(`| ${instances} | ${studies} | ${name} | ${answers} | ${median.toFixed(2)} | ${p99.toFixed(2)} |`);
    }
  } finally {
    index.close();
    await rm(directory, { recursive: true });
  }
}
