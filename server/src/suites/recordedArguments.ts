/** The arguments of a call, as a program of ours in the jail recorded them. */
import { formatArguments } from '../literal/format.ts';
import { parseLiteral } from '../literal/parse.ts';

/**
 * `(args, kwargs)` in Python's own spelling as the argument list of a call. A text, since values that leave
 * the jail have one fixed order of dicts. Undefined where an argument has no literal.
 */
export function recordedArguments(spelled: string): string | undefined {
  const pair = parseLiteral(spelled);
  if (!pair.ok || pair.value.kind !== 'tuple') return undefined;
  const [positional, named] = pair.value.items;
  if (positional?.kind !== 'tuple' || named?.kind !== 'dict') return undefined;
  return formatArguments({
    positional: positional.items,
    named: named.entries.flatMap(([name, value]) =>
      name.kind === 'str' ? [{ name: name.value, value }] : [],
    ),
  });
}
