/** `send` against a real peer on loopback, without TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import type { Uid } from '../dicom/uid.ts';
import { provide } from '../dimse/provider.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from '../upper-layer/acceptor.ts';
import { negotiate } from '../upper-layer/negotiation.ts';
import { sendDicom } from './connect-dicom.ts';
import { part10Of, syntheticInstances } from './demo/synthetic.ts';
import type { SyntheticInstance } from './demo/synthetic.ts';
import { tryCommand } from './run-command.test-support.ts';

interface Peer {
  readonly place: string;
  readonly stored: { readonly uid: string; readonly syntax: string; readonly bytes: Buffer }[];
  associations: number;
}

/** Takes these syntaxes of all classes; `status` may hang up. */
async function listen(
  t: TestContext,
  {
    accept = Object.values(TransferSyntaxes),
    statusOf = () => 0,
  }: { readonly accept?: readonly Uid[]; readonly statusOf?: (uid: Uid, socket: Socket) => number } = {},
): Promise<Peer> {
  const stored: Peer['stored'] = [];
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    const incoming = await acceptAssociation(socket, { limits });
    const { contexts } = negotiate(incoming.request, {
      transferSyntaxes: () => accept,
      roles: () => ({ requestorScu: true, requestorScp: false }),
    });
    const { asynchronousOperationsWindow } = incoming.request.userInformation;
    const association = incoming.accept({
      contexts,
      userInformation: {
        roleSelections: [],
        ...(asynchronousOperationsWindow === undefined ? {} : { asynchronousOperationsWindow }),
      },
    });
    await provide(
      association,
      {
        store: ({ affectedSopInstanceUid: uid }, { transferSyntax: syntax }) => {
          const parts: Buffer[] = [];
          return {
            write: (chunk) => void parts.push(Buffer.from(chunk)),
            end: async () => {
              const status = statusOf(uid, socket);
              stored.push({ uid, syntax, bytes: Buffer.concat(parts) });
              return { status };
            },
            abort: () => undefined,
          };
        },
        errorStatus: () => ({ status: 0x0110, errorComment: '' }),
      },
      { limits: { ...limits.dimse, identifier: limits.identifier } },
    );
  };
  const peer: Peer = { place: '', stored, associations: 0 };
  const server = createServer((socket) => {
    peer.associations += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket).catch(() => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return Object.assign(peer, { place: `127.0.0.1:${address.port}` });
}

async function send(place: string, ...words: readonly string[]) {
  return await sendUntil(new AbortController().signal, place, ...words);
}

async function sendUntil(signal: AbortSignal, place: string, ...words: readonly string[]) {
  const plain = ['--plain', '--calling', 'WS1', '--called', 'PACS'];
  return await tryCommand(['send', place, ...plain, ...words], {
    send: (target, instances, options) => sendDicom(target, instances, { ...options, signal }),
    signal,
  });
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-send-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function files(place: string): readonly SyntheticInstance[] {
  let count = 0;
  const newUid = (): Uid => knownUid(`1.2.3.${(count += 1)}`);
  const instances = [...syntheticInstances({ newUid, studyDate: '20261125', ctSlices: 2, size: 32 })];
  for (const instance of instances) writeFileSync(join(place, instance.name), part10Of(instance));
  return instances;
}

test('send stores every file of a folder on one association, data sets byte for byte', async (t) => {
  const place = folder(t);
  const instances = files(place);
  const peer = await listen(t);
  const { lines, status } = await send(peer.place, place);
  assert.equal(status, 0);
  assert.equal(peer.associations, 1);
  assert.match(lines[0] ?? '', new RegExp(`^${instances.length} instances sent \\(0 with a warning\\), 0 failed; `));
  for (const { sopInstanceUid, dataSet } of instances) {
    assert.ok(peer.stored.find(({ uid }) => uid === sopInstanceUid)?.bytes.equals(dataSet));
  }
});

test('send converts between uncompressed syntaxes when the peer wants another', async (t) => {
  const place = folder(t);
  const instances = files(place);
  const peer = await listen(t, { accept: [TransferSyntaxes.ImplicitVrLittleEndian] });
  assert.equal((await send(peer.place, place)).status, 0);
  assert.equal(peer.stored.length, instances.length);
  assert.ok(peer.stored.every(({ syntax }) => syntax === TransferSyntaxes.ImplicitVrLittleEndian));
  const [first] = peer.stored;
  const own = instances.find(({ sopInstanceUid }) => sopInstanceUid === first?.uid);
  assert.notEqual(first?.bytes.length, own?.dataSet.length);
});

test('send tells refused classes, refused syntaxes and failure statuses by file, and ends with 1', async (t) => {
  const place = folder(t);
  files(place);
  const refusing = await send((await listen(t, { accept: [] })).place, place);
  assert.match(refusing.notes[0] ?? '', /: the peer does not accept this SOP class$/);
  const failing = await send((await listen(t, { statusOf: () => 0x0124 })).place, place);
  assert.match(failing.notes[0] ?? '', /status 0124H$/);
  assert.deepEqual([refusing.status, failing.status], [1, 1]);
  const warning = await send((await listen(t, { statusOf: () => 0xb000 })).place, place, '--json');
  assert.equal(warning.status, 0);
  const jpeg = folder(t);
  const facts = { sopClassUid: knownUid('1.2.840.10008.5.1.4.1.1.2'), sopInstanceUid: knownUid('1.2') };
  for (const transferSyntaxUid of [TransferSyntaxes.JPEGBaseline8Bit, TransferSyntaxes.ExplicitVrLittleEndian])
    writeFileSync(join(jpeg, transferSyntaxUid), writePart10Head({ ...facts, transferSyntaxUid }));
  const plainPeer = await listen(t, { accept: [TransferSyntaxes.ExplicitVrLittleEndian] });
  assert.match((await send(plainPeer.place, jpeg)).notes.join('\n'), /\.50: .*converting it needs a codec$/);
});

test('no failing file stops the rest: no DICOM, torn while converted, deadly to the peer', async (t) => {
  const place = folder(t);
  const instances = files(place);
  const [first] = instances;
  assert.ok(first);
  // Goes as it is, but cannot be converted.
  const headOnly = part10Of({ ...first, sopInstanceUid: knownUid('1.2.9') });
  writeFileSync(join(place, 'torn'), headOnly.subarray(0, -10));
  writeFileSync(join(place, 'text'), 'no DICOM');
  const deadly = instances.at(-1)?.sopInstanceUid;
  const peer = await listen(t, {
    accept: [TransferSyntaxes.ImplicitVrLittleEndian],
    statusOf: (uid, socket) => (uid === deadly ? (socket.destroy(), 0) : 0),
  });
  const { notes, lines, status } = await send(peer.place, place, join(place, 'text'));
  assert.equal(status, 1);
  assert.match(lines[0] ?? '', new RegExp(`^${instances.length - 1} instances sent .*, 3 failed`));
  assert.match(notes.join('\n'), /text: not a DICOM file/);
  assert.match(notes.join('\n'), /torn: Cannot/);
  const sent = new Set(peer.stored.map(({ uid }) => uid));
  for (const { sopInstanceUid } of instances) assert.ok(sent.has(sopInstanceUid));
});

test('when the peer goes away, what was sent is told before the error', async (t) => {
  const place = folder(t);
  files(place);
  const gone = await send('127.0.0.1:1', place);
  assert.ok(gone.error);
  assert.deepEqual(gone.lines, []);
  writeFileSync(join(place, 'text'), 'no DICOM');
  const partly = await send('127.0.0.1:1', place, join(place, 'text'));
  assert.ok(partly.error);
  assert.match(partly.lines[0] ?? '', /^0 instances sent .*, 1 failed/);
});
