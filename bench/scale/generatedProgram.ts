/** Small Python programs of a few dozen shapes, filled with constants. */

export interface GeneratedProgram {
  readonly program: string;
  /** Equal for programs of one shape. */
  readonly template: string;
  /** As the sandbox would name them, by the most telling one of each line. */
  readonly constructs: readonly string[];
  readonly syntaxNodes: number;
  /** What an induction proposal might say of it. */
  readonly message: string;
}

/** Statements that change `x`; `N` stands for a constant. */
const STATEMENTS = {
  'x = x * N': 'operator:multiply',
  'x = x + [N]': 'operator:add',
  'x = sorted(x)': 'call:sorted',
  'x = x[::-1]': 'slice:reversed',
  'x = [i for i in x if i > N]': 'expression:comprehension-filter',
  'x = [i + N for i in x]': 'expression:list-comprehension',
  'x = x[N:]': 'slice:suffix',
  'if len(x) > N:\n        x = x[1:]': 'statement:if',
  'for i in range(N):\n        x = x + [i]': 'statement:for',
} as const;
const RESULTS = {
  x: 'statement:assignment',
  'len(x)': 'call:len',
  'sum(x)': 'call:sum',
  'max(x) - N': 'call:max',
  'x + x': 'operator:add',
  'sorted(x)[:N]': 'slice:prefix',
  'str(x)': 'call:str',
} as const;

/** @param random numbers in [0, 1) */
export function generatedProgram(random: () => number): GeneratedProgram {
  const statements = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    pick(random, entries(STATEMENTS)),
  );
  const [result, construct] = pick(random, entries(RESULTS));
  const shape = [...statements.map(([text]) => text), `return ${result}`]
    .map((line) => `    ${line}`)
    .join('\n');
  const filled = shape.replaceAll('N', () => String(Math.floor(random() * 20)));
  return {
    program: `def f(x):\n${filled}`,
    template: shape,
    constructs: [...new Set([...statements.map(([, name]) => name), construct])].sort(),
    syntaxNodes: 5 + 6 * statements.length + result.length,
    message: `list to ${result}`,
  };
}

function entries(texts: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(texts);
}

function pick<Value>(random: () => number, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)]!;
}
