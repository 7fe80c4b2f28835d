import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { Context } from './context.ts';
import type { DicomClient, DicomTarget, IncomingInstance, RetrieveResult, WantedContext } from './dicom-client.ts';
import { getContexts } from './get.ts';
import { identifierOf } from './query-keys.ts';
import { ReceivedFiles } from './received-files.ts';
import { retrieveIdentifier } from './retrieve.ts';
import { runCommand } from './run-command.test-support.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-dicom-cli-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function* bytesOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

interface Fake {
  readonly connects: { readonly target: DicomTarget; readonly contexts: readonly WantedContext[] }[];
  readonly asked: DataSet[];
  released: number;
}

/** A peer that answers what it is given. */
function peer(answers: {
  readonly matches?: readonly DataSet[];
  readonly instances?: readonly IncomingInstance[];
  readonly result?: Partial<RetrieveResult>;
}): { readonly connect: Context['connect']; readonly fake: Fake } {
  const fake: Fake = { connects: [], asked: [], released: 0 };
  const result: RetrieveResult = { status: 0, completed: 0, failed: 0, warning: 0, ...answers.result };
  const connect: Context['connect'] = async (target, contexts) => {
    fake.connects.push({ target, contexts });
    const client: DicomClient = {
      accepted: (uid) =>
        contexts.flatMap(({ abstractSyntax, transferSyntaxes }) => (abstractSyntax === uid ? transferSyntaxes : [])),
      echo: async () => 0,
      async *find(_uid, identifier) {
        fake.asked.push(identifier);
        yield* answers.matches ?? [];
      },
      async get(_uid, identifier, { onInstance }) {
        fake.asked.push(identifier);
        for (const instance of answers.instances ?? []) await onInstance(instance);
        return result;
      },
      async move(_uid, identifier) {
        fake.asked.push(identifier);
        return result;
      },
      [Symbol.asyncDispose]: async () => void (fake.released += 1),
      abort: () => {},
    };
    return client;
  };
  return { connect, fake };
}

async function run(connect: Context['connect'], ...words: readonly string[]) {
  return await runCommand(words, { connect });
}

const plain = ['pacs:104', '--plain', '--calling', 'WS1', '--called', 'PACS'];

test('echo says how long it took, and that there was no TLS', async () => {
  const { connect, fake } = peer({});
  const { lines, status } = await run(connect, 'echo', ...plain);
  assert.match(lines[0] ?? '', /^PACS answers: .*WITHOUT TLS\.$/);
  assert.equal(status, 0);
  assert.deepEqual(fake.connects[0]?.target, { host: 'pacs', port: 104, callingAeTitle: 'WS1', calledAeTitle: 'PACS' });
});

test('without --as and without --plain nothing is sent', async () => {
  const { connect, fake } = peer({});
  const refused = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'BAD_REQUEST';
  await assert.rejects(run(connect, 'echo', 'pacs:104'), refused);
  await assert.rejects(run(connect, 'echo', 'pacs:104', '--calling', 'A', '--called', 'B'), refused);
  await assert.rejects(run(connect, 'echo', 'pacs:104', '--as', '/nonexistent'), refused);
  assert.equal(fake.connects.length, 0);
});

test('find prints a table of what was asked, and --json the DICOM JSON model', async () => {
  const match = new DataSet()
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.PatientName, 'PN', 'Yamada=山田')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2');
  const { connect, fake } = peer({ matches: [match] });
  const { lines } = await run(connect, 'find', ...plain, '-k', 'PatientID=P*', '-k', 'StudyDate=20261101-');
  assert.match(lines[0] ?? '', /^PatientID +PatientName +StudyInstanceUID$/);
  assert.equal(fake.asked[0]?.text(Tags.PatientID), 'P*');
  assert.equal(fake.asked[0]?.text(Tags.QueryRetrieveLevel), 'STUDY');
  const { values } = await run(connect, 'find', ...plain, '--json');
  assert.deepEqual(values[0], [
    {
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada', Ideographic: '山田' }] },
      '00100020': { vr: 'LO', Value: ['P1'] },
      '0020000D': { vr: 'UI', Value: ['1.2'] },
      // Text beyond ASCII made the data set say its character set.
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    },
  ]);
});

test('find at PATIENT level asks the patient root, which alone has it, unless a model is named', async () => {
  const models = [];
  for (const words of [
    ['--level', 'PATIENT'],
    ['-k', 'QueryRetrieveLevel=PATIENT'],
    ['--level', 'SERIES', '-k', 'StudyInstanceUID=1.2'],
    ['--level', 'PATIENT', '--model', 'study'],
  ]) {
    const { connect, fake } = peer({});
    await run(connect, 'find', ...plain, ...words);
    models.push(fake.connects[0]?.contexts[0]?.abstractSyntax);
  }
  const { PatientRootQueryRetrieveInformationModelFind: patient, StudyRootQueryRetrieveInformationModelFind: study } =
    SopClasses;
  assert.deepEqual(models, [patient, patient, study, study]);
});

test('get of what the peer has not ends with 1 and leaves no folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-get-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, 'out');
  const { lines, status } = await run(peer({}).connect, 'get', ...plain, '--study', '1.2.3', '--out', out);
  assert.deepEqual(
    [lines, status, existsSync(out)],
    [['Nothing came: the peer has no such instances for us.'], 1, false],
  );
});

test('find stops at --rows and says that there are more', async () => {
  const matches = ['1', '2', '3'].map((id) => new DataSet().setText(Tags.PatientID, 'LO', id));
  const at = await run(peer({ matches: matches.slice(0, 2) }).connect, 'find', ...plain, '--rows', '2');
  const above = await run(peer({ matches }).connect, 'find', ...plain, '--rows', '2');
  assert.deepEqual([at.notes.length, above.notes.length, at.lines.length, above.lines.length], [0, 1, 3, 3]);
});

test('query keys: keywords, tags, sequences, and a hint for a misspelt one', () => {
  const { identifier, columns } = identifierOf(
    [
      '0010,0020=P1',
      '(0008,0060)',
      'RequestAttributesSequence.ScheduledProcedureStepID=7',
      'RequestAttributesSequence.RequestedProcedureID',
    ],
    {
      level: 'SERIES',
      withUsualKeys: false,
    },
  );
  assert.deepEqual(columns, [Tags.PatientID, Tags.Modality, Tags.RequestAttributesSequence]);
  const [item] = identifier.items(Tags.RequestAttributesSequence);
  assert.deepEqual([item?.text(Tags.ScheduledProcedureStepID), item?.text(Tags.RequestedProcedureID)], ['7', '']);
  assert.throws(
    () => identifierOf(['PatientIdd=1'], { level: undefined, withUsualKeys: false }),
    /did you mean PatientID\?/,
  );
  assert.throws(
    () => identifierOf(['PatientID.PatientName=1'], { level: undefined, withUsualKeys: false }),
    /no sequence/,
  );
});

test('a UID that is none, or a missing key of a level above, is told before anything is connected', async (t) => {
  const study = 'StudyInstanceUID=1.2.3';
  const cases: readonly (readonly [words: readonly string[], text: RegExp])[] = [
    [['get', '--study', 'a.b'], /^a\.b is no UID .*StudyInstanceUID/],
    [['get', '--study', '1.2\\a.b'], /^a\.b is no UID/],
    [['get', '--study', '1'.repeat(65)], /is no UID .*at most 64/],
    [['move', '--to', 'WS2', '-k', study, '-k', 'SeriesInstanceUID=x'], /^x is no UID .*SeriesInstanceUID/],
    [['find', '-k', 'StudyInstanceUID=1.2.*'], /is no UID .*leave it empty/],
    [['find', '-k', 'ReferencedStudySequence.ReferencedSOPInstanceUID=?'], /^\? is no UID/],
    [['find', '--level', 'SERIES'], /^To find at level SERIES, StudyInstanceUID .*-k StudyInstanceUID=/],
    [['find', '--level', 'IMAGE', '-k', study], /SeriesInstanceUID needs exactly one value: add -k SeriesInstanceUID=/],
    [['find', '-k', 'QueryRetrieveLevel=SERIES', '-k', 'StudyInstanceUID=1.2\\1.3'], /exactly one value, without/],
    [['find', '--model', 'patient', '-k', 'PatientID=P*'], /PatientID .*without wildcards/],
    [['find', '--model', 'patient'], /^To find at level STUDY, PatientID .*-k PatientID=/],
  ];
  const place = folder(t);
  for (const [[command = '', ...words], text] of cases) {
    const { connect, fake } = peer({});
    const out = command === 'get' ? ['--out', join(place, 'out')] : [];
    await assert.rejects(
      run(connect, command, ...plain, ...words, ...out),
      (error) => {
        assert.ok(error instanceof LeadglassError && error.code === 'BAD_REQUEST', String(error));
        assert.match(error.message, text);
        return true;
      },
      words.join(' '),
    );
    assert.deepEqual([fake.connects.length, existsSync(join(place, 'out'))], [0, false]);
  }
});

test('what is retrieved follows from the lowest key', () => {
  const level = (options: object): unknown =>
    retrieveIdentifier({ key: [], ...options }).identifier.text(Tags.QueryRetrieveLevel);
  assert.equal(level({ study: '1.2' }), 'STUDY');
  assert.equal(level({ study: '1.2', series: '1.3' }), 'SERIES');
  assert.equal(level({ key: ['StudyInstanceUID=1.2', 'SOPInstanceUID=1.4'] }), 'IMAGE');
  assert.equal(retrieveIdentifier({ key: [], patient: 'P1' }).model, 'patient');
  assert.throws(() => retrieveIdentifier({ key: [] }), /Say what to retrieve/);
});

test('get proposes at most 128 contexts', () => {
  assert.equal(getContexts(knownUid('1.2')).length, 128);
});

const incoming = (uid: string, ...chunks: readonly Uint8Array[]): IncomingInstance => ({
  sopClassUid: knownUid('1.2.840.10008.5.1.4.1.1.2'),
  // A hostile peer's text never became a Uid; the cast stands for a client that forgot to check.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
  sopInstanceUid: uid as Uid,
  transferSyntaxUid: TransferSyntaxes.ExplicitVrLittleEndian,
  source: bytesOf(...chunks),
});

test('hostile server of C-GET: UIDs that are paths decide no name, equal UIDs overwrite nothing', async (t) => {
  const place = join(folder(t), 'out');
  const { connect } = peer({
    instances: [
      incoming('../../evil', Buffer.from('ab')),
      incoming('/etc/passwd', Buffer.from('cd')),
      incoming('1.2', Buffer.from('ef')),
      incoming('1.2', Buffer.from('gh')),
    ],
  });
  const { status } = await run(connect, 'get', ...plain, '--study', '1.2', '--out', place);
  assert.equal(status, 0);
  assert.deepEqual(
    readdirSync(place).toSorted(),
    [1, 2, 3, 4].map((number) => `image-00000${number}.dcm`),
  );
  assert.equal(readFileSync(join(place, 'image-000001.dcm')).subarray(-2).toString(), 'ab');
});

test('hostile server of C-GET: instances and bytes are taken at their limits and refused above, and nothing half stays', async (t) => {
  const place = folder(t);
  const files = new ReceivedFiles(join(place, 'a'), 'PACS', { getInstancesMax: 2, getBytesMax: 10 });
  await files.take(incoming('1.2', Buffer.alloc(4)));
  await files.take(incoming('1.3', Buffer.alloc(3), Buffer.alloc(3)));
  const exceeded = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED';
  await assert.rejects(files.take(incoming('1.4', Buffer.alloc(0))), exceeded);
  const small = new ReceivedFiles(join(place, 'b'), 'PACS', { getInstancesMax: 2, getBytesMax: 10 });
  await assert.rejects(small.take(incoming('1.2', Buffer.alloc(6), Buffer.alloc(5))), exceeded);
  assert.deepEqual(readdirSync(join(place, 'b')), []);
  assert.equal(existsSync(join(place, 'a', 'image-000002.dcm')), true);
  assert.throws(() => new ReceivedFiles(join(place, 'a'), 'PACS', limits), /not empty/);
});

test('a retrieve with failed sub-operations ends with 1 and says how many', async (t) => {
  const { connect } = peer({ result: { status: 0xb000, completed: 3, failed: 1 } });
  const { notes, status } = await run(connect, 'move', ...plain, '--study', '1.2', '--to', 'WS2');
  assert.deepEqual([status, notes], [1, ['Status B000H; 3 completed, 1 failed, 0 with warning.']]);
  assert.equal((await run(connect, 'get', ...plain, '--study', '1.2', '--out', join(folder(t), 'o'))).status, 1);
});
