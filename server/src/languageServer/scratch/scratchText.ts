/**
 * Text of a scratch file: a Python file in sections that a person edits and that can be read back.
 * The header names the document that it is a copy of.
 */
import { createHash } from 'node:crypto';

import type { Mode } from '../../../protocol/vocabulary.ts';
import { shownLine, shownLines, shownProgram } from '../documents/shownText.ts';

/** What is written into a new scratch file, and what reading one gives back. */
export interface ScratchSource {
  /** URI of the document it is a copy of. */
  readonly original: string;
  readonly mode: Mode;
  /** An answer is judged as one; for induction the program is the answer. */
  readonly kind: 'task' | 'proposal' | 'answer';
  readonly title: string;
  readonly runName: string;
  readonly program: string;
  readonly functionName: string;
  readonly calls: readonly { readonly input: string; readonly stored?: string }[];
  /** Deduction and abduction answers: a literal, or an argument list. */
  readonly answer?: string;
}

export const ORIGINAL_PREFIX = '# Copy of: ';
export const DIGEST_PREFIX = '# Original text: ';
export const PROGRAM_MARKER = '# --- program ---';
export const CALLS_MARKER = '# --- calls ---';
export const ANSWER_MARKER = '# --- answer ---';

export function scratchText(source: ScratchSource): string {
  const body = scratchBody(source);
  return [
    `# Scratch copy of one ${source.kind}, ${source.mode}. Edit it, then choose "Run in sandbox" above.`,
    '# Keep the lines that begin with "# Copy of" and "# ---": they say what is what.',
    `${ORIGINAL_PREFIX}${source.original}`,
    `${DIGEST_PREFIX}${digestOf(body)}`,
    shownLine(`# ${source.title} of run ${source.runName}. Delete this file to start over.`),
    body,
  ].join('\n');
}

function scratchBody({ program, functionName, calls, answer, mode, kind }: ScratchSource): string {
  const lines = [PROGRAM_MARKER, '', shownProgram(program), '', CALLS_MARKER];
  lines.push('# One call per line; each is run.');
  for (const { input, stored } of calls) {
    const call = `${functionName}(${shownLine(input)})`;
    lines.push(stored === undefined ? call : `${call}  # stored: ${shownLine(stored)}`);
  }
  if (kind === 'answer' && mode !== 'induction') {
    const what = mode === 'deduction' ? 'the output' : 'an input: arguments as in a call';
    lines.push('', ANSWER_MARKER, `# The answer, ${what}, as literals.`);
    // A comment cannot be an answer, and an answer that is not a literal must stay one line each.
    lines.push(...shownLines(answer ?? ''));
  }
  return `${lines.join('\n')}\n`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
