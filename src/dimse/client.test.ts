import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { DimseClient } from './client.ts';
import type { DimseHandlers } from './handlers.ts';
import { provide } from './provider.ts';
import { storeOnAssociation } from './store-on-association.ts';
import {
  associationPair,
  chunks,
  ctImageStorage,
  explicit,
  type PairOptions,
  studyIdentifier,
  testLimits,
} from './test-support.ts';

const studyFind = SopClasses.StudyRootQueryRetrieveInformationModelFind;
const studyGet = SopClasses.StudyRootQueryRetrieveInformationModelGet;

const errorStatus: DimseHandlers['errorStatus'] = (error) => ({ status: 0xa700, errorComment: error.message });

async function connected(options: PairOptions, handlers: Omit<DimseHandlers, 'errorStatus'>) {
  const { requestor, acceptor } = await associationPair(options);
  const served = provide(acceptor, { ...handlers, errorStatus }, { limits: testLimits });
  return { client: new DimseClient(requestor, { dimseLimits: testLimits }), served };
}

function instance(number: number, parts = 3) {
  return {
    sopClassUid: ctImageStorage,
    sopInstanceUid: knownUid(`1.2.3.${number}`),
    transferSyntaxUid: explicit,
    read: () => chunks(parts),
  };
}

test('an echo is answered, and the release leaves nothing open', async () => {
  const { client, served } = await connected(
    { contexts: [{ abstractSyntax: SopClasses.Verification }] },
    { echo: async () => 0 },
  );
  assert.equal(await client.echo(), 0);
  await client.release();
  assert.equal((await served).kind, 'released');
  assert.equal((await client.ended).kind, 'released');
});

test('a stored instance arrives byte for byte, and its answer waits for the receiver', async () => {
  const received: number[] = [];
  const { client } = await connected(
    { contexts: [{ abstractSyntax: ctImageStorage }] },
    {
      store: async () => ({
        write: (chunk) => void received.push(...chunk),
        end: async () => ({ status: 0xb000, errorComment: 'coerced' }),
        abort: () => assert.fail('not aborted'),
      }),
    },
  );
  await using _ = client;
  const response = await client.store(instance(1));
  assert.equal(response.status, 0xb000);
  assert.equal(response.errorComment, 'coerced');
  assert.equal(response.affectedSopInstanceUid, '1.2.3.1');
  assert.equal(received.length, 3000);
  assert.deepEqual([received[0], received[1000], received[2999]], [0, 1, 2]);
});

test('with a window stores overlap, up to its size and no further', async () => {
  let open = 0;
  let most = 0;
  const { client } = await connected(
    { contexts: [{ abstractSyntax: ctImageStorage }], window: { invoked: 3, performed: 1 } },
    {
      store: () => {
        open += 1;
        most = Math.max(most, open);
        return {
          write: () => undefined,
          end: async () => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            open -= 1;
            return { status: 0 };
          },
          abort: () => undefined,
        };
      },
    },
  );
  await using _ = client;
  assert.equal(client.window, 3);
  const statuses = await Promise.all(Array.from({ length: 10 }, (_, index) => client.store(instance(index))));
  assert.ok(statuses.every(({ status }) => status === 0));
  assert.equal(most, 3);
});

test('matches of a query come one by one, and leaving the loop cancels the query', async () => {
  let cancelled = false;
  let produced = 0;
  const { client } = await connected(
    { contexts: [{ abstractSyntax: studyFind }] },
    {
      async *find(_request, _context, _identifier, cancel) {
        cancel.addEventListener('abort', () => {
          cancelled = true;
        });
        for (; produced < 10_000; produced += 1) {
          yield { identifier: new DataSet().setText(0x00100020, 'LO', `ID${produced}`) };
        }
      },
    },
  );
  await using _ = client;
  const ids: (string | undefined)[] = [];
  for await (const match of client.find(studyFind, studyIdentifier(), { answersMax: 100_000 })) {
    ids.push(match.text(0x00100020));
    if (ids.length === 3) break;
  }
  assert.deepEqual(ids, ['ID0', 'ID1', 'ID2']);
  assert.ok(cancelled);
  assert.ok(produced < 9_000, `${produced} matches were produced`);
});

test('a failed query throws with the status of the peer', async () => {
  const { client } = await connected(
    { contexts: [{ abstractSyntax: studyFind }] },
    {
      // oxlint-disable-next-line require-yield
      async *find() {
        throw new LeadglassError('OUT_OF_RESOURCES', 'no room');
      },
    },
  );
  await using _ = client;
  await assert.rejects(async () => {
    for await (const _match of client.find(studyFind, studyIdentifier(), { answersMax: 10 })) assert.fail('no match');
  }, /0xA700 out of resources/);
});

test('more matches than allowed end the query with an error and leave the association usable', async () => {
  const { client } = await connected(
    { contexts: [{ abstractSyntax: studyFind }, { abstractSyntax: SopClasses.Verification }] },
    {
      echo: async () => 0,
      async *find() {
        for (let index = 0; index < 500; index += 1) yield { identifier: studyIdentifier() };
      },
    },
  );
  await using _ = client;
  let count = 0;
  await assert.rejects(
    async () => {
      for await (const _match of client.find(studyFind, studyIdentifier(), { answersMax: 10 })) count += 1;
    },
    { code: 'LIMIT_EXCEEDED' },
  );
  assert.equal(count, 10);
  assert.equal(await client.echo(), 0);
});

for (const performed of [1, 4]) {
  test(`a retrieval brings its instances on the same association, ${performed} at once`, async () => {
    const { client } = await connected(
      {
        contexts: [{ abstractSyntax: studyGet }, { abstractSyntax: ctImageStorage, role: { scu: false, scp: true } }],
        window: { invoked: 1, performed },
      },
      {
        async get(_request, _context, _identifier, _cancel, progress, exchange) {
          const counts = { remaining: 9, completed: 0, failed: 0, warning: 0 };
          await Promise.all(
            Array.from({ length: 9 }, async (_, index) => {
              const { status } = await storeOnAssociation(exchange, instance(index));
              counts.remaining -= 1;
              if (status === 0) counts.completed += 1;
              else counts.failed += 1;
              progress({ ...counts });
            }),
          );
          return { ...counts, failedSopInstanceUids: [knownUid('1.2.3.4')] };
        },
      },
    );
    await using _ = client;
    const bytes = new Map<string, number>();
    let progressed = 0;
    const outcome = await client.get(studyGet, studyIdentifier(), {
      instancesMax: 9,
      onProgress: () => {
        progressed += 1;
      },
      onInstance: ({ sopInstanceUid }) => {
        let length = 0;
        return {
          write: (chunk) => {
            length += chunk.length;
          },
          end: async () => {
            bytes.set(sopInstanceUid, length);
            return sopInstanceUid.endsWith('4') ? { status: 0xa700 } : undefined;
          },
          abort: () => undefined,
        };
      },
    });
    assert.equal(bytes.size, 9);
    assert.ok([...bytes.values()].every((length) => length === 3000));
    assert.deepEqual(outcome, {
      status: 0xb000,
      completed: 8,
      failed: 1,
      warning: 0,
      failedSopInstanceUids: ['1.2.3.4'],
    });
    assert.ok(progressed >= 1);
  });
}
