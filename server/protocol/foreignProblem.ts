/**
 * Texts of errors that somebody else wrote (an engine server, a model's files, a run folder), shortened
 * and on one line where they enter: a text of 200 MB fills no log, and a line break in one cannot begin a
 * line that looks like ours.
 */
import type { Problem } from './problem.ts';

/** A path and a sentence. */
const MAXIMUM_CHARACTERS = 600;
const CODE_CHARACTERS = 60;
const CUT = '… (shortened)';

/** `text` on one line of at most `maximumCharacters`, with a mark at its end where it was cut. */
export function foreignSentence(text: string, maximumCharacters = MAXIMUM_CHARACTERS): string {
  const fitting =
    text.length > maximumCharacters
      ? `${text.slice(0, maximumCharacters - CUT.length)}${CUT}`
      : text;
  return fitting.replaceAll(/\s*[\n\v\f\r\u0085\u2028\u2029]\s*/g, ' ');
}

/** A problem of the same meaning, each of its texts a {@link foreignSentence}. */
export function foreignProblem({ code, message, remedy }: Problem): Problem {
  return {
    code: foreignSentence(code, CODE_CHARACTERS),
    message: foreignSentence(message),
    remedy: foreignSentence(remedy),
  };
}
