/**
 * The five codec packages have no types of their own. Each gives a factory that makes one instance of its WebAssembly, and
 * that instance has a class for each direction (the packages' own README files; bindings by Emscripten).
 */
declare module 'codec-instance' {
  /** A C++ object: it lives until `delete`. */
  export interface Handle {
    delete(): void;
  }

  export interface FrameInfo {
    width: number;
    height: number;
    bitsPerSample: number;
    componentCount: number;
    isSigned: boolean;
    isUsingColorTransform: boolean;
  }

  export interface Decoder extends Handle {
    /** Room for the codestream within the instance's memory; valid until the next call. */
    getEncodedBuffer(lengthBytes: number): Uint8Array;
    getDecodedBuffer(): ArrayLike<number>;
    decode(): void;
    getFrameInfo(): Pick<FrameInfo, 'width' | 'height' | 'componentCount' | 'bitsPerSample'>;
  }

  export interface Encoder extends Handle {
    /** Room for the samples within the instance's memory; valid until the next call. */
    getDecodedBuffer(info: FrameInfo): Uint8Array;
    getEncodedBuffer(): ArrayLike<number>;
    encode(): void;
  }

  /** Emscripten's options; only what is used. */
  export interface FactoryOptions {
    print(text: string): void;
    printErr(text: string): void;
    instantiateWasm(
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): WebAssembly.Exports;
  }
  export type Factory<Instance> = (options: FactoryOptions) => Promise<Instance>;

  export interface MemoryView {
    readonly HEAPU8: Uint8Array;
  }
}

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs' {
  import type { Decoder, Factory, MemoryView } from 'codec-instance';
  export interface LibjpegTurbo extends MemoryView {
    JPEGDecoder: new () => Decoder;
  }
  const factory: Factory<LibjpegTurbo>;
  export default factory;
}

declare module '@cornerstonejs/codec-charls/wasmjs' {
  import type { Decoder, Encoder, Factory, MemoryView } from 'codec-instance';
  export interface Charls extends MemoryView {
    JpegLSDecoder: new () => Decoder & {
      /** 0 by plane, 1 by line, 2 by sample */
      getInterleaveMode(): number;
    };
    JpegLSEncoder: new () => Encoder & {
      setNearLossless(near: number): void;
      setInterleaveMode(mode: number): void;
    };
  }
  const factory: Factory<Charls>;
  export default factory;
}

declare module '@cornerstonejs/codec-openjpeg/wasmjs' {
  import type { Decoder, Encoder, Factory, MemoryView } from 'codec-instance';
  export interface OpenJpeg extends MemoryView {
    J2KDecoder: new () => Decoder;
    J2KEncoder: new () => Encoder & {
      setDecompositions(levels: number): void;
      setQuality(lossless: boolean, layers: number): void;
      setCompressionRatio(layer: number, ratio: number): void;
      setProgressionOrder(order: number): void;
    };
  }
  const factory: Factory<OpenJpeg>;
  export default factory;
}

declare module '@cornerstonejs/codec-libjxl/decodewasmjs' {
  import type { Decoder, Factory, MemoryView } from 'codec-instance';
  export interface Libjxl extends MemoryView {
    JpegXLDecoder: new () => Decoder;
  }
  const factory: Factory<Libjxl>;
  export default factory;
}

/** For tests: what is written here is never JPEG XL. */
declare module '@cornerstonejs/codec-libjxl/encodewasmjs' {
  import type { Encoder, MemoryView } from 'codec-instance';
  export interface LibjxlEncoder extends MemoryView {
    JpegXLEncoder: new () => Encoder & {
      setLossless(lossless: boolean): void;
      /** Butteraugli: 1 is visually without loss. */
      setDistance(distance: number): void;
    };
  }
  const factory: (options: { readonly wasmBinary: Uint8Array }) => Promise<LibjxlEncoder>;
  export default factory;
}

declare module '@cornerstonejs/codec-openjph/wasmjs' {
  import type { Decoder, Encoder, Factory, MemoryView } from 'codec-instance';
  export interface OpenJph extends MemoryView {
    HTJ2KDecoder: new () => Decoder;
    HTJ2KEncoder: new () => Encoder & {
      setDecompositions(levels: number): void;
      setQuality(lossless: boolean, quantizationStep: number): void;
      setProgressionOrder(order: number): void;
      setTLMMarker(wanted: boolean): void;
      setTilePartDivisionsAtResolutions(wanted: boolean): void;
    };
  }
  const factory: Factory<OpenJph>;
  export default factory;
}
