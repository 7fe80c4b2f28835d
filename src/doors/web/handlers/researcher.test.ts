/**
 * Researchers at the web door: whatever resource they ask for, by pseudonyms or by the UIDs of originals, no byte of an answer tells whose
 * it is. A new resource or operation without its request here does not compile, or fails the first test.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeInstance, storeInstance, type TestInstance } from '../../../backends/backend.test-support.ts';
import { dataSetLimits, explicitLittleEndian } from '../../../backends/backend.test-support.ts';
import { DeIdentifyingBackend } from '../../../backends/de-identifying/de-identifying-backend.ts';
import { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import { DataSet } from '../../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../../dicom/data-set-codec.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { LeadglassError } from '../../../error.ts';
import { identifiedPass } from '../../../guard/identified-pass.ts';
import type { PersonOpeningTerms } from '../../../guard/person-opening.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import type { GuardSession } from '../../../guard/session.ts';
import {
  dayMs,
  doctor,
  type House,
  makeHouse,
  personTerms,
  startMs,
  TestPersons,
  webFacts,
} from '../../../guard/test-support.ts';
import { limits } from '../../../limits.ts';
import { ConversionMemory } from '../../../transcoding/conversion-memory.ts';
import { resourceTemplates } from '../resource-table.ts';
import { imageInstance, pixels } from './images.test-support.ts';
import { type Answered, type Asked, webHouse, type WebHouse } from './handlers.test-support.ts';

const codecs = CodecPool.start({ limits: limits.codecs, workersMax: 1 });
let web: WebHouse;
let house: House;
let session: GuardSession;
const persons = new TestPersons();
const originals = new MemoryBackend({ dataSetLimits, retentionDays: 0 });

const secrets = [
  'Secretname',
  'SECRETID',
  'A1',
  'Secret Hospital',
  'Dr. Secretary',
  'secret words',
  '20240131',
  '1.2.3.1',
  '1.2.3.9',
];
const scope: PersonOpeningTerms['scope'] = { deIdentified: { project: 'lung', options: [] } };

/** The CT image of images.test-support.ts with all that identifies. */
function secretImage(): TestInstance {
  const instance = imageInstance();
  const dataSet = readDataSet(instance.bytes, { transferSyntaxUid: explicitLittleEndian, limits: limits.dataSet })
    .setText(Tags.PatientName, 'PN', 'Secretname^Jane')
    .setText(Tags.PatientID, 'LO', 'SECRETID')
    .setText(Tags.InstitutionName, 'LO', 'Secret Hospital')
    .setText(Tags.ReferringPhysicianName, 'PN', 'Dr. Secretary')
    .setText(Tags.StudyDescription, 'LO', 'secret words')
    .setText(0x00290010, 'LO', 'secret words')
    .setBytes(0x00291001, 'OB', Buffer.alloc(6000, 'Secretname'))
    .setItems(Tags.ReferencedImageSequence, [
      new DataSet()
        .setText(Tags.ReferencedSOPInstanceUID, 'UI', '1.2.3.9.9')
        .setText(Tags.PatientName, 'PN', 'Secretname'),
    ]);
  return { ...instance, bytes: writeDataSet(dataSet, explicitLittleEndian) };
}

/** A session of an opening of its own. */
async function sessionFor(terms: Partial<PersonOpeningTerms>): Promise<GuardSession> {
  for (const opening of house.store.personOpenings.of(doctor)) {
    house.store.personOpenings.close(opening, { atMs: startMs, by: 'root', reason: 'test' });
  }
  house.store.personOpenings.add(
    personTerms({ role: 'researcher', operations: ['find', 'get'], scope, ...terms }),
    startMs,
  );
  const secret = persons.set({ account: doctor, role: 'researcher', freshUntilMs: startMs + dayMs });
  return house.guard.session(await house.guard.identify(webFacts({ session: secret })));
}

before(async () => {
  const backend = new DeIdentifyingBackend({
    backend: originals,
    keyOf: (project) => Buffer.alloc(32, project),
    identified: identifiedPass,
    limits: { ...limits.dataSet, ...limits.dataSetKept, ...limits.deIdentify, searchedAgainMs: 0 },
  });
  const transcoding = { codecs, memory: new ConversionMemory(limits.transcoding), limits };
  web = await webHouse({ backend, codecs, transcoding });
  house = makeHouse({ persons });
  await storeInstance(originals, secretImage());
  session = await sessionFor({});
});
after(async () => {
  await house[Symbol.asyncDispose]();
  await web[Symbol.asyncDispose]();
  await codecs.close();
});

const ask = (url: string, asked: Asked = {}): Promise<Answered> => web.ask(url, { session, ...asked });

function assertClean(answer: Answered, url: string, allowed: readonly string[] = []): void {
  const text = answer.body.toString('latin1') + [...answer.headers].flat().join('\n') + answer.warnings.join('\n');
  for (const secret of secrets) {
    if (!allowed.includes(secret)) assert.equal(text.includes(secret), false, `${url} tells ${secret}`);
  }
}

interface Found {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

/** As a viewer does it: search, then by what was found. */
async function found(): Promise<Found> {
  const answer = await ask('/instances', { headers: { accept: 'application/dicom+json' } });
  const [match]: readonly Record<string, { Value?: readonly string[] }>[] = JSON.parse(answer.body.toString());
  const uid = (tag: string): string => match?.[tag]?.Value?.[0] ?? '';
  return { study: uid('0020000D'), series: uid('0020000E'), instance: uid('00080018') };
}

const real: Found = { study: '1.2.3.1', series: '1.2.3.1.1', instance: '1.2.3.1.1.1' };
const accepts = [
  'application/dicom+json',
  'multipart/related; type="application/dicom+xml"',
  'application/dicom',
  'multipart/related; type="application/dicom"; transfer-syntax=*',
  'multipart/related; type="application/octet-stream"; transfer-syntax=*',
  'application/zip',
  'image/png',
  'image/jpeg',
];

function urlOf(template: string, { study, series, instance }: Found): string {
  const path = template
    .replace('{study}', study)
    .replace('{series}', series)
    .replace('{instance}', instance)
    .replace('{frames}', '1,2')
    .replace('{attribute}', '7FE00010');
  if (path !== '/wado') return path;
  return `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}&contentType=application%2Fdicom`;
}

test('every resource, in every form, by pseudonyms: it is there, and tells nothing', async () => {
  const uids = await found();
  for (const value of Object.values(uids)) assert.match(value, /^2\.25\.\d{30,39}$/);
  for (const { template, methods } of resourceTemplates) {
    if (!methods.some(({ method }) => method === 'GET')) continue;
    const url = urlOf(template, uids);
    let answers = 0;
    for (const accept of [...accepts, ...(template === '/wado' ? ['*/*'] : [])]) {
      const answer = await ask(url, { headers: { accept } }).catch((error: unknown) => {
        // Not in this form; which forms there are is tested elsewhere.
        assert.ok(error instanceof LeadglassError, `${url} ${accept}: ${String(error)}`);
        return undefined;
      });
      if (answer === undefined || answer.status === 204) continue;
      answers += 1;
      assertClean(answer, `${url} as ${accept}`);
    }
    assert.ok(answers > 0, `${template} gives nothing`);
  }
});

test('every resource by the UIDs of originals: as if nothing were there', async () => {
  const unknown: Found = { study: '1.2.3.77', series: '1.2.3.77.1', instance: '1.2.3.77.1.1' };
  for (const { template, methods } of resourceTemplates) {
    if (!template.includes('{study}') || !methods.some(({ method }) => method === 'GET')) continue;
    for (const accept of accepts) {
      const answers = await Promise.all(
        [real, unknown].map((uids) =>
          ask(urlOf(template, uids), { headers: { accept } }).then(
            ({ status }) => String(status),
            (error: unknown) => (error instanceof LeadglassError ? error.code + error.message : String(error)),
          ),
        ),
      );
      assert.equal(answers[0], answers[1], `${template} as ${accept}`);
      assert.match(answers[0] ?? '', /^(204|NOT_FOUND|UNSUPPORTED|BAD_REQUEST)/, template);
    }
  }
});

test('nothing is stored and nothing removed by a researcher', async () => {
  const uids = await found();
  for (const study of [uids.study, real.study]) {
    await assert.rejects(ask(`/studies/${study}`, { method: 'DELETE' }), RefusedError);
  }
  const body = secretImage().bytes;
  const contentType = 'multipart/related; type="application/dicom"; boundary=x';
  const bodyOf = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.concat([
      Buffer.from('--x\r\ncontent-type: application/dicom\r\n\r\n'),
      body,
      Buffer.from('\r\n--x--\r\n'),
    ]);
  };
  const headers = { 'content-type': contentType, accept: 'application/dicom+json' };
  const status = await ask('/studies', { method: 'POST', headers, body: bodyOf() }).then(
    (answer) => answer.status,
    () => 403,
  );
  assert.ok(status >= 400, String(status));
});

test('a search by what is not shown finds nothing; by pseudonyms and by the kind of image it does', async () => {
  const count = async (query: string): Promise<number> => {
    const answer = await ask(`/studies?${query}`, { headers: { accept: 'application/dicom+json' } });
    if (answer.status === 204) return 0;
    assertClean(answer, query);
    const list: readonly unknown[] = JSON.parse(answer.body.toString());
    return list.length;
  };
  for (const query of [
    'PatientName=Secretname*',
    'PatientName=*ecret*',
    'PatientID=SECRETID',
    'PatientID=S*',
    'AccessionNumber=A1',
    'StudyDate=20240131',
    'StudyDate=20200101-20270101',
    'StudyDescription=*secret*',
    'ReferringPhysicianName=*',
    'PatientBirthDate=""&emptyvaluematching=true',
    'StudyInstanceUID=1.2.3.1',
    'SeriesInstanceUID=1.2.3.1.1',
    'InstitutionName=Secret%20Hospital',
    'IssuerOfPatientID=X',
    'PatientName=Secretname&fuzzymatching=true',
  ]) {
    // A name that is only asked for, as the one with a star alone, is no condition.
    assert.equal(await count(query), query.endsWith('=*') ? 1 : 0, query);
  }
  const all = await ask('/studies?includefield=all', { headers: { accept: 'application/dicom+json' } });
  assertClean(all, 'includefield=all');
  const [match]: readonly Record<string, { Value?: readonly (string & { Alphabetic: string })[] }>[] = JSON.parse(
    all.body.toString(),
  );
  const patient = match?.['00100020']?.Value?.[0] ?? '';
  assert.match(patient, /^P[2-9A-Z]{16}$/);
  assert.equal(match?.['00100010']?.Value?.[0]?.Alphabetic, patient);
  const { study } = await found();
  for (const query of [
    'ModalitiesInStudy=CT',
    `PatientID=${patient}`,
    `PatientName=${patient.slice(0, 6).toLowerCase()}*`,
    `StudyInstanceUID=${study}`,
    'PatientID=*',
  ]) {
    assert.equal(await count(query), 1, query);
  }
  assert.equal(await count('ModalitiesInStudy=MR'), 0);
  assert.equal(await count(`PatientID=${patient.slice(0, -1)}`), 0);
});

test('of a page of answers the rest is counted, and told as no more than that', async () => {
  await storeInstance(originals, makeInstance({ study: 8, modality: 'PT' }));
  const answer = await ask('/studies?limit=1', { headers: { accept: 'application/dicom+json' } });
  assertClean(answer, 'the first page');
  assert.equal(answer.warnings.length, 1);
  assert.match(answer.warnings[0] ?? '', /additional results/);
  const list: readonly unknown[] = JSON.parse(answer.body.toString());
  assert.equal(list.length, 1);
});

test('pixels are those of the original, and a file says how it was de-identified', async () => {
  const { study, series, instance } = await found();
  const path = `/studies/${study}/series/${series}/instances/${instance}`;
  const file = await ask(path, { headers: { accept: 'application/dicom' } });
  assert.ok(file.body.includes(Buffer.from(pixels)));
  assert.ok(file.body.includes('PS3.15 2024b'));
  assert.equal(Number(file.headers.get('content-length')), file.body.length);
  const part = await ask(path, { headers: { accept: 'application/dicom', range: 'bytes=100-899' } });
  assert.deepEqual(part.body, file.body.subarray(100, 900));
});

test('pseudonyms hold within a project, and lead nowhere in another or with other options', async () => {
  const first = await found();
  session = await sessionFor({});
  assert.deepEqual(await found(), first);
  for (const deIdentified of [
    { project: 'liver', options: [] },
    { project: 'lung', options: ['retain-modified-dates'] },
  ] as const) {
    session = await sessionFor({ scope: { deIdentified } });
    const other = await found();
    for (const key of ['study', 'series', 'instance'] as const) assert.notEqual(other[key], first[key]);
    await assert.rejects(
      ask(`/studies/${first.study}`, { headers: { accept: 'application/zip' } }),
      (error) => error instanceof LeadglassError && error.code === 'NOT_FOUND',
    );
  }
  session = await sessionFor({});
});

test('a UID that somebody was told before a restart is found again', async () => {
  const { study, series, instance } = await found();
  const fresh = new DeIdentifyingBackend({
    backend: originals,
    keyOf: (project) => Buffer.alloc(32, project),
    identified: identifiedPass,
    limits: { ...limits.dataSet, ...limits.dataSetKept, ...limits.deIdentify },
  });
  await using restarted = await webHouse({ backend: fresh });
  const answer = await restarted.ask(`/studies/${study}/series/${series}/instances/${instance}/metadata`, {
    session,
    headers: { accept: 'application/dicom+json' },
  });
  assert.equal(answer.status, 200);
  assertClean(answer, 'metadata after a restart');
});

test('what is out of scope, or cannot be cleaned, looks like what is not there', async () => {
  await storeInstance(originals, makeInstance({ study: 2, modality: 'MR' }));
  await storeInstance(originals, makeInstance({ study: 3, modality: 'US' }));
  const burned = makeInstance({ study: 4 });
  const dataSet = readDataSet(burned.bytes, { transferSyntaxUid: explicitLittleEndian, limits: limits.dataSet });
  dataSet.setText(Tags.BurnedInAnnotation, 'CS', 'YES');
  await storeInstance(originals, { ...burned, bytes: writeDataSet(dataSet, explicitLittleEndian) });
  const json = { headers: { accept: 'application/dicom+json' } };
  const studies = async (): Promise<readonly Record<string, { Value?: readonly string[] }>[]> => {
    const answer = await ask('/studies', json);
    return answer.status === 204 ? [] : JSON.parse(answer.body.toString());
  };
  // The ultrasound is of a modality that is never handed out; of the burned-in image only the retrieve knows.
  assert.equal((await studies()).length, 4);
  const gone = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'NOT_FOUND';
  let refused = 0;
  for (const match of await studies()) {
    const study = match['0020000D']?.Value?.[0] ?? '';
    await ask(`/studies/${study}/metadata`, json).catch((error: unknown) => {
      assert.ok(gone(error));
      refused += 1;
    });
  }
  assert.equal(refused, 1);
  session = await sessionFor({ scope: { ...scope, modalities: ['MR'] } });
  const [only, ...others] = await studies();
  assert.equal(others.length, 0);
  assert.deepEqual(only?.['00080061']?.Value, ['MR']);
  session = await sessionFor({ scope: { ...scope, modalities: ['US'] } });
  assert.equal((await studies()).length, 0);
  session = await sessionFor({});
});

test('the ledger knows whose images a researcher saw', async () => {
  const records = house.ledger.records.map((record) => JSON.stringify(record)).join('\n');
  assert.ok(records.includes('SECRETID'));
});

test('a backend of originals refuses a pass for de-identified data, whatever it asks', async () => {
  await using bare = await webHouse({ backend: originals });
  await assert.rejects(
    bare.ask('/studies', { session }),
    (error) => error instanceof LeadglassError && error.code === 'NOT_AUTHORIZED',
  );
  await assert.rejects(
    bare.ask('/studies/1.2.3.1', { session }),
    (error) => error instanceof LeadglassError && error.code === 'NOT_AUTHORIZED',
  );
});
