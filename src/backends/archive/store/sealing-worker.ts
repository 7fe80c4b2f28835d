/**
 * The sealing thread: takes the SHA-256 of each arriving instance and encrypts its chunks where they lie, and the other way
 * round for one that leaves, so that the thread that talks with the network does neither. It sleeps on the ring, never on
 * messages, and touches nothing else.
 */
import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { openChunk, sealChunk, tagBytes } from './seal.ts';
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

interface Passing {
  readonly isOpening: boolean;
  readonly key: Buffer;
  readonly instance: number;
  readonly hash: Hash;
  /** A chunk did not verify: nothing more is done for it. */
  isDamaged: boolean;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by sealing-thread.ts
const ring = workerData as SealingRing;
const { control, jobs, answers, digests, arena } = ring;
// Nothing more is loaded, opened or called from here.
for (const right of ['fs', 'net', 'worker']) process.permission?.drop(right);
const passing = new Map<number, Passing>();
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

function begin(job: number, slot: number, isOpening: boolean): void {
  const at = jobPlace(job);
  const shared = jobKey(ring, job);
  const key = Buffer.from(shared);
  shared.fill(0);
  const instance = (jobs[at + JobWord.instanceHigh] ?? 0) * 0x100000000 + ((jobs[at + JobWord.instanceLow] ?? 0) >>> 0);
  passing.set(slot, { isOpening, key, instance, hash: createHash('sha256'), isDamaged: false });
}

/** Plaintext or ciphertext lies behind its tag; the other takes its place. */
function workOn(at: number, slot: number): void {
  const one = passing.get(slot);
  if (one === undefined) return;
  const offset = jobs[at + JobWord.offset] ?? 0;
  const end = offset + (jobs[at + JobWord.length] ?? 0);
  const chunk = jobs[at + JobWord.chunk] ?? 0;
  if (!one.isOpening) seal(one, { offset, end, chunk });
  else if (!one.isDamaged) one.isDamaged = !open(one, { offset, end, chunk });
  // Once, when nothing of the slab is touched any more.
  if (jobs[at + JobWord.isLast] === 1) answer(one.isDamaged ? AnswerKind.damaged : AnswerKind.done, slot);
}

interface Place {
  readonly offset: number;
  readonly end: number;
  readonly chunk: number;
}

function seal(one: Passing, { offset, end, chunk }: Place): void {
  const plain = arena.subarray(offset, end);
  one.hash.update(plain);
  const [tag, ciphertext] = sealChunk(one.key, plain, { instance: one.instance, chunk });
  arena.set(tag, offset - tagBytes);
  arena.set(ciphertext, offset);
  giveBack(ciphertext);
}

function open(one: Passing, { offset, end, chunk }: Place): boolean {
  try {
    const plain = openChunk(one.key, arena.subarray(offset - tagBytes, end), { instance: one.instance, chunk });
    one.hash.update(plain);
    arena.set(plain, offset);
    giveBack(plain);
    return true;
  } catch {
    return false;
  }
}

/** Now: left to the collector, this memory would make it run thirty times a second. */
function giveBack(bytes: Buffer): void {
  if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

/** Whoever gives a job after this said that it sleeps wakes it; whoever gave one just before is seen by the wait itself. */
function sleepUntilAfter(job: number): void {
  Atomics.store(control, Control.isAsleep, 1);
  while (Atomics.load(control, Control.jobs) === job) Atomics.wait(control, Control.jobs, job);
  Atomics.store(control, Control.isAsleep, 0);
}

function forget(slot: number): void {
  passing.get(slot)?.key.fill(0);
  passing.delete(slot);
}

for (let job = 0; ; job = (job + 1) | 0) {
  if (Atomics.load(control, Control.jobs) === job) sleepUntilAfter(job);
  const at = jobPlace(job);
  const slot = jobs[at + JobWord.slot] ?? 0;
  const kind = jobs[at + JobWord.kind];
  if (kind === JobKind.begin || kind === JobKind.beginOpening) begin(job, slot, kind === JobKind.beginOpening);
  else if (kind === JobKind.chunk) workOn(at, slot);
  else if (kind === JobKind.end) {
    const digest = passing.get(slot)?.hash.digest();
    if (digest !== undefined) digests.set(digest, slot * digestBytes);
    forget(slot);
    answer(AnswerKind.ended, slot);
  } else if (kind === JobKind.drop) {
    forget(slot);
    answer(AnswerKind.dropped, slot);
  } else break;
}
