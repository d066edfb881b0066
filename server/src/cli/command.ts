/** What every command of `azr` has in common: its help, its options and its exit codes. */
import { ProblemError } from '../../protocol/problem.ts';
import type { ParseArgsOptionsConfig } from 'node:util';
import { parseArgs } from 'node:util';

export const EXIT = {
  /** It did what was asked. */
  ok: 0,
  /** It could not, or what was asked about is not so: an answer is wrong, a check failed. */
  failed: 1,
  /** It was asked for something impossible: an unknown option, an invalid run file, a bad request. */
  usage: 2,
  /** A second signal ended it before the step was finished. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Everything below "Usage:". */
  readonly help: string;
  /** Throws a {@link ProblemError} for wrong arguments. */
  run(argumentList: readonly string[]): Promise<ExitCode>;
}

/** `parseArgs`, strict, with its complaint turned into a ProblemError of `command`. */
export function parseArguments<Options extends ParseArgsOptionsConfig>(
  command: string,
  argumentList: readonly string[],
  options: Options,
  allowPositionals = false,
) {
  try {
    return parseArgs({ args: [...argumentList], options, allowPositionals, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Node appends advice about positionals that does not fit ours.
    const [sentence = reason] = reason.split('. To specify');
    throw new ProblemError({
      code: 'usage',
      message: sentence,
      remedy: `"azr ${command} --help" lists what it takes.`,
    });
  }
}
