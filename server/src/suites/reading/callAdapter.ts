/**
 * The sandbox calls `f`, and a benchmark names the function that it asks for. A few lines after every
 * program, references and answers alike, make the one call the other. They decide nothing: they run in the
 * jail, where a program can change them, and what they return is compared outside, with values they never
 * see.
 */

/** What is made of the result before it is compared. */
export type Adaptation =
  | 'plain'
  /** Order and repetition do not count. */
  | 'set'
  /** It is asked whether there is a result; a bool stays. */
  | 'found';

export interface Call {
  readonly entry: string;
  readonly adaptation: Adaptation;
}

const MARK = '# Calls ';
const MARKED = /^# Calls (\w+), (plain|set|found)$/gm;

const RESULTS: Readonly<Record<Adaptation, (call: string) => readonly string[]>> = {
  plain: (call) => [`    return plain(${call})`],
  set: (call) => [`    return set(plain(${call}))`],
  found: (call) => [
    `    result = ${call}`,
    '    return result if isinstance(result, bool) else result is not None',
  ],
};

/** Subclasses such as Counter equal the values they hold, but have no literal. */
const PLAIN = `    def plain(value):
        if isinstance(value, dict):
            return {plain(key): plain(item) for key, item in value.items()}
        for kind in (list, tuple, set, frozenset):
            if isinstance(value, kind):
                return kind(plain(item) for item in value)
        return value
`;

/** `program`, followed by an `f` that calls its entry function. */
export function withCall(program: string, { entry, adaptation }: Call): string {
  // A function of its own that is called f is put back before the call, which may need it.
  const hasOwnF = /^(?:async )?def f\b/m.test(program);
  return [
    program.trimEnd(),
    ...(hasOwnF ? ['', '_own_f = f'] : []),
    '',
    '',
    `${MARK}${entry}, ${adaptation}`,
    'def f(*args, **kwargs):',
    ...(hasOwnF ? ['    global f', '    f = _own_f', ''] : []),
    ...(adaptation === 'found' ? [] : [PLAIN]),
    ...RESULTS[adaptation](`${entry}(*args, **kwargs)`),
    '',
  ].join('\n');
}

/** The call that `withCall` put at the end of `program`. Throws where there is none. */
export function callIn(program: string): Call {
  const found = [...program.matchAll(MARKED)].at(-1);
  if (found === undefined) throw new Error('The program of a task of a suite has no call.');
  return { entry: found[1]!, adaptation: found[2] as Adaptation };
}
