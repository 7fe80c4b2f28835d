/** A worker as a broken or taken-over decoder might be: what it does stands where colours should stand in its job's facts. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, workerData } from 'node:worker_threads';
import type { JobMessage, WorkerSetup } from './protocol.ts';
import { giveUpRightsExcept } from './rights.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by supervisor.ts
const { port } = workerData as WorkerSetup;
giveUpRightsExcept([]);

function loop(): void {
  for (let at = 0; ; at += 1) if (at < 0) return;
}

function hog(): void {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, at) => at * 1.5));
}

async function rights(): Promise<string> {
  const tried: [string, () => unknown][] = [
    ['read', () => readFileSync(new URL(import.meta.url))],
    ['worker', () => new Worker(new URL(import.meta.url))],
  ];
  const allowed = tried.filter(([, attempt]) => {
    try {
      attempt();
      return true;
    } catch {
      return false;
    }
  });
  const reached = await new Promise<string>((resolve) => {
    const socket = connect({ port: 1, host: '127.0.0.1' });
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'none'));
    socket.once('connect', () => resolve('connected'));
  });
  return `${allowed.map(([name]) => name).join(' ')};${reached};${Object.keys(process.env).length}`;
}

async function run({ id, job }: JobMessage): Promise<void> {
  const facts = job.kind === 'draw' ? job.request.image.frame : job.request.facts;
  const deed = facts.photometricInterpretation;
  const pixels = new Uint8Array(facts.rows * facts.columns * 2);
  const frame = { pixels, photometricInterpretation: 'MONOCHROME2', planarConfiguration: 0 };
  switch (deed) {
    case 'loop':
      return loop();
    case 'hog':
      return hog();
    case 'exit':
      return process.exit(7);
    case 'throw':
      setImmediate(() => {
        throw new Error('not caught');
      });
      return;
    case 'short':
      return port.postMessage({ kind: 'decoded', id, frame: { ...frame, pixels: pixels.subarray(1) } });
    case 'no picture': {
      const bytes = new TextEncoder().encode('<script>alert(1)</script>');
      return port.postMessage({ kind: 'drawn', id, frame: { bytes, width: 1, height: 1 } });
    }
    case 'long picture': {
      const bytes = new Uint8Array(2 ** 21);
      bytes.set([0xff, 0xd8, 0xff]);
      return port.postMessage({ kind: 'drawn', id, frame: { bytes, width: 1, height: 1 } });
    }
    case 'odd picture':
      return port.postMessage({
        kind: 'drawn',
        id,
        frame: { bytes: Uint8Array.of(0xff, 0xd8, 0xff), width: 1.5, height: {} },
      });
    case 'other colours':
      return port.postMessage({
        kind: 'decoded',
        id,
        frame: { ...frame, photometricInterpretation: 'X'.repeat(1000) },
      });
    case 'other job':
      return port.postMessage({ kind: 'decoded', id: id + 1, frame });
    case 'nothing':
      return port.postMessage(null);
    case 'other code':
      return port.postMessage({
        kind: 'failed',
        id,
        code: 'NOT_AUTHORIZED',
        message: 'you may not',
        detail: undefined,
      });
    case 'rude':
      return port.postMessage({
        kind: 'failed',
        id,
        code: 'MALFORMED',
        message: `a\n\u001b[31m${'b'.repeat(9999)}`,
        detail: {},
      });
    case 'rights':
      return port.postMessage({ kind: 'failed', id, code: 'MALFORMED', message: 'rights', detail: await rights() });
    default:
      await sleep(2);
      port.postMessage({ kind: 'decoded', id, frame });
  }
}

port.on('message', (message: JobMessage) => void run(message));
port.postMessage({ kind: 'ready' });
