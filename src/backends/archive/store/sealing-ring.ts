/**
 * What the main thread and the sealing thread share: a ring of jobs, a ring of answers, and the digests. Both rings are
 * larger than all that can be under way at once, so that neither side ever waits for room.
 */
import type { SealerLimits } from './instance-sealer.ts';

const slabChunksMax = 16;

/** Chunks of one slab: of an extent, if that is not too many for the rings. */
export function slabChunks({ chunkBytes, extentBytes }: SealerLimits): number {
  return Math.min(slabChunksMax, Math.ceil(extentBytes / chunkBytes));
}

/** `begin`: key and number of an instance to seal, `beginOpening`: of one to open. `chunk`: encrypt or decrypt in place. `end`: its digest, please. `drop`: forget it. `stop`: the thread ends. */
export const JobKind = { begin: 1, chunk: 2, end: 3, drop: 4, stop: 5, beginOpening: 6 } as const;
/**
 * `done`: a slab is encrypted or decrypted as far as it was asked. `damaged`: a chunk of it did not verify. `ended`: the
 * digest is there. `dropped`: nothing of it is touched any more.
 */
export const AnswerKind = { done: 1, ended: 2, dropped: 3, damaged: 4 } as const;

export const digestBytes = 32;
const keyWords = 8;
const jobWords = 16;
const answerWords = 2;
/** A `begin`, an `end` and a `drop` for each slot, and the chunks of all slabs fit; a power of two. */
const jobsMax = 1024;
/** One answer for each slab and two for each slot fit; a power of two. */
export const answersMax = 256;

/**
 * Words of `control`: how many jobs were given and answers made, is the main thread told of answers that it did not take yet,
 * and does the sealing thread sleep, or is about to.
 */
export const Control = { jobs: 0, answers: 1, isTold: 2, isAsleep: 3 } as const;

/** Words of a job. */
export const JobWord = {
  kind: 0,
  slot: 1,
  offset: 2,
  length: 3,
  chunk: 4,
  isLast: 5,
  instanceLow: 6,
  instanceHigh: 7,
  key: 8,
} as const;

export interface SealingRing {
  readonly control: Int32Array;
  readonly jobs: Int32Array;
  readonly answers: Int32Array;
  readonly digests: Uint8Array;
  /** Memory of all slabs. */
  readonly arena: Uint8Array;
}

/**
 * @param arena memory of all slabs
 * @param slots instances in the thread at once, each with a slab at least
 * @throws RangeError when the rings are too small for so many
 */
export function newSealingRing(arena: Uint8Array, slots: number): SealingRing {
  if (slots * (3 + slabChunksMax) > jobsMax || slots * 3 > answersMax) {
    throw new RangeError(`Cannot make the sealing ring: ${slots} slots are too many for ${jobsMax} jobs`);
  }
  return {
    control: new Int32Array(new SharedArrayBuffer(64)),
    jobs: new Int32Array(new SharedArrayBuffer(jobsMax * jobWords * 4)),
    answers: new Int32Array(new SharedArrayBuffer(answersMax * answerWords * 4)),
    digests: new Uint8Array(new SharedArrayBuffer(slots * digestBytes)),
    arena,
  };
}

/** Numbers of jobs and answers count up for ever and wrap at 32 bits; these are their places in `jobs` and `answers`. */
export function jobPlace(job: number): number {
  return (job & (jobsMax - 1)) * jobWords;
}
export function answerPlace(answer: number): number {
  return (answer & (answersMax - 1)) * answerWords;
}

/** The key of a `begin`, as bytes of its job; the sealing thread clears them. */
export function jobKey(ring: SealingRing, job: number): Uint8Array {
  return new Uint8Array(ring.jobs.buffer, (jobPlace(job) + JobWord.key) * 4, keyWords * 4);
}
