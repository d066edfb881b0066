/** How a node looks, in plain data: label, description, icon, tooltip. */
import type { AttemptItem, ProposalItem } from '../../../server/protocol/queries.ts';
import type {
  LiveTask,
  RunOverview,
  StepGroupOverview,
  StepOverview,
} from '../../../server/protocol/runs.ts';
import { percentText, rewardText, timeText } from '../numberText.ts';
import { foreignText, joined, type SafeText, t } from '../shown/safeText.ts';
import { runLabel } from '../state/runLabel.ts';
import { phaseLeft, phaseText, stateText } from '../state/stateText.ts';
import { readable } from './itemFilter.ts';
import type { ProblemNode, TreeNode } from './treeNode.ts';

/** A codicon, and the theme colour it is tinted with. */
export interface NodeIcon {
  readonly name: string;
  readonly colour?: string;
}

export interface NodeText {
  readonly label: SafeText;
  readonly description?: SafeText;
  readonly icon: NodeIcon;
  /** Lines of the tooltip; the first is its title. */
  readonly tooltip: readonly SafeText[];
  /** Python of the tooltip, as a model wrote it: {@link tooltip} makes it visible. */
  readonly code?: string;
}

const GOOD = 'testing.iconPassed';
const BAD = 'testing.iconFailed';
const MIXED = 'charts.yellow';
const QUIET = 'descriptionForeground';

/** Subjects of an evaluation that its tooltip names. */
const SUBJECTS_SHOWN = 20;

export function nodeText(node: TreeNode): NodeText {
  switch (node.kind) {
    case 'run':
      return runText(node.run);
    case 'live':
      return liveText(node.parent.run);
    case 'liveTask':
      return liveTaskText(node.task);
    case 'step':
      return node.parent.run.evaluation === undefined
        ? stepText(node.step)
        : subjectText(node.parent.run.evaluation, node.step);
    case 'group':
      return groupText(node.group);
    case 'item':
      return node.item.kind === 'proposal' ? proposalText(node.item) : attemptText(node.item);
    case 'more':
      return {
        label: t('Load more…'),
        icon: { name: 'ellipsis' },
        tooltip: [t('Loads the next 200 items.')],
      };
    case 'problem':
      return {
        label: problemLabel(node),
        icon: { name: 'warning', colour: 'list.warningForeground' },
        tooltip: [foreignText(node.problem.message), foreignText(node.problem.remedy)],
      };
  }
}

/** The folder of the run above is known, and its path would fill the row. */
function problemLabel({ parent, problem }: ProblemNode): SafeText {
  if (parent?.kind !== 'run') return foreignText(problem.message);
  const { folder } = parent.run;
  return foreignText(problem.message.replaceAll(`${folder}/`, '').replaceAll(`${folder}\\`, ''));
}

function runText(run: RunOverview): NodeText {
  if (run.evaluation !== undefined) return evaluationText(run, run.evaluation);
  const parts = [runPosition(run)];
  if (run.solveRate !== undefined) parts.push(percentText(run.solveRate));
  return {
    label: runLabel(run),
    description: joined(parts, ' · '),
    icon: runIcon(run),
    tooltip: runTooltip(run),
  };
}

type ShownEvaluation = NonNullable<RunOverview['evaluation']>;

function evaluationText(run: RunOverview, { suite, subjects }: ShownEvaluation): NodeText {
  const asked = t('{0} of {1} asked', run.lastStep + 1, subjects.length);
  const count = subjects.length === 1 ? [] : [asked];
  const isDone = run.state === 'finished';
  return {
    label: runLabel(run),
    description: joined([...(isDone ? [] : [stateText(run.state)]), ...count], ' · '),
    icon: isDone ? { name: 'beaker', colour: GOOD } : runIcon(run),
    tooltip: [
      t('Evaluation of {0}', suite),
      t('State: {0}', stateText(run.state)),
      ...(run.problem === undefined
        ? []
        : [foreignText(run.problem.message), foreignText(run.problem.remedy)]),
      ...subjects.slice(0, SUBJECTS_SHOWN).map((label) => foreignText(label)),
      foreignText(run.folder),
    ],
  };
}

/** A subject of an evaluation, which its step stands for. */
function subjectText({ subjects }: ShownEvaluation, step: StepOverview): NodeText {
  const asked = step.groups.filter(({ role }) => role === 'held-out');
  const [right, all] = [sum(asked.map(({ good }) => good)), sum(asked.map(({ count }) => count))];
  const label = foreignText(subjects[step.step] ?? '');
  return {
    label,
    description: ratio(right, all),
    icon: { name: 'beaker' },
    tooltip: [
      label,
      t(
        '{0} of {1} tasks are solved when the model always takes its most likely token.',
        right,
        all,
      ),
      t('Took {0}', timeText(step.durationMs)),
    ],
  };
}

function runPosition(run: RunOverview): SafeText {
  const step = t('step {0}/{1}', Math.max(0, run.lastStep), run.steps);
  switch (run.state) {
    case 'unreadable':
    case 'starting':
      return stateText(run.state);
    case 'running':
      return run.lastStep < 0 ? phaseText('seed') : step;
    case 'pausing':
    case 'paused':
    case 'stopping':
    case 'stopped':
    case 'interrupted':
    case 'finished':
    case 'failed':
      return joined([stateText(run.state), step], ' · ');
  }
}

function runIcon({ state }: RunOverview): NodeIcon {
  switch (state) {
    case 'starting':
    case 'running':
    case 'pausing':
    case 'stopping':
      return { name: 'sync~spin' };
    case 'paused':
      return { name: 'debug-pause', colour: 'charts.blue' };
    case 'finished':
      return { name: 'pass', colour: GOOD };
    case 'stopped':
      return { name: 'circle-slash', colour: QUIET };
    case 'interrupted':
      return { name: 'debug-disconnect', colour: 'list.warningForeground' };
    case 'failed':
      return { name: 'error', colour: BAD };
    case 'unreadable':
      return { name: 'warning', colour: 'list.warningForeground' };
  }
}

function runTooltip(run: RunOverview): SafeText[] {
  const lines = [foreignText(run.name), t('State: {0}', stateText(run.state))];
  if (run.replayOf !== undefined) lines.push(t('Replay of {0}', run.replayOf));
  if (run.problem !== undefined) {
    lines.push(foreignText(run.problem.message), foreignText(run.problem.remedy));
  }
  if (run.model !== undefined) {
    lines.push(t('Model: {0}, preset {1}, seed {2}', run.model, run.preset ?? '', run.seed ?? ''));
  }
  if (run.state !== 'unreadable') {
    lines.push(t('{0} tasks from {1} proposals', run.taskCount, run.proposalCount));
  }
  if (run.solveRate !== undefined) {
    lines.push(t('Solve rate of the last step: {0}', percentText(run.solveRate)));
  }
  if (run.heldOutBefore !== undefined && run.heldOutAfter !== undefined) {
    lines.push(
      t('Held-out tasks: {0} → {1}', percentText(run.heldOutBefore), percentText(run.heldOutAfter)),
    );
  }
  return [...lines, foreignText(run.folder)];
}

function liveText({ live, evaluation }: RunOverview): NodeText {
  const subject = live === undefined ? undefined : evaluation?.subjects[live.step];
  const step = live === undefined ? t('Working…') : t('Step {0}', live.step);
  const label = subject === undefined ? step : foreignText(subject);
  const phase = live === undefined ? [] : [phaseText(live.phase)];
  const count = live === undefined || live.total === 0 ? [] : [ratio(live.done, live.total)];
  const left = live === undefined ? [] : phaseLeft(live);
  return {
    label,
    description: joined([joined([...phase, ...count], ' '), ...left], ' · '),
    icon: { name: 'loading~spin' },
    tooltip: [
      label,
      ...phase,
      ...left,
      evaluation === undefined
        ? t('The step appears in the list when it is finished and stored.')
        : t('It appears in the list when all its tasks are answered.'),
    ],
  };
}

function liveTaskText({ mode, title, solveRate }: LiveTask): NodeText {
  return {
    label: foreignText(title),
    description: joined(
      [foreignText(mode), ...(solveRate === undefined ? [] : [percentText(solveRate)])],
      ' · ',
    ),
    icon: { name: 'circle-outline', colour: QUIET },
    tooltip: [
      t('A new {0} task', mode),
      t('It can be opened once its step is finished and stored.'),
      ...(solveRate === undefined
        ? []
        : [t('The solver answers it correctly {0} of the time.', percentText(solveRate))]),
    ],
    code: title,
  };
}

function stepText(step: StepOverview): NodeText {
  const proposed = step.groups.filter(({ role }) => role === 'proposer');
  const solved = step.groups.filter(({ role }) => role === 'solver');
  const accepted = sum(proposed.map(({ good }) => good));
  const solveRate = meanSolveRate(solved.length > 0 ? solved : proposed);
  const parts: SafeText[] = [];
  if (solveRate !== undefined) parts.push(t('{0} solved', percentText(solveRate)));
  // A filter on the solver leaves no proposals to speak of.
  if (sum(proposed.map(({ count }) => count)) > 0) {
    parts.push(accepted === 1 ? t('1 new task') : t('{0} new tasks', accepted));
  }
  const label = step.step === 0 ? t('Step 0, seeding') : t('Step {0}', step.step);
  return {
    label,
    description: joined(parts, ' · '),
    icon: { name: step.step === 0 ? 'circle-outline' : 'git-commit' },
    tooltip: [
      label,
      ...parts,
      t('{0} proposals', sum(proposed.map(({ count }) => count))),
      t('Took {0}', timeText(step.durationMs)),
    ],
  };
}

function groupText(group: StepGroupOverview): NodeText {
  const { role, mode, count, good, solveRate } = group;
  const rate = solveRate === undefined ? [] : [percentText(solveRate)];
  if (role === 'held-out') return heldOutGroupText(group);
  const isProposer = role === 'proposer';
  return {
    label: joined([foreignText(role), foreignText(mode)], ' · '),
    description: isProposer
      ? t('{0}/{1} valid', good, count)
      : joined([ratio(good, count), ...rate], ' · '),
    icon: { name: isProposer ? 'lightbulb' : 'tools' },
    tooltip: isProposer
      ? [
          t('Proposed {0} tasks', mode),
          t('{0} of {1} proposals became tasks.', good, count),
          ...(solveRate === undefined
            ? []
            : [t('On average the solver solves {0} of them.', percentText(solveRate))]),
        ]
      : [
          t('Solved {0} tasks', mode),
          t('{0} of {1} tasks got at least one correct answer.', good, count),
          ...(solveRate === undefined
            ? []
            : [t('{0} of the answers are correct.', percentText(solveRate))]),
        ],
  };
}

function heldOutGroupText({ mode, count, good, solveRate }: StepGroupOverview): NodeText {
  const rate = solveRate === undefined ? [] : [percentText(solveRate)];
  return {
    label: joined([t('held out'), foreignText(mode)], ' · '),
    description: joined([ratio(good, count), ...rate], ' · '),
    icon: { name: 'beaker' },
    tooltip: [
      t('Held-out {0} tasks', mode),
      t('{0} of {1} are solved when the model always takes its most likely token.', good, count),
      t('They are never trained on, so they show what was really learned.'),
    ],
  };
}

function proposalText(item: ProposalItem): NodeText {
  const tooltip = [
    item.accepted
      ? t('Task {0}, accepted', item.taskId ?? item.id)
      : t('Proposal {0}, rejected: {1}', item.id, readable(item.reason ?? '')),
  ];
  if (item.solveRate !== undefined)
    tooltip.push(
      t('The solver answers it correctly {0} of the time.', percentText(item.solveRate)),
    );
  if (item.learnability !== undefined) {
    tooltip.push(t('Learnability {0}', rewardText(item.learnability)));
  }
  if (item.reward !== undefined) tooltip.push(t('Reward {0}', rewardText(item.reward)));
  if (item.advantage !== undefined) tooltip.push(t('Advantage {0}', rewardText(item.advantage)));
  return {
    label: foreignText(item.title),
    description: proposalDescription(item),
    icon: item.accepted ? { name: 'pass', colour: GOOD } : { name: 'circle-slash', colour: BAD },
    tooltip,
    code: item.title,
  };
}

function proposalDescription(item: ProposalItem): SafeText {
  if (!item.accepted) return readable(item.reason ?? 'rejected');
  return item.solveRate === undefined ? t('accepted') : percentText(item.solveRate);
}

function attemptText(item: AttemptItem): NodeText {
  return {
    label: foreignText(item.title),
    description: attemptDescription(item),
    icon: attemptIcon(item),
    tooltip: [
      attemptTitle(item),
      t('{0} of {1} answers are correct.', item.correct, item.attempts),
      attemptPurpose(item.phase),
    ],
    code: item.title,
  };
}

function attemptTitle({ phase, taskId, stratum }: AttemptItem): SafeText {
  if (phase !== 'greedy') return t('Task {0}', taskId);
  return stratum === undefined
    ? t('Held-out task {0}', taskId)
    : t('Held-out task {0}, {1}', taskId, stratum);
}

function attemptDescription({ phase, correct, attempts, stratum }: AttemptItem): SafeText {
  if (phase === 'greedy') {
    const verdict = correct === 0 ? t('wrong') : t('correct');
    return joined([verdict, ...(stratum === undefined ? [] : [foreignText(stratum)])], ' · ');
  }
  const score = t('{0}/{1} correct', correct, attempts);
  return phase === 'estimate' ? score : joined([score, foreignText(phase)], ' · ');
}

function attemptIcon({ correct, attempts }: AttemptItem): NodeIcon {
  if (correct === 0) return { name: 'error', colour: BAD };
  return correct === attempts
    ? { name: 'pass', colour: GOOD }
    : { name: 'circle-large-filled', colour: MIXED };
}

function attemptPurpose(phase: AttemptItem['phase']): SafeText {
  switch (phase) {
    case 'estimate':
      return t('These answers measured how hard the new task is.');
    case 'solve':
      return t('The model was trained on these answers.');
    case 'replay':
      return t('An older task, answered again for training.');
    case 'greedy':
    case 'probe':
      return t('A held-out task: it is never trained on, so it shows what was really learned.');
    case 'curriculum':
      return t(
        'Answered by the model as it was at the start, to see whether new tasks get harder.',
      );
  }
}

function ratio(part: number, whole: number): SafeText {
  return foreignText(`${String(part)}/${String(whole)}`);
}

function meanSolveRate(groups: readonly StepGroupOverview[]): number | undefined {
  const rated = groups.filter(({ solveRate }) => solveRate !== undefined);
  const count = sum(rated.map((group) => group.count));
  if (count === 0) return undefined;
  return sum(rated.map((group) => (group.solveRate ?? 0) * group.count)) / count;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
