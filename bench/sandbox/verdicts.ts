/** What becomes of published seed programs, and whether plain CPython agrees: a table in Markdown. */
import { availableParallelism } from 'node:os';
import type { GraderRules, Validation } from '../../server/protocol/sandbox.ts';
import { SETTINGS } from '../../server/protocol/settings.ts';
import { createGrader } from '../../server/src/grading/grader.ts';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import { sameValue } from '../../server/src/grading/validateProposal.ts';
import type { Engine } from '../../test/sandbox/engines.ts';
import { Oracle } from './oracle.ts';
import { loadSeeds, type SeedTask } from './workload.ts';

/** The rules and limits of the preset `studio`. */
const RULES: GraderRules = {
  allowedImports: SETTINGS.allowedImports.studio,
  bannedWords: SETTINGS.bannedWords.studio,
  programCharacters: SETTINGS.programCharacters.studio,
  singleFunction: SETTINGS.singleFunction.studio,
  minimumInductionInputs: SETTINGS.inductionVisible.studio + 1,
};

export interface SeedVerdict {
  /** Line of the file, from 0. */
  readonly row: number;
  readonly validation: Validation;
  /** What plain CPython says against it; undefined when it agrees or was not asked. */
  readonly contradiction: string | undefined;
  /** Is the value the one that was published? */
  readonly asPublished: boolean;
}

/** Validates every seed as a proposal; plain CPython is asked about each that was executed and agreed with itself. */
export async function judgeSeeds(
  engine: Engine,
  seeds: readonly SeedTask[],
  oracle: Oracle | undefined,
): Promise<SeedVerdict[]> {
  const sandbox = await engine.open({ workers: availableParallelism() });
  try {
    const grader = createGrader(sandbox, RULES);
    const validations = await Promise.all(
      seeds.map(({ program, input }) => grader.validate({ mode: 'deduction', program, input })),
    );
    const verdicts: SeedVerdict[] = [];
    for (const [row, validation] of validations.entries()) {
      const seed = seeds[row]!;
      const output = validation.valid ? validation.examples[0]!.output : undefined;
      verdicts.push({
        row,
        validation,
        contradiction: oracle && (await contradictionOf(oracle, seed, validation)),
        asPublished: output !== undefined && sameValue(output, seed.output),
      });
    }
    return verdicts;
  } finally {
    await sandbox.close();
  }
}

async function contradictionOf(
  oracle: Oracle,
  { program, input }: SeedTask,
  validation: Validation,
): Promise<string | undefined> {
  const [execution] = validation.executions;
  if (execution === undefined) return undefined;
  if (!validation.valid && validation.reason === 'non-deterministic') return undefined;
  const { outcome, output, exceptionType } = execution;
  const claim = {
    outcome,
    ...(output !== undefined && { output }),
    ...(exceptionType !== undefined && { exceptionType }),
  };
  const found = await oracle.ask({ program, inputs: [input], claims: [claim], answers: [] });
  return found[0]?.join(': ');
}

/** Prints the table for every engine. */
export async function printVerdicts(
  engines: readonly Engine[],
  file: string | undefined,
): Promise<void> {
  const seeds = loadSeeds(file);
  if (seeds === undefined) throw new Error('Name a file of seed programs by --programs-file.');
  const oracle = await Oracle.open((await findPython('python3')).path);
  const columns: SeedVerdict[][] = [];
  for (const engine of engines) columns.push(await judgeSeeds(engine, seeds, oracle));
  await oracle.close();

  const reasons = [...new Set(columns.flat().map(({ validation }) => reasonOf(validation)))].sort();
  const count = (test: (verdict: SeedVerdict) => boolean): string[] =>
    columns.map((verdicts) => String(verdicts.filter(test).length));
  const rows: string[][] = [
    ['', ...engines.map(({ name }) => name)],
    ['---', ...engines.map(() => '---:')],
    ['valid task', ...count(({ validation }) => validation.valid)],
    ['… with the published output', ...count(({ asPublished }) => asPublished)],
    ...reasons
      .filter((reason) => reason !== VALID)
      .map((reason) => [
        `\`${reason}\``,
        ...count(({ validation }) => reasonOf(validation) === reason),
      ]),
    ['contradicted by plain CPython', ...count(({ contradiction }) => contradiction !== undefined)],
  ];
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  for (const [index, { name }] of engines.entries()) {
    const verdicts = columns[index]!;
    const unstable = verdicts.filter(
      ({ validation }) => reasonOf(validation) === 'non-deterministic',
    );
    console.log(
      `\n${name}: not deterministic are rows ${unstable.map(({ row }) => row).join(', ')}`,
    );
    for (const { row, contradiction } of verdicts) {
      if (contradiction !== undefined) console.log(`${name}: row ${row}: ${contradiction}`);
    }
  }
}

const VALID = 'valid';

function reasonOf(validation: Validation): string {
  return validation.valid ? VALID : validation.reason;
}
