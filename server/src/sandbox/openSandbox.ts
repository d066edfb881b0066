/** The one place that knows every engine: a sandbox by the engine's name. */
import path from 'node:path';
import type { ExecutionLimits } from '../../protocol/sandbox.ts';
import type { SandboxEngine } from '../../protocol/vocabulary.ts';
import { type NativeSandbox, openNativeSandbox } from './native/nativeSandbox.ts';
import { DEFAULT_SANDBOX_FOLDER } from './wasm/artifact.ts';
import { openWasmSandbox, type WasmSandbox } from './wasm/wasmSandbox.ts';

export interface SandboxOptions {
  /** How many programs may run at a time; the number of cores by default. */
  readonly workers?: number;
  /** Defaults of every execution that does not bring its own. */
  readonly limits?: Partial<ExecutionLimits>;
  /** `server/sandbox`; a bundle names its own copy. */
  readonly sandboxFolder?: string;
  /** How many requests a process of the sandbox answers before it is replaced. */
  readonly requestsPerServer?: number;
}

/** Opens the sandbox of `engine`; throws a ProblemError with a remedy where it cannot be had. */
export function openSandbox(
  engine: SandboxEngine,
  { sandboxFolder = DEFAULT_SANDBOX_FOLDER, ...options }: SandboxOptions = {},
): Promise<WasmSandbox | NativeSandbox> {
  switch (engine) {
    case 'wasm':
      return openWasmSandbox({ ...options, sandboxFolder });
    case 'native':
      return openNativeSandbox({
        ...options,
        harnessPath: path.join(sandboxFolder, 'zygote.py'),
      });
  }
}
