/** A document as a Python file that runs by itself: `python3 file.py` prints the values. */
import { parseArguments } from '../../literal/parse.ts';
import { shownLine, shownProgram } from '../documents/shownText.ts';
import type { ScratchSource } from './scratchText.ts';

export function pythonFileText(source: ScratchSource): string {
  const { title, mode, kind, program, functionName, answer } = source;
  const calls = [...source.calls];
  if (kind === 'answer' && mode === 'abduction' && answer !== undefined) {
    calls.push({ input: answer });
  }
  const lines = [
    `# One ${kind}, ${mode}, of a run of AZR Studio.`,
    '# It was written by a language model: read it before you run it.',
    shownLine(`# ${title} of run ${source.runName}.`),
    '',
    shownProgram(program),
    '',
    '',
    'def _print_values():',
  ];
  // What has no literal is written as one of these names.
  if (calls.some(({ input }) => /\b(?:inf|nan)\b/.test(input))) {
    lines.push('    inf, nan = float("inf"), float("nan")');
  }
  for (const { input, stored } of calls) lines.push(...callLines(functionName, input, stored));
  if (calls.length === 0) lines.push('    pass');
  lines.push('', '', 'if __name__ == "__main__":', '    _print_values()');
  return `${lines.join('\n')}\n`;
}

function callLines(name: string, input: string, stored: string | undefined): string[] {
  // Only literals become code: everything else could be anything.
  if (!parseArguments(input).ok || shownLine(input) !== input) {
    const why = shownLine(`${name}(${input}) is not a call with literal arguments.`);
    return [`    # ${why}`, '    pass'];
  }
  const comment = stored === undefined ? '' : `  # stored: ${shownLine(stored)}`;
  return [`    print(repr(${name}(${input})))${comment}`];
}
