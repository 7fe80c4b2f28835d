/** Against dcmjs-dimse, an independent DIMSE in JavaScript. It takes a window but sends one request after the other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from '../upper-layer/acceptor.ts';
import { negotiate } from '../upper-layer/negotiation.ts';
import type { DimseHandlers } from './handlers.ts';
import { provide } from './provider.ts';
import { ctImageStorage, explicit, testLimits } from './test-support.ts';

/** What is used here of dcmjs-dimse; its own declarations need packages that it does not bring. */
interface Emitter {
  on(event: string, listener: (...values: readonly unknown[]) => void): void;
}
interface Response {
  getStatus(): number;
  hasDataset(): boolean;
  getDataset(): { getElement(name: string): unknown };
}
interface Client extends Emitter {
  addRequest(request: Emitter): void;
  send(host: string, port: number, calling: string, called: string, options: object): void;
}
interface DcmjsDimse {
  readonly Client: new () => Client;
  readonly requests: {
    readonly CEchoRequest: new () => Emitter;
    readonly CStoreRequest: new (file: string) => Emitter;
    readonly CFindRequest: { createStudyFindRequest(elements: Readonly<Record<string, string>>): Emitter };
  };
  readonly log: { setLevel(level: string): void };
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
const dcmjs = createRequire(import.meta.url)('dcmjs-dimse') as DcmjsDimse;
dcmjs.log.setLevel('silent');

const errorStatus: DimseHandlers['errorStatus'] = (error) => ({ status: 0xa700, errorComment: error.message });

async function serving(t: TestContext, handlers: Omit<DimseHandlers, 'errorStatus'>): Promise<number> {
  const server = createServer((socket) => {
    void (async () => {
      const incoming = await acceptAssociation(socket, { limits });
      const { contexts, roleSelections } = negotiate(incoming.request, {
        transferSyntaxes: () => [explicit, TransferSyntaxes.ImplicitVrLittleEndian],
        roles: () => ({ requestorScu: true, requestorScp: true }),
      });
      const offered = incoming.request.userInformation.asynchronousOperationsWindow;
      const window = offered === undefined ? {} : { asynchronousOperationsWindow: { invoked: 4, performed: 1 } };
      const association = incoming.accept({ contexts, userInformation: { roleSelections, ...window } });
      await provide(association, { ...handlers, errorStatus }, { limits: testLimits });
    })().catch(() => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** Sends the requests on one association; resolves with every response when it is released. */
async function sendAll(port: number, requests: readonly Emitter[], options = {}): Promise<Response[]> {
  const responses: Response[] = [];
  const client = new dcmjs.Client();
  for (const request of requests) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this event brings, by its documentation
    request.on('response', (response) => responses.push(response as Response));
    client.addRequest(request);
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.on('closed', () => resolve());
  client.on('networkError', (error) => reject(error));
  client.on('associationRejected', () => reject(new Error('rejected')));
  client.send('127.0.0.1', port, 'STATION', 'ARCHIVE', options);
  await promise;
  return responses;
}

test('its echo is answered', async (t) => {
  const port = await serving(t, { echo: async () => 0 });
  const responses = await sendAll(port, [new dcmjs.requests.CEchoRequest()]);
  assert.deepEqual(
    responses.map((response) => response.getStatus()),
    [0],
  );
});

test('its stores are taken and answered, also when it asks for a window', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'leadglass-dcmjs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const names = await Promise.all(
    Array.from({ length: 12 }, async (_, number) => {
      const sopInstanceUid = knownUid(`1.2.3.${number}`);
      const dataSet = new DataSet()
        .setText(0x00080016, 'UI', ctImageStorage)
        .setText(0x00080018, 'UI', sopInstanceUid)
        .setText(0x00100020, 'LO', 'T-1');
      const head = writePart10Head({ sopClassUid: ctImageStorage, sopInstanceUid, transferSyntaxUid: explicit });
      const name = join(folder, `${number}.dcm`);
      await writeFile(name, Buffer.concat([head, writeDataSet(dataSet, explicit)]));
      return name;
    }),
  );
  const stored = new Set<string>();
  const port = await serving(t, {
    store: ({ affectedSopInstanceUid }) => ({
      write: () => undefined,
      end: async () => {
        stored.add(affectedSopInstanceUid);
        return { status: 0 };
      },
      abort: () => undefined,
    }),
  });
  const requests = names.map((name) => new dcmjs.requests.CStoreRequest(name));
  const responses = await sendAll(port, requests, { asyncOps: { maxAsyncOpsInvoked: 4, maxAsyncOpsPerformed: 1 } });
  assert.equal(stored.size, 12);
  assert.ok(responses.every((response) => response.getStatus() === 0));
});

test('its query gets its matches', async (t) => {
  const port = await serving(t, {
    async *find() {
      for (let number = 0; number < 5; number += 1) {
        yield { identifier: new DataSet().setText(0x00100020, 'LO', `ID-${number}`) };
      }
    },
  });
  const request = dcmjs.requests.CFindRequest.createStudyFindRequest({ PatientID: '*' });
  const responses = await sendAll(port, [request]);
  const matches = responses.filter((response) => response.getStatus() === 0xff00);
  assert.deepEqual(
    matches.map((response) => response.getDataset().getElement('PatientID')),
    ['ID-0', 'ID-1', 'ID-2', 'ID-3', 'ID-4'],
  );
  assert.equal(responses.at(-1)?.getStatus(), 0);
});
