import type { Phase } from '../../../protocol/events.ts';
import { MODES } from '../../../protocol/vocabulary.ts';
import { passKText, type PhaseProgress, phaseText, type RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { summaryText } from './summaryText.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { durationText, percentText } from '../terminal/terminalText.ts';

/** Phases of which a log tells how far they are: what else a step does takes seconds. */
const LONG_PHASES: ReadonlySet<Phase> = new Set(['seed', 'probe']);
/** A log gets a line of a long phase at most this often. */
const PHASE_LINE_MS = 10_000;

/** A line per step and per notice, and now and then one of a phase that takes long, for logs and pipes. */
export function plainView(output: Terminal, progress: RunProgress): RunView {
  let toldPhase = '';
  let toldAtMs = 0;
  const tellPhase = (phase: PhaseProgress) => {
    if (!LONG_PHASES.has(phase.phase)) return;
    const name = `${String(phase.step)} ${phase.phase}`;
    const nowMs = performance.now();
    if (name === toldPhase && nowMs - toldAtMs < PHASE_LINE_MS) return;
    toldPhase = name;
    toldAtMs = nowMs;
    output.line(`step ${String(phase.step)}: ${phaseText(phase)}`);
  };
  return {
    show(event) {
      progress.apply(event);
      if (event.kind === 'step') output.line(stepLine(progress, event.durationMs));
      if (event.kind === 'notice' || event.kind === 'finished') output.line(event.message);
      if (event.kind === 'phase' && progress.phase !== undefined) tellPhase(progress.phase);
    },
    end(summary) {
      if (summary !== undefined) output.line(`\n${summaryText(summary, progress.folder)}`);
    },
  };
}

function stepLine(progress: RunProgress, durationMs: number): string {
  const { metrics, step, settings } = progress;
  const percent = (name: string) => percentText(metrics.get(name));
  const solved = MODES.filter((mode) => metrics.has(`solver.${mode}.solveRate`))
    .map((mode) => `${mode} ${percent(`solver.${mode}.solveRate`)}`)
    .join(', ');
  const rate = progress.tokensPerSecond;
  const parts = [
    `step ${step}/${settings.steps}`,
    durationText(durationMs),
    ...(metrics.has('proposer.valid')
      ? [`valid ${percent('proposer.valid')}`, `new ${percent('proposer.unique')}`]
      : []),
    solved !== '' && `solved ${solved}`,
    progress.heldOut.length > 0 && `greedy ${percentText(progress.heldOut.at(-1))}`,
    passKText(progress),
    rate !== undefined && `${Math.round(rate)} tokens/s`,
    progress.remainingMs !== undefined && `${durationText(progress.remainingMs)} left`,
  ];
  return parts.filter((part) => part !== false && part !== undefined).join('  ');
}
