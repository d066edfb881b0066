/** Which curves there are, what they are called and what they mean. */
import type { MetricTable } from '../../../server/protocol/queries.ts';
import { MODES, ROLES } from '../../../server/protocol/vocabulary.ts';
import type { ChartColour } from '../ui/themeColours.ts';

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

const perMode = (name: (mode: (typeof MODES)[number]) => string): Curve[] =>
  MODES.map((mode) => ({ label: mode, colour: MODE_COLOURS[mode], metrics: [name(mode)] }));

const perRoleAndMode = (what: string): Curve[] =>
  ROLES.toReversed().flatMap((role) =>
    MODES.map((mode) => ({
      label: role === 'solver' ? mode : `${mode}, proposing`,
      colour: MODE_COLOURS[mode],
      metrics: [`${role}.${mode}.${what}`],
      ...(role === 'proposer' && { dash: PROPOSER_DASH }),
    })),
  );

const PHASES: readonly { readonly name: string; readonly colour: ChartColour }[] = [
  { name: 'propose', colour: 'blue' },
  { name: 'validate', colour: 'purple' },
  { name: 'estimate', colour: 'green' },
  { name: 'solve', colour: 'yellow' },
  { name: 'update', colour: 'orange' },
  { name: 'probe', colour: 'red' },
];

export const CHARTS: readonly ChartDefinition[] = [
  {
    id: 'probe',
    title: 'Held-out tasks, greedy',
    explanation:
      'Share of a frozen set of tasks that the likeliest answer solves. They are never trained on: this is the curve to trust. The band is its 95 % interval over tasks.',
    unit: 'share',
    curves: [
      {
        ...{ label: 'all', colour: 'purple', metrics: ['probe.greedy.mean'] },
        band: { low: 'probe.greedy.low', high: 'probe.greedy.high' },
      },
      ...perMode((mode) => `probe.greedy.${mode}`).map((curve) => ({ ...curve, dash: [2, 3] })),
    ],
  },
  {
    id: 'pass-at-k',
    title: 'Held-out tasks, k attempts',
    explanation:
      'Share solved by one answer at temperature 1, and by at least one of k. Both rise when the model learns; only pass@1 rises when it grows surer of what it could already do.',
    unit: 'share',
    curves: [
      {
        ...{ label: 'pass@k', colour: 'green', metrics: ['probe.passK.mean'] },
        band: { low: 'probe.passK.low', high: 'probe.passK.high' },
      },
      {
        ...{ label: 'pass@1', colour: 'orange', metrics: ['probe.pass1.mean'], dash: [4, 4] },
        band: { low: 'probe.pass1.low', high: 'probe.pass1.high' },
      },
    ],
  },
  {
    id: 'solve-rate',
    title: 'Solve rate in self-play',
    explanation:
      'Share of right answers to new tasks. The proposer moves the target, so a level curve is no standstill.',
    unit: 'share',
    curves: perMode((mode) => `solver.${mode}.solveRate`),
  },
  {
    id: 'valid',
    title: 'Valid proposals',
    explanation:
      "Share of the trained proposer's proposals that run, are safe and give the same result twice.",
    unit: 'share',
    curves: perMode((mode) => `proposer.${mode}.valid`),
  },
  {
    id: 'learnability',
    title: 'Learnability',
    explanation:
      "Mean reward of the trained proposer's new tasks: 1 minus the solve rate, 0 for tasks that nobody or everybody solves.",
    unit: 'share',
    curves: perMode((mode) => `proposer.${mode}.learnability`),
  },
  {
    id: 'gold-loss',
    title: 'Loss on executed answers',
    explanation:
      'How unlikely the model found right answers about its own programs before a step trained on them, in nats a token. What it does not know yet is drawn more often, so the curve falls less than the model learns. Empty where a run learns from rewards alone.',
    unit: 'nats',
    curves: perMode((mode) => `gold.${mode}.loss`),
  },
  {
    id: 'tokens',
    title: 'Completion length',
    explanation: 'Mean tokens of a completion.',
    unit: 'tokens',
    curves: perRoleAndMode('tokens'),
  },
  {
    id: 'entropy',
    title: 'Entropy',
    explanation:
      'Mean surprise of the sampled tokens. It falls as the model grows sure; near 0 all attempts are alike.',
    unit: 'nats',
    curves: perRoleAndMode('entropy'),
  },
  {
    id: 'duplicates',
    title: 'Repetition',
    explanation:
      "Of the trained proposer's valid proposals: the share that equal an earlier task, and the share that fill the most used template.",
    unit: 'share',
    curves: [
      {
        label: 'duplicates',
        colour: 'red',
        metrics: ['proposer.unique'],
        derive: ([unique = null]) => (unique === null ? null : 1 - unique),
      },
      { label: 'largest template', colour: 'purple', metrics: ['proposer.largestTemplate'] },
    ],
  },
  {
    id: 'programs',
    title: 'Different programs',
    explanation:
      'Different programs among all tasks so far, and different templates: programs that differ only in their constants share one. A line that flattens means that proposals repeat themselves.',
    unit: 'templates',
    curves: [
      { label: 'programs', colour: 'blue', metrics: ['memory.programs'] },
      { label: 'templates', colour: 'purple', metrics: ['memory.templates'] },
    ],
  },
  {
    id: 'zero-variance',
    title: 'Groups without variance',
    explanation:
      'Share of tasks whose attempts were all right or all wrong: nothing can be learnt from comparing them.',
    unit: 'share',
    curves: perMode((mode) => `solver.${mode}.zeroVarianceGroups`),
  },
  {
    id: 'speed',
    title: 'Sampling speed',
    explanation: 'Sampled tokens per second of a whole step, training and grading included.',
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
    title: 'Time of a step',
    explanation: 'What each step spent its time on, one on top of the other.',
    unit: 'duration',
    stacked: true,
    curves: PHASES.map(({ name, colour }) => ({
      label: name,
      colour,
      metrics: [`phase.${name}.durationMs`],
    })),
  },
];

/** Beside the curriculum: whether it grows. */
export const CURRICULUM_CHARTS = [
  {
    id: 'start-solve-rate',
    title: 'Do new tasks grow harder?',
    explanation:
      'How often the model that the run began with solves new tasks, beside the policy of that step. Falling means harder tasks; flat, only other ones.',
    unit: 'share',
    curves: [
      { label: 'starting model', colour: 'orange', metrics: ['curriculum.startSolveRate'] },
      { label: 'policy', colour: 'blue', metrics: ['curriculum.solveRate'] },
    ],
  },
  {
    id: 'constructs',
    title: 'Constructs per task',
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
