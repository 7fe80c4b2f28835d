/**
 * One WebAssembly codec within a worker. Its memory is as new for every frame: a decoder that reads beyond its input cannot
 * put one patient's pixels into another's picture, and what it leaks is gone. After a failure the whole instance is gone.
 */
import type { Decoder, Encoder, Factory, FrameInfo, MemoryView } from 'codec-instance';
import { LeadglassError } from '../error.ts';
import { malformedFrame } from './frame.ts';

/** An instance that has grown beyond is given back after its frame. */
const keptBytesMax = 64 * 1024 ** 2;
/** Each frame leaves some entries in the tables of its JavaScript part; making an instance anew takes 3 ms. */
const framesPerInstanceMax = 2_000;

interface Kept<Instance> {
  readonly instance: Instance;
  /** Its memory at the beginning, up to the last byte that is not zero: constants and what its start has set. */
  readonly first: Uint8Array;
  frames: number;
}

export class WasmCodec<Instance extends MemoryView> {
  readonly #module: WebAssembly.Module;
  readonly #factory: Factory<Instance>;
  #kept: Kept<Instance> | undefined;
  /** The codec's own words, for the log. */
  #said = '';
  /** It wanted more memory than it may have, and got none. */
  #isFull = false;

  constructor(module: WebAssembly.Module, factory: Factory<Instance>) {
    this.#module = module;
    this.#factory = factory;
  }

  /**
   * Calls `use` with an instance whose memory is as new. All objects that it makes must be deleted or forgotten by its end.
   * @throws LeadglassError MALFORMED when the codec fails, LIMIT_EXCEEDED when it ran out of its memory
   */
  async run<Result>(use: (instance: Instance) => Result): Promise<Result> {
    const kept = this.#kept ?? (await this.#make());
    this.#kept = undefined; // unless all goes well
    this.#said = '';
    this.#isFull = false;
    let result: Result;
    try {
      result = use(kept.instance);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
    kept.frames += 1;
    const memory = kept.instance.HEAPU8;
    if (memory.length <= keptBytesMax && kept.frames < framesPerInstanceMax) {
      memory.fill(0).set(kept.first);
      this.#kept = kept;
    }
    return result;
  }

  async #make(): Promise<Kept<Instance>> {
    const instance = await this.#factory({
      print: (text) => this.#heard(text),
      printErr: (text) => this.#heard(text),
      instantiateWasm: (imports, done) => {
        const made = new WebAssembly.Instance(this.#module, imports);
        for (const value of Object.values(made.exports)) if (value instanceof WebAssembly.Memory) this.#watch(value);
        done(made, this.#module);
        return made.exports;
      },
    });
    return { instance, first: untilZeros(instance.HEAPU8), frames: 0 };
  }

  /** Emscripten turns a refusal to grow into an exception like any other of C++. */
  #watch(memory: WebAssembly.Memory): void {
    const grow = memory.grow.bind(memory);
    memory.grow = (pages) => {
      this.#isFull = true;
      const before = grow(pages); // throws when it is full
      this.#isFull = false;
      return before;
    };
  }

  #heard(text: string): void {
    if (!text.startsWith('[INFO]') && this.#said.length < 500) this.#said += `${text.slice(0, 200)}; `;
  }

  /** C++ exceptions arrive as bare numbers, traps as RuntimeError. */
  #failure(thrown: unknown): LeadglassError {
    if (thrown instanceof LeadglassError) {
      if (thrown.detail !== undefined || this.#said === '') return thrown;
      return new LeadglassError(thrown.code, thrown.message, { detail: this.#said });
    }
    const detail = `${this.#said}${thrown instanceof Error ? String(thrown) : `exception ${String(thrown)}`}`;
    if (this.#isFull) {
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

/** A copy without the zeros at its end. */
function untilZeros(memory: Uint8Array): Uint8Array {
  const words = new Uint32Array(memory.buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end -= 1;
  return memory.slice(0, 4 * end);
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
