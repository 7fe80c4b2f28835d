/** Memory that begins at a page of the machine, as writing past the page cache wants it; nothing else in JavaScript promises that. */

/** The part of the WebAssembly interface that is used here; TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (facts: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => {
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  };
};

const wasmPageBytes = 64 * 1024;
const made = new WeakSet<ArrayBufferLike>();

/** Only what is touched takes real memory. `shared`: between threads. Zeros, of at least `lengthBytes`. */
export function alignedMemory(lengthBytes: number, { shared = false }: { readonly shared?: boolean } = {}): Uint8Array {
  const pages = Math.ceil(lengthBytes / wasmPageBytes);
  const { buffer } = new WebAssembly.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  made.add(buffer);
  return new Uint8Array(buffer);
}

/** Does it lie in such memory of this thread, with beginning and length in whole blocks? */
export function isAligned({ buffer, byteOffset, length }: Uint8Array, blockBytes: number): boolean {
  return byteOffset % blockBytes === 0 && length % blockBytes === 0 && made.has(buffer);
}
