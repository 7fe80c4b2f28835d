import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { SopClasses, storageCommitmentPushModelInstance } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import {
  CommandField,
  type DimseMessage,
  readCommandSet,
  type RefusedCommand,
  writeCommandSet,
} from './command-set.ts';
import type { DimseHandlers, StoreReceiver } from './handlers.ts';
import { provide } from './provider.ts';
import { storeOnAssociation } from './store-on-association.ts';
import {
  chunks,
  contextOf,
  ctImageStorage,
  explicit,
  ScriptedAssociation,
  studyIdentifier,
  testLimits,
} from './test-support.ts';

const studyFind = SopClasses.StudyRootQueryRetrieveInformationModelFind;
const studyGet = SopClasses.StudyRootQueryRetrieveInformationModelGet;
const instanceUid = knownUid('1.2.3.4');

interface Served {
  readonly association: ScriptedAssociation;
  readonly served: ReturnType<typeof provide>;
  readonly errors: LeadglassError[];
  /** The answers so far. */
  readonly answers: () => (DimseMessage | RefusedCommand)[];
}

function serving(
  handlers: Omit<DimseHandlers, 'errorStatus'>,
  {
    contexts = [contextOf(ctImageStorage)],
    window,
    limits = {},
  }: {
    readonly contexts?: readonly AcceptedContext[];
    readonly window?: { readonly invoked: number; readonly performed: number };
    readonly limits?: Partial<typeof testLimits>;
  } = {},
): Served {
  const association = new ScriptedAssociation(contexts, window === undefined ? {} : { window });
  const errors: LeadglassError[] = [];
  const served = provide(
    association,
    {
      ...handlers,
      errorStatus: (error) => ({ status: error.code === 'MALFORMED' ? 0xc000 : 0xa700, errorComment: error.message }),
      onError: (error) => errors.push(error),
    },
    { limits: { ...testLimits, ...limits } },
  );
  return {
    association,
    served,
    errors,
    answers: () => association.sent.map(({ command }) => readCommandSet(command, testLimits)),
  };
}

const storeRequest = (messageId: number, sopClassUid: Uid = ctImageStorage): Uint8Array =>
  writeCommandSet({
    commandField: CommandField.CStoreRq,
    hasDataSet: true,
    affectedSopClassUid: sopClassUid,
    affectedSopInstanceUid: instanceUid,
    messageId,
    priority: 0,
  });
const findRequest = (messageId: number): Uint8Array =>
  writeCommandSet({
    commandField: CommandField.CFindRq,
    hasDataSet: true,
    affectedSopClassUid: studyFind,
    messageId,
    priority: 0,
  });
const getRequest = (messageId: number): Uint8Array =>
  writeCommandSet({
    commandField: CommandField.CGetRq,
    hasDataSet: true,
    affectedSopClassUid: studyGet,
    messageId,
    priority: 0,
  });
const cancelRequest = (messageIdBeingRespondedTo: number): Uint8Array =>
  writeCommandSet({ commandField: CommandField.CCancelRq, hasDataSet: false, messageIdBeingRespondedTo });
const storeResponse = (messageIdBeingRespondedTo: number, status = 0): Uint8Array =>
  writeCommandSet({ commandField: CommandField.CStoreRsp, hasDataSet: false, messageIdBeingRespondedTo, status });

function statusOf(message: DimseMessage | RefusedCommand | undefined): number | undefined {
  return message !== undefined && 'status' in message ? message.status : undefined;
}

function keeping(into: number[], answer: Partial<StoreReceiver> = {}): StoreReceiver {
  return {
    write: (chunk) => void into.push(...chunk),
    end: async () => ({ status: 0 }),
    abort: () => undefined,
    ...answer,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a C-STORE cut at every size of fragments arrives whole and is answered once', async () => {
  const data = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
  for (let size = 1; size <= 300; size += 1) {
    const received: number[] = [];
    const { association, answers } = serving({ store: () => keeping(received) });
    await association.deliver(1, storeRequest(7), { data, size });
    await association.sentCount(1);
    assert.deepEqual(Uint8Array.from(received), data);
    assert.deepEqual(answers(), [
      {
        commandField: CommandField.CStoreRsp,
        hasDataSet: false,
        messageIdBeingRespondedTo: 7,
        status: 0,
        affectedSopClassUid: ctImageStorage,
        affectedSopInstanceUid: instanceUid,
      },
    ]);
  }
});

test('nothing more is read from the peer while the receiver has not taken a chunk', async () => {
  const gate = Promise.withResolvers<void>();
  const { association } = serving({ store: async () => keeping([], { write: () => gate.promise }) });
  let isTaken = false;
  const delivered = association.deliver(1, storeRequest(1), { data: new Uint8Array(10) }).finally(() => {
    isTaken = true;
  });
  await settled();
  assert.equal(isTaken, false);
  gate.resolve();
  await delivered;
});

test('a store that is refused at once, while writing, or at its end is drained and answered with its failure', async () => {
  const failure = new LeadglassError('OUT_OF_RESOURCES', 'no space left');
  let aborted = 0;
  const abort = (): void => void (aborted += 1);
  const fail = (): never => {
    throw failure;
  };
  const stores: NonNullable<DimseHandlers['store']>[] = [
    fail,
    () => Promise.reject(failure),
    () => keeping([], { write: fail, abort }),
    () => keeping([], { write: () => Promise.reject(failure), abort }),
    () => keeping([], { end: () => Promise.reject(failure), abort }),
  ];
  for (const store of stores) {
    const { association, answers, errors } = serving({ store });
    await association.deliver(1, storeRequest(1), { data: new Uint8Array(1000), size: 10 });
    await association.sentCount(1);
    assert.equal(statusOf(answers()[0]), 0xa700);
    assert.equal(association.aborted, 0);
    assert.equal(errors[0], failure);
  }
  assert.equal(aborted, 2);
});

test('an error that is none of ours is answered 0x0110 without its text', async () => {
  const { association, answers, errors } = serving({
    store: () => keeping([], { end: () => Promise.reject(new TypeError('secret path /data')) }),
  });
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  await association.sentCount(1);
  const [answer] = answers();
  assert.equal(statusOf(answer), 0x0110);
  assert.doesNotMatch(JSON.stringify(answer), /secret/);
  assert.match(errors[0]?.detail ?? '', /secret/);
});

test('a mistake in the table of statuses ends its association and nothing else', async () => {
  const association = new ScriptedAssociation([contextOf(ctImageStorage)]);
  const served = provide(
    association,
    {
      store: () => {
        throw new LeadglassError('CORRUPT', 'digest');
      },
      errorStatus: () => {
        throw new TypeError('no such row');
      },
    },
    { limits: testLimits },
  );
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  const reason = await served;
  assert.ok(reason.kind === 'failed' && reason.error.code === 'INTERNAL');
});

test('a refused data set is drained up to the limit, and the association aborted one byte above', async () => {
  for (const [length, aborts] of [
    [99, 0],
    [100, 0],
    [101, 1],
  ] as const) {
    const { association } = serving({}, { limits: { drainedBytesMax: 100 } });
    await association.deliver(1, storeRequest(1), { data: new Uint8Array(length), size: 10 });
    assert.equal(association.aborted, aborts, `${length} bytes`);
  }
});

test('the end of the association in the middle of a data set aborts its receiver', async () => {
  let reason: unknown;
  const { association, served } = serving({
    store: () =>
      keeping([], {
        abort: (error) => {
          reason = error;
        },
        end: () => assert.fail('not ended'),
      }),
  });
  await association.deliver(1, storeRequest(1));
  await association.fragment(1, false, false, new Uint8Array(10));
  association.end({ kind: 'closed', error: new LeadglassError('PEER_FAILED', 'gone') });
  assert.equal((await served).kind, 'closed');
  assert.ok(reason instanceof LeadglassError);
  assert.equal(association.sent.length, 0);
});

for (const [what, request, status] of [
  ['another SOP class than its context', storeRequest(1, SopClasses.Verification), 0x0122],
  [
    'no data set',
    writeCommandSet({
      commandField: CommandField.CStoreRq,
      hasDataSet: false,
      affectedSopClassUid: ctImageStorage,
      affectedSopInstanceUid: instanceUid,
      messageId: 1,
      priority: 0,
    }),
    0x0212,
  ],
  [
    'an echo with a data set',
    writeCommandSet({
      commandField: CommandField.CEchoRq,
      hasDataSet: true,
      affectedSopClassUid: ctImageStorage,
      messageId: 1,
    }),
    0x0212,
  ],
  [
    'a service without handler',
    writeCommandSet({
      commandField: CommandField.CEchoRq,
      hasDataSet: false,
      affectedSopClassUid: ctImageStorage,
      messageId: 1,
    }),
    0x0211,
  ],
] as const) {
  test(`a request with ${what} is answered ${status.toString(16)}, and the next one served`, async () => {
    const { association, answers } = serving({ store: () => keeping([]) });
    const message = readCommandSet(request, testLimits);
    await association.deliver(1, request, message.hasDataSet ? { data: new Uint8Array(20) } : {});
    await association.sentCount(1);
    await association.deliver(1, storeRequest(2), { data: new Uint8Array(20) });
    await association.sentCount(2);
    assert.deepEqual(answers().map(statusOf), [status, 0]);
  });
}

test('an unknown command is answered 0x0211 under its own number, after its data set', async () => {
  const { association } = serving({});
  const command = storeRequest(1);
  // The Command Field's value stands behind the SOP class, at 12 + 34 + 8.
  command[54] = 0x77;
  await association.deliver(1, command, { data: new Uint8Array(20), size: 7 });
  await association.sentCount(1);
  const sent = Buffer.from(association.sent[0]?.command ?? []);
  assert.equal(sent.readUInt16LE(20), 0x8077);
  assert.equal(association.aborted, 0);
});

test('a requestor that negotiated no SCU role may not store', async () => {
  const contexts = [contextOf(ctImageStorage, { requestorScu: false, requestorScp: true })];
  const { association, answers } = serving({ store: () => assert.fail('not reached') }, { contexts });
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  await association.sentCount(1);
  assert.equal(statusOf(answers()[0]), 0x0122);
});

test('a message id that is in use is answered 0x0210', async () => {
  const { association, answers } = serving(
    { store: () => keeping([], { end: () => new Promise(() => undefined) }) },
    { window: { invoked: 4, performed: 1 } },
  );
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  await association.sentCount(1);
  assert.equal(statusOf(answers()[0]), 0x0210);
});

test('operations up to the window are performed, one more aborts the association', async () => {
  for (const [invoked, count, aborts] of [
    [3, 3, 0],
    [3, 4, 1],
    [0, testLimits.operationsMax, 0],
    [0, testLimits.operationsMax + 1, 1],
  ] as const) {
    const { association } = serving(
      { store: () => keeping([], { end: () => new Promise(() => undefined) }) },
      { window: { invoked, performed: 1 } },
    );
    for (let id = 1; id <= count; id += 1) await association.deliver(1, storeRequest(id), { data: new Uint8Array(1) });
    assert.equal(association.aborted, aborts, `${count} of ${invoked}`);
  }
});

test('without a window a second request before the answer aborts the association', async () => {
  const { association, served } = serving({
    store: () => keeping([], { end: () => settled().then(() => ({ status: 0 })) }),
  });
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  await association.deliver(1, storeRequest(2), { data: new Uint8Array(1) });
  assert.equal((await served).kind, 'failed');
});

for (const [what, play] of [
  ['a data set without a command set', (a: ScriptedAssociation) => a.fragment(1, false, true, new Uint8Array(2))],
  [
    'a command set in the middle of a data set',
    async (a: ScriptedAssociation) => {
      await a.deliver(1, storeRequest(1));
      await a.deliver(1, storeRequest(2));
    },
  ],
  [
    'a data set in another context than its command set',
    async (a: ScriptedAssociation) => {
      await a.deliver(1, storeRequest(1));
      await a.fragment(3, false, true, new Uint8Array(2));
    },
  ],
  [
    'a command set in two contexts',
    async (a: ScriptedAssociation) => {
      await a.fragment(1, true, false, storeRequest(1).subarray(0, 20));
      await a.fragment(3, true, true, storeRequest(1).subarray(20));
    },
  ],
  ['a context that was not accepted', (a: ScriptedAssociation) => a.deliver(9, storeRequest(1))],
  ['a response to nothing', (a: ScriptedAssociation) => a.deliver(1, storeResponse(1))],
  ['a broken command set', (a: ScriptedAssociation) => a.deliver(1, storeRequest(1).subarray(0, 40))],
  [
    'a command set without an end',
    async (a: ScriptedAssociation) => {
      for (let count = 0; count < 70; count += 1) await a.fragment(1, true, false, new Uint8Array(1000));
    },
  ],
] as const) {
  test(`${what} aborts the association`, async () => {
    const { association, served } = serving(
      { store: () => keeping([]) },
      { contexts: [contextOf(ctImageStorage), contextOf(ctImageStorage, { id: 3 })] },
    );
    await play(association);
    assert.equal(association.aborted, 1);
    const reason = await served;
    assert.equal(reason.kind, 'failed');
  });
}

const findContexts = [contextOf(studyFind)];

for (const transferSyntax of [
  TransferSyntaxes.ImplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrBigEndian,
  TransferSyntaxes.DeflatedExplicitVrLittleEndian,
]) {
  test(`an identifier in ${transferSyntax} is read, and the matches are written in it`, async () => {
    const { association, answers } = serving(
      {
        async *find(_request, _context, identifier) {
          yield { identifier };
        },
      },
      { contexts: [contextOf(studyFind, { transferSyntax })] },
    );
    const bytes = writeDataSet(new DataSet().setText(0x00100020, 'LO', '4711'), transferSyntax);
    await association.deliver(1, findRequest(1), { data: bytes, size: 3 });
    await association.sentCount(2);
    assert.deepEqual(answers().map(statusOf), [0xff00, 0]);
    assert.deepEqual(association.sent[0]?.data, Buffer.from(bytes));
  });
}

test('an identifier at the limit is read, one byte above is answered as too large, without an abort', async () => {
  const bytes = writeDataSet(studyIdentifier(), explicit);
  for (const [max, status] of [
    [bytes.length, 0],
    [bytes.length - 1, 0xa700],
  ] as const) {
    const { association, answers } = serving(
      // oxlint-disable-next-line require-yield
      { async *find() {} },
      { contexts: findContexts, limits: { identifierBytesMax: max } },
    );
    await association.deliver(1, findRequest(1), { data: bytes, size: 5 });
    await association.sentCount(1);
    assert.deepEqual(answers().map(statusOf), [status]);
    assert.equal(association.aborted, 0);
  }
});

test('an identifier that is no data set is answered as malformed', async () => {
  const { association, answers } = serving({ find: () => assert.fail('not reached') }, { contexts: findContexts });
  await association.deliver(1, findRequest(1), { data: new Uint8Array(9).fill(0xff) });
  await association.sentCount(1);
  assert.equal(statusOf(answers()[0]), 0xc000);
});

test('C-CANCEL ends a query within one match, with status FE00', async () => {
  let wasReturned = false;
  const { association, answers } = serving(
    {
      async *find() {
        try {
          for (;;) {
            yield { identifier: studyIdentifier() };
            await settled();
          }
        } finally {
          wasReturned = true;
        }
      },
    },
    { contexts: findContexts },
  );
  await association.deliver(1, findRequest(5), { data: writeDataSet(studyIdentifier(), explicit) });
  await association.sentCount(3);
  const before = association.sent.length;
  await association.deliver(1, cancelRequest(99));
  await association.deliver(1, cancelRequest(5));
  while (statusOf(answers().at(-1)) !== 0xfe00) await association.sentCount(association.sent.length + 1);
  assert.ok(association.sent.length <= before + 2, `${association.sent.length - before} answers after the C-CANCEL`);
  await settled();
  await settled();
  assert.ok(wasReturned);
});

test('C-CANCEL ends a query that is stuck before its next match', async () => {
  const { association, answers } = serving(
    {
      // oxlint-disable-next-line require-yield
      async *find() {
        await new Promise(() => undefined);
      },
    },
    { contexts: findContexts },
  );
  await association.deliver(1, findRequest(5), { data: writeDataSet(studyIdentifier(), explicit) });
  await settled();
  await association.deliver(1, cancelRequest(5));
  await association.sentCount(1);
  assert.deepEqual(answers().map(statusOf), [0xfe00]);
});

test('matches are asked for no faster than the peer takes them', async () => {
  let produced = 0;
  const { association } = serving(
    {
      async *find() {
        for (;;) {
          produced += 1;
          yield { identifier: studyIdentifier() };
        }
      },
    },
    { contexts: findContexts },
  );
  const gate = Promise.withResolvers<void>();
  association.hold = gate.promise;
  await association.deliver(1, findRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
  await settled();
  await settled();
  assert.equal(produced, 1);
  association.end({ kind: 'released' });
  gate.resolve();
});

const getContexts = [
  contextOf(studyGet),
  contextOf(ctImageStorage, { id: 3, requestorScu: false, requestorScp: true }),
];
const instance = (number: number) => ({
  sopClassUid: ctImageStorage,
  sopInstanceUid: knownUid(`1.2.3.${number}`),
  transferSyntaxUid: explicit,
  read: () => chunks(2),
});

test('responses of the peer find their sub-operations by message id, in any order, and C-CANCEL comes between', async () => {
  const statuses: number[] = [];
  const { association, answers } = serving(
    {
      async get(_request, _context, _identifier, cancel, progress, exchange) {
        const counts = { remaining: 4, completed: 0, failed: 0, warning: 0 };
        const failed: Uid[] = [];
        for (const pair of [
          [0, 1],
          [2, 3],
        ]) {
          if (cancel.aborted) break;
          await Promise.all(
            pair.map(async (index) => {
              const { status } = await storeOnAssociation(exchange, instance(index));
              statuses[index] = status;
              counts.remaining -= 1;
              if (status === 0) counts.completed += 1;
              else {
                counts.failed += 1;
                failed.push(instance(index).sopInstanceUid);
              }
            }),
          );
          progress({ ...counts });
        }
        return { ...counts, failedSopInstanceUids: failed };
      },
    },
    { contexts: getContexts, window: { invoked: 1, performed: 2 } },
  );
  await association.deliver(1, getRequest(11), { data: writeDataSet(studyIdentifier(), explicit) });
  await association.sentCount(2);
  const ids = answers().map((answer) => ('messageId' in answer ? answer.messageId : undefined));
  await association.deliver(3, storeResponse(ids[1] ?? 0, 0xa700));
  await association.deliver(1, cancelRequest(11));
  await association.deliver(3, storeResponse(ids[0] ?? 0, 0));
  // The pending response gives way to the final one when both are ready.
  while (statusOf(answers().at(-1)) !== 0xfe00) await association.sentCount(association.sent.length + 1);
  assert.deepEqual(statuses, [0, 0xa700]);
  const final = answers().at(-1);
  assert.deepEqual(final, {
    commandField: CommandField.CGetRsp,
    hasDataSet: true,
    messageIdBeingRespondedTo: 11,
    status: 0xfe00,
    affectedSopClassUid: studyGet,
    numberOfRemainingSuboperations: 2,
    numberOfCompletedSuboperations: 1,
    numberOfFailedSuboperations: 1,
    numberOfWarningSuboperations: 0,
  });
  const list = new DataSet().set({ tag: 0x00080058, vr: 'UI', value: Buffer.from('1.2.3.1\0') });
  assert.deepEqual(association.sent.at(-1)?.data, Buffer.from(writeDataSet(list, explicit)));
});

for (const [counts, status] of [
  [{ remaining: 0, completed: 3, failed: 0, warning: 0 }, 0x0000],
  [{ remaining: 0, completed: 0, failed: 0, warning: 0 }, 0x0000],
  [{ remaining: 0, completed: 2, failed: 1, warning: 0 }, 0xb000],
  [{ remaining: 0, completed: 0, failed: 0, warning: 3 }, 0xb000],
  [{ remaining: 0, completed: 0, failed: 3, warning: 0 }, 0xa702],
] as const) {
  test(`a retrieval with ${JSON.stringify(counts)} ends with status ${status.toString(16)}`, async () => {
    const { association, answers } = serving(
      { get: async () => ({ ...counts, failedSopInstanceUids: [] }) },
      { contexts: getContexts },
    );
    await association.deliver(1, getRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
    await association.sentCount(1);
    assert.equal(statusOf(answers()[0]), status);
  });
}

test('a list of failed instances longer than a UI value can be is cut, and numbers above 65,535 show as that', async () => {
  const uids = Array.from({ length: 70_000 }, (_, index) => knownUid(`1.2.3.${index}`));
  const { association, answers } = serving(
    { get: async () => ({ remaining: 0, completed: 1, failed: 70_000, warning: 0, failedSopInstanceUids: uids }) },
    { contexts: getContexts },
  );
  await association.deliver(1, getRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
  await association.sentCount(1);
  const [answer] = answers();
  assert.ok(answer !== undefined && 'numberOfFailedSuboperations' in answer);
  assert.equal(answer.numberOfFailedSuboperations, 65_535);
  const length = association.sent[0]?.data?.length ?? 0;
  assert.ok(length > 65_000 && length <= 8 + 0xfffe, `${length} bytes`);
});

test('progress that the peer does not take is replaced by newer progress', async () => {
  const done = Promise.withResolvers<void>();
  const { association, answers } = serving(
    {
      async get(_request, _context, _identifier, _cancel, progress) {
        for (let remaining = 1000; remaining > 0; remaining -= 1) {
          progress({ remaining, completed: 1000 - remaining, failed: 0, warning: 0 });
        }
        await done.promise;
        return { remaining: 0, completed: 1000, failed: 0, warning: 0, failedSopInstanceUids: [] };
      },
    },
    { contexts: getContexts },
  );
  const gate = Promise.withResolvers<void>();
  association.hold = gate.promise;
  await association.deliver(1, getRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
  await settled();
  gate.resolve();
  await association.sentCount(2);
  done.resolve();
  await association.sentCount(3);
  assert.deepEqual(answers().map(statusOf), [0xff00, 0xff00, 0]);
});

test('a source that fails before its first byte fails its sub-operation only', async () => {
  const { association, answers } = serving(
    {
      async get(_request, _context, _identifier, _cancel, _progress, exchange) {
        const broken = {
          ...instance(1),
          // oxlint-disable-next-line require-yield
          async *read(): AsyncGenerator<Uint8Array, void> {
            throw new LeadglassError('CORRUPT', 'digest');
          },
        };
        await assert.rejects(storeOnAssociation(exchange, broken), { code: 'CORRUPT' });
        return { remaining: 0, completed: 0, failed: 1, warning: 0, failedSopInstanceUids: [] };
      },
    },
    { contexts: getContexts },
  );
  await association.deliver(1, getRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
  await association.sentCount(1);
  assert.equal(statusOf(answers()[0]), 0xa702);
});

test('a release waits for what is under way, and then is answered', async () => {
  const gate = Promise.withResolvers<void>();
  const { association, served, answers } = serving({
    store: () => keeping([], { end: () => gate.promise.then(() => ({ status: 0 })) }),
  });
  await association.deliver(1, storeRequest(1), { data: new Uint8Array(1) });
  association.requestRelease();
  await settled();
  assert.equal(association.released, 0);
  gate.resolve();
  assert.equal((await served).kind, 'released');
  assert.deepEqual(answers().map(statusOf), [0]);
});

test('a release in the middle of a data set aborts the association and the receiver', async () => {
  let aborted = 0;
  const { association, served } = serving({ store: () => keeping([], { abort: () => void (aborted += 1) }) });
  await association.deliver(1, storeRequest(1));
  association.requestRelease();
  assert.equal((await served).kind, 'failed');
  assert.equal(association.aborted, 1);
  assert.equal(aborted, 1);
});

test('a source that hangs while the association ends does not hold the sub-operation', async () => {
  const outcome = Promise.withResolvers<unknown>();
  const { association, served } = serving(
    {
      async get(_request, _context, _identifier, _cancel, _progress, exchange) {
        const hanging = {
          ...instance(1),
          async *read(): AsyncGenerator<Uint8Array, void> {
            yield new Uint8Array(10);
            await new Promise(() => undefined);
          },
        };
        await storeOnAssociation(exchange, hanging).catch(outcome.resolve);
        return { remaining: 0, completed: 0, failed: 1, warning: 0, failedSopInstanceUids: [] };
      },
    },
    { contexts: getContexts },
  );
  await association.deliver(1, getRequest(1), { data: writeDataSet(studyIdentifier(), explicit) });
  await settled();
  association.end({ kind: 'closed', error: new LeadglassError('PEER_FAILED', 'gone') });
  assert.ok((await outcome.promise) instanceof LeadglassError);
  await served;
});

test('an N-ACTION is answered with its action type, and may be followed by an N-EVENT-REPORT', async () => {
  const commitment = SopClasses.StorageCommitmentPushModel;
  const { association, answers } = serving(
    {
      nAction: async (request, _context, information) => {
        assert.equal(request.actionTypeId, 1);
        assert.equal(information?.text(0x00081195), '1.2.3');
        return { status: 0 };
      },
    },
    { contexts: [contextOf(commitment)] },
  );
  await association.deliver(
    1,
    writeCommandSet({
      commandField: CommandField.NActionRq,
      hasDataSet: true,
      requestedSopClassUid: commitment,
      requestedSopInstanceUid: storageCommitmentPushModelInstance,
      actionTypeId: 1,
      messageId: 3,
    }),
    { data: writeDataSet(new DataSet().setText(0x00081195, 'UI', '1.2.3'), explicit) },
  );
  await association.sentCount(1);
  assert.deepEqual(answers(), [
    {
      commandField: CommandField.NActionRsp,
      hasDataSet: false,
      messageIdBeingRespondedTo: 3,
      status: 0,
      affectedSopClassUid: commitment,
      affectedSopInstanceUid: storageCommitmentPushModelInstance,
      actionTypeId: 1,
    },
  ]);
});
