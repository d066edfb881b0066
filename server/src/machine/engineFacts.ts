/** What the engine's Python says of itself and of the device it would train on. */
import { ProblemError } from '../../protocol/problem.ts';
import { execa } from 'execa';

import { GPU_FILES } from '../python/lockedInstall.mjs';
import { pythonStart } from '../python/pythonStart.mjs';

export interface EngineFacts {
  /** Names of Python and its packages, with their versions. */
  readonly versions: Readonly<Record<string, string>>;
  readonly device: 'cuda' | 'mps' | 'cpu';
  /** The GPU's name, where there is one. */
  readonly deviceName?: string;
  /** Of the GPU, where it has its own memory. */
  readonly memoryMb?: number;
  readonly freeMemoryMb?: number;
}

/**
 * The packages that are looked for are those that the engine imports; only PyTorch, which knows the
 * device, is imported here too, because the others take several seconds. With the word "brief" not even
 * that, where a Linux without the device files of a GPU says as much.
 */
const DESCRIBE = `
import importlib.metadata, importlib.util, json, os, platform, sys
facts = {"versions": {"python": platform.python_version()}}
for name in ("torch", "transformers", "peft", "safetensors", "starlette", "uvicorn"):
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(f"No module named {name!r}")
for name in ("torch", "transformers", "peft"):
    facts["versions"][name] = importlib.metadata.version(name)
GPU_FILES = ${JSON.stringify(GPU_FILES)}
no_gpu = sys.platform == "linux" and not any(map(os.path.exists, GPU_FILES))
on_cpu = os.environ.get("AZR_DEVICE") == "cpu"
if sys.argv[1:] == ["brief"] and (no_gpu or on_cpu):
    print(json.dumps({**facts, "device": "cpu"}))
    raise SystemExit
import torch
facts["versions"].update(torch=torch.__version__)
if on_cpu:
    facts["device"] = "cpu"
elif torch.cuda.is_available():
    free, total = torch.cuda.mem_get_info()
    facts.update(
        device="cuda",
        deviceName=torch.cuda.get_device_name(),
        memoryMb=total >> 20,
        freeMemoryMb=free >> 20,
    )
elif torch.backends.mps.is_available():
    facts["device"] = "mps"
else:
    facts["device"] = "cpu"
print(json.dumps(facts))
`;

const TIMEOUT_MS = 120_000;

const SET_UP =
  'Run "azr setup" (in VS Code: Set Up Python Environment), or name a Python 3.10 or newer with torch, transformers, peft, safetensors, starlette and uvicorn by AZR_PYTHON.';

/**
 * Asks `python`, which takes seconds. Rejects with ProblemError `no-python` when it cannot be started
 * and `no-engine-packages` when it lacks what the engine needs.
 */
export async function describeEngine(
  python: string,
  signal?: AbortSignal,
  isBrief = false,
): Promise<EngineFacts> {
  const words = ['-c', DESCRIBE, ...(isBrief ? ['brief'] : [])];
  const { stdout, stderr, failed, exitCode, timedOut } = await execa(python, words, {
    ...pythonStart(),
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: 'ignore',
    ...(signal !== undefined && { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (!failed) return JSON.parse(stdout) as EngineFacts;
  if (timedOut) {
    throw new ProblemError({
      code: 'no-engine-packages',
      message: `${python} did not load the engine's packages within ${TIMEOUT_MS / 1000} s.`,
      remedy: 'Try again while less runs on the machine.',
    });
  }
  if (exitCode === undefined) {
    throw new ProblemError({
      code: 'no-python',
      message: `The Python ${python} cannot be started.`,
      remedy: SET_UP,
    });
  }
  const reason = stderr.trim().split('\n').at(-1) ?? '';
  throw new ProblemError({
    code: 'no-engine-packages',
    message: `${python} cannot run the engine: ${reason}`,
    remedy: SET_UP,
  });
}

const known = new Map<string, Promise<EngineFacts>>();

/** The same in brief, asked once per Python; a failure is asked again, because somebody may have mended it. */
export function engineFacts(python: string): Promise<EngineFacts> {
  let facts = known.get(python);
  if (facts === undefined) {
    facts = describeEngine(python, undefined, true);
    known.set(python, facts);
    facts.catch(() => {
      known.delete(python);
    });
  }
  return facts;
}
