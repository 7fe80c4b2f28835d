/** `get` against a peer that keeps instances of given kinds and sends them as they are, or not at all. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import type { DicomClient, WantedContext } from './dicom-client.ts';
import { kindsFor, kindText, likelySyntaxes } from './get-plan.ts';
import { runCommand } from './run-command.test-support.ts';

interface Kept {
  readonly uid: Uid;
  readonly series: string;
  readonly sopClassUid: Uid;
  readonly syntax: Uid;
}

const storageClass = (end: string): Uid => knownUid(`1.2.840.10008.5.1.4.1.1.${end}`);
const kept = (number: number, end: string, syntax: Uid): Kept => ({
  uid: knownUid(`1.2.3.${number}`),
  series: `1.2.${number % 3}`,
  sopClassUid: storageClass(end),
  syntax,
});

interface PeerSettings {
  /** What a match of the IMAGE level says; default: all. */
  readonly tells?: 'all' | 'class' | 'nothing';
  readonly finds?: boolean;
  readonly refuses?: (kind: { readonly sopClassUid: Uid; readonly syntax: Uid }) => boolean;
}

function peer(instances: readonly Kept[], { tells = 'all', finds = true, refuses = () => false }: PeerSettings = {}) {
  const proposals: (readonly WantedContext[])[] = [];
  const asked: DataSet[] = [];
  let isOpen = 0;
  const connect: Context['connect'] = async (_target, contexts) => {
    assert.ok(contexts.length <= 128);
    proposals.push(contexts);
    isOpen += 1;
    const has = (sopClassUid: Uid, syntax: Uid): boolean =>
      !refuses({ sopClassUid, syntax }) &&
      contexts.some((one) => one.abstractSyntax === sopClassUid && one.transferSyntaxes.includes(syntax));
    const client: DicomClient = {
      accepted: (uid) =>
        contexts
          .filter(({ abstractSyntax }) => abstractSyntax === uid)
          .flatMap(({ transferSyntaxes }) => transferSyntaxes.filter((syntax) => has(uid, syntax))),
      echo: () => assert.fail(),
      move: () => assert.fail(),
      async *find(_uid, identifier) {
        if (!finds) throw new LeadglassError('UNSUPPORTED', 'no query');
        const level = identifier.text(Tags.QueryRetrieveLevel);
        if (level === 'STUDY') {
          const match = new DataSet().setText(Tags.StudyInstanceUID, 'UI', '1.2');
          yield tells === 'nothing'
            ? match.setText(Tags.SOPClassesInStudy, 'UI', [...new Set(instances.map((one) => one.sopClassUid))])
            : match;
        } else if (level === 'SERIES') {
          assert.equal(identifier.text(Tags.StudyInstanceUID), '1.2');
          for (const series of new Set(instances.map((one) => one.series)))
            yield new DataSet().setText(Tags.SeriesInstanceUID, 'UI', series);
        } else if (tells !== 'nothing') {
          for (const one of instances.filter(({ series }) => series === identifier.text(Tags.SeriesInstanceUID))) {
            const match = new DataSet()
              .setText(Tags.SOPInstanceUID, 'UI', one.uid)
              .setText(Tags.SOPClassUID, 'UI', one.sopClassUid);
            yield tells === 'all' ? match.setText(Tags.AvailableTransferSyntaxUID, 'UI', one.syntax) : match;
          }
        }
      },
      async get(_uid, identifier, { onInstance }) {
        asked.push(identifier);
        const result = { status: 0, completed: 0, failed: 0, warning: 0 };
        const uids = identifier.texts(Tags.SOPInstanceUID);
        const series = identifier.text(Tags.SeriesInstanceUID);
        for (const one of instances) {
          if (uids.length > 0 && !(uids.includes(one.uid) && one.series === series)) continue;
          if (has(one.sopClassUid, one.syntax)) {
            async function* source(): AsyncGenerator<Uint8Array> {
              yield Buffer.from('data set');
            }
            const { sopClassUid, uid: sopInstanceUid, syntax: transferSyntaxUid } = one;
            const answer = await onInstance({ sopClassUid, sopInstanceUid, transferSyntaxUid, source: source() });
            result[answer.status === 0 ? 'completed' : 'failed'] += 1;
          } else result.failed += 1;
        }
        return { ...result, status: result.failed > 0 ? 0xb000 : 0 };
      },
      abort: () => {},
      [Symbol.asyncDispose]: async () => void (isOpen -= 1),
    };
    return client;
  };
  return { connect, proposals, asked, isOpen: () => isOpen };
}

async function get(t: TestContext, connect: Context['connect'], ...words: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-get-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const plain = ['pacs:104', '--plain', '--calling', 'WS1', '--called', 'PACS', '--out', join(folder, 'out'), '--json'];
  const keys = words.length > 0 ? words : ['--study', '1.2'];
  const { values, notes, status } = await runCommand(['get', ...plain, ...keys], { connect });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
  const [value] = values as readonly {
    readonly completed: number;
    readonly failed: number;
    readonly files: readonly { readonly sopInstanceUid: string }[];
    readonly missing?: readonly { readonly sopInstanceUid: string }[];
  }[];
  assert.ok(value);
  return { ...value, notes, exit: status };
}

const rare = [
  kept(1, '2', TransferSyntaxes.RLELossless),
  kept(2, '2', TransferSyntaxes.DeflatedImageFrameCompression),
  kept(3, '77.1.4.1', TransferSyntaxes.MPEG4HP41BDF),
  kept(4, '4', TransferSyntaxes.HTJ2KLosslessRPCL),
  kept(5, '104.1', TransferSyntaxes.ExplicitVrLittleEndian),
];

test('instances in rare syntaxes come on one association when the peer tells what it has', async (t) => {
  const { connect, proposals, isOpen } = peer(rare);
  const { files, failed, exit } = await get(t, connect);
  assert.deepEqual([files.length, failed, exit], [5, 0, 0]);
  // One for the query, one for the instances.
  assert.equal(proposals.length, 2);
  assert.equal(isOpen(), 0);
});

for (const tells of ['class', 'nothing'] as const) {
  test(`a peer that tells ${tells === 'class' ? 'SOP classes only' : 'the SOP classes of the study only'} is asked on several associations, each instance kept once`, async (t) => {
    const { connect, proposals } = peer(rare, { tells });
    const { files, failed, completed, exit } = await get(t, connect);
    assert.deepEqual([files.length, completed, failed, exit], [5, 5, 0, 0]);
    assert.ok(proposals.length > 2);
    const pairs = proposals.slice(1).flatMap((contexts) => contexts.slice(1).map((one) => JSON.stringify(one)));
    assert.equal(new Set(pairs).size, pairs.length, 'nothing is proposed twice');
  });
}

test('a further association asks by UID, series by series, for what is missing only', async (t) => {
  const { connect, asked } = peer(rare, { tells: 'class' });
  await get(t, connect);
  const [first, ...further] = asked;
  assert.equal(first?.text(Tags.QueryRetrieveLevel), 'STUDY');
  assert.ok(further.length > 0);
  for (const identifier of further) {
    assert.equal(identifier.text(Tags.QueryRetrieveLevel), 'IMAGE');
    assert.equal(identifier.texts(Tags.SeriesInstanceUID).length, 1);
    assert.ok(!identifier.texts(Tags.SOPInstanceUID).includes('1.2.3.5'));
  }
});

test('what the peer takes no context for is counted as failed and told in words', async (t) => {
  const refuses: PeerSettings['refuses'] = ({ syntax }) => syntax === TransferSyntaxes.RLELossless;
  for (const tells of ['all', 'class'] as const) {
    const { connect } = peer(rare, { tells, refuses });
    const { files, failed, notes, exit, missing } = await get(t, connect);
    assert.deepEqual([files.length, failed, exit], [4, 1, 1]);
    assert.deepEqual(
      missing?.map(({ sopInstanceUid }) => sopInstanceUid),
      ['1.2.3.1'],
    );
    if (tells === 'all') {
      assert.match(
        notes.join('\n'),
        /^failed {2}1\.2\.3\.1: the peer accepted no presentation context for it \(CT Image Storage in RLE Lossless\)$/m,
      );
    }
  }
});

test('a peer without C-FIND, and a request that bounds no study, get the usual contexts on one association', async (t) => {
  const usual = [kept(1, '2', TransferSyntaxes.ExplicitVrLittleEndian)];
  const without = peer(usual, { finds: false });
  assert.equal((await get(t, without.connect)).files.length, 1);
  assert.deepEqual(
    without.proposals.map((contexts) => contexts.length),
    [1, 128],
  );
  const unbounded = peer(usual);
  await get(t, unbounded.connect, '--image', '1.2.3.1');
  assert.equal(unbounded.proposals.length, 1);
});

test('the kinds that the peer told come first, then the usual syntaxes of all its classes', () => {
  const ct = storageClass('2');
  const listing = {
    instances: [
      {
        studyInstanceUid: '1.2',
        seriesInstanceUid: '1.3',
        sopInstanceUid: '1.4',
        sopClassUid: ct,
        transferSyntaxUids: [TransferSyntaxes.HEVCMP51],
      },
    ],
    sopClassUids: [ct],
  };
  const kinds = kindsFor(listing, new Set());
  assert.deepEqual(
    kinds.slice(0, 2).map(({ transferSyntaxUid }) => transferSyntaxUid),
    [TransferSyntaxes.HEVCMP51, TransferSyntaxes.ExplicitVrLittleEndian],
  );
  assert.equal(kinds.length, likelySyntaxes.length);
  assert.equal(kindsFor(listing, new Set(kinds.map((kind) => kindText(kind)))).length, 0);
});
