/**
 * The baseline: one fresh `python3 -I -S` per execution, with no jail at all. It runs published
 * programs only, in an empty folder and with an empty environment.
 */
import { spawn } from 'node:child_process';
import type { Call } from './workload.ts';

const RUN_ONE = `
import sys, json
program, arguments = json.load(sys.stdin)
names = {}
exec(program, names)
entry = names.get("f") or next(v for v in names.values() if callable(v) and hasattr(v, "__code__"))
print(repr(eval("entry(" + arguments + ")")))
`;

/**
 * Runs one call to its end; failures of the program count like any other end.
 * @param python absolute path, since there is no search path
 */
export function runInFreshProcess(python: string, scratch: string, call: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const process = spawn(python, ['-I', '-S', '-c', RUN_ONE], {
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: scratch,
      env: {},
      timeout: 10_000,
    });
    process.on('error', reject);
    process.on('close', () => {
      resolve();
    });
    process.stdout.resume();
    process.stdin.on('error', () => undefined);
    process.stdin.end(JSON.stringify([call.program, call.input]));
  });
}
