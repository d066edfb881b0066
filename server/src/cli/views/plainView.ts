import { MODES } from '../../../protocol/vocabulary.ts';
import { passKText, type RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { summaryText } from './summaryText.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { durationText, percentText } from '../terminal/terminalText.ts';

/** A line per step and per notice, for logs and pipes. */
export function plainView(output: Terminal, progress: RunProgress): RunView {
  return {
    show(event) {
      const isFirstPhase = event.kind === 'phase' && progress.phase?.phase !== event.phase;
      progress.apply(event);
      if (event.kind === 'step') output.line(stepLine(progress, event.durationMs));
      if (event.kind === 'notice' || event.kind === 'finished') output.line(event.message);
      if (isFirstPhase && event.phase === 'seed') output.line('Seeding the task buffers.');
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
    `valid ${percent('proposer.valid')}`,
    `new ${percent('proposer.unique')}`,
    solved !== '' && `solved ${solved}`,
    progress.heldOut.length > 0 && `greedy ${percentText(progress.heldOut.at(-1))}`,
    passKText(progress),
    rate !== undefined && `${Math.round(rate)} tokens/s`,
    progress.remainingMs !== undefined && `${durationText(progress.remainingMs)} left`,
  ];
  return parts.filter((part) => part !== false && part !== undefined).join('  ');
}
