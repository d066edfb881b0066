/** Which calls the test of an item makes: it is run in the jail with the reference, which records them. */
import type { PythonSandbox } from '../../../protocol/sandbox.ts';
import { SUITE_LIMITS } from '../suiteRules.ts';
import { literal } from '../gold.ts';
import { recordedArguments } from '../recordedArguments.ts';

/** A test makes hundreds of calls; what it records may be longer than what one call returns. */
const LIMITS = { ...SUITE_LIMITS, cpuMs: 5_000, wallMs: 30_000, outputCharacters: 1_000_000 };

/**
 * Takes the place of Python's module `random`, which not every sandbox has, so that a test draws the same
 * numbers everywhere: those of Knuth's linear congruential generator.
 */
const RANDOM = `import sys as _sys, types as _types

class _Random:
    def __init__(self, seed=0):
        self.seed(seed)
    def seed(self, seed=0):
        self.state = seed or 0
    def _below(self, count):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 33) % count
    def randint(self, first, last):
        return first + self._below(last - first + 1)
    def choice(self, items):
        return items[self._below(len(items))]

_random = _types.ModuleType('random')
_source = _Random()
_random.Random, _random.seed = _Random, _source.seed
_random.randint, _random.choice = _source.randint, _source.choice
_sys.modules['random'] = _random
`;

export interface TestedReference {
  /** Prompt and solution. */
  readonly reference: string;
  /** Defines `check(candidate)`. */
  readonly test: string;
  readonly entry: string;
}

/** The inputs in the order of the calls, or a sentence that says why there are none. */
export async function recordCalls(
  sandbox: PythonSandbox,
  item: TestedReference,
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  const execution = await sandbox.run(recordingProgram(item), '', { limits: LIMITS, signal });
  if (execution.outcome !== 'ok') {
    return `Its own test does not end well with its reference solution: ${execution.message ?? ''}`;
  }
  const calls = literal(execution.output!);
  const texts = calls.kind === 'list' ? calls.items : [];
  const inputs = texts.flatMap((text) => {
    const input = text.kind === 'str' ? recordedArguments(text.value) : undefined;
    return input === undefined ? [] : [input];
  });
  if (inputs.length === texts.length && inputs.length > 0) return inputs;
  return inputs.length > 0 || texts.length > 0
    ? 'Its test calls the function with an argument that has no literal.'
    : 'Its test does not call the function.';
}

/** What the arguments are is written down before the call, which may change them. */
function recordingProgram({ reference, test, entry }: TestedReference): string {
  return `${RANDOM}
${reference}

${test}

_entry = ${entry}

def f():
    calls = []
    def candidate(*args, **kwargs):
        calls.append(repr((args, kwargs)))
        return _entry(*args, **kwargs)
    check(candidate)
    return calls
`;
}
