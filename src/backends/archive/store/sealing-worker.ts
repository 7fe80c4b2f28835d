/**
 * The sealing thread: takes the SHA-256 of each arriving instance and encrypts its chunks where they lie, so that the
 * thread that talks with the network does neither. It sleeps on the ring, never on messages, and touches nothing else.
 */
import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { sealChunk, tagBytes } from './seal.ts';
import {
  AnswerKind,
  answerPlace,
  Control,
  digestBytes,
  jobKey,
  JobKind,
  jobPlace,
  JobWord,
  type SealingRing,
} from './sealing-ring.ts';

interface Arriving {
  readonly key: Buffer;
  readonly instance: number;
  readonly hash: Hash;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by sealing-thread.ts
const ring = workerData as SealingRing;
const { control, jobs, answers, digests, arena } = ring;
// Nothing more is loaded, opened or called from here.
for (const right of ['fs', 'net', 'worker']) process.permission?.drop(right);
const arriving = new Map<number, Arriving>();
let answered = 0;

function answer(kind: number, slot: number): void {
  const at = answerPlace(answered);
  answers[at] = kind;
  answers[at + 1] = slot;
  answered = (answered + 1) | 0;
  Atomics.store(control, Control.answers, answered);
  // One message wakes the other side for all answers that it has not taken yet.
  if (Atomics.exchange(control, Control.isTold, 1) === 0) parentPort?.postMessage(0);
}

function begin(job: number, slot: number): void {
  const at = jobPlace(job);
  const shared = jobKey(ring, job);
  const key = Buffer.from(shared);
  shared.fill(0);
  const instance = (jobs[at + JobWord.instanceHigh] ?? 0) * 0x100000000 + ((jobs[at + JobWord.instanceLow] ?? 0) >>> 0);
  arriving.set(slot, { key, instance, hash: createHash('sha256') });
}

/** The plaintext lies behind the room of its tag; tag and ciphertext take their place. */
function sealInPlace(at: number, slot: number): void {
  const one = arriving.get(slot);
  if (one === undefined) return;
  const offset = jobs[at + JobWord.offset] ?? 0;
  const plain = arena.subarray(offset, offset + (jobs[at + JobWord.length] ?? 0));
  one.hash.update(plain);
  const facts = { instance: one.instance, chunk: jobs[at + JobWord.chunk] ?? 0 };
  const [tag, ciphertext] = sealChunk(one.key, plain, facts);
  arena.set(tag, offset - tagBytes);
  arena.set(ciphertext, offset);
  // Gives its memory back now: left to the collector, this would make it run thirty times a second.
  if (ciphertext.buffer instanceof ArrayBuffer) ciphertext.buffer.transfer(0);
  if (jobs[at + JobWord.isLast] === 1) answer(AnswerKind.sealed, slot);
}

function forget(slot: number): void {
  arriving.get(slot)?.key.fill(0);
  arriving.delete(slot);
}

for (let job = 0; ; job = (job + 1) | 0) {
  while (Atomics.load(control, Control.jobs) === job) Atomics.wait(control, Control.jobs, job);
  const at = jobPlace(job);
  const slot = jobs[at + JobWord.slot] ?? 0;
  const kind = jobs[at + JobWord.kind];
  if (kind === JobKind.begin) begin(job, slot);
  else if (kind === JobKind.chunk) sealInPlace(at, slot);
  else if (kind === JobKind.end) {
    const digest = arriving.get(slot)?.hash.digest();
    if (digest !== undefined) digests.set(digest, slot * digestBytes);
    forget(slot);
    answer(AnswerKind.ended, slot);
  } else if (kind === JobKind.drop) {
    forget(slot);
    answer(AnswerKind.dropped, slot);
  } else break;
}
