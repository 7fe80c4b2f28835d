/**
 * What every backend must do, as one test suite: `archive` and `memory` run it, upstreams will. It only uses the Backend
 * contract; how a backend survives crashes and bad disks is tested beside it.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { parseQuery, type QueryLevel } from '../dicom/query.ts';
import type { Tag } from '../dicom/tag.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { LeadglassError } from '../error.ts';
import type { Scope } from '../guard/scope.ts';
import type { Backend } from './backend.ts';
import {
  ctImageStorage,
  devicePrincipal,
  makeInstance,
  passFor,
  retrieveStudy,
  storeInstance,
} from './backend.test-support.ts';

export interface BackendUnderTest {
  readonly backend: Backend;
  /** Ids of conflicts that wait for a person, oldest first. */
  conflicts(): readonly number[];
  close(): Promise<void>;
}

/** `make` gives an empty backend, with that retention and clock. */
export type MakeBackend = (options: {
  readonly retentionDays: number;
  readonly nowMs: () => number;
}) => Promise<BackendUnderTest>;

export interface QueryFacts {
  readonly level?: QueryLevel;
  readonly scope?: Scope;
  readonly relational?: boolean;
  readonly dateTimeCombined?: boolean;
  readonly stillValid?: () => boolean;
}

/** Asks by text keys as a C-FIND identifier holds them; '' asks for the attribute only. */
export async function findAll(
  backend: Backend,
  keys: readonly (readonly [Tag, string])[],
  facts: QueryFacts = {},
): Promise<DataSet[]> {
  const identifier = new DataSet();
  identifier.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  identifier.setText(Tags.QueryRetrieveLevel, 'CS', facts.level ?? 'STUDY');
  for (const [tag, text] of keys) identifier.setText(tag, tag === Tags.StudyDate ? 'DA' : undefined, text);
  const query = parseQuery(identifier, {
    model: facts.level === 'PATIENT' ? 'patient-root' : 'study-root',
    relational: facts.relational ?? true,
    dateTimeCombined: facts.dateTimeCombined ?? false,
    fuzzy: false,
    limits: limits.query,
  });
  return Array.fromAsync(backend.find(passFor({ kind: 'find', query }, facts)));
}

function studiesOf(answers: readonly DataSet[]): readonly string[] {
  return answers.map((answer) => answer.text(Tags.StudyInstanceUID) ?? '').toSorted();
}

export function backendSuite(name: string, make: MakeBackend): void {
  const day = 86_400_000;
  const suite = (title: string, run: (under: BackendUnderTest, clock: { ms: number }) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const clock = { ms: Date.UTC(2024, 0, 1) };
      const under = await make({ retentionDays: 30, nowMs: () => clock.ms });
      try {
        await run(under, clock);
      } finally {
        await under.close();
      }
    });
  };

  suite('what was stored comes back bit for bit, also when it came in pieces of any size', async ({ backend }) => {
    for (const [index, pixels] of [0, 2, 1000, 65_534, 65_536, 200_000, 1_500_000, 3_000_002].entries()) {
      const instance = makeInstance({ instance: index + 1, pixels });
      const pieceBytes = [1, 7, 1000, 65_536, 65_537, 16_384, 2 ** 20, 2 ** 22][index] ?? 1000;
      const outcome = await storeInstance(backend, instance, { pieceBytes });
      assert.equal(outcome.result, 'stored');
      assert.equal(outcome.lengthBytes, instance.bytes.length);
      assert.deepEqual(Buffer.from(outcome.sha256), createHash('sha256').update(instance.bytes).digest());
      const back = (await retrieveStudy(backend, instance.studyInstanceUid)).find(
        (one) => one.sopInstanceUid === instance.sopInstanceUid,
      );
      assert.ok(back?.bytes.equals(instance.bytes), `instance with ${pixels} bytes of pixel data`);
    }
  });

  suite('any part of what was stored can be read by itself', async ({ backend }) => {
    const instance = makeInstance({ pixels: 3_000_002 });
    const { sha256 } = await storeInstance(backend, instance);
    const { length } = instance.bytes;
    const operation = { kind: 'retrieve', via: 'get', level: 'IMAGE' } as const;
    const keys = { sopInstanceUids: [instance.sopInstanceUid] };
    const [stored] = await Array.fromAsync(backend.retrieve(passFor({ ...operation, keys })));
    assert.ok(stored !== undefined);
    assert.deepEqual(Buffer.from(stored.sha256), Buffer.from(sha256));
    const edges = [0, 1, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 2_000_000, length - 1, length];
    for (const offset of edges) {
      for (const lengthBytes of [0, 1, 65_536, 65_537, 1_048_576, 2_200_000, length]) {
        const bytes = Buffer.concat(await Array.fromAsync(stored.readRange(offset, lengthBytes)));
        const expected = instance.bytes.subarray(offset, offset + lengthBytes);
        assert.ok(bytes.equals(expected), `${lengthBytes} bytes at ${offset}`);
      }
    }
    assert.deepEqual(await Array.fromAsync(stored.readRange(length + 70_000, 10)), []);
  });

  suite('the head is told before commit, and a part 10 head comes back as it was', async ({ backend }) => {
    const instance = makeInstance({ patientName: 'Ångström^Åsa' });
    const part10Head = randomBytes(300);
    const writer = backend.store(passFor(instance.operation), { part10Head });
    await writer.write(instance.bytes);
    const head = await writer.end();
    const outcome = await writer.commit();
    assert.deepEqual(head, outcome.head);
    assert.equal(head.patientName, 'Ångström^Åsa');
    assert.equal(head.studyInstanceUid, instance.studyInstanceUid);
    const [back] = await retrieveStudy(backend, instance.studyInstanceUid);
    assert.deepEqual(back?.part10Head && Buffer.from(back.part10Head), part10Head);
  });

  suite('the same instance sent again is a duplicate and changes nothing', async ({ backend }) => {
    const instance = makeInstance({ pixels: 2_000_000 });
    assert.equal((await storeInstance(backend, instance)).result, 'stored');
    assert.equal((await storeInstance(backend, instance)).result, 'duplicate');
    assert.equal((await retrieveStudy(backend, instance.studyInstanceUid)).length, 1);
  });

  suite('other bytes under a known UID are kept aside and never served until a person decides', async (under) => {
    const { backend } = under;
    const first = makeInstance({ pixels: 1000 });
    const second = makeInstance({ pixels: 1000, patientName: 'DOE^JOHN' });
    const third = makeInstance({ pixels: 1000 });
    await storeInstance(backend, first);
    for (const other of [second, second, third]) {
      assert.equal((await storeInstance(backend, other)).result, 'conflict');
    }
    const kept = async (): Promise<Buffer | undefined> =>
      (await retrieveStudy(backend, first.studyInstanceUid))[0]?.bytes;
    assert.ok((await kept())?.equals(first.bytes));
    const [one, two, ...more] = under.conflicts();
    assert.ok(one !== undefined && two !== undefined);
    assert.deepEqual(more, []);
    const resolve = (conflictId: number, keep: 'stored' | 'arrived'): Promise<void> =>
      backend.resolve(passFor({ kind: 'resolve', conflictId, keep, reason: 'test' }));
    await resolve(two, 'stored');
    assert.ok((await kept())?.equals(first.bytes));
    await resolve(one, 'arrived');
    assert.ok((await kept())?.equals(second.bytes));
    assert.deepEqual(under.conflicts(), []);
    await assert.rejects(resolve(one, 'arrived'), { code: 'NOT_FOUND' });
    assert.equal((await storeInstance(backend, second)).result, 'duplicate');
    assert.equal((await storeInstance(backend, first)).result, 'conflict');
  });

  suite('who sends other bytes under a UID beyond its scope is not told that it is known', async (under) => {
    const { backend } = under;
    const stored = makeInstance({ study: 1, modality: 'CT' });
    await storeInstance(backend, stored);
    const { sopInstanceUid } = stored;
    const made = makeInstance({ study: 2, modality: 'MR', texts: [[Tags.SOPInstanceUID, sopInstanceUid]] });
    const guessed = { ...made, sopInstanceUid, operation: { ...made.operation, sopInstanceUid } };
    const scope: Scope = { modalities: ['MR'] };
    for (const attempt of ['first', 'second']) {
      const { result, isBeyondScope } = await storeInstance(backend, guessed, { scope });
      assert.deepEqual([result, isBeyondScope], ['conflict', true], attempt);
    }
    const { isBeyondScope } = await storeInstance(backend, makeInstance({ study: 1, pixels: 20 }));
    assert.equal(isBeyondScope, false, 'within its scope a sender is told');
    assert.equal(under.conflicts().length, 2, 'it is kept aside all the same');
    assert.ok((await retrieveStudy(backend, stored.studyInstanceUid))[0]?.bytes.equals(stored.bytes));
    const reference = { sopClassUid: stored.operation.sopClassUid, sopInstanceUid };
    const commit = { kind: 'commit', transactionUid: knownUid('1.2'), references: [reference] } as const;
    const { failed } = await backend.commit(passFor(commit, { scope }));
    assert.deepEqual(failed, [{ ...reference, failureReason: 0x0112 }], 'and nothing is deleted by mistake');
  });

  suite('two arrivals of one UID at the same time are decided one after the other', async ({ backend }) => {
    const instance = makeInstance({ pixels: 100_000 });
    const other = makeInstance({ pixels: 100_000 });
    const results = await Promise.all(
      [instance, other, instance, other].map(async (one) => (await storeInstance(backend, one)).result),
    );
    const count = (result: string): number => results.filter((one) => one === result).length;
    assert.equal(count('stored'), 1);
    assert.ok(count('conflict') >= 1);
    assert.equal((await retrieveStudy(backend, instance.studyInstanceUid)).length, 1);
  });

  suite('a data set that ends early, is another one than announced, or lacks a UID leaves nothing', async ({
    backend,
  }) => {
    const instance = makeInstance({ pixels: 1000 });
    const cut = { ...instance, bytes: instance.bytes.subarray(0, instance.bytes.length - 1) };
    const other = { ...instance, operation: { ...instance.operation, sopInstanceUid: knownUid('1.2.3.4.5.6') } };
    const noSeries = makeInstance({ texts: [[Tags.SeriesInstanceUID, '']] });
    const badUid = makeInstance({ texts: [[Tags.StudyInstanceUID, '1.02']] });
    for (const [title, bad] of Object.entries({ cut, other, noSeries, badUid })) {
      await assert.rejects(storeInstance(backend, bad), { code: 'MALFORMED' }, title);
    }
    assert.deepEqual(await findAll(backend, [[Tags.StudyInstanceUID, '']]), []);
    assert.equal((await storeInstance(backend, instance)).result, 'stored');
  });

  suite('an aborted instance leaves nothing', async ({ backend }) => {
    const instance = makeInstance({ pixels: 2_000_000 });
    const writer = backend.store(passFor(instance.operation), {});
    await writer.write(instance.bytes.subarray(0, 1_500_000));
    writer.abort(new Error('hung up'));
    writer.abort(new Error('twice'));
    await assert.rejects(writer.commit());
    assert.deepEqual(await retrieveStudy(backend, instance.studyInstanceUid), []);
    assert.equal((await storeInstance(backend, instance)).result, 'stored');
  });

  suite('a store is refused outside the scope, and when the opening closes before its end', async ({ backend }) => {
    const instance = makeInstance({});
    const scopes: readonly Scope[] = [
      { modalities: ['MR'] },
      { modalities: [] },
      { studyDateFrom: '20250101' },
      { patientIdIssuers: ['HOSP'] },
      { departments: ['Radiology'] },
      { patients: [{ patientId: 'P2', issuer: '' }] },
      { studyInstanceUids: [] },
    ];
    for (const scope of scopes) {
      await assert.rejects(
        storeInstance(backend, instance, { scope }),
        { code: 'NOT_AUTHORIZED' },
        JSON.stringify(scope),
      );
    }
    await assert.rejects(storeInstance(backend, instance, { stillValid: () => false }), { code: 'NOT_AUTHORIZED' });
    assert.equal((await storeInstance(backend, instance, { scope: { receivedFrom: 'CT1' } })).result, 'stored');
  });

  suite('a study of others is joined only where the scope reaches it already', async ({ backend }) => {
    const scope: Scope = { modalities: ['SR', 'MR'], joinsReachedOnly: true };
    const report = (study: number) => makeInstance({ study, modality: 'SR', instance: 90 + study });
    await storeInstance(backend, makeInstance({ study: 1, modality: 'CT' }));
    await storeInstance(backend, makeInstance({ study: 2, modality: 'MR' }));
    await assert.rejects(storeInstance(backend, report(1), { scope }), { code: 'NOT_AUTHORIZED' });
    assert.equal((await storeInstance(backend, report(2), { scope })).result, 'stored');
    assert.equal((await storeInstance(backend, report(3), { scope })).result, 'stored', 'a new study may be begun');
    assert.deepEqual((await findAll(backend, [[Tags.StudyInstanceUID, '']], { scope })).length, 2);
  });

  suite('of two devices that begin one study at once the second does not get into the study of the first', async ({
    backend,
  }) => {
    const begun = async (device: string, instance: number, scope: Scope) => {
      const { operation, bytes } = makeInstance({ study: 1, instance });
      const writer = backend.store(passFor(operation, { scope, principal: devicePrincipal(device) }), {});
      await writer.write(bytes);
      await writer.end();
      return writer;
    };
    const own = await begun('CT1', 1, { receivedFrom: 'CT1' });
    const other = await begun('CT2', 2, { receivedFrom: 'CT2' });
    const third = await begun('CT3', 3, { modalities: ['SR'], joinsReachedOnly: true }).catch(() => undefined);
    assert.equal(third, undefined, 'its own series is outside its scope');
    const [first, second] = await Promise.allSettled([own.commit(), other.commit()]);
    assert.equal(first.status, 'fulfilled');
    assert.ok(second.status === 'rejected' && second.reason instanceof LeadglassError);
    assert.equal(second.reason.code, 'NOT_AUTHORIZED');
    const again = await begun('CT1', 4, { receivedFrom: 'CT1' });
    assert.equal((await again.commit()).result, 'stored');
  });

  suite('what is out of scope looks like what does not exist', async ({ backend }) => {
    const mr = devicePrincipal('MR1');
    await storeInstance(backend, makeInstance({ study: 1, modality: 'CT', studyDate: '20240101' }));
    await storeInstance(backend, makeInstance({ study: 2, modality: 'MR', studyDate: '20240201' }), { principal: mr });
    await storeInstance(
      backend,
      makeInstance({
        study: 3,
        studyDate: '20240301',
        texts: [
          [Tags.IssuerOfPatientID, 'HOSP'],
          [Tags.InstitutionalDepartmentName, ' Radiology '],
        ],
      }),
    );
    const cases: readonly (readonly [Scope, readonly number[]])[] = [
      [{}, [1, 2, 3]],
      [{ modalities: ['MR', 'US'] }, [2]],
      [{ modalities: [] }, []],
      [{ departments: ['radiology'] }, [3]],
      [{ studyDateFrom: '20240201' }, [2, 3]],
      [{ studyDateTo: '20240201' }, [1, 2]],
      [{ patientIdIssuers: ['HOSP'] }, [3]],
      [{ patientIdIssuers: [''] }, [1, 2]],
      [{ patients: [{ patientId: 'P2', issuer: '' }] }, [2]],
      [{ patients: [{ patientId: 'P3', issuer: 'HOSP' }] }, [3]],
      [{ patients: [{ patientId: 'P3', issuer: '' }] }, []],
      [{ patients: [{ patientId: 'P_', issuer: '' }] }, []],
      [
        {
          patients: [
            { patientId: 'P1', issuer: '' },
            { patientId: 'P3', issuer: 'HOSP' },
          ],
          studyDateFrom: '20240201',
        },
        [3],
      ],
      [{ patients: [{ patientId: '', issuer: '' }] }, []],
      [{ patients: [] }, []],
      [{ receivedFrom: 'MR1' }, [2]],
      [{ studyInstanceUids: [knownUid('1.2.3.1'), knownUid('1.2.3.3')] }, [1, 3]],
      [{ studyInstanceUids: [] }, []],
      [{ modalities: ['CT'], studyDateFrom: '20240201' }, [3]],
    ];
    for (const [scope, studies] of cases) {
      const title = JSON.stringify(scope);
      for (const level of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const) {
        const answers = await findAll(backend, [[Tags.PatientID, '']], { scope, level });
        assert.deepEqual(
          answers.map((answer) => answer.text(Tags.PatientID) ?? '').toSorted(),
          studies.map((study) => `P${study}`),
          `${level} ${title}`,
        );
      }
      for (const study of [1, 2, 3]) {
        const inside = studies.includes(study);
        const got = await retrieveStudy(backend, knownUid(`1.2.3.${study}`), { scope });
        assert.equal(got.length, inside ? 1 : 0, `retrieve ${study} ${title}`);
        const reference = { sopClassUid: ctImageStorage, sopInstanceUid: knownUid(`1.2.3.${study}.1.1`) };
        const outcome = await backend.commit(
          passFor({ kind: 'commit', transactionUid: knownUid('1.2'), references: [reference] }, { scope }),
        );
        assert.equal(outcome.safe.length, inside ? 1 : 0, `commit ${study} ${title}`);
      }
    }
  });

  suite('counts and modalities of an answer are made of what the scope reaches', async ({ backend }) => {
    await storeInstance(backend, makeInstance({ series: 1, instance: 1, modality: 'CT' }));
    await storeInstance(backend, makeInstance({ series: 1, instance: 2, modality: 'CT' }));
    await storeInstance(backend, makeInstance({ series: 2, instance: 1, modality: 'SR' }));
    const keys = [
      [Tags.ModalitiesInStudy, ''],
      [Tags.NumberOfStudyRelatedSeries, ''],
      [Tags.NumberOfStudyRelatedInstances, ''],
    ] as const;
    const [all] = await findAll(backend, keys);
    assert.deepEqual(all?.texts(Tags.ModalitiesInStudy), ['CT', 'SR']);
    assert.equal(all?.number(Tags.NumberOfStudyRelatedSeries), 2);
    assert.equal(all?.number(Tags.NumberOfStudyRelatedInstances), 3);
    const [part] = await findAll(backend, keys, { scope: { modalities: ['SR'] } });
    assert.deepEqual(part?.texts(Tags.ModalitiesInStudy), ['SR']);
    assert.equal(part?.number(Tags.NumberOfStudyRelatedSeries), 1);
    assert.equal(part?.number(Tags.NumberOfStudyRelatedInstances), 1);
    const series = await findAll(backend, [[Tags.NumberOfSeriesRelatedInstances, '']], { level: 'SERIES' });
    assert.deepEqual(series.map((answer) => answer.text(Tags.NumberOfSeriesRelatedInstances) ?? '').toSorted(), [
      '1',
      '2',
    ]);
  });

  suite('an answer holds the requested keys only, empty where nothing is known', async ({ backend }) => {
    await storeInstance(backend, makeInstance({ patientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう' }));
    const [answer] = await findAll(backend, [
      [Tags.PatientName, '山田*'],
      [Tags.StudyDescription, ''],
      [Tags.InstanceAvailability, ''],
    ]);
    assert.equal(answer?.text(Tags.PatientName), 'Yamada^Tarou=山田^太郎=やまだ^たろう');
    assert.equal(answer?.text(Tags.StudyDescription), '');
    assert.equal(answer?.text(Tags.InstanceAvailability), 'ONLINE');
    assert.equal(answer?.text(Tags.StudyInstanceUID), '1.2.3.1');
    assert.equal(answer?.has(Tags.PatientID), false);
  });

  suite('an instance is found with the transfer syntax in which it is stored', async ({ backend }) => {
    await storeInstance(backend, makeInstance());
    const keys = [[Tags.AvailableTransferSyntaxUID, '']] as const;
    const [image] = await findAll(backend, keys, { level: 'IMAGE' });
    assert.equal(image?.text(Tags.AvailableTransferSyntaxUID), makeInstance().operation.transferSyntaxUid);
    const [series] = await findAll(backend, keys, { level: 'SERIES' });
    assert.equal(series?.text(Tags.AvailableTransferSyntaxUID), '');
  });

  suite('answers behind those that are wanted in full are counted', async ({ backend }) => {
    for (const study of [1, 2, 3, 4, 5]) await storeInstance(backend, makeInstance({ study }));
    const identifier = new DataSet().setText(Tags.QueryRetrieveLevel, 'CS', 'STUDY').setText(Tags.PatientID, 'LO', '');
    identifier.setText(Tags.ModalitiesInStudy, 'CS', 'CT').setText(Tags.NumberOfStudyRelatedInstances, 'IS', '');
    const options = { model: 'study-root', relational: true, dateTimeCombined: false, fuzzy: false } as const;
    const query = parseQuery(identifier, { ...options, limits: limits.query, limit: 4, offset: 1 });
    const answers = await Array.fromAsync(
      backend.find(passFor({ kind: 'find', query: { ...query, answersInFull: 2 } })),
    );
    assert.equal(answers.length, 4);
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.text(Tags.StudyInstanceUID), `1.2.3.${index + 2}`);
      if (index >= 2) continue;
      assert.equal(answer.text(Tags.PatientID), `P${index + 2}`);
      assert.equal(answer.number(Tags.NumberOfStudyRelatedInstances), 1);
    }
  });

  suite('keys match as the standard says', async ({ backend }) => {
    await storeInstance(backend, makeInstance({ study: 1, patientName: 'Doe^Jane', studyDate: '20240101' }));
    await storeInstance(
      backend,
      makeInstance({ study: 2, patientName: 'DOE^JOHN', studyDate: '20240115', modality: 'MR' }),
    );
    await storeInstance(backend, makeInstance({ study: 3, patientName: 'Roe[1]^Rick', studyDate: '20240201' }));
    const cases: readonly (readonly [Tag, string, readonly number[]])[] = [
      [Tags.PatientName, 'doe^jane', [1]],
      [Tags.PatientName, 'DOE*', [1, 2]],
      [Tags.PatientName, '*O?N', [2]],
      [Tags.PatientName, 'roe[1]*', [3]],
      [Tags.PatientName, '*[*', [3]],
      [Tags.PatientName, "' OR 1=1 --", []],
      [Tags.PatientID, 'P2', [2]],
      [Tags.PatientID, 'p2', []],
      [Tags.PatientID, 'P?', [1, 2, 3]],
      [Tags.PatientID, 'P1\\P3', [1, 3]],
      [Tags.StudyDate, '20240115', [2]],
      [Tags.StudyDate, '20240102-', [2, 3]],
      [Tags.StudyDate, '-20240115', [1, 2]],
      [Tags.StudyDate, '20240101-20240131', [1, 2]],
      [Tags.AccessionNumber, 'A3', [3]],
      [Tags.StudyInstanceUID, '1.2.3.1\\1.2.3.2\\1.9', [1, 2]],
      [Tags.ModalitiesInStudy, 'MR', [2]],
      [Tags.ModalitiesInStudy, 'MR\\CT', [1, 2, 3]],
      [Tags.StudyDescription, '""', [1, 2, 3]],
      [Tags.Modality, 'MR', [2]],
      [Tags.InstanceNumber, '1', [1, 2, 3]],
      [Tags.InstanceNumber, '2', []],
    ];
    for (const [tag, text, studies] of cases) {
      const answers = await findAll(backend, [[tag, text]]);
      assert.deepEqual(
        studiesOf(answers),
        studies.map((study) => `1.2.3.${study}`),
        `${tag.toString(16)} ${text}`,
      );
    }
  });

  suite('a find ends when the opening closes', async ({ backend }) => {
    for (let study = 1; study <= 3; study += 1) await storeInstance(backend, makeInstance({ study }));
    await assert.rejects(findAll(backend, [], { stillValid: () => false }), { code: 'NOT_AUTHORIZED' });
  });

  suite('who may see de-identified data only reaches no original, by no operation', async ({ backend }) => {
    const instance = makeInstance({});
    await storeInstance(backend, instance);
    const scope: Scope = { deIdentified: { project: 'lung', options: [] } };
    const refused = { code: 'NOT_AUTHORIZED' };
    await assert.rejects(findAll(backend, [], { scope }), refused);
    await assert.rejects(retrieveStudy(backend, instance.studyInstanceUid, { scope }), refused);
    const commit = { kind: 'commit', transactionUid: knownUid('1.2'), references: [] } as const;
    await assert.rejects(backend.commit(passFor(commit, { scope })), refused);
    const { studyInstanceUid } = instance;
    const remove = { kind: 'remove', studyInstanceUid, step: 'request', reason: 'test' } as const;
    await assert.rejects(async () => backend.remove(passFor(remove, { scope })), refused);
    await assert.rejects(storeInstance(backend, makeInstance({ study: 2 }), { scope }), refused);
  });

  suite('storage commitment tells what is here, what is not, and what is of another class', async ({ backend }) => {
    const instance = makeInstance({});
    await storeInstance(backend, instance);
    const safe = { sopClassUid: ctImageStorage, sopInstanceUid: instance.sopInstanceUid };
    const missing = { sopClassUid: ctImageStorage, sopInstanceUid: knownUid('1.2.3.99') };
    const otherClass = { sopClassUid: knownUid('1.2.840.10008.5.1.4.1.1.4'), sopInstanceUid: instance.sopInstanceUid };
    const references = [safe, missing, otherClass];
    const outcome = await backend.commit(passFor({ kind: 'commit', transactionUid: knownUid('1.2'), references }));
    assert.deepEqual(outcome.safe, [safe]);
    assert.deepEqual(outcome.failed, [
      { ...missing, failureReason: 0x0112 },
      { ...otherClass, failureReason: 0x0119 },
    ]);
  });

  suite('a study is removed after its retention only, in two steps, and the first can be undone', async ({
    backend,
  }, clock) => {
    const instance = makeInstance({});
    const { studyInstanceUid } = instance;
    await storeInstance(backend, instance);
    const remove = (step: 'request' | 'undo' | 'finish'): Promise<unknown> =>
      backend.remove(passFor({ kind: 'remove', studyInstanceUid, step, reason: 'test' }));
    const found = async (): Promise<number> => (await findAll(backend, [[Tags.PatientID, 'P1']])).length;
    clock.ms += 30 * day - 1;
    await assert.rejects(remove('request'), { code: 'NOT_AUTHORIZED' });
    await assert.rejects(remove('finish'), { code: 'CONFLICT' });
    clock.ms += 1;
    assert.deepEqual(await remove('request'), { instances: 1 });
    assert.equal(await found(), 0);
    assert.deepEqual(await retrieveStudy(backend, studyInstanceUid), []);
    await assert.rejects(storeInstance(backend, instance), { code: 'CONFLICT' });
    await assert.rejects(remove('request'), { code: 'CONFLICT' });
    await remove('undo');
    assert.equal(await found(), 1);
    assert.equal((await retrieveStudy(backend, studyInstanceUid)).length, 1);
    await remove('request');
    await remove('finish');
    assert.equal(await found(), 0);
    await assert.rejects(remove('undo'), { code: 'NOT_FOUND' });
    assert.equal((await storeInstance(backend, instance)).result, 'stored');
    assert.equal((await retrieveStudy(backend, studyInstanceUid)).length, 1);
  });

  suite('a device removes what is wholly inside its scope; of everything else it learns nothing', async ({
    backend,
  }, clock) => {
    const [inside, mixed] = [knownUid('1.2.3.1'), knownUid('1.2.3.2')];
    await storeInstance(backend, makeInstance({ study: 1, series: 1, modality: 'CT' }));
    await storeInstance(backend, makeInstance({ study: 2, series: 1, modality: 'CT' }));
    await storeInstance(backend, makeInstance({ study: 2, series: 2, modality: 'SR' }));
    const remove = (studyInstanceUid: Uid, scope: Scope): Promise<unknown> =>
      backend.remove(
        passFor(
          { kind: 'remove', studyInstanceUid, step: 'request', reason: 'test' },
          { scope, principal: devicePrincipal() },
        ),
      );
    const ct = { modalities: ['CT'] };
    for (const [study, scope] of [
      [knownUid('1.2.3.9'), {}],
      [inside, { modalities: ['MR'] }],
      [inside, { studyInstanceUids: [mixed] }],
      [inside, { receivedFrom: 'OTHER' }],
      // The scope reaches a series of it, and not the other.
      [mixed, ct],
    ] as const) {
      const unknown = { code: 'NOT_FOUND', message: `Cannot remove study ${study}: no such study` };
      await assert.rejects(remove(study, scope), unknown);
    }
    await assert.rejects(remove(inside, ct), { code: 'NOT_AUTHORIZED' }, 'its retention has not ended');
    clock.ms += 30 * day;
    assert.deepEqual(await remove(inside, ct), { instances: 1 });
    await assert.rejects(remove(inside, ct), { code: 'NOT_FOUND' }, 'gone for devices, once hidden');
    assert.deepEqual(await remove(mixed, {}), { instances: 2 });
  });

  suite('retrieve follows its unique keys, in the order of series and instance number', async ({ backend }) => {
    for (const [series, instance] of [
      [2, 1],
      [1, 10],
      [1, 2],
    ] as const) {
      await storeInstance(backend, makeInstance({ series, instance }));
    }
    await storeInstance(backend, makeInstance({ study: 2 }));
    const uids = async (keys: object): Promise<readonly string[]> => {
      const got = backend.retrieve(passFor({ kind: 'retrieve', via: 'get', level: 'STUDY', keys }));
      return (await Array.fromAsync(got)).map((stored) => stored.head.sopInstanceUid);
    };
    assert.deepEqual(await uids({ studyInstanceUids: ['1.2.3.1'] }), ['1.2.3.1.1.2', '1.2.3.1.1.10', '1.2.3.1.2.1']);
    assert.equal((await uids({ patientId: 'P1' })).length, 3);
    assert.equal((await uids({ studyInstanceUids: ['1.2.3.1', '1.2.3.2'] })).length, 4);
    assert.deepEqual(await uids({ studyInstanceUids: ['1.2.3.1'], seriesInstanceUids: ['1.2.3.1.2'] }), [
      '1.2.3.1.2.1',
    ]);
    assert.deepEqual(await uids({ studyInstanceUids: ['1.2.3.2'], sopInstanceUids: ['1.2.3.1.2.1'] }), []);
    assert.deepEqual(await uids({ sopInstanceUids: ['1.2.3.1.1.10'] }), ['1.2.3.1.1.10']);
  });
}
