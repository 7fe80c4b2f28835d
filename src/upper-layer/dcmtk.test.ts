/** Both roles against DCMTK over loopback, with a C-ECHO whose command sets are written out by hand. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../../test/support/peers.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from './acceptor.ts';
import type { EndReason } from './protocol-machine.ts';
import { requestAssociation } from './requestor.ts';
import { acceptAll, echoRequest } from './test-support.ts';

const run = promisify(execFile);
// C-ECHO-RQ and -RSP of message 1 as DCMTK itself writes them, PS3.7 9.3.5.
const echoCommand = Buffer.from(
  '0000000004000000380000000000020012000000312e322e3834302e31303030382e312e3100000000010200000030000000' +
    '100102000000010000000008020000000101',
  'hex',
);
const echoResponse = Buffer.from(
  '0000000004000000420000000000020012000000312e322e3834302e31303030382e312e3100000000010200000030800000' +
    '20010200000001000000000802000000010100000009020000000000',
  'hex',
);

async function serve(handle: (socket: Socket) => void): Promise<{ port: number; close: () => void }> {
  const server = createServer(handle).listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, close: () => server.close() };
}

test('echoscu associates, is answered and releases', needs('echoscu'), async (t) => {
  const ended = Promise.withResolvers<EndReason>();
  const server = await serve((socket) => {
    acceptAssociation(socket, { limits }).then((incoming) => {
      assert.equal(incoming.request.callingAeTitle, 'ECHO-TEST');
      const association = acceptAll(incoming);
      association.receive({
        fragment: (fragment) => {
          if (fragment.isLast) void association.sendCommand(fragment.presentationContextId, echoResponse);
        },
        releaseRequested: () => void association.respondRelease(),
        ended: ended.resolve,
      });
      return undefined;
    }, ended.reject);
  });
  t.after(server.close);
  await run('echoscu', ['-to', '10', '-aet', 'ECHO-TEST', '-aec', 'CALLED', '127.0.0.1', String(server.port)]);
  assert.equal((await ended.promise).kind, 'released');
});

test('echoscu understands our rejection', needs('echoscu'), async (t) => {
  const server = await serve((socket) => {
    void acceptAssociation(socket, { limits }).then((incoming) => incoming.reject({ result: 1, source: 1, reason: 7 }));
  });
  t.after(server.close);
  await assert.rejects(
    run('echoscu', ['-to', '10', '127.0.0.1', String(server.port)]),
    /Called AE Title Not Recognized/,
  );
});

test('we associate with storescp, are answered and release', needs('storescp'), async (t) => {
  // DCMTK takes no port 0: one that was free a moment ago.
  const free = await serve(() => {});
  free.close();
  const peer = spawn('storescp', ['--ignore', String(free.port)], { stdio: 'ignore' });
  t.after(() => peer.kill());
  const socket = await connected(free.port);
  const association = await requestAssociation(socket, echoRequest, { limits });
  const answered = Promise.withResolvers<number>();
  let bytes = 0;
  association.receive({
    fragment: (fragment) => {
      bytes += fragment.data.length;
      if (fragment.isLast) answered.resolve(bytes);
    },
    releaseRequested: () => {},
    ended: () => {},
  });
  await association.sendCommand(1, echoCommand);
  assert.equal(await answered.promise, echoResponse.length);
  await association.release();
  await association.closed;
});

/** Tries until the program listens, for ten seconds at most. */
async function connected(port: number): Promise<Socket> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new LeadglassError('TIMED_OUT', 'The peer did not start');
}
