/** Seeded mutations of programs, inputs and answers. */
import { formatLiteral } from '../../server/src/literal/format.ts';
import { parseLiteral } from '../../server/src/literal/parse.ts';
import type { LiteralValue } from '../../server/src/literal/value.ts';
import { damage, type Random, randomValue } from '../../test/literal/randomLiterals.ts';
import type { SeedTask } from './workload.ts';

const TOKEN =
  /\s+|[A-Za-z_]\w*|\d[\w.]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/|\*\*|[<>=!+\-*/]=|[^\w\s]/g;
const OPERATORS = ['+', '-', '*', '//', '%', '/', '==', '!=', '<', '>', '<=', '>=', '&', '|', '^'];
const CONSTANTS = [
  ...['0', '1', '-1', '2', '10', '255', '3.5', '-0.0', '1e308', '2**63', '10**18', "''", "'a'"],
  ...[
    '[]',
    '()',
    '{}',
    'set()',
    'None',
    'True',
    'False',
    "float('nan')",
    "float('inf')",
    '1j',
    "b'x'",
  ],
];
const EXPRESSIONS = [
  ...['len(x)', 'sorted(x)', 'str(x)', 'list(x)', 'set(x)', 'x[0]', 'x[::-1]', 'sum(x)', 'x + x'],
  ...[
    'repr(x)',
    'type(x)',
    'tuple(x)',
    'dict(x)',
    'iter(x)',
    'max(x)',
    'hash(x)',
    '[x] * 3',
    '{x: x}',
  ],
];

/** A program made of `seed` and parts of others; often no program any more. */
export function mutateProgram(random: Random, seeds: readonly SeedTask[], seed: SeedTask): string {
  let { program } = seed;
  for (let count = random.below(3); count >= 0; count -= 2) {
    program = mutateOnce(random, program, random.pick(seeds).program);
  }
  return program;
}

function mutateOnce(random: Random, program: string, other: string): string {
  const lines = program.split('\n');
  const at = random.below(lines.length);
  const tokens = tokensOf(program);
  const token = random.below(tokens.length);
  // Half of the time something that likely leaves a program.
  const kind = random.next() < 0.5 ? random.pick([8, 9, 11]) : random.below(12);
  switch (kind) {
    case 0:
      return damage(random, program);
    case 1:
      return lines.filter((_, index) => index !== at).join('\n');
    case 2:
      return lines.toSpliced(at, 0, lines[random.below(lines.length)]!).join('\n');
    case 3:
      return lines.with(at, `    ${lines[at]!}`).join('\n');
    case 4:
      return `${lines.slice(0, at).join('\n')}\n${other.split('\n').slice(at).join('\n')}`;
    case 5:
      return tokens.toSpliced(token, 1).join('');
    case 6:
      return tokens.with(token, random.pick(tokensOf(other))).join('');
    case 7:
      return tokens.with(token, random.pick(CONSTANTS)).join('');
    case 8:
      return replaceKind(random, tokens, /^\W+$/, random.pick(OPERATORS));
    case 9:
      return replaceKind(random, tokens, /^\d/, random.pick(CONSTANTS));
    case 10:
      return replaceKind(random, tokens, /^[a-z_]\w*$/i, random.pick(tokens));
    default: {
      const indentation = /^\s*/.exec(lines[at]!)![0];
      const expression = random.pick(EXPRESSIONS).replaceAll('x', parameterOf(program));
      return lines.toSpliced(at, 0, `${indentation}return ${expression}`).join('\n');
    }
  }
}

function tokensOf(program: string): string[] {
  return program.match(TOKEN) ?? [''];
}

function parameterOf(program: string): string {
  return /def \w+\((\w+)/.exec(program)?.[1] ?? 'x';
}

/** One token of the kind that `pattern` describes becomes `replacement`. */
function replaceKind(
  random: Random,
  tokens: readonly string[],
  pattern: RegExp,
  replacement: string,
): string {
  const candidates = tokens.flatMap((token, index) =>
    pattern.test(token) && token.trim() !== '' ? [index] : [],
  );
  if (candidates.length === 0) return tokens.join('');
  return tokens.with(random.pick(candidates), replacement).join('');
}

/** An input of the seed's kind, another seed's, a random value, or a damaged text. */
export function mutateInput(random: Random, seeds: readonly SeedTask[], input: string): string {
  switch (random.below(6)) {
    case 0:
      return damage(random, input);
    case 1:
      return random.pick(seeds).input;
    case 2:
      return formatLiteral(randomValue(random, 2));
    case 3:
      return input;
    default: {
      const parsed = parseLiteral(input);
      return parsed.ok ? formatLiteral(mutateValue(random, parsed.value)) : damage(random, input);
    }
  }
}

/** A value near `value`, of the same outer kind. */
function mutateValue(random: Random, value: LiteralValue): LiteralValue {
  switch (value.kind) {
    case 'int':
      return { kind: 'int', value: value.value + BigInt(random.below(7) - 3) };
    case 'float':
      return { kind: 'float', value: value.value * (random.below(5) - 2) };
    case 'str':
      return { kind: 'str', value: damage(random, value.value) };
    case 'list':
    case 'tuple': {
      if (value.items.length === 0) return randomValue(random, 1);
      const at = random.below(value.items.length);
      const item = mutateValue(random, value.items[at]!);
      return { kind: value.kind, items: value.items.with(at, item) };
    }
    default:
      return randomValue(random, 1);
  }
}

/** An answer to a task whose output is `output`: right, nearly right, or nonsense. */
export function mutateAnswer(random: Random, seeds: readonly SeedTask[], output: string): string {
  switch (random.below(5)) {
    case 0:
      return output;
    case 1:
      return random.pick(seeds).output;
    case 2: {
      const parsed = parseLiteral(output);
      return parsed.ok ? formatLiteral(mutateValue(random, parsed.value)) : output;
    }
    default:
      return damage(random, output);
  }
}
