/** Which runs are shown, how each is doing, and what is wrong with it. */
import { constructText } from '../../../server/protocol/constructs.ts';
import type { LearningReport } from '../../../server/protocol/learning.ts';
import { findingText, findingTitle, learnedText } from '../../../server/protocol/learningText.ts';
import { RUN_STATES, type RunOverview } from '../../../server/protocol/runs.ts';
import { element } from '../ui/elements.ts';
import { countText, durationText, percentText, quantityText } from '../ui/numberText.ts';
import { CHART_COLOURS } from '../ui/themeColours.ts';
import { checkbox } from '../ui/toolkit.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { PHASE_TEXTS } from './phaseText.ts';
import type { RunWarning } from './warnings.ts';

/** More runs than colours cannot be told apart. */
export const MOST_RUNS = CHART_COLOURS.length;
/** Less is over before it is read. */
const SHORTEST_TOLD_MS = 3000;

export function runPicker(
  runs: readonly RunOverview[],
  shown: readonly string[],
  onToggle: (runId: string, show: boolean) => void,
): HTMLElement {
  return element(
    'details',
    'run-picker',
    element('summary', {}, `Compare runs (${String(shown.length)} of ${String(runs.length)})`),
    element(
      'div',
      { className: 'run-list', attributes: { role: 'group', 'aria-label': 'Runs shown' } },
      ...runs.map((run) =>
        checkbox({
          label: `${visibleText(run.name)}: ${run.state}, ${countText(Math.max(run.lastStep, 0), 'step')}`,
          checked: shown.includes(run.id),
          onChange: (checked) => {
            onToggle(run.id, checked);
          },
        }),
      ),
      runs.length > MOST_RUNS &&
        element('p', 'hint', `At most ${String(MOST_RUNS)} runs at a time, one per colour.`),
    ),
  );
}

/** The line of figures of one run; with a swatch where several are shown. */
export function runLine(run: RunOverview, colourIndex: number | undefined): HTMLElement {
  const { live, solveRate, heldOutBefore, heldOutAfter } = run;
  const figures: (readonly [string, string])[] =
    run.evaluation !== undefined
      ? evaluationFigures(run, run.evaluation)
      : [
          ['Step', `${quantityText(Math.max(run.lastStep, 0))} of ${quantityText(run.steps)}`],
          ['Tasks', quantityText(run.taskCount)],
          ['Self-play', solveRate === undefined ? '–' : percentText(solveRate)],
          ['Held-out, greedy', heldOutText(heldOutBefore, heldOutAfter)],
        ];
  if (live !== undefined) {
    if (live.tokensPerSecond !== undefined) {
      figures.push(['Tokens/s', quantityText(live.tokensPerSecond)]);
    }
    if (live.remainingMs !== undefined) figures.push(['Left', durationText(live.remainingMs)]);
  }
  return element(
    'div',
    'run-line',
    element(
      'h2',
      { attributes: { title: visibleText(run.folder) } },
      colourIndex !== undefined &&
        element('span', `swatch swatch-${CHART_COLOURS[colourIndex % MOST_RUNS]!}`),
      visibleText(run.name),
    ),
    element('span', `state state-${stateClass(run.state)}`, stateText(run)),
    element(
      'dl',
      'figures',
      ...figures.map(([name, value]) =>
        element('div', 'figure', element('dt', {}, name), element('dd', {}, value)),
      ),
    ),
  );
}

function evaluationFigures(
  { lastStep }: RunOverview,
  { suite, subjects }: NonNullable<RunOverview['evaluation']>,
): (readonly [string, string])[] {
  return [
    ['Evaluation of', visibleText(suite)],
    ['Subjects asked', `${quantityText(lastStep + 1)} of ${quantityText(subjects.length)}`],
  ];
}

/** Which of learning, sharpening and narrowing the held-out tasks show, in words. */
export function findingNotice(report: LearningReport, runName: string | undefined): HTMLElement {
  const learned = learnedText(report.learned, constructText);
  return element(
    'div',
    `notice finding finding-${report.finding}`,
    element(
      'p',
      'notice-title',
      `${runName === undefined ? '' : `${visibleText(runName)}: `}${findingTitle(report)}`,
    ),
    element('p', {}, findingText(report)),
    learned !== undefined && element('p', 'learned', learned),
  );
}

export function warningNotice({ title, sentence, kind }: RunWarning): HTMLElement {
  return element(
    'div',
    `notice warning warning-${kind}`,
    element('p', 'notice-title', `⚠ ${title}`),
    element('p', {}, sentence),
  );
}

function heldOutText(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined) return '–';
  return before === after ? percentText(after) : `${percentText(before)} → ${percentText(after)}`;
}

function stateText({ state, live }: RunOverview): string {
  if (live === undefined || state !== 'running') return state;
  const { phase, done, total, phaseRemainingMs = 0 } = live;
  const left =
    phaseRemainingMs < SHORTEST_TOLD_MS
      ? ''
      : `, ${countText(Math.round(phaseRemainingMs / 1000), 'second')} left`;
  return `${state}: ${PHASE_TEXTS[phase]} ${quantityText(done)}/${quantityText(total)}${left}`;
}

function stateClass(state: RunOverview['state']): string {
  return RUN_STATES.includes(state) ? state : 'unknown';
}
