/**
 * The one thread that may start threads. The main thread, which strangers talk to, starts it, gives its own right away and
 * can then only ask for a worker of the codecs or for the end of one. It never sees a frame. Until it is needed its thread
 * runs supervisor-asleep.mjs.
 */
import { Worker, workerData } from 'node:worker_threads';
import { readFontFile } from '../font-file.ts';
import { compileWasmModules } from '../wasm-modules.ts';
import type { SupervisorNews, SupervisorOrder, SupervisorSetup, WorkerSetup } from './protocol.ts';
import { giveUpRightsExcept } from './rights.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by codec-pool.ts
const { workerModule, limits, orders } = workerData as SupervisorSetup;
const workers = new Map<number, Worker>();
/** Read and compiled with the first worker: a server that never converts anything does not pay for it. */
let loaded: Pick<WorkerSetup, 'modules' | 'font'> | undefined;
// Workers load their modules from files before they give up that right, too.
giveUpRightsExcept(['worker', 'fs.read']);

function tell(news: SupervisorNews): void {
  orders.postMessage(news);
}

function start(number: number, port: WorkerSetup['port']): void {
  loaded ??= { modules: compileWasmModules(limits.wasmBytesMax), font: readFontFile() };
  const setup: WorkerSetup = { port, ...loaded, limits };
  const worker = new Worker(new URL(workerModule), {
    name: 'codec',
    workerData: setup,
    transferList: [port],
    env: {},
    // Nobody reads what a codec prints.
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: limits.heapMiBMax,
      maxYoungGenerationSizeMb: 16,
      stackSizeMb: limits.stackMiBMax,
    },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  workers.set(number, worker);
  let reason: string | undefined;
  worker.on('error', (error: unknown) => {
    reason = error instanceof Error && 'code' in error ? String(error.code) : String(error).slice(0, 200);
  });
  worker.on('exit', () => {
    workers.delete(number);
    tell({ news: 'exited', worker: number, reason });
  });
}

orders.on('message', (order: SupervisorOrder) => {
  if (order.order === 'start') start(order.worker, order.port);
  else void workers.get(order.worker)?.terminate();
});
