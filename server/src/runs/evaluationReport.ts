/** What an evaluation found, from its rows. */
import type {
  EvaluationReport,
  EvaluationSubject,
  MeasuredRate,
  SubjectChange,
  SubjectResult,
} from '../../protocol/evaluation.ts';
import { REPORT_LEVEL } from '../../protocol/learning.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { cellMean, cellsOf, mean } from '../statistics/cells.ts';
import { greedyChange } from '../statistics/pairedChange.ts';
import { passRate, strataOf } from '../statistics/probeMetrics.ts';
import { type HeldOutAnswer, heldOutAnswers } from '../store/curves/heldOutQuery.ts';
import type { RunReader } from '../store/runReader.ts';
import { answersEach, greedyRate, pairsOf, passChange } from './pairedAnswers.ts';

/** Undefined for a run. Throws a ProblemError when the database cannot be read. */
export function evaluationReport(reader: RunReader): EvaluationReport | undefined {
  return reader.connection.snapshot(() => {
    const { evaluation: plan } = reader.information();
    if (plan === undefined) return undefined;
    const { lastStep } = reader.counters();
    const asked = plan.subjects.filter(({ step }) => step <= lastStep);
    const found = asked.map((subject) => resultOf(reader, subject));
    const results = found.map((one) => ({ ...one, isBestTemplate: isBest(one, found) }));
    const best = results.filter(({ isBestTemplate }) => isBestTemplate);
    const [first, ...others] = best.map(({ subject }) => subject.step);
    const changes =
      first === undefined ? [] : others.map((other) => subjectChange(reader, first, other));
    return { plan, tasks: reader.heldOutCount(), results, changes };
  });
}

type Result = Omit<SubjectResult, 'isBestTemplate'>;

function resultOf(reader: RunReader, subject: EvaluationSubject): Result {
  return { subject, ...measuredRates(heldOutAnswers(reader.connection, subject.step)) };
}

/** The rates of one measurement, with their intervals: greedily, by k, and by mode and stratum. */
export function measuredRates(answers: readonly HeldOutAnswer[]): Omit<Result, 'subject'> {
  const samples = answers.reduce(
    (least, { sampled }) => Math.min(least, sampled?.samples ?? 0),
    Infinity,
  );
  const most = Number.isFinite(samples) ? samples : 0;
  return {
    greedy: measured(answers, ({ isRight }) => Number(isRight)),
    passAtK: samplesOfCurve(most).map((k) => ({
      k,
      ...measured(answers, (answer) => passRate(answer, k)),
    })),
    parts: partsOf(answers, most),
  };
}

/** 1, 2, 4 and so on, and the number of samples itself. */
function samplesOfCurve(samples: number): number[] {
  const counts: number[] = [];
  for (let k = 1; k < samples; k *= 2) counts.push(k);
  return samples > 0 ? [...counts, samples] : [];
}

function measured(
  answers: readonly HeldOutAnswer[],
  rateOf: (answer: HeldOutAnswer) => number,
): MeasuredRate {
  const cells = cellsOf(answers).map((cell) => cell.map(rateOf));
  return { rate: cellMean(cells), ...bootstrapInterval(cells, REPORT_LEVEL) };
}

function partsOf(answers: readonly HeldOutAnswer[], samples: number): SubjectResult['parts'] {
  const modes = MODES.filter((mode) => answers.some((answer) => answer.mode === mode));
  const parts = [
    ...(modes.length > 1 ? modes.map((mode) => ({ mode })) : []),
    ...strataOf(answers).map((stratum) => ({ stratum })),
  ];
  return parts.map((part) => {
    const some = answers.filter((answer) =>
      'mode' in part ? answer.mode === part.mode : answer.stratum === part.stratum,
    );
    return {
      part,
      tasks: some.length,
      greedy: mean(some.map(({ isRight }) => Number(isRight))),
      ...(samples > 0 && { passK: mean(some.map((answer) => passRate(answer, samples))) }),
    };
  });
}

/** The first of those that answered best, among the templates of one model or policy. */
function isBest(one: Result, all: readonly Result[]): boolean {
  const alike = all.filter(({ subject }) => identityOf(subject) === identityOf(one.subject));
  const highest = Math.max(...alike.map(({ greedy }) => greedy.rate));
  return alike.find(({ greedy }) => greedy.rate === highest) === one;
}

function identityOf({ model, runFolder, runStep }: EvaluationSubject): string {
  return JSON.stringify([model, runFolder, runStep]);
}

function subjectChange(reader: RunReader, before: number, after: number): SubjectChange {
  const pairs = pairsOf(reader, { first: before, last: after });
  const samples = answersEach(pairs);
  const hasSampled = Number.isFinite(samples) && samples > 0;
  return {
    ...{ before, after },
    greedy: { step: after, ...greedyChange(pairs.map(greedyRate)) },
    ...(hasSampled && { pass1: passChange(pairs, 1), passK: passChange(pairs, samples) }),
  };
}
