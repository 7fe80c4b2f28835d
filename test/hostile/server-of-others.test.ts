/**
 * Class 13: the server is hostile and we are the client. Our commands write nothing outside `--out`, end with an exit status
 * that is not "done", and say why in one line.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ctImageStorage,
  dataPdus,
  identifier,
  parseCommand,
  pdu,
  releaseResponse,
  storeRequest,
} from '../../bench/support/raw-dicom.ts';
import { type CommandResult, runCommand } from '../faults/server.ts';

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const element = (number: number, value: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(number, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
};
/** A response of any kind. */
function response(field: number, respondedTo: number, status: number, hasDataSet = false): Buffer {
  const body = Buffer.concat([
    element(0x0100, u16(field)),
    element(0x0120, u16(respondedTo)),
    element(0x0800, u16(hasDataSet ? 1 : 0x0101)),
    element(0x0900, u16(status)),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([element(0x0000, length), body]);
}

/** Accepts whatever is proposed, each context with its first transfer syntax. */
function acceptEverything(request: Buffer): { readonly answer: Buffer; readonly contextOf: (uid: string) => number } {
  const items: Buffer[] = [];
  const contexts = new Map<string, number>();
  for (let at = 68; at + 4 <= request.length; ) {
    const length = request.readUInt16BE(at + 2);
    const item = request.subarray(at, at + 4 + length);
    if (item[0] !== 0x20) items.push(item);
    else {
      const nameLength = item.readUInt16BE(10);
      const syntaxAt = 12 + nameLength;
      const syntax = item.subarray(syntaxAt, syntaxAt + 4 + item.readUInt16BE(syntaxAt + 2));
      const head = Buffer.from([0x21, 0, 0, 0, item.readUInt8(4), 0, 0, 0]);
      head.writeUInt16BE(4 + syntax.length, 2);
      items.push(Buffer.concat([head, syntax]));
      contexts.set(item.toString('latin1', 12, syntaxAt), item.readUInt8(4));
    }
    at += 4 + length;
  }
  return {
    answer: pdu(0x02, Buffer.concat([request.subarray(0, 68), ...items])),
    contextOf: (uid) => contexts.get(uid) ?? 1,
  };
}

interface Talk {
  readonly socket: net.Socket;
  readonly contextId: number;
  readonly messageId: number;
  readonly contextOf: (uid: string) => number;
  readonly say: (contextId: number, command: Buffer, data?: Buffer) => void;
}

/** One hostile server for one command; `onRequest` is called for its first command set, or `onConnect` instead of all. */
async function against(
  behaviour: { readonly onConnect?: (socket: net.Socket) => void; readonly onRequest?: (talk: Talk) => void },
  words: (place: string, out: string) => readonly string[],
): Promise<CommandResult & { readonly files: readonly string[] }> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (behaviour.onConnect !== undefined) {
      socket.on('data', () => undefined);
      behaviour.onConnect(socket);
      return;
    }
    serve(socket, behaviour.onRequest ?? ((): void => undefined));
  });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const address = listener.address();
  assert.ok(address !== null && typeof address !== 'string');
  const parent = mkdtempSync(join(tmpdir(), 'leadglass-hostile-'));
  try {
    const result = await runCommand(words(`127.0.0.1:${address.port}`, join(parent, 'out')), {
      cwd: parent,
      timeoutMs: 40_000,
    });
    const files = readdirSync(parent, { recursive: true, encoding: 'utf8' });
    assert.ok(
      files.every((file) => file === 'out' || file.startsWith('out/image-')),
      files.join(),
    );
    assert.doesNotMatch(result.stderr, /\n\s+at .*:\d+:\d+/, 'an answer, not a stack');
    return { ...result, files };
  } finally {
    for (const socket of sockets) socket.destroy();
    listener.close();
    rmSync(parent, { recursive: true, force: true });
  }
}

function serve(socket: net.Socket, onRequest: (talk: Talk) => void): void {
  let received = Buffer.alloc(0);
  let contextOf = (_uid: string): number => 1;
  let isAsked = false;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 6 && received.length >= 6 + received.readUInt32BE(2)) {
      const body = received.subarray(6, 6 + received.readUInt32BE(2));
      const type = received[0];
      received = received.subarray(6 + body.length);
      if (type === 1) {
        const accepted = acceptEverything(body);
        contextOf = accepted.contextOf;
        socket.write(accepted.answer);
      } else if (type === 5) socket.end(releaseResponse);
      else if (type === 4 && !isAsked && (body.readUInt8(5) & 1) === 1) {
        isAsked = true;
        const { messageId } = parseCommand(body.subarray(6));
        const say = (contextId: number, command: Buffer, data?: Buffer): void => {
          for (const piece of dataPdus(contextId, true, [command], 16_384)) socket.write(piece);
          if (data !== undefined) for (const piece of dataPdus(contextId, false, [data], 16_384)) socket.write(piece);
        };
        onRequest({ socket, contextId: body.readUInt8(4), messageId, contextOf, say });
      }
    }
  });
}

const who = ['--plain', '--calling', 'WS1', '--called', 'EVIL'];
const get = (place: string, out: string): string[] => ['get', place, ...who, '--study', '1.2.3', '--out', out];
const find = (place: string): string[] => ['find', place, ...who, '-k', 'PatientID=1', '--rows', '5'];
const echo = (place: string): string[] => ['echo', place, ...who];
const match = identifier([
  [0x0008, 0x0052, 'CS', 'STUDY'],
  [0x0010, 0x0020, 'LO', '1'],
]);

for (const [what, words] of [
  ['echo', echo],
  ['find', find],
  ['get', get],
] as const) {
  for (const [kind, onConnect] of [
    ['hangs up at once', (socket: net.Socket) => socket.destroy()],
    ['sends HTTP', (socket: net.Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends noise', (socket: net.Socket) => socket.write(randomBytes(5000))],
    [
      'sends an acceptance of 2 GiB',
      (socket: net.Socket) => socket.write(Buffer.from([2, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1])),
    ],
  ] as const) {
    test(`${what} against a server that ${kind} ends with status 1 or 3 and a reason`, async () => {
      const { status, stderr } = await against({ onConnect }, words);
      assert.ok(status === 1 || status === 3, `${status} ${stderr}`);
      assert.match(stderr, /^leadglass: \S/m);
    });
  }
  test(`${what} against a server that answers another message than was asked ends with status 3`, async () => {
    const onRequest = ({ say, contextId }: Talk): void => say(contextId, response(0x8030, 4711, 0));
    const { status, stderr } = await against({ onRequest }, words);
    assert.equal(status, 3, stderr);
  });
  test(`${what} against a server that answers with noise ends with status 3`, async () => {
    const onRequest = ({ socket }: Talk): void => void socket.write(pdu(4, randomBytes(300)));
    const { status, stderr } = await against({ onRequest }, words);
    assert.equal(status, 3, stderr);
  });
}

test('find stops at --rows, cancels, and takes the rest of a server that stops', async () => {
  const onRequest = ({ say, contextId, messageId }: Talk): void => {
    for (let count = 0; count < 200; count += 1) say(contextId, response(0x8020, messageId, 0xff00, true), match);
    say(contextId, response(0x8020, messageId, 0xfe00));
  };
  const { status, stdout, stderr } = await against({ onRequest }, find);
  assert.equal(status, 0, stderr);
  assert.ok(stdout.split('\n').length < 12, stdout);
});

test('get against a server that names files: nothing is written outside --out, the instance is refused', async () => {
  const onRequest = ({ say, contextId, messageId, contextOf }: Talk): void => {
    for (const [index, uid] of ['../../../owned', '/etc/cron.d/x', '..\\..\\x', 'a/b', ''].entries()) {
      say(contextOf(ctImageStorage), storeRequest(index + 1, ctImageStorage, uid), match);
    }
    setTimeout(() => say(contextId, response(0x8010, messageId, 0)), 500);
  };
  const { files, stderr } = await against({ onRequest }, get);
  assert.deepEqual(
    files.filter((file) => file.endsWith('.dcm')),
    [],
    stderr,
  );
});

test('get against a server that sends without end stops at --max-instances', async () => {
  const onRequest = ({ say, contextOf, socket }: Talk): void => {
    let count = 0;
    const timer = setInterval(() => {
      count += 1;
      say(contextOf(ctImageStorage), storeRequest(count & 0xffff, ctImageStorage, `1.2.${count}`), match);
    }, 1);
    socket.once('close', () => clearInterval(timer));
  };
  const { status, files, stderr } = await against({ onRequest }, (place, out) => [
    ...get(place, out),
    '--max-instances',
    '3',
  ]);
  assert.notEqual(status, 0, stderr);
  assert.ok(files.filter((file) => file.endsWith('.dcm')).length <= 3, files.join());
  assert.ok(!files.some((file) => file.endsWith('.part')), files.join());
});
