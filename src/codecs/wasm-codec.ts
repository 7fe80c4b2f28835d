/**
 * One WebAssembly codec within a worker: makes its instances, and throws them away. An instance's memory is never seen by
 * the frames of another group (give the study, for instance), so that a decoder which reads beyond its input cannot put one
 * patient's pixels into another's picture; after any failure it is thrown away, too.
 */
import type { Decoder, Encoder, Factory, FrameInfo, MemoryView } from 'codec-instance';
import { LeadglassError } from '../error.ts';
import { malformedFrame } from './frame.ts';

/** An instance that the codec itself leaks in is made anew after so many frames; a new one costs 1 to 3 ms. */
const framesPerInstanceMax = 256;

export class WasmCodec<Instance extends MemoryView> {
  readonly #module: WebAssembly.Module;
  readonly #factory: Factory<Instance>;
  readonly #memoryBytesMax: number;
  #instance: Instance | undefined;
  #group = '';
  #frames = 0;
  /** The codec's own words, for the log. */
  #said = '';

  constructor(module: WebAssembly.Module, factory: Factory<Instance>, memoryBytesMax: number) {
    this.#module = module;
    this.#factory = factory;
    this.#memoryBytesMax = memoryBytesMax;
  }

  /**
   * Calls `use` with an instance for the frames of `group`.
   * @throws LeadglassError MALFORMED when the codec fails, LIMIT_EXCEEDED when it ran out of its memory
   */
  async run<Result>(group: string, use: (instance: Instance) => Result): Promise<Result> {
    const instance = await this.#instanceFor(group);
    this.#said = '';
    try {
      this.#frames += 1;
      return use(instance);
    } catch (thrown) {
      this.#instance = undefined;
      if (thrown instanceof LeadglassError && (thrown.detail !== undefined || this.#said === '')) throw thrown;
      if (thrown instanceof LeadglassError)
        throw new LeadglassError(thrown.code, thrown.message, { detail: this.#said });
      throw this.#failure(thrown, instance);
    }
  }

  async #instanceFor(group: string): Promise<Instance> {
    const kept = this.#instance;
    if (kept !== undefined && this.#group === group && this.#frames < framesPerInstanceMax) return kept;
    this.#instance = undefined;
    const instance = await this.#factory({
      print: (text) => this.#heard(text),
      printErr: (text) => this.#heard(text),
      instantiateWasm: (imports, done) => {
        const made = new WebAssembly.Instance(this.#module, imports);
        done(made, this.#module);
        return made.exports;
      },
    });
    this.#instance = instance;
    this.#group = group;
    this.#frames = 0;
    return instance;
  }

  #heard(text: string): void {
    if (!text.startsWith('[INFO]') && this.#said.length < 500) this.#said += `${text.slice(0, 200)}; `;
  }

  /** C++ exceptions arrive as bare numbers, traps as RuntimeError. A codec that had most of its memory wanted more. */
  #failure(thrown: unknown, instance: Instance): LeadglassError {
    const detail = `${this.#said}${thrown instanceof Error ? String(thrown) : `exception ${String(thrown)}`}`;
    if (instance.HEAPU8.length > this.#memoryBytesMax / 2) {
      return new LeadglassError(
        'LIMIT_EXCEEDED',
        'Cannot convert the frame: it needs more memory than a codec may have',
        {
          detail,
        },
      );
    }
    return malformedFrame('its codestream is damaged', detail);
  }

  /** What the codec printed during the last run, other than information. */
  get said(): string {
    return this.#said;
  }
}

export interface Decoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly info: Pick<FrameInfo, 'width' | 'height' | 'componentCount' | 'bitsPerSample'>;
}

/** Runs one decoder over one codestream; `look` reads more of it before it is freed. The result is a copy. */
export function decodeWith<D extends Decoder>(
  decoder: D,
  codestream: Uint8Array,
  lengthBytes: number,
  look?: (decoder: D) => void,
): Decoded {
  try {
    decoder.getEncodedBuffer(codestream.length).set(codestream);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const view = decoder.getDecodedBuffer();
    // OpenJPEG's bindings return nothing where it fails.
    if (view.length === 0) throw malformedFrame('its codestream is damaged');
    if (view.length !== lengthBytes) {
      throw malformedFrame(`its codestream gives ${view.length} bytes, and its header promised ${lengthBytes}`);
    }
    look?.(decoder);
    return { bytes: Uint8Array.from(view), info };
  } finally {
    decoder.delete();
  }
}

/** Runs one encoder over one frame. The result is a copy. */
export function encodeWith(encoder: Encoder, samples: Uint8Array, info: FrameInfo): Uint8Array<ArrayBuffer> {
  try {
    encoder.getDecodedBuffer(info).set(samples);
    encoder.encode();
    return Uint8Array.from(encoder.getEncodedBuffer());
  } finally {
    encoder.delete();
  }
}
