/** Against DCMTK, on both sides: its tools as users of our provider, its servers with our client. Loopback only. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { needs } from '../../test/support/peers.ts';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from '../upper-layer/acceptor.ts';
import { negotiate } from '../upper-layer/negotiation.ts';
import { serverTlsOptions } from '../upper-layer/tls-options.ts';
import { testAuthority } from '../upper-layer/tls-options.test-support.ts';
import { DimseClient } from './client.ts';
import type { ContextProposal } from './connect.ts';
import type { DimseHandlers } from './handlers.ts';
import { provide } from './provider.ts';
import { storeOnAssociation } from './store-on-association.ts';
import { ctImageStorage, explicit, testLimits } from './test-support.ts';

const studyFind = SopClasses.StudyRootQueryRetrieveInformationModelFind;
const studyGet = SopClasses.StudyRootQueryRetrieveInformationModelGet;
const studyMove = SopClasses.StudyRootQueryRetrieveInformationModelMove;
const studyUid = knownUid('1.2.826.0.1.3680043.9.1');

interface Image {
  readonly sopInstanceUid: Uid;
  readonly bytes: Uint8Array;
}

/** A CT image of this size, complete enough for DCMTK's index. */
function image(number: number, lengthBytes = 100_000): Image {
  const sopInstanceUid = knownUid(`${studyUid}.1.${number}`);
  const dataSet = new DataSet()
    .setText(0x00080016, 'UI', ctImageStorage)
    .setText(0x00080018, 'UI', sopInstanceUid)
    .setText(0x00080060, 'CS', 'CT')
    .setText(0x00100010, 'PN', 'Test^Patient')
    .setText(0x00100020, 'LO', 'T-1')
    .setText(0x0020000d, 'UI', studyUid)
    .setText(0x0020000e, 'UI', `${studyUid}.1`)
    .set({ tag: 0x7fe00010, vr: 'OW', value: new Uint8Array(lengthBytes).fill(number) });
  return { sopInstanceUid, bytes: writeDataSet(dataSet, explicit) };
}

function outgoing({ sopInstanceUid, bytes }: Image) {
  return {
    sopClassUid: ctImageStorage,
    sopInstanceUid,
    transferSyntaxUid: explicit,
    async *read(): AsyncGenerator<Uint8Array, void> {
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
    },
  };
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'leadglass-dcmtk-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a tool to its end, 30 s at most. */
async function run(program: string, parameters: readonly string[]): Promise<Ran> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  await once(child, 'close');
  return { status: child.exitCode, output };
}

/** DCMTK's servers do not tell which port they got, so a free one is looked for. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a server of DCMTK and waits until it listens; it is stopped with the test. */
async function start(t: TestContext, program: string, parameters: readonly string[], port: number): Promise<void> {
  const child = spawn(program, parameters, { stdio: 'ignore' });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  for (let attempts = 0; attempts < 200; attempts += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`${program} did not start`);
}

/** Our provider on a port; every association gets these handlers. */
async function serving(
  t: TestContext,
  handlers: Omit<DimseHandlers, 'errorStatus'>,
  server: Server = createServer(),
): Promise<number> {
  const isTls = server.listenerCount('connection') > 0;
  server.on(isTls ? 'secureConnection' : 'connection', (socket) => {
    void (async () => {
      const incoming = await acceptAssociation(socket, { limits });
      const { contexts, roleSelections } = negotiate(incoming.request, {
        transferSyntaxes: () => [explicit, TransferSyntaxes.ImplicitVrLittleEndian],
        roles: () => ({ requestorScu: true, requestorScp: true }),
      });
      const association = incoming.accept({ contexts, userInformation: { roleSelections } });
      const errorStatus: DimseHandlers['errorStatus'] = (error) => ({ status: 0xa700, errorComment: error.message });
      await provide(association, { ...handlers, errorStatus }, { limits: testLimits });
    })().catch(() => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return portOf(server);
}

/** Keeps what arrives, by SOP Instance UID. */
function keeper(): { readonly kept: Map<string, Buffer>; readonly store: NonNullable<DimseHandlers['store']> } {
  const kept = new Map<string, Buffer>();
  return {
    kept,
    store: ({ affectedSopInstanceUid }) => {
      const parts: Uint8Array[] = [];
      return {
        write: (chunk) => void parts.push(Uint8Array.from(chunk)),
        end: async () => {
          kept.set(affectedSopInstanceUid, Buffer.concat(parts));
          return { status: 0 };
        },
        abort: () => undefined,
      };
    },
  };
}

test('echoscu gets its answer', needs('echoscu'), async (t) => {
  const port = await serving(t, { echo: async () => 0 });
  const { status, output } = await run('echoscu', ['-v', '127.0.0.1', String(port)]);
  assert.equal(status, 0, output);
  assert.match(output, /Received Echo Response \(Success\)/);
});

test('echoscu gets its answer over mutual TLS', needs('echoscu'), async (t) => {
  const folder = await temporaryFolder(t);
  const authority = await testAuthority();
  const identity = await authority.issue(['localhost']);
  const device = await authority.issue(['device.example']);
  await Promise.all([
    writeFile(join(folder, 'key.pem'), device.key),
    writeFile(join(folder, 'cert.pem'), device.cert),
    writeFile(join(folder, 'ca.pem'), authority.pem),
  ]);
  const server = createTlsServer(serverTlsOptions({ identities: [identity], clientCa: [authority.pem], limits }));
  const authorized: boolean[] = [];
  server.on('secureConnection', (socket) => authorized.push(socket.authorized));
  const port = await serving(t, { echo: async () => 0 }, server);
  const { status, output } = await run('echoscu', [
    ...['-v', '+tls', join(folder, 'key.pem'), join(folder, 'cert.pem'), '+cf', join(folder, 'ca.pem')],
    ...['127.0.0.1', String(port)],
  ]);
  assert.equal(status, 0, output);
  assert.deepEqual(authorized, [true]);
});

test('what storescu sends arrives byte for byte', needs('storescu'), async (t) => {
  const folder = await temporaryFolder(t);
  const images = [image(1), image(2, 1_000_001), image(3, 0)];
  const names = await Promise.all(
    images.map(async ({ sopInstanceUid, bytes }) => {
      const name = join(folder, `${sopInstanceUid}.dcm`);
      const head = writePart10Head({ sopClassUid: ctImageStorage, sopInstanceUid, transferSyntaxUid: explicit });
      await writeFile(name, Buffer.concat([head, bytes]));
      return name;
    }),
  );
  const { kept, store } = keeper();
  const port = await serving(t, { store });
  const { status, output } = await run('storescu', ['-v', '127.0.0.1', String(port), ...names]);
  assert.equal(status, 0, output);
  assert.equal(kept.size, 3);
  for (const { sopInstanceUid, bytes } of images) assert.deepEqual(kept.get(sopInstanceUid), Buffer.from(bytes));
});

test('a refused store shows in storescu as its status', needs('storescu'), async (t) => {
  const folder = await temporaryFolder(t);
  const { sopInstanceUid, bytes } = image(1);
  const name = join(folder, 'a.dcm');
  const head = writePart10Head({ sopClassUid: ctImageStorage, sopInstanceUid, transferSyntaxUid: explicit });
  await writeFile(name, Buffer.concat([head, bytes]));
  const port = await serving(t, {
    store: () => {
      throw new Error('refused');
    },
  });
  const { output } = await run('storescu', ['-v', '127.0.0.1', String(port), name]);
  assert.match(output, /0x0?110|Processing ?Failure/i);
});

test('findscu sees the matches, and can cancel after one of them', needs('findscu'), async (t) => {
  let isCancelled = false;
  const port = await serving(t, {
    async *find(_request, _context, identifier, cancel) {
      assert.equal(identifier.text(0x00080052), 'STUDY');
      cancel.addEventListener('abort', () => {
        isCancelled = true;
      });
      for (let number = 0; number < 50 && !cancel.aborted; number += 1) {
        yield {
          identifier: new DataSet().setText(0x00080052, 'CS', 'STUDY').setText(0x00100020, 'LO', `ID-${number}`),
        };
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  });
  const keys = ['-S', '-k', '0008,0052=STUDY', '-k', '0010,0020'];
  const all = await run('findscu', ['-v', ...keys, '127.0.0.1', String(port)]);
  assert.equal(all.status, 0, all.output);
  assert.match(all.output, /ID-49/);
  assert.match(all.output, /Received Final Find Response \(Success\)/);
  const some = await run('findscu', ['-v', ...keys, '--cancel', '2', '127.0.0.1', String(port)]);
  assert.match(some.output, /Cancel/i);
  assert.doesNotMatch(some.output, /ID-49/);
  assert.ok(isCancelled);
});

test('getscu gets the instances on its association', needs('getscu'), async (t) => {
  const folder = await temporaryFolder(t);
  const images = [image(1), image(2), image(3)];
  const port = await serving(t, {
    async get(_request, _context, _identifier, _cancel, progress, exchange) {
      const counts = { remaining: 3, completed: 0, failed: 0, warning: 0 };
      for (const each of images) {
        const { status } = await storeOnAssociation(exchange, outgoing(each));
        counts.remaining -= 1;
        if (status === 0) counts.completed += 1;
        else counts.failed += 1;
        progress({ ...counts });
      }
      return { ...counts, failedSopInstanceUids: [] };
    },
  });
  const { status, output } = await run('getscu', [
    ...['-v', '+B', '-S', '-k', '0008,0052=STUDY', '-k', `0020,000D=${studyUid}`, '-od', folder],
    ...['127.0.0.1', String(port)],
  ]);
  assert.equal(status, 0, output);
  const files = await readdir(folder);
  assert.equal(files.length, 3, output);
  for (const { sopInstanceUid, bytes } of images) {
    const name = files.find((file) => file.endsWith(sopInstanceUid));
    assert.ok(name !== undefined, files.join());
    const file = await readFile(join(folder, name));
    assert.deepEqual(file.subarray(file.length - bytes.length), Buffer.from(bytes));
  }
});

const connecting = (port: number, contexts: readonly ContextProposal[]): Promise<DimseClient> =>
  DimseClient.connect({
    host: '127.0.0.1',
    port,
    callingAeTitle: 'STATION',
    calledAeTitle: 'ARCHIVE',
    contexts,
    window: { invoked: 8, performed: 8 },
    limits,
    dimseLimits: testLimits,
  });
const proposal = (abstractSyntax: Uid, more: Partial<ContextProposal> = {}): ContextProposal => ({
  abstractSyntax,
  transferSyntaxes: [explicit],
  ...more,
});

test('storescp keeps what our client sends, byte for byte', needs('storescp'), async (t) => {
  const folder = await temporaryFolder(t);
  const port = await freePort();
  await start(t, 'storescp', ['+B', '-od', folder, String(port)], port);
  await using client = await connecting(port, [proposal(ctImageStorage), proposal(SopClasses.Verification)]);
  assert.equal(await client.echo(), 0);
  const images = [image(1), image(2, 500_001), image(3, 0)];
  const statuses = await Promise.all(images.map((each) => client.store(outgoing(each))));
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [0, 0, 0],
  );
  await client.release();
  const files = await readdir(folder);
  for (const { sopInstanceUid, bytes } of images) {
    const name = files.find((file) => file.endsWith(sopInstanceUid));
    assert.ok(name !== undefined, files.join());
    const file = await readFile(join(folder, name));
    assert.deepEqual(file.subarray(file.length - bytes.length), Buffer.from(bytes));
  }
});

test('dcmqrscp is stored to, queried, got from and told to move by our client', needs('dcmqrscp'), async (t) => {
  const folder = await temporaryFolder(t);
  const store = join(folder, 'store');
  await mkdir(store);
  const { kept, store: keep } = keeper();
  const destination = await serving(t, { store: keep });
  const port = await freePort();
  await writeFile(
    join(folder, 'dcmqrscp.cfg'),
    `NetworkTCPPort = ${port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
dest = (DEST, 127.0.0.1, ${destination})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
ARCHIVE ${store} RW (200, 1024mb) ANY
AETable END
`,
  );
  await start(t, 'dcmqrscp', ['-c', join(folder, 'dcmqrscp.cfg')], port);
  await using client = await connecting(port, [
    proposal(ctImageStorage, { role: { scu: true, scp: true } }),
    proposal(studyFind),
    proposal(studyGet),
    proposal(studyMove),
  ]);
  const images = [image(1), image(2), image(3)];
  for (const each of images) assert.equal((await client.store(outgoing(each))).status, 0);

  const identifier = new DataSet().setText(0x00080052, 'CS', 'STUDY').setText(0x0020000d, 'UI', studyUid);
  const found: (string | undefined)[] = [];
  const query = new DataSet()
    .setText(0x00080052, 'CS', 'STUDY')
    .setText(0x00100020, 'LO', '')
    .setText(0x0020000d, 'UI', '');
  for await (const match of client.find(studyFind, query, { answersMax: 10 })) found.push(match.text(0x00100020));
  assert.deepEqual(found, ['T-1']);

  const got = new Map<string, number>();
  const outcome = await client.get(studyGet, identifier, {
    instancesMax: 3,
    onInstance: ({ sopInstanceUid, transferSyntaxUid }) => {
      const parts: Uint8Array[] = [];
      return {
        write: (chunk) => void parts.push(Uint8Array.from(chunk)),
        end: async () => {
          const dataSet = readDataSet(Buffer.concat(parts), { transferSyntaxUid, limits: limits.dataSet });
          got.set(sopInstanceUid, dataSet.get(0x7fe00010)?.value.length ?? 0);
          return undefined;
        },
        abort: () => undefined,
      };
    },
  });
  assert.equal(outcome.status, 0);
  assert.equal(outcome.completed, 3);
  assert.deepEqual([...got.values()], [100_000, 100_000, 100_000]);

  const moved = await client.move(studyMove, identifier, { moveDestination: 'DEST' });
  assert.equal(moved.status, 0);
  assert.equal(kept.size, 3);
  const refused = await client.move(studyMove, identifier, { moveDestination: 'NOWHERE' });
  assert.equal(refused.status, 0xa801);
});
