/**
 * What the supervisor's thread runs until the first frame is to be converted: nothing. It is plain JavaScript, since the first
 * TypeScript that a thread loads costs it 11 MB, and a server that never converts anything should not pay for it.
 */
import { parentPort, workerData } from 'node:worker_threads';

// What supervisor.ts keeps, too.
for (const right of ['fs.write', 'net', 'child', 'wasi', 'addon', 'inspector']) process.permission?.drop(right);

// Orders come over a port of their own, where they wait until supervisor.ts listens.
parentPort?.once('message', () => void import(workerData.supervisorModule));
