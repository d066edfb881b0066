/**
 * Mutated programs, inputs and answers through the static gate, the literal parser, the sandbox and the
 * grader. What must hold: nothing crashes or hangs the host, and plain CPython contradicts no verdict.
 * Every round depends on the seed and its own number only, so that one can be found again and a run can
 * be taken up where another ended.
 */
import type { Execution } from '../../server/protocol/sandbox.ts';
import { parseLiteral } from '../../server/src/literal/parse.ts';
import { judgeOutput } from '../../server/src/grading/verifyAnswer.ts';
import { sameValue } from '../../server/src/grading/validateProposal.ts';
import type { TestedSandbox } from '../../test/sandbox/engines.ts';
import { Random } from '../../test/literal/randomLiterals.ts';
import { mutateAnswer, mutateInput, mutateProgram } from './mutation.ts';
import type { Contradiction, Oracle, Question } from './oracle.ts';
import type { SeedTask } from './workload.ts';

const INPUTS = 8;
const ANSWERS = 8;
/** One program, its inputs and the answers. */
export const CASES_PER_ROUND = 1 + INPUTS + ANSWERS;

export const FUZZ_LIMITS = { cpuMs: 200, wallMs: 8_000 };
/** Longest a round may take before it counts as a hang: every execution at its limit, on a busy machine. */
const ROUND_LIMIT_MS = 60_000;

export interface Finding {
  readonly round: number;
  readonly program: string;
  readonly problem: Contradiction;
}

export interface FuzzReport {
  readonly rounds: number;
  readonly findings: readonly Finding[];
  /** How often each outcome came up, to show that the cases differ. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly answersScored: number;
  /** Executions left out because two runs differ, as they would in plain Python. */
  readonly notDeterministic: number;
}

export interface FuzzOptions {
  readonly sandbox: TestedSandbox;
  readonly oracles: readonly Oracle[];
  readonly seeds: readonly SeedTask[];
  readonly seed: number;
  readonly firstRound: number;
  readonly rounds: number;
  /** Asked before every round. */
  readonly isOver?: () => boolean;
  readonly onFinding?: (finding: Finding) => void;
}

/** Runs rounds with as many at a time as there are oracles. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const outcomes = new Map<string, number>();
  const findings: Finding[] = [];
  const totals = { rounds: 0, answersScored: 0, notDeterministic: 0 };
  let next = options.firstRound;
  const work = async (oracle: Oracle): Promise<void> => {
    while (next < options.firstRound + options.rounds && options.isOver?.() !== true) {
      const round = next;
      next += 1;
      const { question, notDeterministic, problems } = await playRound(options, round);
      const contradictions = [...problems, ...(await oracle.ask(question))];
      for (const problem of contradictions) {
        const finding = { round, program: question.program, problem };
        findings.push(finding);
        options.onFinding?.(finding);
      }
      totals.rounds += 1;
      totals.notDeterministic += notDeterministic;
      totals.answersScored += question.answers.filter(([, , scored]) => scored).length;
      for (const { outcome } of question.claims) {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }
  };
  await Promise.all(options.oracles.map(work));
  return { ...totals, findings, outcomes };
}

interface Round {
  readonly question: Question;
  readonly notDeterministic: number;
  /** What is wrong whatever plain Python says. */
  readonly problems: readonly Contradiction[];
}

async function playRound(options: FuzzOptions, round: number): Promise<Round> {
  const { sandbox, seeds } = options;
  const random = new Random(options.seed * 1_000_003 + round);
  // The generator's first numbers differ little between neighbouring seeds.
  for (let skipped = 0; skipped < 8; skipped += 1) random.next();
  const base = random.pick(seeds);
  const program = mutateProgram(random, seeds, base);
  const inputs = Array.from({ length: INPUTS }, () => mutateInput(random, seeds, base.input));
  const started = performance.now();
  const [inspection, first, second] = await Promise.all([
    sandbox.inspect(program),
    sandbox.runBatch(program, inputs, { variant: 0 }),
    sandbox.runBatch(program, inputs.toReversed(), { variant: 1 }),
  ]);
  const problems: Contradiction[] = [];
  const tookMs = performance.now() - started;
  if (tookMs > ROUND_LIMIT_MS) problems.push(['hang', `${tookMs} ms`]);
  const cannotCompile = first.every(
    ({ outcome }) => outcome === 'syntax' || outcome === 'bad-input',
  );
  const ran = first.some(({ outcome }) => outcome === 'ok' || outcome === 'error');
  if (inspection.syntax === undefined ? cannotCompile && first.some(isSyntax) : ran) {
    problems.push(['syntax', 'the gate and the execution disagree']);
  }
  const compared = compare(inputs, first, second.toReversed());
  const answers = Array.from({ length: ANSWERS }, () => {
    const output = outputFor(random, seeds, first);
    const answer = mutateAnswer(random, seeds, output);
    return [output, answer, judgeOutput({ output }, answer).verdict === 'correct'] as const;
  });
  return {
    question: { program, ...compared, answers },
    notDeterministic: inputs.length - compared.inputs.length,
    problems,
  };
}

function isSyntax({ outcome }: Execution): boolean {
  return outcome === 'syntax';
}

/** The executions that both runs agree on; the others are not tasks in the first place. */
function compare(
  inputs: readonly string[],
  first: readonly Execution[],
  second: readonly Execution[],
): Pick<Question, 'inputs' | 'claims'> {
  const kept = inputs.flatMap((input, index) => {
    const [left, right] = [first[index]!, second[index]!];
    if (left.outcome !== right.outcome || left.exceptionType !== right.exceptionType) return [];
    if (left.outcome === 'ok' && !sameValue(left.output!, right.output!)) return [];
    const { outcome, output, exceptionType } = left;
    return [
      {
        input,
        claim: {
          outcome,
          ...(output !== undefined && { output }),
          ...(exceptionType !== undefined && { exceptionType }),
        },
      },
    ];
  });
  return { inputs: kept.map(({ input }) => input), claims: kept.map(({ claim }) => claim) };
}

/** A value that this program gave, or the output of a seed. */
function outputFor(
  random: Random,
  seeds: readonly SeedTask[],
  executions: readonly Execution[],
): string {
  const outputs = executions.flatMap(({ output }) => (output === undefined ? [] : [output]));
  if (outputs.length > 0 && random.next() < 0.8) return random.pick(outputs);
  const { output } = random.pick(seeds);
  // A stored output that is not a literal, because its authors cut it, cannot be a task's.
  return parseLiteral(output).ok ? output : '0';
}
