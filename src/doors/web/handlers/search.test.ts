/** Search at every level through the handler: what comes back, in which form, and what is said about the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance } from '../../../backends/backend.test-support.ts';
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { type Answered, baseUrl, partsOf, webHouse } from './handlers.test-support.ts';

type Found = Readonly<Record<string, { readonly vr: string; readonly Value?: readonly unknown[] }>>;
const found = ({ body }: Answered): readonly Found[] => JSON.parse(body.toString());
const values = (answer: Answered, tag: string) => found(answer).map((one) => one[tag]?.Value?.[0]);

test('studies are found with what the standard returns and where to get them', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ patientName: 'MÜLLER^JÖRG' }), makeInstance({ study: 2 }));
  const answer = await web.ask('/studies?PatientName=M*');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/dicom+json');
  assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  const [study] = found(answer);
  assert.deepEqual(study?.['00100010']?.Value, [{ Alphabetic: 'MÜLLER^JÖRG' }]);
  assert.deepEqual(study?.['00081190'], { vr: 'UR', Value: [`${baseUrl}/studies/1.2.3.1`] });
  assert.deepEqual(study?.['00201208'], { vr: 'IS', Value: [1] });
  assert.deepEqual(study?.['00080061'], { vr: 'CS', Value: ['CT'] });
  assert.deepEqual(study?.['00080056'], { vr: 'CS', Value: ['ONLINE'] });
  assert.equal(study?.['00080052'], undefined);
  assert.equal(found(answer).length, 1);
});

test('series and instances are found below what the path names, and over all studies', async () => {
  await using web = await webHouse();
  await web.keep(
    makeInstance(),
    makeInstance({ series: 2, modality: 'MR' }),
    makeInstance({ series: 2, instance: 2, modality: 'MR' }),
    makeInstance({ study: 2 }),
  );
  assert.deepEqual(values(await web.ask('/studies/1.2.3.1/series'), '0020000E'), ['1.2.3.1.1', '1.2.3.1.2']);
  assert.deepEqual(values(await web.ask('/series?Modality=MR'), '00081190'), [
    `${baseUrl}/studies/1.2.3.1/series/1.2.3.1.2`,
  ]);
  const ofSeries = await web.ask('/studies/1.2.3.1/series/1.2.3.1.2/instances');
  assert.deepEqual(values(ofSeries, '00080018'), ['1.2.3.1.2.1', '1.2.3.1.2.2']);
  assert.deepEqual(
    values(ofSeries, '00081190')[1],
    `${baseUrl}/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.2`,
  );
  assert.equal(found(await web.ask('/studies/1.2.3.1/instances')).length, 3);
  const all = await web.ask('/instances?PatientID=P2');
  assert.deepEqual(values(all, '00080018'), ['1.2.3.2.1.1']);
  assert.deepEqual(values(all, '00081190'), [`${baseUrl}/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1`]);
});

test('limit and offset cut the results, and the warning says how many are left', async () => {
  await using web = await webHouse();
  await web.keep(...[1, 2, 3, 4, 5].map((study) => makeInstance({ study })));
  const first = await web.ask('/studies?limit=2');
  assert.equal(found(first).length, 2);
  assert.deepEqual(first.warnings, [`299 ${baseUrl}: "There are 3 additional results that can be requested"`]);
  const last = await web.ask('/studies?limit=2&offset=4');
  assert.equal(found(last).length, 1);
  assert.deepEqual(last.warnings, []);
  const none = await web.ask('/studies?limit=0');
  assert.equal(none.status, 204);
  assert.equal(none.warnings.length, 1);
});

test('the server has a limit of its own, and counts no further than it must', async () => {
  const small = { ...limits, web: { ...limits.web, searchResultsMax: 2, searchCountedMax: 1 } };
  await using web = await webHouse({ limits: small });
  await web.keep(...[1, 2, 3, 4, 5].map((study) => makeInstance({ study })));
  const answer = await web.ask('/studies?limit=100');
  assert.equal(found(answer).length, 2);
  assert.match(answer.warnings[0] ?? '', /There are 1 additional/);
});

test('nothing found is 204 without a body, HEAD has the head only', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  const nothing = await web.ask('/studies?PatientID=NOBODY');
  assert.equal(nothing.status, 204);
  assert.equal(nothing.body.length, 0);
  const whole = await web.ask('/studies');
  const head = await web.ask('/studies', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  assert.equal(head.headers.get('content-length'), String(whole.body.length));
});

test('XML comes as one message part for each result', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance(), makeInstance({ study: 2 }));
  const accept = 'multipart/related; type="application/dicom+xml"';
  const answer = await web.ask('/studies', { headers: { accept } });
  const parts = await partsOf(answer);
  assert.deepEqual(
    parts.map(({ type }) => type),
    ['application/dicom+xml', 'application/dicom+xml'],
  );
  assert.match(parts[1]?.bytes.toString() ?? '', /<DicomAttribute tag="0020000D"[^]*1\.2\.3\.2/);
});

test('fuzzy matching finds names by words and sounds, where it is asked for', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance({ patientName: 'Müller^Jörg' }), makeInstance({ study: 2, patientName: 'Doe^John' }));
  const found = async (query: string): Promise<number> => {
    const answer = await web.ask(`/studies?${query}`);
    assert.deepEqual(answer.warnings, []);
    return answer.status === 204 ? 0 : JSON.parse(answer.body.toString()).length;
  };
  assert.equal(await found('fuzzymatching=true&PatientName=jorg%20mueller'), 1);
  assert.equal(await found('fuzzymatching=false&PatientName=jorg%20mueller'), 0);
  assert.equal(await found('PatientName=jorg%20mueller'), 0);
});

test('what is not known is ignored and named', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  const answer = await web.ask('/studies?PatientNam=X');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.warnings, [
    `299 ${baseUrl}: "The following query parameters are not supported and were ignored: PatientNam"`,
  ]);
});

test('includefield=all gives what the archive keeps of the level, nothing of lower ones', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance());
  const [study] = found(await web.ask('/studies?includefield=all'));
  assert.ok(study?.['00081030'] !== undefined && study['00101000'] !== undefined);
  assert.equal(study?.['0020000E'], undefined);
  const [one] = found(await web.ask('/studies/1.2.3.1/series?includefield=all'));
  assert.ok(one?.['00180015'] !== undefined);
  assert.equal(one?.['00080018'], undefined);
});

test('a scope hides studies, whoever asks, and the ledger has each search', async () => {
  await using web = await webHouse();
  await web.keep(makeInstance(), makeInstance({ study: 2, modality: 'MR' }));
  const session = await web.sessionOf({ name: 'MRONLY', purpose: 'reading', scope: { modalities: ['MR'] } });
  assert.deepEqual(values(await web.ask('/studies', { session }), '0020000D'), ['1.2.3.2']);
  assert.equal((await web.ask('/studies/1.2.3.1/series', { session })).status, 204);
  assert.equal(web.house.ledger.codes.filter((code) => code.startsWith('110112')).length, 2);
});

test('a device that may not search is refused, and the ledger says so', async () => {
  await using web = await webHouse();
  const session = await web.sessionOf({ name: 'CT1', purpose: 'acquisition' });
  await assert.rejects(web.ask('/studies', { session }), RefusedError);
});

test('no Accept header, a wrong one, a bad parameter and a bad UID are refused before anything is asked', async () => {
  await using web = await webHouse();
  const before = web.house.ledger.records.length;
  const code = (error: unknown): boolean => error instanceof LeadglassError;
  await assert.rejects(web.ask('/studies', { headers: { accept: undefined } }), code);
  await assert.rejects(web.ask('/studies', { headers: { accept: 'image/png' } }), code);
  for (const query of ['limit=-1', 'limit=a', 'PatientID=%00', 'StudyInstanceUID=1..2', 'PatientName=%ff']) {
    await assert.rejects(web.ask(`/studies?${query}`), code, query);
  }
  await assert.rejects(web.ask('/studies/..%2f..%2fetc/series'), code);
  await assert.rejects(web.ask('/studies/1.2.3/../series'), code);
  assert.equal(web.house.ledger.records.length, before);
});

test('lists of values and empty values are matched where the flags ask for it', async () => {
  await using web = await webHouse();
  await web.keep(
    makeInstance({ patientName: 'ADAM^A' }),
    makeInstance({ study: 2, patientName: 'BERTA^B' }),
    makeInstance({ study: 3, patientName: 'CARL^C', texts: [[Tags.StudyDescription, 'HEAD']] }),
  );
  const names = await web.ask('/studies?PatientName=ADAM^A,CARL^C&multiplevaluematching=true');
  assert.deepEqual(values(names, '0020000D'), ['1.2.3.1', '1.2.3.3']);
  const empty = await web.ask('/studies?StudyDescription=""&emptyvaluematching=true');
  assert.deepEqual(values(empty, '0020000D'), ['1.2.3.1', '1.2.3.2']);
});
