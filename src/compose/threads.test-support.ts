/** Run by threads.test.ts in a process of its own: starts the threads as the server does, and prints what is possible afterwards. */
import { Worker } from 'node:worker_threads';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { createLog } from '../log.ts';
import { startThreads } from './threads.ts';

function startWorker(): string {
  try {
    return `started ${new Worker('0', { eval: true }).threadId}`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

const log = createLog({ level: 'info', format: 'json', write: (line) => process.stderr.write(`${line}\n`) });
const before = process.permission.has('worker');
await using threads = startThreads(log);
const atStart = startWorker();
const transferSyntaxUid = TransferSyntaxes.JPEGLSLossless;
const facts = {
  rows: 4,
  columns: 4,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  photometricInterpretation: 'MONOCHROME2',
};
const pixels = Uint8Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? at : 3));
const { bytes } = await threads.codecs.encode({ transferSyntaxUid, pixels: pixels.slice(), facts }, { owner: 'a' });
const decoded = await threads.codecs.decode({ transferSyntaxUid, bytes, facts }, { owner: 'a' });
const { isCommon } = await threads.passwordJudge.judge('password1', []);
const codecs = Buffer.compare(decoded.pixels, pixels) === 0 ? 'work' : 'other pixels';
console.log(
  JSON.stringify({
    before,
    atStart,
    codecs,
    isCommon,
    afterCodecs: startWorker(),
    sealing: threads.sealing?.isWorking,
  }),
);
