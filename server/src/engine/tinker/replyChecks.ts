/**
 * Checks what an engine answered before anything is made of it: a server of another dialect, or one
 * that is broken, must be named as such and not show up as a defect of ours.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { WireSequence } from './wire.ts';

/** Of a path on Linux. */
const LONGEST_TEXT = 4096;

/** An answer that breaks the dialect; `what` names what was wrong, in a few words. */
function protocolError(what: string): ProblemError {
  return new ProblemError({
    code: 'engine_protocol',
    message: `The engine's answer breaks the dialect: ${what}.`,
    remedy: 'Use a server that speaks the dialect of server/engine/README.md.',
  });
}

/** A name, an id or a path; a longer text than such can be is refused. */
export function textIn(reply: unknown, name: string): string {
  const value = fieldOf(reply, name);
  if (typeof value === 'string') {
    if (value.length <= LONGEST_TEXT) return value;
    throw protocolError(`"${name}" has ${value.length} characters`);
  }
  throw protocolError(`"${name}" is not a text`);
}

export function listIn(reply: unknown, name: string): readonly unknown[] {
  const value = fieldOf(reply, name);
  if (Array.isArray(value)) return value;
  throw protocolError(`"${name}" is not a list`);
}

/** The field's numbers by name; anything else in it is left out, as is the field when there is none. */
export function metricsIn(reply: unknown, name: string): Readonly<Record<string, number>> {
  const value = fieldOf(reply, name);
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
  );
}

/** Completions of one prompt, with a finite log-probability for every token. */
export function sequencesIn(reply: unknown, name: string): WireSequence[] {
  return listIn(reply, name).map((sequence) => {
    const tokens = numbersIn(sequence, 'tokens');
    const logprobs = numbersIn(sequence, 'logprobs');
    const stopReason = fieldOf(sequence, 'stop_reason');
    if (!tokens.every((token) => Number.isSafeInteger(token) && token >= 0)) {
      throw protocolError('"tokens" holds something that is not a token');
    }
    if (stopReason !== 'stop' && stopReason !== 'length') {
      throw protocolError('"stop_reason" is neither "stop" nor "length"');
    }
    return { tokens, logprobs, stop_reason: stopReason };
  });
}

export function numbersIn(reply: unknown, name: string): readonly number[] {
  const values = listIn(reply, name);
  if (values.every(isFiniteNumber)) return values;
  throw protocolError(`"${name}" holds something that is not a finite number`);
}

/** JSON has numbers that are none to us, such as 1e999. */
function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

export function fieldOf(reply: unknown, name: string): unknown {
  if (typeof reply !== 'object' || reply === null) return undefined;
  return (reply as Readonly<Record<string, unknown>>)[name];
}
