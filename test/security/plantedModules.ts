/** Plants Python modules by every name that the engine, pip or Python itself imports. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { enginePython } from '../../server/src/machine/enginePython.ts';

const LIST_NAMES = `
import json, os, sys, sysconfig
installed = os.listdir(sysconfig.get_paths()["purelib"])
names = {name.split(".")[0] for name in installed if not name.endswith("-info")}
print(json.dumps(sorted(names | set(sys.stdlib_module_names))))
`;

/** Modules of Python itself, of everything installed beside the engine, and what Python looks for by itself. */
function moduleNames(): string[] {
  const { stdout } = spawnSync(enginePython(), ['-I', '-c', LIST_NAMES], { encoding: 'utf8' });
  const found = (JSON.parse(stdout) as string[]).filter((name) => /^[A-Za-z]\w*$/.test(name));
  return [...new Set([...found, 'sitecustomize', 'usercustomize', 'ensurepip', 'venv', 'pip'])];
}

export interface Canary {
  /** The names of the planted modules that ran. */
  readonly touchedBy: () => string[];
  readonly reset: () => void;
  /** Makes a folder that, as the working folder of a Python, runs as its user. */
  readonly plantIn: (folder: string) => void;
}

/** `file` is written by every planted module that runs. */
export function canaryAt(file: string): Canary {
  const names = moduleNames();
  const program = (name: string): string =>
    `with open(${JSON.stringify(file)}, "a") as canary:\n    canary.write("${name}\\n")\n`;
  return {
    touchedBy: () =>
      existsSync(file) ? [...new Set(readFileSync(file, 'utf8').trim().split('\n'))] : [],
    reset: () => {
      rmSync(file, { force: true });
    },
    plantIn: (folder) => {
      mkdirSync(folder, { recursive: true });
      for (const name of names) writeFileSync(path.join(folder, `${name}.py`), program(name));
      for (const [owner, module] of [
        ...[['azr_engine', '__main__'] as const, ['azr_engine', 'obtain'] as const],
        ...[['pip', '__main__'] as const, ['venv', '__main__'] as const],
      ]) {
        const inside = path.join(folder, owner);
        mkdirSync(inside, { recursive: true });
        writeFileSync(path.join(inside, '__init__.py'), program(owner));
        writeFileSync(path.join(inside, `${module}.py`), program(`${owner}.${module}`));
      }
      for (const name of ['python', 'python3', 'node', 'bwrap']) {
        const planted = path.join(folder, name);
        writeFileSync(planted, `#!/bin/sh\necho ${name} >> ${file}\n`);
        chmodSync(planted, 0o755);
      }
    },
  };
}
