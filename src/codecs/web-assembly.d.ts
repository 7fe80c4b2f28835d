/**
 * The part of WebAssembly that is used here. Node has it, but its types come with the browser's library, which this project
 * does not load.
 */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  const Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
  type Imports = Record<string, Record<string, unknown>>;
  type Exports = Record<string, unknown>;
  /** Compiled code; nothing of it is looked at here, and threads may share it. */
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  interface Instance {
    readonly exports: Exports;
  }
  const Instance: new (module: Module, imports: Imports) => Instance;
}
