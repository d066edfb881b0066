/** The parts of the WebAssembly interface that are used here; Node's types have only its name. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, (...values: never[]) => unknown>>;

  /** Opaque: compiled code. */
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  const Module: {
    new (bytes: Uint8Array): Module;
    customSections(module: Module, name: string): ArrayBuffer[];
    imports(module: Module): { readonly module: string; readonly name: string }[];
  };

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  class Memory {
    readonly buffer: ArrayBuffer;
    /** Adds pages of 64 KiB. */
    grow(pages: number): number;
  }

  class Global {
    value: number;
  }

  class RuntimeError extends Error {}
}
