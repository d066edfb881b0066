/** JSON Lines in, JSON Lines out: answered side by side, written in order, never held in memory whole. */
import type { Readable } from 'node:stream';

import { ProblemError } from '../../../protocol/problem.ts';
import { decodeUtf8 } from '../../files/decodeText.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A longer line is answered with an error instead of filling the memory. */
const LONGEST_LINE_BYTES = 16 * 2 ** 20;

const NEWLINE = 0x0a;

/** A line, or why it cannot be read. */
export type JsonLine =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: ProblemError };

/** The lines of `input` that are not blank, numbered from 1. */
async function* readLines(input: Readable): AsyncGenerator<JsonLine, void, undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  const finish = (): JsonLine | undefined => {
    number += 1;
    const line = readLine(parts, bytes, number);
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      bytes += end - start;
      start = end + 1;
      const line = finish();
      if (line !== undefined) yield line;
    }
    bytes += chunk.length - start;
    if (bytes <= LONGEST_LINE_BYTES) parts.push(chunk.subarray(start));
    else parts = [];
  }
  const last = finish();
  if (last !== undefined) yield last;
}

function readLine(parts: readonly Buffer[], bytes: number, number: number): JsonLine | undefined {
  if (bytes > LONGEST_LINE_BYTES) return { number, problem: tooLong() };
  try {
    const text = decodeUtf8(Buffer.concat(parts), 'The line').trim();
    return text === '' ? undefined : { number, text };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { number, problem: error };
  }
}

function tooLong(): ProblemError {
  return new ProblemError({
    code: 'too-long',
    message: 'The line is longer than 16 MiB.',
    remedy: 'Send shorter requests.',
  });
}

/**
 * Answers every line of `input` with one line on `output`, in the order of the input, each as soon
 * as it and all before it are done. At most `concurrency` lines are under way, which also bounds what
 * is read ahead.
 */
export async function answerLines(
  input: Readable,
  output: Terminal,
  answer: (line: JsonLine) => Promise<object>,
  concurrency: number,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let previous = Promise.resolve();
  for await (const line of readLines(input)) {
    while (underWay.size >= concurrency) await Promise.race(underWay);
    const result = answer(line);
    const written = Promise.all([result, previous]).then(([value]) => {
      output.json(value);
      return output.room();
    });
    previous = written;
    underWay.add(written);
    // A failure is reported by the await of `previous` at the latest; here only the place is freed.
    const free = () => underWay.delete(written);
    written.then(free, free);
  }
  await previous;
}
