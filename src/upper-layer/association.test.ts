/** Associations over real sockets and over in-memory pairs: both roles, every way to end, time by a fake clock. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from './acceptor.ts';
import type { Association } from './association.ts';
import { negotiate } from './negotiation.ts';
import { buildAssociateRequest, requestAssociation } from './requestor.ts';

const verification = knownUid('1.2.840.10008.1.1');

test('a message of several PDUs arrives whole and both sides end as released', async (t) => {
  const server = createServer((socket) => void serve(socket));
  const { promise: served, resolve } = Promise.withResolvers<{ bytes: number; association: Association }>();
  async function serve(socket: import('node:net').Socket): Promise<void> {
    const incoming = await acceptAssociation(socket, { limits });
    const { contexts } = negotiate(incoming.request, {
      transferSyntaxes: () => [TransferSyntaxes.ImplicitVrLittleEndian],
      roles: () => ({ requestorScu: true, requestorScp: false }),
    });
    const association = incoming.accept({ contexts });
    let bytes = 0;
    association.receive({
      fragment: (f) => {
        if (!f.isCommand) bytes += f.data.length;
      },
      releaseRequested: () => void association.respondRelease(),
      ended: () => resolve({ bytes, association }),
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const association = await requestAssociation(
    connect(address.port, '127.0.0.1'),
    buildAssociateRequest(
      {
        callingAeTitle: 'ME',
        calledAeTitle: 'YOU',
        presentationContexts: [
          { id: 1, abstractSyntax: verification, transferSyntaxes: [TransferSyntaxes.ImplicitVrLittleEndian] },
        ],
      },
      limits,
    ),
    { limits },
  );
  await association.sendMessage(1, new Uint8Array(100), new Uint8Array(3_000_000));
  await association.release();
  const result = await served;
  assert.equal(result.bytes, 3_000_000);
  assert.equal((await association.ended).kind, 'released');
  assert.equal((await result.association.ended).kind, 'released');
  await result.association.closed;
  await association.closed;
});
