/** The judging thread's side of password-judge.ts, loaded with the first question. */
import { parentPort } from 'node:worker_threads';
import { judgePassword } from './judge-password.ts';
import type { JudgeQuestion } from './password-judge.ts';

export function answer(question: JudgeQuestion): void {
  parentPort?.postMessage(judgePassword(question));
}
