/** What a {@link LearningReport} says in words, on every screen alike. */
import type { LearnedConstruct, LearningFinding, LearningReport } from './learning.ts';

const TITLES: Readonly<Record<LearningFinding, string>> = {
  learning: 'Learning',
  sharpening: 'Sharpening',
  narrowing: 'Narrowing',
  forgetting: 'Forgetting',
  unfinished: 'Improving',
  nothing: 'No change beyond chance',
  'too-early': 'Too early to say',
};

/** One or two words. */
export function findingTitle({ finding }: Pick<LearningReport, 'finding'>): string {
  return TITLES[finding];
}

/** A sentence or two with the numbers that the finding rests on. */
export function findingText(report: LearningReport): string {
  const { greedy, sampled } = report;
  if (report.tasks === 0)
    return 'The run has no held-out tasks, so nothing measures what it learns.';
  if (greedy === undefined) {
    return 'The held-out tasks were only asked before training. The next measurement is the first comparison.';
  }
  const tasks = `${String(greedy.gained)} tasks gained, ${String(greedy.lost)} lost, p ${probability(greedy.pValue)}`;
  const ofGreedy = `Greedy ${rise(greedy)} (${tasks})`;
  const passK = sampled && `pass@${String(sampled.samples)} ${rise(sampled.passK)}`;
  switch (report.finding) {
    case 'learning':
      return `${ofGreedy}, ${passK!}: the model solves tasks that it could not solve before.`;
    case 'sharpening':
      return `${ofGreedy}, pass@1 ${rise(sampled!.pass1)}, but ${passK!} is within chance: the model is surer of what it could already do.`;
    case 'narrowing':
      return `${ofGreedy}, but ${passK!}: the model has lost tasks that some of its attempts used to solve.`;
    case 'forgetting':
      return `${ofGreedy}: the model does worse than before training.`;
    case 'unfinished':
      return sampled?.step === greedy.step
        ? `${ofGreedy}, within chance, while ${passK!} rose beyond it.`
        : `${ofGreedy}. Whether the model learns or only grows surer shows when pass@k is measured next.`;
    case 'nothing':
      return `${ofGreedy}: what changed may be chance.`;
    case 'too-early':
      return '';
  }
}

/**
 * Such as `Learned: sorted() (8 % → 71 %), reversing with [::-1] (20 % → 52 %)`; undefined when nothing
 * was shown to be learned. @param nameOf a construct in words
 */
export function learnedText(
  learned: readonly LearnedConstruct[],
  nameOf: (construct: string) => string,
): string | undefined {
  if (learned.length === 0) return undefined;
  const parts = learned.map(
    ({ construct, before, after }) =>
      `${nameOf(construct)} (${percent(before)} → ${percent(after)})`,
  );
  return `Learned: ${parts.join(', ')}`;
}

function rise({ before, after }: { readonly before: number; readonly after: number }): string {
  return `${percent(before)} → ${percent(after)}`;
}

function percent(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}

/** Two significant digits, and no more zeros than anybody reads. */
export function probability(pValue: number): string {
  if (pValue < 0.0001) return '< 0.0001';
  return `= ${String(Number(pValue.toPrecision(2)))}`;
}
