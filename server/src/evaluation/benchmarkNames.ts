/** What the setting `evaluate` names. */
import { ProblemError } from '../../protocol/problem.ts';
import { fileSuite } from '../suites/file/fileSuite.ts';
import { suiteNamed } from '../suites/suiteTable.ts';

export interface Benchmark {
  readonly suite: string;
  /** Of the suite `file`. */
  readonly dataFile?: string;
  /** The first so many items; all where it is absent. */
  readonly items?: number;
}

/**
 * Each is the name of a suite or a path, and after a colon how many items. Throws ProblemError
 * `unknown-suite`, or `usage` where one suite is named twice.
 */
export function benchmarksOf(named: readonly string[]): readonly Benchmark[] {
  const benchmarks = named.map(benchmarkOf);
  const suites = benchmarks.map(({ suite }) => suite);
  const repeated = suites.find((suite, index) => suites.indexOf(suite) !== index);
  if (repeated === undefined) return benchmarks;
  throw new ProblemError({
    code: 'usage',
    message: `"evaluate" names the suite ${repeated} twice.`,
    remedy: 'Name each suite once, and put the items of several files into one.',
  });
}

function benchmarkOf(text: string): Benchmark {
  const [, name = text, items] = /^(.+):(\d{1,7})$/.exec(text) ?? [];
  const counted = items === undefined ? {} : { items: Number(items) };
  // As in azr.json everywhere, a bare word is a name, and anything with a separator or an ending a path.
  if (/[/\\.]/.test(name)) return { suite: fileSuite.name, dataFile: name, ...counted };
  return { suite: suiteNamed(name).name, ...counted };
}
