import type { RunView } from './runView.ts';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * One event per line. The first line has the kind `run` and says where the run is kept, the last one
 * the kind `summary`, unless the run failed.
 */
export function jsonView(output: Terminal, folder: string): RunView {
  const write = (value: object): void => {
    output.json(value);
  };
  write({ kind: 'run', folder });
  return {
    show: write,
    end(summary) {
      if (summary !== undefined) write({ kind: 'summary', folder, ...summary });
    },
  };
}
