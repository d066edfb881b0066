/** Data with one JSON object per line, each checked against a schema of ours. */
import type { ValidateFunction } from 'ajv';

import { ProblemError } from '../../../protocol/problem.ts';

export interface NumberedLine<Value> {
  /** From 1. */
  readonly number: number;
  /** The line itself: JSON.parse does not tell 1 from 1.0. */
  readonly text: string;
  readonly value: Value;
}

/** Blank lines are skipped. Throws ProblemError `invalid-suite-data` that names the first wrong line. */
export function readJsonLines<Value>(
  text: string,
  place: string,
  validate: ValidateFunction<Value>,
  parse: (json: string) => unknown = JSON.parse,
): NumberedLine<Value>[] {
  const lines = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const number = index + 1;
    const value = checkedValue(line, lineOf(place, number), validate, parse);
    return [{ number, text: line, value }];
  });
  if (lines.length === 0) throw invalidData(place, 'it holds no item');
  return lines;
}

/** How the messages name a line. */
export function lineOf(place: string, number: number): string {
  return `${place}, line ${number}`;
}

/** @param what says what is wrong at `place`, without a full stop */
export function invalidData(place: string, what: string): ProblemError {
  return new ProblemError({
    code: 'invalid-suite-data',
    message: `${place}: ${what}.`,
    remedy: 'Correct the file, or name another one. docs/evaluation.md says what a line may hold.',
  });
}

function checkedValue<Value>(
  line: string,
  place: string,
  validate: ValidateFunction<Value>,
  parse: (json: string) => unknown,
): Value {
  let value: unknown;
  try {
    value = parse(line);
  } catch {
    throw invalidData(place, 'it is not valid JSON');
  }
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  const where = error?.instancePath === '' ? 'it' : `"${error?.instancePath.slice(1) ?? ''}"`;
  throw invalidData(place, `${where} ${error?.message ?? 'is not an item'}`);
}
