import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { SopClasses } from '../dicom/sop-class.ts';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from '../upper-layer/acceptor.ts';
import { negotiate } from '../upper-layer/negotiation.ts';
import { rejectionOf } from '../upper-layer/protocol-error.ts';
import { type ServerCheck, serverTlsOptions } from '../upper-layer/tls-options.ts';
import { testAuthority } from '../upper-layer/tls-options.test-support.ts';
import { DimseClient } from './client.ts';
import { connectAssociation, type ConnectOptions } from './connect.ts';
import { provide } from './provider.ts';
import { planSend, send, sendOn } from './send.ts';
import { chunks, ctImageStorage, explicit, testLimits } from './test-support.ts';

const authority = await testAuthority();
const identity = await authority.issue(['localhost']);
const device = await authority.issue(['device.example']);

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** Every socket ends with the test. */
async function listen(t: TestContext, server: Server, event: string, onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

async function answerEcho(socket: Socket, stored: string[] = []): Promise<void> {
  const incoming = await acceptAssociation(socket, { limits });
  const { contexts, roleSelections } = negotiate(incoming.request, {
    transferSyntaxes: () => [explicit],
    roles: () => ({ requestorScu: true, requestorScp: true }),
  });
  const { asynchronousOperationsWindow } = incoming.request.userInformation;
  await provide(
    incoming.accept({
      contexts,
      userInformation: {
        roleSelections,
        ...(asynchronousOperationsWindow === undefined ? {} : { asynchronousOperationsWindow }),
      },
    }),
    {
      echo: async () => 0,
      store: (request) => {
        stored.push(request.affectedSopInstanceUid);
        return {
          write: () => (request.affectedSopInstanceUid.endsWith('.666') ? void socket.destroy() : undefined),
          end: async () => ({ status: request.affectedSopInstanceUid.endsWith('.3') ? 0xa700 : 0 }),
          abort: () => undefined,
        };
      },
      errorStatus: () => ({ status: 0x0110, errorComment: '' }),
    },
    { limits: testLimits },
  );
}

function options(port: number, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    host: '127.0.0.1',
    port,
    callingAeTitle: 'STATION',
    calledAeTitle: 'ARCHIVE',
    contexts: [{ abstractSyntax: SopClasses.Verification, transferSyntaxes: [explicit] }],
    limits,
    ...more,
  };
}

const listenTls = (t: TestContext): Promise<number> =>
  listen(
    t,
    createTlsServer(serverTlsOptions({ identities: [identity], clientCa: [authority.pem], limits })),
    'secureConnection',
    (socket) => void answerEcho(socket).catch(() => undefined),
  );

const byName: ServerCheck = { by: 'name', name: 'localhost', ca: [authority.pem] };
const byFingerprint: ServerCheck = {
  by: 'fingerprint',
  fingerprint256: new X509Certificate(identity.cert).fingerprint256,
};

for (const server of [byName, byFingerprint]) {
  test(`an echo over mutual TLS to a server checked by ${server.by}`, async (t) => {
    const port = await listenTls(t);
    const client = await DimseClient.connect({
      ...options(port, { tls: { identity: device, server } }),
      dimseLimits: testLimits,
    });
    assert.equal(await client.echo(), 0);
    await client.release();
  });
}

test('a server with another certificate than the pinned one gets no byte of the association', async (t) => {
  let bytes = 0;
  const port = await listen(
    t,
    createTlsServer(serverTlsOptions({ identities: [identity], clientCa: [authority.pem], limits })),
    'secureConnection',
    (socket) => socket.on('data', (chunk) => void (bytes += chunk.length)),
  );
  const fingerprint256 = new X509Certificate(device.cert).fingerprint256;
  await assert.rejects(connectAssociation(options(port, { tls: { server: { by: 'fingerprint', fingerprint256 } } })), {
    code: 'NOT_AUTHENTICATED',
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(bytes, 0);
});

test('a server of a foreign authority is not authenticated, and the message names OpenSSL’s reason', async (t) => {
  const port = await listenTls(t);
  const foreign = await testAuthority();
  await assert.rejects(
    connectAssociation(options(port, { tls: { server: { by: 'name', name: 'localhost', ca: [foreign.pem] } } })),
    { code: 'NOT_AUTHENTICATED' },
  );
});

test('a port where nobody listens is unavailable', async (t) => {
  const port = await listen(t, createServer(), 'connection', () => undefined);
  const free = createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const closed = portOf(free);
  free.close();
  await once(free, 'close');
  assert.notEqual(closed, port);
  await assert.rejects(connectAssociation(options(closed)), {
    code: 'BACKEND_UNAVAILABLE',
    message: /nothing listens there; check host and port.*ECONNREFUSED/,
  });
});

test('a TLS client to a peer in the clear is told so in words', async (t) => {
  const port = await listen(t, createServer(), 'connection', (socket) =>
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  await assert.rejects(connectAssociation(options(port, { tls: { server: byName } })), /TLS handshake/);
});

test('a server that is silent in the TLS handshake, or after it, is given up in time', async (t) => {
  const silent = await listen(t, createServer(), 'connection', () => undefined);
  await assert.rejects(
    connectAssociation(options(silent, { tls: { server: byName }, limits: { ...limits, connectMsMax: 50 } })),
    { code: 'TIMED_OUT' },
  );
  await assert.rejects(connectAssociation(options(silent, { limits: { ...limits, acceptTimeoutMs: 50 } })), {
    code: 'TIMED_OUT',
  });
});

test('connecting ends when its signal fires, before and during', async (t) => {
  const silent = await listen(t, createServer(), 'connection', () => undefined);
  await assert.rejects(connectAssociation(options(silent, { signal: AbortSignal.abort() })), { code: 'CANCELLED' });
  await assert.rejects(connectAssociation(options(silent, { signal: AbortSignal.timeout(30) })), { code: 'CANCELLED' });
});

test('a rejection comes with its facts', async (t) => {
  const port = await listen(t, createServer(), 'connection', (socket) => {
    void acceptAssociation(socket, { limits }).then((incoming) => incoming.reject({ result: 1, source: 1, reason: 7 }));
  });
  await assert.rejects(connectAssociation(options(port)), (error: unknown) => {
    assert.deepEqual(rejectionOf(error), { result: 1, source: 1, reason: 7 });
    return true;
  });
});

test('no contexts, or more than an association can have, are a mistake of the caller', async () => {
  const [context] = options(1).contexts;
  assert.ok(context !== undefined);
  for (const contexts of [[], Array.from({ length: 129 }, () => context)]) {
    await assert.rejects(connectAssociation(options(1, { contexts })), { code: 'BAD_REQUEST' });
  }
});

const instance = (number: number, sopClass = 2) => ({
  sopClassUid: knownUid(`1.2.840.10008.5.1.4.1.1.${sopClass}`),
  sopInstanceUid: knownUid(`1.2.3.${number}`),
  transferSyntaxUid: explicit,
  lengthBytes: 2000,
  read: () => chunks(2),
});

test('instances share contexts, and go to another association beyond 128 of them', () => {
  const instances = Array.from({ length: 300 }, (_, index) => instance(index, (index % 150) + 1));
  const plans = planSend(instances, { presentationContextsMax: 128 });
  assert.deepEqual(
    plans.map(({ contexts, instances: planned }) => [contexts.length, planned.length]),
    [
      [128, 256],
      [22, 44],
    ],
  );
});

test('a send counts what arrived, what failed and what no context was for, over two associations', async (t) => {
  const port = await listen(
    t,
    createServer(),
    'connection',
    (socket) => void answerEcho(socket).catch(() => undefined),
  );
  const strange = { ...instance(9), transferSyntaxUid: knownUid('1.2.840.10008.1.2.4.50') };
  const outcomes: (number | string | undefined)[] = [];
  const summary = await send([instance(1), instance(2), instance(3), strange, instance(4, 200), instance(5, 201)], {
    ...options(port),
    limits: { ...limits, presentationContextsMax: 3 },
    dimseLimits: testLimits,
    onOutcome: ({ status, error }) => outcomes.push(status ?? error?.code),
  });
  assert.deepEqual(summary, { sent: 4, warnings: 0, failed: 2, bytes: 8000 });
  assert.deepEqual(
    outcomes.map(String).toSorted((a, b) => a.localeCompare(b)),
    ['0', '0', '0', '0', '42752', 'UNSUPPORTED'],
  );
});

test('instances are sent also when nobody asks for their outcomes', async (t) => {
  const port = await listen(
    t,
    createServer(),
    'connection',
    (socket) => void answerEcho(socket).catch(() => undefined),
  );
  const contexts = [{ abstractSyntax: ctImageStorage, transferSyntaxes: [explicit] }];
  await using client = await DimseClient.connect({ ...options(port, { contexts }), dimseLimits: testLimits });
  let read = 0;
  const counted = Array.from({ length: 5 }, (_, number) => ({
    ...instance(number),
    read: () => {
      read += 1;
      return chunks(1);
    },
  }));
  await sendOn(client, counted, {});
  assert.equal(read, 5);
});

test('an instance whose transfer syntax is refused is sent converted when the caller can', async (t) => {
  const port = await listen(
    t,
    createServer(),
    'connection',
    (socket) => void answerEcho(socket).catch(() => undefined),
  );
  const asked: string[] = [];
  const summary = await send(
    [
      {
        ...instance(1),
        sopClassUid: ctImageStorage,
        transferSyntaxUid: knownUid('1.2.840.10008.1.2.2'),
        converted: (uid) => {
          asked.push(uid);
          return chunks(1);
        },
      },
    ],
    { ...options(port), dimseLimits: testLimits, alternatives: () => [knownUid('1.2.840.10008.1.2'), explicit] },
  );
  assert.equal(summary.sent, 1);
  assert.deepEqual(asked, [explicit]);
});

for (const window of [undefined, { invoked: 4, performed: 1 }]) {
  test(`an instance with which the association ends fails alone (window ${window?.invoked ?? 1})`, async (t) => {
    const stored: string[] = [];
    let associations = 0;
    const port = await listen(t, createServer(), 'connection', (socket) => {
      associations += 1;
      void answerEcho(socket, stored).catch(() => undefined);
    });
    async function* torn(): AsyncGenerator<Uint8Array> {
      yield* chunks(1);
      throw new LeadglassError('MALFORMED', 'no data set');
    }
    const numbers = [1, 2, 7, 666, 8, 9, 10, 11, 12, 13];
    const instances = numbers.map((number) => ({
      ...instance(number),
      ...(number === 9 ? { read: torn } : number === 10 ? { read: () => failing() } : {}),
    }));
    // oxlint-disable-next-line require-yield -- it fails before anything is read
    async function* failing(): AsyncGenerator<Uint8Array> {
      throw new LeadglassError('BAD_REQUEST', 'no such file');
    }
    const failed: string[] = [];
    const summary = await send(instances, {
      ...options(port),
      ...(window === undefined ? {} : { window }),
      dimseLimits: testLimits,
      onOutcome: ({ instance: { sopInstanceUid }, error }) => {
        if (error !== undefined) failed.push(`${sopInstanceUid} ${error.code}`);
      },
    });
    assert.deepEqual([summary.sent, summary.failed], [7, 3]);
    assert.deepEqual(failed.toSorted(), ['1.2.3.10 BAD_REQUEST', '1.2.3.666 PEER_FAILED', '1.2.3.9 MALFORMED']);
    for (const number of numbers.filter((one) => ![9, 10, 666].includes(one)))
      assert.ok(stored.includes(`1.2.3.${number}`), `${number} was stored`);
    assert.ok(associations <= 5, `${associations} associations`);
  });
}

test('a peer that ends every association is given up, and a send that is cancelled does not go on', async (t) => {
  let associations = 0;
  const port = await listen(t, createServer(), 'connection', (socket) => {
    associations += 1;
    void answerEcho(socket).catch(() => undefined);
  });
  const deadly = Array.from({ length: 50 }, (_, index) => ({ ...instance(666), lengthBytes: index }));
  const sending = { ...options(port), dimseLimits: { ...testLimits, endsWithoutAnswerMax: 3 } };
  await assert.rejects(send(deadly, sending), { code: 'PEER_FAILED' });
  assert.equal(associations, 4);
  const stopping = new AbortController();
  stopping.abort();
  await assert.rejects(send(deadly, { ...sending, signal: stopping.signal }), { code: 'CANCELLED' });
});
