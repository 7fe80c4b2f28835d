/** A modality asks whether its images are safe before it deletes its own: the result comes on the same association, or later. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { DataSet } from '../../src/dicom/data-set.ts';
import { SopClasses, storageCommitmentPushModelInstance } from '../../src/dicom/sop-class.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { parseAeTitle } from '../../src/dicom/ae-title.ts';
import type { Uid } from '../../src/dicom/uid.ts';
import { DimseClient } from '../../src/dimse/client.ts';
import { CommandField } from '../../src/dimse/command-set.ts';
import type { DimseHandlers } from '../../src/dimse/handlers.ts';
import { provide } from '../../src/dimse/provider.ts';
import { limits } from '../../src/limits.ts';
import { acceptAssociation } from '../../src/upper-layer/acceptor.ts';
import { negotiate } from '../../src/upper-layer/negotiation.ts';
import { type Image, sopClasses, uidOf, writeSeries } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { freePort } from '../support/programs.ts';

const clientLimits = { ...limits.dimse, identifier: limits.identifier };

let leadglass: Leadglass;
let images: readonly Image[];
before(async () => {
  leadglass = await Leadglass.start();
  images = writeSeries(leadglass.path('images'), { study: 'commitment' }, 3);
});
after(() => leadglass[Symbol.asyncDispose]());

interface Result {
  readonly eventTypeId: number;
  readonly information: DataSet | undefined;
}
const uidsIn = ({ information }: Result, sequence: number): readonly string[] =>
  (information?.items(sequence) ?? []).map((item) => item.text(0x00081155) ?? '');
const referenced = 0x00081199;
const failed = 0x00081198;

const pem = ({ folder }: Device, name: string): string => readFileSync(join(folder, name), 'utf8');

function action(transactionUid: Uid, uids: readonly string[]): DataSet {
  const items = uids.map((uid) =>
    new DataSet().setText(0x00081150, 'UI', sopClasses.ct).setText(0x00081155, 'UI', uid),
  );
  return new DataSet().setText(0x00081195, 'UI', transactionUid).setItems(referenced, items);
}

async function connect(device: Device, nEventReport: (result: Result) => void): Promise<DimseClient> {
  return DimseClient.connect({
    host: 'localhost',
    port: leadglass.port,
    callingAeTitle: parseAeTitle(device.aeTitle, 'calling'),
    calledAeTitle: parseAeTitle('LEADGLASS', 'called'),
    tls: {
      identity: { key: pem(device, 'key.pem'), cert: pem(device, 'cert.pem') },
      server: { by: 'name', name: 'localhost', ca: [pem(device, 'ca.pem')] },
    },
    contexts: [
      {
        abstractSyntax: SopClasses.StorageCommitmentPushModel,
        transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian],
      },
    ],
    limits,
    dimseLimits: clientLimits,
    nEventReport: async (request, _context, information) => {
      nEventReport({ eventTypeId: request.eventTypeId, information });
      return { status: 0 };
    },
  });
}

/** The status of the request. */
async function ask(client: DimseClient, transactionUid: Uid, uids: readonly string[]): Promise<number> {
  const { response } = await client.normalized(
    {
      commandField: CommandField.NActionRq,
      requestedSopClassUid: SopClasses.StorageCommitmentPushModel,
      requestedSopInstanceUid: storageCommitmentPushModelInstance,
      actionTypeId: 1,
    },
    action(transactionUid, uids),
  );
  return response.status;
}

/** The device's own listener: takes one association with TLS and tells the first report. */
async function listenForReport(t: TestContext, device: Device, port: number): Promise<() => Promise<Result>> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const serve = async (socket: tls.TLSSocket): Promise<void> => {
    const incoming = await acceptAssociation(socket, { limits });
    assert.equal(incoming.request.callingAeTitle, 'LEADGLASS');
    const { contexts, roleSelections } = negotiate(incoming.request, {
      transferSyntaxes: () => [TransferSyntaxes.ExplicitVrLittleEndian],
      // PS3.4 J.3.3: whoever brings the result is the SCP.
      roles: () => ({ requestorScu: true, requestorScp: true }),
    });
    const association = incoming.accept({ contexts, userInformation: { roleSelections } });
    const nEventReport: DimseHandlers['nEventReport'] = async (request, _context, information) => {
      resolve({ eventTypeId: request.eventTypeId, information });
      return { status: 0 };
    };
    const errorStatus: DimseHandlers['errorStatus'] = ({ message }) => ({ status: 0x0110, errorComment: message });
    await provide(association, { nEventReport, errorStatus }, { limits: clientLimits });
  };
  const options = { key: pem(device, 'key.pem'), cert: pem(device, 'cert.pem'), ca: pem(device, 'ca.pem') };
  const server = tls.createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket).catch(reject);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return () => promise;
}

test('the result on the same association names what is safe, and what is not here', async () => {
  const device = await leadglass.enrol('CT1', 'acquisition');
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, ...images.map(({ path }) => path));
  const stored = images.map(({ sopInstanceUid }) => sopInstanceUid);
  for (const missing of [[], [uidOf('never sent')]]) {
    const { promise, resolve } = Promise.withResolvers<Result>();
    const client = await connect(device, resolve);
    assert.equal(await ask(client, uidOf(`transaction ${missing.length}`), [...stored, ...missing]), 0);
    const result = await promise;
    assert.equal(result.eventTypeId, missing.length === 0 ? 1 : 2);
    assert.equal(result.information?.text(0x00081195), uidOf(`transaction ${missing.length}`));
    assert.deepEqual(uidsIn(result, referenced).toSorted(), stored.toSorted());
    assert.deepEqual(uidsIn(result, failed), missing);
    await client.release();
  }
});

test('what another device sent is not confirmed: it looks as if it were not here', async () => {
  const device = await leadglass.enrol('CT2', 'acquisition');
  const { promise, resolve } = Promise.withResolvers<Result>();
  const client = await connect(device, resolve);
  const uids = images.map(({ sopInstanceUid }) => sopInstanceUid);
  assert.equal(await ask(client, uidOf('of others'), uids), 0);
  const result = await promise;
  assert.equal(result.eventTypeId, 2);
  assert.deepEqual(uidsIn(result, failed).toSorted(), uids.toSorted());
  await client.release();
});

test('a device that has gone meanwhile gets the result on a new association, at the address that its opening names', async (t) => {
  const port = await freePort();
  const device = await leadglass.enrol(
    ...(['CT3', 'acquisition', '--server-name', 'localhost', '--move-destination', `CT3=localhost:${port}`] as const),
  );
  const own = writeSeries(leadglass.path('own'), { study: 'commitment own' }, 2);
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, ...own.map(({ path }) => path));
  const result = await listenForReport(t, device, port);
  const uids = own.map(({ sopInstanceUid }) => sopInstanceUid);
  const reported = result();
  // Gone before the answer could come, as a modality does that is switched off; an abort may overtake the request itself.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const client = await connect(device, () => assert.fail('not on this association'));
    ask(client, uidOf('later'), uids).catch(() => undefined);
    await sleep(0);
    client.abort();
    if ((await Promise.race([reported, sleep(3000, 'nothing', { ref: false })])) !== 'nothing') break;
  }
  const { eventTypeId, information } = await reported;
  assert.equal(eventTypeId, 1);
  assert.equal(information?.text(0x00081195), uidOf('later'));
});
