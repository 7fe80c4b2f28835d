/**
 * The main thread's side of the sealing thread (sealing-worker.ts): gives out slabs, places in shared memory where an
 * extent of an arriving instance is gathered and encrypted, and from where it is written to the disk without a copy.
 *
 * An instance waits for a slab only while one of its own is on the way to the disk, and those that wait are served first;
 * so slow senders can hold slabs, but never stop anybody: who finds none at its beginning seals on the main thread.
 */
import { Worker } from 'node:worker_threads';
import { LeadglassError } from '../../../error.ts';
import { alignedMemory } from './aligned-memory.ts';
import type { SealerLimits } from './instance-sealer.ts';
import { Lending } from './lending.ts';
import { blockBytes, recordHeadBytes } from './record.ts';
import { tagBytes } from './seal.ts';
import {
  AnswerKind,
  answerPlace,
  Control,
  digestBytes,
  jobKey,
  JobKind,
  jobPlace,
  JobWord,
  newSealingRing,
  type SealingRing,
  slabChunks,
} from './sealing-ring.ts';

/** A commit record fits behind the chunks, so that both go out in one write: heads of instances have some kilobytes. */
const commitRoomBytes = 64 * 1024;
/** The thread holds nothing but what it is working on. */
const heapMb = 32;

/** Record head, tags and chunks of one extent, and room for the commit. */
function slabBytesFor(limits: SealerLimits): number {
  const bytes = recordHeadBytes + slabChunks(limits) * (tagBytes + limits.chunkBytes) + commitRoomBytes;
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

export interface SealingThreadLimits extends SealerLimits {
  /** For instances that arrive. */
  readonly sealingSlabsMax: number;
  /** For instances that leave; each is held for a read from the disk and its decryption. */
  readonly readingSlabsMax: number;
}

/** Who is told what became of its jobs; see AnswerKind. */
export interface SealingClient {
  done(): void;
  damaged(): void;
  ended(sha256: Buffer): void;
  dropped(): void;
  failed(error: LeadglassError): void;
}

export interface Slab {
  /** Its place in the shared memory. */
  readonly offset: number;
  /** Begins at a whole block. */
  readonly memory: Uint8Array;
}

export class SealingThread {
  readonly #ring: SealingRing;
  readonly #worker: Worker;
  readonly #slabs: Lending<Slab>;
  readonly #readingSlabs: Lending<Slab>;
  readonly #freeSlots: number[];
  readonly #readingSlots: number[];
  readonly #slabBytes: number;
  /** Slots below are of those that arrive. */
  readonly #sealingSlots: number;
  readonly #clients = new Map<number, SealingClient>();
  #jobs = 0;
  #answers = 0;
  #failure: LeadglassError | undefined;

  /** Needs the right to start a worker, which may be given up afterwards. */
  constructor(limits: SealingThreadLimits) {
    const slabBytes = slabBytesFor(limits);
    const { sealingSlabsMax: sealing, readingSlabsMax: reading } = limits;
    this.#slabBytes = slabBytes;
    this.#sealingSlots = sealing;
    this.#ring = newSealingRing(alignedMemory(slabBytes * (sealing + reading), { shared: true }), sealing + reading);
    const slabs = Array.from({ length: sealing + reading }, (_, index) => {
      const offset = index * slabBytes;
      return { offset, memory: this.#ring.arena.subarray(offset, offset + slabBytes) };
    });
    const slots = slabs.keys().toArray();
    this.#slabs = new Lending(slabs.slice(0, sealing));
    this.#freeSlots = slots.slice(0, sealing);
    this.#readingSlabs = new Lending(slabs.slice(sealing));
    this.#readingSlots = slots.slice(sealing);
    const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: heapMb };
    this.#worker = new Worker(new URL('sealing-worker.ts', import.meta.url), {
      workerData: this.#ring,
      resourceLimits,
    });
    this.#worker.on('message', () => this.#takeAnswers());
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', () => this.#fail(undefined));
    this.#worker.unref();
  }

  /** Begins an instance; undefined when it has to be sealed elsewhere. */
  begin(
    client: SealingClient,
    facts: { readonly key: Uint8Array; readonly instance: number },
  ): SealingSlot | undefined {
    if (this.#failure !== undefined || this.#freeSlots.length === 0) return undefined;
    const slab = this.#slabs.tryTake();
    const slot = slab === undefined ? undefined : this.#freeSlots.pop();
    if (slab === undefined || slot === undefined) return undefined;
    this.#begin(JobKind.begin, slot, { client, ...facts });
    return new SealingSlot(this, { slot, slab });
  }

  /** Begins an instance that is to be opened; undefined when it has to be opened elsewhere: a slow receiver keeps its slot long. */
  beginOpening(
    client: SealingClient,
    facts: { readonly key: Uint8Array; readonly instance: number; readonly extentBytesMax: number },
  ): number | undefined {
    if (this.#failure !== undefined || facts.extentBytesMax > this.#slabBytes) return undefined;
    const slot = this.#readingSlots.pop();
    if (slot === undefined) return undefined;
    this.#begin(JobKind.beginOpening, slot, { client, ...facts });
    return slot;
  }

  #begin(
    kind: number,
    slot: number,
    facts: { readonly client: SealingClient; readonly key: Uint8Array; readonly instance: number },
  ): void {
    const { client, key, instance } = facts;
    // An answer that somebody waits for keeps the process alive; a thread that sleeps does not.
    if (this.#clients.size === 0) this.#worker.ref();
    this.#clients.set(slot, client);
    jobKey(this.#ring, this.#jobs).set(key);
    this.#submit(kind, slot, { instanceLow: instance, instanceHigh: Math.floor(instance / 0x100000000) });
  }

  /** For a moment: until the bytes of one extent are read, decrypted and copied. */
  async takeReadingSlab(): Promise<Slab> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#readingSlabs.take();
  }

  giveReadingSlab(slab: Slab): void {
    this.#readingSlabs.give(slab);
  }

  get isWorking(): boolean {
    return this.#failure === undefined;
  }

  /** For SealingSlot and InstanceOpener. */
  submitChunk(
    slot: number,
    facts: { readonly offset: number; readonly length: number; readonly chunk: number; readonly isLast: boolean },
  ): void {
    this.#submit(JobKind.chunk, slot, { ...facts, isLast: facts.isLast ? 1 : 0 });
  }

  /** For SealingSlot and InstanceOpener. */
  submitEnd(kind: 'end' | 'drop', slot: number): void {
    this.#submit(JobKind[kind], slot, {});
  }

  /** Undefined when there is none for you now. */
  tryTakeSlab(): Slab | undefined {
    return this.#slabs.tryTake();
  }

  /** Only for an instance of which a slab is on its way to the disk. */
  async waitForSlab(): Promise<Slab> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#slabs.take();
  }

  /** Nobody reads or writes it any more. */
  giveSlab(slab: Slab): void {
    this.#slabs.give(slab);
  }

  async close(): Promise<void> {
    this.#failure ??= new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot store: the archive is closed');
    await this.#worker.terminate();
  }

  #submit(kind: number, slot: number, facts: Partial<Record<keyof typeof JobWord, number>>): void {
    const { jobs, control } = this.#ring;
    const at = jobPlace(this.#jobs);
    jobs[at + JobWord.kind] = kind;
    jobs[at + JobWord.slot] = slot;
    jobs[at + JobWord.offset] = facts.offset ?? 0;
    jobs[at + JobWord.length] = facts.length ?? 0;
    jobs[at + JobWord.chunk] = facts.chunk ?? 0;
    jobs[at + JobWord.isLast] = facts.isLast ?? 0;
    jobs[at + JobWord.instanceLow] = facts.instanceLow ?? 0;
    jobs[at + JobWord.instanceHigh] = facts.instanceHigh ?? 0;
    this.#jobs = (this.#jobs + 1) | 0;
    Atomics.store(control, Control.jobs, this.#jobs);
    // Waking costs a system call, and a thread that is at work sees the new number by itself.
    if (Atomics.load(control, Control.isAsleep) === 1) Atomics.notify(control, Control.jobs, 1);
  }

  #takeAnswers(): void {
    const { control, answers, digests } = this.#ring;
    Atomics.store(control, Control.isTold, 0);
    while (this.#answers !== Atomics.load(control, Control.answers)) {
      const at = answerPlace(this.#answers);
      this.#answers = (this.#answers + 1) | 0;
      const kind = answers[at] ?? 0;
      const slot = answers[at + 1] ?? 0;
      const client = this.#clients.get(slot);
      if (client === undefined) continue;
      if (kind === AnswerKind.done) client.done();
      if (kind === AnswerKind.damaged) client.damaged();
      if (kind === AnswerKind.done || kind === AnswerKind.damaged) continue;
      this.#clients.delete(slot);
      if (this.#clients.size === 0) this.#worker.unref();
      if (slot < this.#sealingSlots) this.#freeSlots.push(slot);
      else this.#readingSlots.push(slot);
      if (kind === AnswerKind.dropped) client.dropped();
      else client.ended(Buffer.from(digests.subarray(slot * digestBytes, (slot + 1) * digestBytes)));
    }
  }

  #fail(cause: unknown): void {
    this.#failure ??= new LeadglassError('INTERNAL', 'Cannot store: the sealing thread ended; send it again', {
      cause,
    });
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) client.failed(this.#failure);
    this.#readingSlabs.fail(this.#failure);
    this.#slabs.fail(this.#failure);
  }
}

/** One arriving instance's place in the sealing thread. */
export class SealingSlot {
  readonly thread: SealingThread;
  readonly firstSlab: Slab;
  readonly #slot: number;

  constructor(thread: SealingThread, facts: { readonly slot: number; readonly slab: Slab }) {
    this.thread = thread;
    this.#slot = facts.slot;
    this.firstSlab = facts.slab;
  }

  /** Encrypts these bytes of the slab in place, the tag before them. `isLast`: `sealed` is told when it is done. */
  seal(slab: Slab, facts: { at: number; length: number; chunk: number; isLast: boolean }): void {
    const { at, ...rest } = facts;
    this.thread.submitChunk(this.#slot, { ...rest, offset: slab.offset + at });
  }

  /** Asks for the digest. */
  end(): void {
    this.thread.submitEnd('end', this.#slot);
  }

  /** Gives the instance up; its slabs may be given back when `dropped` is told. */
  drop(): void {
    this.thread.submitEnd('drop', this.#slot);
  }
}
