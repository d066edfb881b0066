/** What the benchmark runs: programs of a file, such as the paper's own seeds, or generated ones. */
import { existsSync, readFileSync } from 'node:fs';

export interface Call {
  readonly program: string;
  readonly input: string;
}

export interface Workload {
  readonly name: string;
  readonly calls: readonly Call[];
}

/** A task as the paper's authors published it. */
export interface SeedTask extends Call {
  readonly output: string;
}

/** Beside a clone of this project, where the published seeds are kept apart from it. */
const BESIDE_THE_CLONE = new URL('../../../shared/data/azr-seed-programs.jsonl', import.meta.url);
const GENERATED = 1_000;

/** The tasks in `file`, one JSON object a line; undefined where no file is named and none is found. */
export function loadSeeds(file: string | undefined): SeedTask[] | undefined {
  if (file === undefined && !existsSync(BESIDE_THE_CLONE)) return undefined;
  return readFileSync(file ?? BESIDE_THE_CLONE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SeedTask);
}

export function loadWorkload(file: string | undefined): Workload {
  const calls = loadSeeds(file);
  if (calls !== undefined) return { name: 'seed programs published with the paper', calls };
  return generatedWorkload();
}

function generatedWorkload(): Workload {
  const calls = Array.from({ length: GENERATED }, (_, index) => ({
    program: `def f(values):\n    total = ${index}\n    for value in sorted(set(values)):\n        total = total * 3 + value\n    return [total, str(total)[::-1]]`,
    input: `[${Array.from({ length: 20 }, (__, position) => (position * 7 + index) % 31).join(', ')}]`,
  }));
  return { name: 'generated programs', calls };
}
