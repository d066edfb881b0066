import type { RunView } from './runView.ts';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * One JSON object per line, for a log file that a long run must not fill: steps, with the held-out
 * rates where they were measured, notices and the end. What else a step measured stands in run.db.
 */
export function logView(output: Terminal, folder: string): RunView {
  const write = (value: object): void => {
    output.json({ time: new Date().toISOString(), ...value });
  };
  write({ kind: 'run', folder, pid: process.pid });
  return {
    show(event) {
      if (event.kind === 'step') {
        const { kind, step, durationMs, generatedTokens, trainedTokens } = event;
        write({ kind, step, durationMs, generatedTokens, trainedTokens, ...heldOutOf(event) });
      } else if (event.kind === 'notice' || event.kind === 'finished') write(event);
    },
    end(summary) {
      if (summary !== undefined) write({ kind: 'summary', folder, ...summary });
    },
  };
}

type StepEvent = Extract<Parameters<RunView['show']>[0], { kind: 'step' }>;

/** Rates in [0, 1] of the held-out tasks, where the step measured them. */
function heldOutOf({ metrics }: StepEvent): { readonly heldOut?: object } {
  const rate = (name: string) => metrics.find((metric) => metric.name === name)?.value;
  const greedy = rate('probe.greedy.mean');
  const passK = rate('probe.passK.mean');
  if (greedy === undefined) return {};
  return { heldOut: { greedy, ...(passK !== undefined && { passK }) } };
}
