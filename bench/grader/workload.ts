/** What the benchmark runs: the paper's own seed programs where present, generated ones elsewhere. */
import { existsSync, readFileSync } from 'node:fs';

export interface Call {
  readonly program: string;
  readonly input: string;
}

export interface Workload {
  readonly name: string;
  readonly calls: readonly Call[];
}

const SEED_PROGRAMS = new URL('../../../shared/data/azr-seed-programs.jsonl', import.meta.url);
const GENERATED = 1_000;

export function loadWorkload(): Workload {
  if (!existsSync(SEED_PROGRAMS)) return generatedWorkload();
  const calls = readFileSync(SEED_PROGRAMS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Call);
  return { name: 'seed programs published with the paper', calls };
}

function generatedWorkload(): Workload {
  const calls = Array.from({ length: GENERATED }, (_, index) => ({
    program: `def f(values):\n    total = ${index}\n    for value in sorted(set(values)):\n        total = total * 3 + value\n    return [total, str(total)[::-1]]`,
    input: `[${Array.from({ length: 20 }, (__, position) => (position * 7 + index) % 31).join(', ')}]`,
  }));
  return { name: 'generated programs', calls };
}
