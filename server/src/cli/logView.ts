import type { RunView } from './runView.ts';
import type { Terminal } from './terminal.ts';

/**
 * One JSON object per line, for a log file that a long run must not fill: steps, notices and the
 * end. What else a step measured stands in run.db.
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
        write({ kind, step, durationMs, generatedTokens, trainedTokens });
      } else if (event.kind === 'notice' || event.kind === 'finished') write(event);
    },
    end(summary) {
      if (summary !== undefined) write({ kind: 'summary', folder, ...summary });
    },
  };
}
