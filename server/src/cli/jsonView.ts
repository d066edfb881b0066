import type { RunView } from './runView.ts';

/** One event per line. The last line has the kind `summary`, unless the run failed. */
export function jsonView(output: NodeJS.WritableStream, folder: string): RunView {
  const write = (value: object): void => {
    output.write(`${JSON.stringify(value)}\n`);
  };
  return {
    show: write,
    end(summary) {
      if (summary !== undefined) write({ kind: 'summary', folder, ...summary });
    },
  };
}
