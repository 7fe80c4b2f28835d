/**
 * What the judging thread runs until the first password is to be judged: nothing. Plain JavaScript, since the first TypeScript that
 * a thread loads costs it 11 MB, and on most days nobody sets a password.
 */
import { parentPort, workerData } from 'node:worker_threads';

// It reads its lists from files; nothing else.
for (const right of ['fs.write', 'net', 'child', 'worker', 'wasi', 'addon', 'inspector'])
  process.permission?.drop(right);

let judging;
parentPort?.on('message', async (question) => {
  judging ??= import(workerData.judgeModule);
  const { answer } = await judging;
  answer(question);
});
