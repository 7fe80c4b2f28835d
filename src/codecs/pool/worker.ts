/**
 * A worker: takes one job at a time from the main thread and answers. It reads no file, reaches no network and starts no
 * thread: once loaded it gives up every right. What it decodes may make it loop, grow or crash; the main thread ends it then.
 */
import { workerData } from 'node:worker_threads';
import { asLeadglassError } from '../../error.ts';
import { makeCodecs } from '../codecs.ts';
import { decodeFrame } from '../decode-frame.ts';
import { drawFrame } from '../draw-frame.ts';
import { encodeFrame } from '../encode-frame.ts';
import type { JobMessage, WorkerMessage, WorkerSetup } from './protocol.ts';
import { giveUpRightsExcept } from './rights.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by supervisor.ts
const { port, modules, font, limits } = workerData as WorkerSetup;
const codecs = makeCodecs(modules, font);
giveUpRightsExcept([]);

function answer(message: WorkerMessage, bytes?: Uint8Array<ArrayBuffer>): void {
  port.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
}

async function run({ id, job }: JobMessage): Promise<void> {
  try {
    if (job.kind === 'decode') {
      const frame = await decodeFrame(codecs, job.request, limits);
      answer({ kind: 'decoded', id, frame }, frame.pixels);
    } else if (job.kind === 'encode') {
      const frame = await encodeFrame(codecs, job.request, limits);
      answer({ kind: 'encoded', id, frame }, frame.bytes);
    } else {
      const frame = await drawFrame(codecs, job.request, limits);
      answer({ kind: 'drawn', id, frame }, frame.bytes);
    }
  } catch (thrown) {
    const { code, message, detail } = asLeadglassError(thrown);
    answer({ kind: 'failed', id, code, message, detail });
  }
}

port.on('message', (message: JobMessage) => void run(message));
answer({ kind: 'ready' });
