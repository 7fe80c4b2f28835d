/**
 * Run by pool-rights.test.ts in a process of its own, with the rights that the server has: starts the pool, converts a frame,
 * and prints what threads can and cannot do afterwards.
 */
import { Worker } from 'node:worker_threads';
import { TransferSyntaxes as T } from '../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { CodecPool } from './codec-pool.ts';

const facts = {
  rows: 512,
  columns: 512,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  photometricInterpretation: 'MONOCHROME2',
};

function canStartWorker(): string {
  try {
    const worker = new Worker('0', { eval: true });
    return `yes, number ${worker.threadId}`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no';
  }
}

// oxlint-disable-next-line typescript/no-unnecessary-condition -- undefined without the permission model
const before = process.permission?.has('worker') ?? 'no permission model';
const misbehaving = new URL('misbehaving-worker.test-support.ts', import.meta.url);
const asked = process.argv[2] === 'worker';
const pool = CodecPool.start({ limits: limits.codecs, ...(asked ? { workerModule: misbehaving } : {}) });
const after = canStartWorker();

async function roundTrips(): Promise<readonly string[]> {
  const pixels = Uint8Array.from({ length: 512 * 512 * 2 }, (_, at) => (at % 2 === 0 ? at >> 3 : 3));
  const results: string[] = [];
  for (const transferSyntaxUid of [T.JPEGLSLossless, T.JPEG2000Lossless, T.HTJ2KLossless, T.RLELossless]) {
    const { bytes } = await pool.encode({ transferSyntaxUid, pixels: pixels.slice(), facts }, { owner: 'a' });
    const decoded = await pool.decode({ transferSyntaxUid, bytes, facts }, { owner: 'a' });
    results.push(Buffer.compare(decoded.pixels, pixels) === 0 ? 'same' : 'other');
  }
  return results;
}

async function rightsOfWorker(): Promise<string> {
  const wanted = { ...facts, photometricInterpretation: 'rights' };
  try {
    await pool.decode({ transferSyntaxUid: T.RLELossless, bytes: new Uint8Array(8), facts: wanted }, { owner: 'a' });
    return 'no answer';
  } catch (error) {
    return error instanceof LeadglassError ? (error.detail ?? error.message) : String(error);
  }
}

const result = asked ? { worker: await rightsOfWorker() } : { roundTrips: await roundTrips() };
await pool.close();
console.log(JSON.stringify({ before, after, ...result }));
