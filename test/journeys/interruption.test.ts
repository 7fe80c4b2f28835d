/** Ctrl-C and SIGTERM in the middle of client commands: what the peer, the disk, the ledger and the user are told. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tags } from '../../src/dicom/dictionary/dictionary.ts';
import { DataSet } from '../../src/dicom/data-set.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { type DimseHandlers } from '../../src/dimse/handlers.ts';
import { provide } from '../../src/dimse/provider.ts';
import { storeOnAssociation } from '../../src/dimse/store-on-association.ts';
import { limits } from '../../src/limits.ts';
import { acceptAssociation } from '../../src/upper-layer/acceptor.ts';
import { negotiate } from '../../src/upper-layer/negotiation.ts';
import { filesBelow, sopClasses, uidOf, writeImage, writeSeries } from '../support/dicom-files.ts';
import { Leadglass, leadglassCommand, parseJson } from '../support/leadglass.ts';

let leadglass: Leadglass;
before(async () => {
  leadglass = await Leadglass.start();
});
after(() => leadglass[Symbol.asyncDispose]());

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the first signal to the end of the process. */
  readonly ms: number;
}

interface Running {
  interrupt(signal?: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

function start(t: TestContext, ...words: readonly string[]): Running {
  const child = spawn(leadglassCommand, [...words, '--data', leadglass.data], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let interruptedAt = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return {
    interrupt: (signal = 'SIGINT') => {
      interruptedAt ||= performance.now();
      child.kill(signal);
    },
    ended: once(child, 'close').then(() => {
      return { status: child.exitCode, stdout, stderr, ms: performance.now() - interruptedAt };
    }),
  };
}

interface Peer {
  readonly place: string;
  /** How each association ended, as the peer saw it. */
  readonly ends: string[];
}

/** Takes everything that is proposed, and answers as the handlers do. */
async function listen(t: TestContext, handlers: Omit<DimseHandlers, 'errorStatus'>): Promise<Peer> {
  const ends: string[] = [];
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    const incoming = await acceptAssociation(socket, { limits });
    const { contexts } = negotiate(incoming.request, {
      transferSyntaxes: () => [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian],
      roles: () => ({ requestorScu: true, requestorScp: true }),
    });
    const association = incoming.accept({
      contexts,
      userInformation: {
        roleSelections: incoming.request.userInformation.roleSelections,
      },
    });
    // Not waited for: some handlers never end.
    void provide(
      association,
      { ...handlers, errorStatus: () => ({ status: 0x0110, errorComment: '' }) },
      { limits: { ...limits.dimse, identifier: limits.identifier } },
    );
    const reason = await association.ended;
    ends.push(reason.kind === 'aborted' ? `aborted by ${reason.by}` : reason.kind);
  };
  const server = createServer((socket) => {
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
  return { place: `127.0.0.1:${address.port}`, ends };
}

const never = (): Promise<never> => new Promise(() => undefined);
const plain = ['--plain', '--calling', 'WS1', '--called', 'PACS'];

/** Waits until the peer has seen the last association end, which may be a moment after the process. */
async function lastEnd({ ends }: Peer): Promise<string | undefined> {
  for (let waited = 0; waited < 2000 && ends.length === 0; waited += 20) await sleep(20);
  return ends.at(-1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} in echo aborts the association, says so, and ends with 3`, async (t) => {
    const asked = Promise.withResolvers<void>();
    const peer = await listen(t, { echo: () => (asked.resolve(), never()) });
    const running = start(t, 'echo', peer.place, ...plain);
    await asked.promise;
    running.interrupt(signal);
    const { status, stdout, stderr, ms } = await running.ended;
    assert.deepEqual([status, stdout], [3, 'PACS had not answered until then.\n']);
    assert.match(stderr, /^leadglass: Interrupted/);
    assert.equal(await lastEnd(peer), 'aborted by peer');
    assert.ok(ms < 3000, `${ms} ms`);
  });
}

/** A peer that takes 30 ms for each instance, and the moment when it has the third. */
async function slowPeer(t: TestContext): Promise<{ readonly peer: Peer; readonly third: Promise<void> }> {
  const third = Promise.withResolvers<void>();
  let count = 0;
  const peer = await listen(t, {
    store: () => ({
      write: () => undefined,
      abort: () => undefined,
      end: async () => {
        if ((count += 1) === 3) third.resolve();
        await sleep(30);
        return { status: 0 };
      },
    }),
  });
  return { peer, third: third.promise };
}

for (const [size, pixelBytes, end] of [
  ['in the middle of an image', 2 * 512 * 512, 'aborted by peer'],
  ['while a small one waits for its answer', 2 * 16 * 16, 'aborted by peer'],
] as const) {
  test(`send aborts the association and tells what was sent and what not: ${size}`, async (t) => {
    const folder = leadglass.path(`to-send-${pixelBytes}`);
    const images = writeSeries(folder, { study: 'interrupted send', pixelBytes }, 30);
    for (const json of [false, true]) {
      const { peer, third } = await slowPeer(t);
      const running = start(t, 'send', peer.place, ...plain, folder, ...(json ? ['--json'] : []));
      await third;
      running.interrupt();
      const { status, stdout, ms } = await running.ended;
      assert.equal(status, 3);
      assert.equal(await lastEnd(peer), end);
      assert.ok(ms < 3000, `${ms} ms`);
      if (json) {
        const told = parseJson<Record<string, unknown>>({ stdout });
        assert.equal(told['interrupted'], true);
        assert.equal(Number(told['sent']) + Number(told['notSent']), images.length);
        assert.ok(Number(told['sent']) >= 2 && Number(told['failed']) === 0, stdout);
      } else assert.match(stdout, /^\d+ instances sent \(0 with a warning\), 0 failed, \d+ not sent; /);
    }
  });
}

test('send does not wait for a peer that never answers, and a second Ctrl-C ends at once', async (t) => {
  const image = writeImage(leadglass.path('one'), { study: 'unanswered' });
  for (const times of [1, 2]) {
    const came = Promise.withResolvers<void>();
    const peer = await listen(t, {
      store: () => ({ write: () => undefined, abort: () => undefined, end: () => (came.resolve(), never()) }),
    });
    const running = start(t, 'send', peer.place, ...plain, image.path);
    await came.promise;
    running.interrupt();
    if (times === 2) {
      await sleep(200);
      running.interrupt();
    }
    const { status, stdout, ms } = await running.ended;
    assert.equal(status, 3);
    if (times === 1) {
      assert.match(stdout, /^0 instances sent .* 1 not sent/);
      assert.ok(ms < 6000, `${ms} ms`);
    } else assert.ok(ms < 1500, `${ms} ms`);
  }
});

test('find prints what came until then, and that there may be more', async (t) => {
  const asked = Promise.withResolvers<void>();
  const peer = await listen(t, {
    async *find() {
      yield { identifier: new DataSet().setText(Tags.PatientID, 'LO', 'P-1') };
      asked.resolve();
      await never();
    },
  });
  const running = start(t, 'find', peer.place, ...plain, '-k', 'PatientID');
  await asked.promise;
  await sleep(200);
  running.interrupt();
  const { status, stdout, stderr } = await running.ended;
  assert.deepEqual([status, stdout], [3, 'PatientID\nP-1\n']);
  assert.match(stderr, /^1 match until then; there may be more\.\nleadglass: Interrupted/);
  assert.equal(await lastEnd(peer), 'aborted by peer');
});

test('get leaves whole files only, and tells how many are missing', async (t) => {
  for (const json of [false, true]) {
    const out = leadglass.path(`got-${json}`);
    const halfway = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(512 * 1024);
      halfway.resolve();
      await never();
    }
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(2000);
    }
    const peer = await listen(t, {
      get: async (_request, _context, _identifier, _cancel, progress, exchange) => {
        const sources = [whole, endless];
        for (const [index, read] of sources.entries()) {
          await storeOnAssociation(exchange, {
            sopClassUid: sopClasses.ct,
            sopInstanceUid: uidOf(`got ${index}`),
            transferSyntaxUid: TransferSyntaxes.ExplicitVrLittleEndian,
            read,
          });
          progress({ remaining: 4 - index, completed: index + 1, failed: 0, warning: 0 });
        }
        return await never();
      },
    });
    const words = ['--study', '1.2.3', '--out', out, ...(json ? ['--json'] : [])];
    const running = start(t, 'get', peer.place, ...plain, ...words);
    await Promise.race([halfway.promise, running.ended.then(({ stderr }) => assert.fail(stderr))]);
    for (let waited = 0; waited < 3000 && !filesBelow(out).some((path) => path.endsWith('.part')); waited += 20)
      await sleep(20);
    assert.ok(
      filesBelow(out).some((path) => path.endsWith('.part')),
      'the second file is under way',
    );
    running.interrupt();
    const { status, stdout } = await running.ended;
    assert.equal(status, 3);
    assert.deepEqual(
      filesBelow(out).map((path) => path.replace(/.*\//, '')),
      ['image-000001.dcm'],
    );
    assert.equal(await lastEnd(peer), 'aborted by peer');
    if (json) {
      const told = parseJson<{ interrupted: boolean; completed: number; notFetched: number }>({ stdout });
      assert.deepEqual([told.interrupted, told.completed, told.notFetched], [true, 1, 4]);
    } else assert.match(stdout, /^1 instance fetched, .*got-false; 4 not fetched\.\n$/);
  }
});

test('move says what the peer had done, and what not', async (t) => {
  const asked = Promise.withResolvers<void>();
  const peer = await listen(t, {
    move: async (_request, _context, _identifier, _cancel, progress) => {
      progress({ remaining: 5, completed: 2, failed: 1, warning: 0 });
      setTimeout(asked.resolve, 200);
      return await never();
    },
  });
  const running = start(t, 'move', peer.place, ...plain, '--study', '1.2.3', '--to', 'WS2');
  await asked.promise;
  running.interrupt();
  const { status, stdout } = await running.ended;
  assert.deepEqual([status, stdout], [3, '2 moved to WS2, 1 failed; 5 not moved.\n']);
  assert.equal(await lastEnd(peer), 'aborted by peer');
});

test('import ends its session at the server at once, and the ledger has its closing record', async (t) => {
  for (const json of [false, true]) {
    const study = `interrupted import ${json}`;
    const { path } = writeImage(leadglass.path(study), { study, pixelBytes: 2 * 512 * 512 });
    for (let number = 0; number < 5000; number += 1) linkSync(path, `${path}-${number}`);
    const events = async (code: string): Promise<number> =>
      (await leadglass.ledger('--study', uidOf(study))).filter(({ event }) => event.startsWith(code)).length;
    const running = start(t, 'import', leadglass.path(study), ...(json ? ['--json'] : []));
    for (let tries = 0; tries < 50 && (await events('110102')) === 0; tries += 1) await sleep(20);
    running.interrupt();
    const { status, stdout, stderr, ms } = await running.ended;
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^leadglass: Interrupted/);
    assert.ok(ms < 3000, `${ms} ms`);
    if (json) assert.equal(parseJson<{ interrupted: boolean }>({ stdout }).interrupted, true);
    else assert.match(stdout, /^\d+ stored, \d+ already here.*\nNot complete: \d+ files? given up/m);
    assert.equal(await events('110107'), await events('110102'), 'what was begun is closed');
  }
});

test('study export leaves whole files only, and its record is there at once', async (t) => {
  const facts = { study: 'interrupted export', pixelBytes: 2 * 512 * 512 };
  const count = 300;
  writeSeries(leadglass.path('export'), facts, count);
  await leadglass.succeed('import', leadglass.path('export'), '--quiet');
  const out = leadglass.path('exported');
  const study = uidOf(facts.study);
  const running = start(t, 'study', 'export', study, '--out', out, '--json');
  for (let waited = 0; waited < 5000 && filesBelow(out).length < 3; waited += 1) await sleep(1);
  running.interrupt();
  const { status, stdout, stderr } = await running.ended;
  assert.equal(status, 3, stderr);
  const told = parseJson<{ interrupted: boolean; files: readonly unknown[]; notWritten: number }>({ stdout });
  assert.equal(told.interrupted, true);
  assert.equal(told.files.length + told.notWritten, count);
  assert.equal(filesBelow(out).length, told.files.length);
  assert.ok(filesBelow(out).every((path) => path.endsWith('.dcm')));
  const exports = (await leadglass.ledger('--study', study)).filter(({ event }) => event.startsWith('110106'));
  // Whether as a failure depends on where it stopped: what was handed out whole is a success.
  assert.ok(exports.length > 0, 'the export is recorded');
});
