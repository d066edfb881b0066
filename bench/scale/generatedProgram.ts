/** Small Python programs of a few dozen shapes, filled with constants. */

export interface GeneratedProgram {
  readonly program: string;
  /** Equal for programs of one shape. */
  readonly template: string;
  readonly syntaxNodes: number;
  /** What an induction proposal might say of it. */
  readonly message: string;
}

/** Statements that change `x`; `N` stands for a constant. */
const STATEMENTS = [
  'x = x * N',
  'x = x + [N]',
  'x = sorted(x)',
  'x = x[::-1]',
  'x = [i for i in x if i > N]',
  'x = [i + N for i in x]',
  'x = x[N:]',
  'if len(x) > N:\n        x = x[1:]',
  'for i in range(N):\n        x = x + [i]',
] as const;
const RESULTS = [
  'x',
  'len(x)',
  'sum(x)',
  'max(x) - N',
  'x + x',
  'sorted(x)[:N]',
  'str(x)',
] as const;

/** @param random numbers in [0, 1) */
export function generatedProgram(random: () => number): GeneratedProgram {
  const statements = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    pick(random, STATEMENTS),
  );
  const result = pick(random, RESULTS);
  const shape = [...statements, `return ${result}`].map((line) => `    ${line}`).join('\n');
  const filled = shape.replaceAll('N', () => String(Math.floor(random() * 20)));
  return {
    program: `def f(x):\n${filled}`,
    template: shape,
    syntaxNodes: 5 + 6 * statements.length + result.length,
    message: `list to ${result}`,
  };
}

function pick<Value>(random: () => number, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)]!;
}
