/** The least and the most sample of each channel at each place of a plan, gathered while the samples stream by. */
import { bytesPerSample, sampleAt } from './samples.ts';
import type { Plan } from './plan.ts';
import type { MultiplexGroup } from './waveform.ts';

/** Of one channel, as samples; a place without any has a least above its most. */
export interface Envelope {
  readonly least: Float64Array;
  readonly most: Float64Array;
}

export class EnvelopeReader {
  readonly plan: Plan;
  readonly envelopes: readonly Envelope[];
  readonly #group: MultiplexGroup;
  readonly #sampleBytes: number;
  /** Bytes of a sample that is not whole yet. */
  readonly #partial = new Uint8Array(4);
  #partialBytes = 0;
  #channel = 0;
  #sample = 0;

  constructor(group: MultiplexGroup, plan: Plan) {
    this.plan = plan;
    this.#group = group;
    this.#sampleBytes = bytesPerSample[group.interpretation];
    this.envelopes = group.channels.map(() => ({
      least: new Float64Array(plan.places).fill(Number.POSITIVE_INFINITY),
      most: new Float64Array(plan.places).fill(Number.NEGATIVE_INFINITY),
    }));
  }

  /** In any pieces, in order. What comes after the planned samples is left alone. */
  push(bytes: Uint8Array): void {
    const size = this.#sampleBytes;
    let at = 0;
    while (this.#partialBytes > 0 && at < bytes.length) {
      this.#partial[this.#partialBytes] = bytes[at] ?? 0;
      this.#partialBytes += 1;
      at += 1;
      if (this.#partialBytes === size) {
        this.#partialBytes = 0;
        this.#take(new DataView(this.#partial.buffer), 0, size);
      }
    }
    const end = at + Math.floor((bytes.length - at) / size) * size;
    this.#take(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at, end);
    this.#partial.set(bytes.subarray(end));
    if (end < bytes.length) this.#partialBytes = bytes.length - end;
  }

  #take(view: DataView, from: number, to: number): void {
    const { samples, samplesPerPlace } = this.plan;
    const { padding, interpretation } = this.#group;
    const read = sampleAt[interpretation];
    const channels = this.envelopes.length;
    for (let at = from; at < to && this.#sample < samples; at += this.#sampleBytes) {
      const value = read(view, at);
      const envelope = this.envelopes[this.#channel];
      if (value !== padding && envelope !== undefined) {
        const { least, most } = envelope;
        const place = Math.min(least.length - 1, Math.floor(this.#sample / samplesPerPlace));
        if (value < (least[place] ?? 0)) least[place] = value;
        if (value > (most[place] ?? 0)) most[place] = value;
      }
      this.#channel += 1;
      if (this.#channel < channels) continue;
      this.#channel = 0;
      this.#sample += 1;
    }
  }
}
