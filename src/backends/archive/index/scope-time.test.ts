/**
 * What a scope does not reach takes no time that depends on how large it is: for a study beyond the scope the index is asked once and
 * walks through nothing. SQLite's own plan of each statement says so, which no clock can on a busy machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Query } from '../../../dicom/query.ts';
import { parseQuery } from '../../../dicom/query.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import type { Tag } from '../../../dicom/tag.ts';
import type { Retrieve } from '../../../guard/operation.ts';
import type { Scope } from '../../../guard/scope.ts';
import { limits } from '../../../limits.ts';
import { makeInstance, passFor, storeInstance } from '../../backend.test-support.ts';
import type { Archive } from '../archive.ts';
import { testArchive } from '../archive.test-support.ts';

const study = makeInstance().studyInstanceUid;
const series = makeInstance().seriesInstanceUid;
const instance = makeInstance().sopInstanceUid;

const scopes: Readonly<Record<string, Scope>> = {
  'one modality': { modalities: ['MR'] },
  'several modalities': { modalities: ['MR', 'US'] },
  'one department': { departments: ['Cardiology'] },
  'several departments': { departments: ['Cardiology', 'Neurology'] },
  'a modality and a department': { modalities: ['MR'], departments: ['Cardiology'] },
  'several of both': { modalities: ['MR', 'US'], departments: ['Cardiology', 'Neurology'] },
};

const retrieves: Readonly<Record<string, Retrieve['keys']>> = {
  study: { studyInstanceUids: [study] },
  series: { studyInstanceUids: [study], seriesInstanceUids: [series] },
  instance: { studyInstanceUids: [study], seriesInstanceUids: [series], sopInstanceUids: [instance] },
};

function queryFor(
  level: 'STUDY' | 'SERIES' | 'IMAGE',
  [tag, text]: readonly [Tag, string] = [Tags.StudyInstanceUID, study],
): Query {
  const identifier = new DataSet().setText(Tags.QueryRetrieveLevel, 'CS', level).setText(tag, undefined, text);
  const options = { model: 'study-root', relational: true, dateTimeCombined: true, fuzzy: false } as const;
  return parseQuery(identifier, { ...options, limits: limits.query });
}

/** The steps of SQLite for whatever the work asks of series, or of studies. */
async function stepsOn(table: 'se' | 'st', archive: Archive, work: () => Promise<void>): Promise<readonly string[]> {
  const { index } = archive;
  const asked = new Set<string>();
  const own = index.statement.bind(index);
  index.statement = (sql) => {
    asked.add(sql);
    return own(sql);
  };
  try {
    await work();
  } finally {
    index.statement = own;
  }
  return [...asked].flatMap((sql) =>
    own(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...Array.from({ length: sql.split('?').length - 1 }, () => null))
      .map((row) => String(row['detail']))
      .filter((step) => step.split(' ')[1] === table),
  );
}

for (const [name, scope] of Object.entries(scopes)) {
  test(`timing attack: with a scope of ${name} no series of a study beyond it is walked through`, async () => {
    await using folder = await testArchive();
    await using archive = await folder.open();
    await storeInstance(archive, makeInstance());
    for (const [level, keys] of Object.entries(retrieves)) {
      const operation: Retrieve = { kind: 'retrieve', via: 'web', level: 'STUDY', keys };
      const steps = await stepsOn('se', archive, async () => {
        assert.equal((await Array.fromAsync(archive.retrieve(passFor(operation, { scope })))).length, 0);
      });
      areSeeks(steps, scope, `retrieve of a ${level}`);
    }
    for (const level of ['STUDY', 'SERIES', 'IMAGE'] as const) {
      const steps = await stepsOn('se', archive, async () => {
        const pass = passFor({ kind: 'find', query: queryFor(level) }, { scope });
        assert.equal((await Array.fromAsync(archive.find(pass))).length, 0);
      });
      areSeeks(steps, scope, `search on level ${level}`);
    }
  });
}

test('a scope of one patient finds its studies by an index, and looks at no other patient', async () => {
  await using folder = await testArchive();
  await using archive = await folder.open();
  await storeInstance(archive, makeInstance());
  const scope: Scope = { patients: [{ patientId: 'P9', issuer: 'HOSP' }] };
  for (const [level, keys] of Object.entries(retrieves)) {
    const operation: Retrieve = { kind: 'retrieve', via: 'web', level: 'STUDY', keys };
    const steps = await stepsOn('st', archive, async () => {
      assert.equal((await Array.fromAsync(archive.retrieve(passFor(operation, { scope })))).length, 0);
    });
    for (const step of steps) assert.match(step, /^SEARCH st .*(?:uid=\?|rowid=\?|patient_id=\?)/, level);
  }
  for (const level of ['STUDY', 'SERIES', 'IMAGE'] as const) {
    const keys: readonly (readonly [Tag, string])[] = [
      [Tags.StudyInstanceUID, study],
      [Tags.StudyDate, '20200101-20301231'],
      [Tags.PatientName, 'DOE*'],
      [Tags.Modality, level === 'STUDY' ? '' : 'CT'],
    ];
    for (const key of keys) {
      const steps = await stepsOn('st', archive, async () => {
        const pass = passFor({ kind: 'find', query: queryFor(level, key) }, { scope });
        assert.equal((await Array.fromAsync(archive.find(pass))).length, 0);
      });
      assert.ok(steps.length > 0, level);
      for (const step of steps)
        assert.match(step, /^SEARCH st .*(?:uid=\?|rowid=\?|patient_id=\?)/, `${level} ${key[1]}`);
    }
  }
});

function areSeeks(steps: readonly string[], { modalities, departments }: Scope, what: string): void {
  assert.ok(steps.length > 0, what);
  for (const step of steps) {
    assert.match(step, /^SEARCH se /, what);
    // By its own number, by its UID, or by all that the scope says.
    if (/rowid=\?|study=\? AND uid=\?/.test(step)) continue;
    assert.match(step, /study=\?/, what);
    if (modalities !== undefined) assert.match(step, /modality=\?/, `${what}: ${step}`);
    if (departments !== undefined) assert.match(step, /department=\?/, `${what}: ${step}`);
  }
}
