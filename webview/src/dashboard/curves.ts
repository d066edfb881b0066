/** Which curves there are, what they are called and what they mean. */
import { BENCHMARK_SUITES } from '../../../server/protocol/evaluation.ts';
import type { Phase } from '../../../server/protocol/events.ts';
import type { MetricTable } from '../../../server/protocol/queries.ts';
import { MODES, ROLES } from '../../../server/protocol/vocabulary.ts';
import type { ChartColour } from '../ui/themeColours.ts';
import { PHASE_TEXTS } from './phaseText.ts';

export type Unit =
  | 'share'
  | 'tokens'
  | 'nats'
  | 'tokens-per-second'
  | 'duration'
  | 'nodes'
  | 'templates'
  | 'constructs';

export interface Curve {
  readonly label: string;
  readonly colour: ChartColour;
  readonly dash?: readonly number[];
  readonly metrics: readonly string[];
  /** Metrics of the interval that is drawn around the curve. */
  readonly band?: { readonly low: string; readonly high: string };
  /** From the metrics in their order; the first as it is where absent. */
  readonly derive?: (values: readonly (number | null)[]) => number | null;
}

export interface ChartDefinition {
  readonly id: string;
  readonly title: string;
  /** One sentence for who does not know the word. */
  readonly explanation: string;
  readonly unit: Unit;
  readonly curves: readonly Curve[];
  /** Curves lie on top of each other; several runs cannot. */
  readonly stacked?: boolean;
}

const MODE_COLOURS = { deduction: 'blue', abduction: 'yellow', induction: 'green' } as const;
const PROPOSER_DASH = [4, 4];
const BENCHMARK_COLOURS: readonly ChartColour[] = ['orange', 'red', 'blue', 'yellow', 'green'];

const perMode = (name: (mode: (typeof MODES)[number]) => string): Curve[] =>
  MODES.map((mode) => ({ label: mode, colour: MODE_COLOURS[mode], metrics: [name(mode)] }));

const perRoleAndMode = (what: string): Curve[] =>
  ROLES.toReversed().flatMap((role) =>
    MODES.map((mode) => ({
      label: `${role === 'solver' ? 'solving' : 'proposing'} ${mode}`,
      colour: MODE_COLOURS[mode],
      metrics: [`${role}.${mode}.${what}`],
      ...(role === 'proposer' && { dash: PROPOSER_DASH }),
    })),
  );

const PHASES: readonly { readonly name: Phase; readonly colour: ChartColour }[] = [
  { name: 'propose', colour: 'blue' },
  { name: 'validate', colour: 'purple' },
  { name: 'estimate', colour: 'green' },
  { name: 'solve', colour: 'yellow' },
  { name: 'update', colour: 'orange' },
  { name: 'probe', colour: 'red' },
];

/** Suites that `evaluate` can name; those that were not asked have no curve. */
const BENCHMARKS: readonly Curve[] = BENCHMARK_SUITES.map((suite, index) => ({
  label: suite,
  colour: BENCHMARK_COLOURS[index % BENCHMARK_COLOURS.length]!,
  metrics: [`evaluate.${suite}`],
  dash: [6, 3],
}));

export const CHARTS: readonly ChartDefinition[] = [
  {
    id: 'probe',
    title: 'Held-out tasks solved (greedy)',
    explanation:
      'Share of a fixed set of tasks that the model solves when it always takes its most likely token. It is never trained on them, so this is the curve to trust. The band is the 95 % interval over tasks. Benchmarks that `evaluate` names are drawn beside it.',
    unit: 'share',
    curves: [
      {
        ...{ label: 'all held-out tasks', colour: 'purple', metrics: ['probe.greedy.mean'] },
        band: { low: 'probe.greedy.low', high: 'probe.greedy.high' },
      },
      ...perMode((mode) => `probe.greedy.${mode}`).map((curve) => ({ ...curve, dash: [2, 3] })),
      ...BENCHMARKS,
    ],
  },
  {
    id: 'pass-at-k',
    title: 'Held-out tasks solved in k attempts',
    explanation:
      'Share solved by one answer at temperature 1, and by at least one of k answers. Both rise when the model learns; only the first rises when it becomes more certain of what it could already do.',
    unit: 'share',
    curves: [
      {
        ...{ label: 'at least one of k (pass@k)', colour: 'green', metrics: ['probe.passK.mean'] },
        band: { low: 'probe.passK.low', high: 'probe.passK.high' },
      },
      {
        ...{
          label: 'one answer (pass@1)',
          colour: 'orange',
          metrics: ['probe.pass1.mean'],
          dash: [4, 4],
        },
        band: { low: 'probe.pass1.low', high: 'probe.pass1.high' },
      },
    ],
  },
  {
    id: 'solve-rate',
    title: 'New tasks solved (self-play)',
    explanation:
      'Share of correct answers to new tasks. The proposer keeps changing the tasks, so a flat curve does not mean no progress.',
    unit: 'share',
    curves: perMode((mode) => `solver.${mode}.solveRate`),
  },
  {
    id: 'valid',
    title: 'Proposals that are valid',
    explanation:
      "Share of the trained proposer's programs that run, are safe and give the same result twice.",
    unit: 'share',
    curves: perMode((mode) => `proposer.${mode}.valid`),
  },
  {
    id: 'learnability',
    title: 'Learnability of new tasks',
    explanation:
      'Mean reward that the trained proposer earns for a new task: 1 minus its solve rate, and 0 for tasks that are always or never solved.',
    unit: 'share',
    curves: perMode((mode) => `proposer.${mode}.learnability`),
  },
  {
    id: 'gold-loss',
    title: 'Loss on executed answers',
    explanation:
      'How unlikely the model found correct answers about its own programs just before a step trained on them, in nats per token. Answers that it does not know yet are drawn more often, so the curve falls less than the model learns. Empty in a run that learns from rewards alone.',
    unit: 'nats',
    curves: perMode((mode) => `gold.${mode}.loss`),
  },
  {
    id: 'tokens',
    title: 'Length of completions',
    explanation: 'Mean number of tokens in a completion.',
    unit: 'tokens',
    curves: perRoleAndMode('tokens'),
  },
  {
    id: 'entropy',
    title: 'Entropy: how undecided the model is',
    explanation:
      'Mean entropy of the next token, over the sampled tokens. It falls as the model becomes more certain; near 0 all attempts are alike.',
    unit: 'nats',
    curves: perRoleAndMode('entropy'),
  },
  {
    id: 'duplicates',
    title: 'Repeated proposals',
    explanation:
      "Of the trained proposer's valid proposals: the share that equals an earlier task, and the share that only fills the most common template with other constants.",
    unit: 'share',
    curves: [
      {
        label: 'equal to an earlier task',
        colour: 'red',
        metrics: ['proposer.unique'],
        derive: ([unique = null]) => (unique === null ? null : 1 - unique),
      },
      {
        label: 'in the most common template',
        colour: 'purple',
        metrics: ['proposer.largestTemplate'],
      },
    ],
  },
  {
    id: 'programs',
    title: 'Different programs so far',
    explanation:
      'Different programs among all tasks so far, and different templates; programs that differ only in constants share a template. A curve that flattens means that proposals repeat.',
    unit: 'templates',
    curves: [
      { label: 'programs', colour: 'blue', metrics: ['memory.programs'] },
      { label: 'templates', colour: 'purple', metrics: ['memory.templates'] },
    ],
  },
  {
    id: 'zero-variance',
    title: 'Groups whose attempts all got the same verdict',
    explanation:
      'Share of tasks whose attempts were all correct or all wrong. Comparing such attempts teaches nothing.',
    unit: 'share',
    curves: perMode((mode) => `solver.${mode}.zeroVarianceGroups`),
  },
  {
    id: 'speed',
    title: 'Tokens per second (whole step)',
    explanation: 'Sampled tokens divided by the time of the whole step, with training and grading.',
    unit: 'tokens-per-second',
    curves: [
      {
        label: 'tokens/s',
        colour: 'blue',
        metrics: ['tokens.generated', 'step.durationMs'],
        derive: ([tokens = null, duration = null]) =>
          tokens === null || duration === null || duration <= 0 ? null : (tokens / duration) * 1000,
      },
    ],
  },
  {
    id: 'phases',
    title: 'Time per step, by phase',
    explanation: 'How long each step spent in each phase, stacked.',
    unit: 'duration',
    stacked: true,
    curves: PHASES.map(({ name, colour }) => ({
      label: PHASE_TEXTS[name],
      colour,
      metrics: [`phase.${name}.durationMs`],
    })),
  },
];

/** Beside the curriculum: whether it grows. */
export const CURRICULUM_CHARTS = [
  {
    id: 'start-solve-rate',
    title: 'Do new tasks get harder?',
    explanation:
      'How often the model as it was at the start solves new tasks, beside the model of that step. A falling curve means harder tasks; a flat one means different tasks that are not harder.',
    unit: 'share',
    curves: [
      { label: 'model at the start', colour: 'orange', metrics: ['curriculum.startSolveRate'] },
      { label: 'model of that step', colour: 'blue', metrics: ['curriculum.solveRate'] },
    ],
  },
  {
    id: 'constructs',
    title: 'Constructs combined in a task',
    explanation:
      'How many operators, calls, methods and statements a new task combines, on average.',
    unit: 'constructs',
    curves: [{ label: 'constructs', colour: 'purple', metrics: ['curriculum.constructs'] }],
  },
] as const satisfies readonly ChartDefinition[];

/** The values of a curve, one per step of the table. */
export function curveValues(curve: Curve, table: MetricTable): (number | null)[] {
  return table.steps.map((_, index) => {
    const values = curve.metrics.map((name) => table.series[name]?.[index] ?? null);
    return curve.derive === undefined ? (values[0] ?? null) : curve.derive(values);
  });
}

export function metricNames(charts: readonly ChartDefinition[]): string[] {
  const ofCurve = ({ metrics, band }: Curve) => [
    ...metrics,
    ...(band ? [band.low, band.high] : []),
  ];
  return [...new Set(charts.flatMap(({ curves }) => curves.flatMap(ofCurve)))];
}
