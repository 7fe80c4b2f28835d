/** Memory that store messages hold before they are stored, and who gets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../../error.ts';
import { ConversionMemory } from '../../../transcoding/conversion-memory.ts';
import { webHouse } from './handlers.test-support.ts';

const mebibyte = 1024 ** 2;
const headers = { 'content-type': 'multipart/related; type="application/dicom+json"; boundary=X' };
const metadata = JSON.stringify([
  {
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
    '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
    '0020000D': { vr: 'UI', Value: ['1.2.3'] },
    '0020000E': { vr: 'UI', Value: ['1.2.3.5'] },
    '00420011': { vr: 'OB', BulkDataURI: 'a' },
    '7FE00010': { vr: 'OW', BulkDataURI: 'b' },
  },
]);

/** Two mebibytes that have to wait, and then nothing more. */
async function* dripping(end: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`--X\r\nContent-Type: application/dicom+json\r\n\r\n${metadata}\r\n`);
  yield Buffer.from('--X\r\nContent-Type: application/octet-stream\r\nContent-Location: a\r\n\r\n');
  yield Buffer.alloc(2 * mebibyte, 1);
  await end;
}

test('memory exhaustion: many stores that drip hold the share of their device, and what they held is let go', async () => {
  const arriving = new ConversionMemory({
    heldBytesMax: 64 * mebibyte,
    heldBytesPerOwnerMax: 6 * mebibyte,
    memoryWaitMs: 100,
  });
  await using web = await webHouse({ arriving });
  const { promise, resolve } = Promise.withResolvers<void>();
  const stores = Array.from({ length: 8 }, () =>
    web.open('/studies', { method: 'POST', headers, body: dripping(promise) }).catch((error: unknown) => error),
  );
  await new Promise((later) => setTimeout(later, 500));
  // All eight are still open: those for which there was no room have given up what they read.
  assert.ok(arriving.heldBytes > 0 && arriving.heldBytes <= 6 * mebibyte, `${arriving.heldBytes}`);
  resolve();
  for (const outcome of await Promise.all(stores)) assert.ok(outcome instanceof LeadglassError);
  assert.equal(arriving.heldBytes, 0);
});
