import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import * as fc from 'fast-check';
import { portOf } from '../../../../test/support/programs.ts';
import { clientHelloBytesMax, proposedProtocols } from './client-hello.ts';

/** What Node's own client sends first. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({ host: '127.0.0.1', port: portOf(server), ...options });
  client.on('error', () => undefined);
  const [socket]: net.Socket[] = await once(server, 'connection');
  assert.ok(socket);
  const [bytes]: Buffer[] = await once(socket, 'data');
  assert.ok(bytes);
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same message in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    parts.push(Buffer.of(22, 3, 1, part.length >> 8, part.length & 0xff), part);
  }
  return Buffer.concat(parts);
}

test('the protocols of a hello are read, whole, in small records, and not before its last byte', async () => {
  for (const [ALPNProtocols, expected] of [
    [['acme-tls/1'], ['acme-tls/1']],
    [
      ['h2', 'http/1.1'],
      ['h2', 'http/1.1'],
    ],
    [undefined, []],
  ] as const) {
    const hello = await helloOf({
      servername: 'a.example',
      ...(ALPNProtocols && { ALPNProtocols: [...ALPNProtocols] }),
    });
    assert.deepEqual(proposedProtocols(hello), expected);
    assert.deepEqual(proposedProtocols(Buffer.concat([hello, Buffer.from('more')])), expected);
    for (const size of [1, 2, 3, 100]) assert.deepEqual(proposedProtocols(inRecords(hello, size)), expected);
    for (let length = 0; length < hello.length; length += 1) {
      assert.equal(proposedProtocols(hello.subarray(0, length)), 'incomplete', String(length));
    }
  }
});

test('attack: what is no hello, or says false lengths, is no challenge and no failure', async () => {
  assert.equal(proposedProtocols(Buffer.from('GET / HTTP/1.1\r\n')), undefined);
  assert.equal(proposedProtocols(Buffer.of(22, 3, 1, 0, 0)), undefined);
  assert.equal(proposedProtocols(Buffer.of(22, 3, 1, 0xff, 0xff)), undefined);
  assert.equal(proposedProtocols(Buffer.of(22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff)), undefined);
  assert.equal(proposedProtocols(Buffer.of(22, 3, 1, 0, 1, 2)), undefined);
  const hello = await helloOf({ servername: 'a.example', ALPNProtocols: ['acme-tls/1'] });
  const seen = new Set<string>();
  for (let at = 5; at < hello.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const changed = Buffer.from(hello);
      changed[at] = value;
      seen.add(JSON.stringify(proposedProtocols(changed) ?? null));
    }
  }
  assert.ok(seen.has('null') && seen.has('["acme-tls/1"]'));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const found = proposedProtocols(Buffer.concat([Buffer.of(22, 3, 1, 1, 0), bytes]));
      assert.ok(found === undefined || found === 'incomplete' || Array.isArray(found));
    }),
    { numRuns: 500 },
  );
  assert.ok(clientHelloBytesMax >= 16 * 1024);
});
