/** Reads an edited scratch file, and says where something is missing and what belongs there. */
import type { ProblemCode } from '../../../protocol/problem.ts';
import { documentAddress } from '../../../protocol/documents.ts';
import { formatArguments } from '../../literal/format.ts';
import { parseArguments } from '../../literal/parse.ts';
import { DEFAULT_LITERAL_LIMITS } from '../../literal/value.ts';
import { ANSWER_MARKER, CALLS_MARKER, ORIGINAL_PREFIX, PROGRAM_MARKER } from './scratchText.ts';

export interface ScratchCall {
  readonly line: number;
  readonly end: number;
  /** Argument list, in canonical form. */
  readonly input: string;
}

export interface ScratchProblem {
  readonly line: number;
  readonly code: ProblemCode;
  readonly message: string;
  readonly remedy: string;
}

export interface Scratch {
  /** URI of the document it is a copy of, when the header still names one. */
  readonly original?: string;
  readonly program: string;
  /** Line on which the program begins, from 0. */
  readonly programLine: number;
  readonly calls: readonly ScratchCall[];
  /** Present where the file has a section for an answer. */
  readonly answer?: string;
  /** Line on which the answer begins, from 0. */
  readonly answerLine?: number;
  readonly problems: readonly ScratchProblem[];
}

/** A call may go on over so many lines. */
const CALL_LINES = 200;

export function readScratch(text: string): Scratch {
  const lines = text.split(/\r\n|\r|\n/);
  const problems: ScratchProblem[] = [];
  const original = readOriginal(lines, problems);
  const programMarker = lines.indexOf(PROGRAM_MARKER);
  // Programs may hold the markers as well; the file's own ones come after them.
  const callsMarker = lines.lastIndexOf(CALLS_MARKER);
  const answerMarker = lines.lastIndexOf(ANSWER_MARKER);
  const callsEnd = answerMarker > callsMarker ? answerMarker : lines.length;
  if (programMarker < 0) problems.push(missing(PROGRAM_MARKER, 'the program'));
  if (callsMarker < 0)
    problems.push(missing(CALLS_MARKER, 'calls such as f([1, 2]), one per line'));
  const programEnd = callsMarker < 0 ? callsEnd : callsMarker;
  const program = trimLines(lines.slice(programMarker + 1, programEnd));
  const calls = callsMarker < 0 ? [] : readCalls(lines, callsMarker + 1, callsEnd, problems);
  if (callsMarker >= 0 && calls.length === 0 && !problems.some(({ code }) => code === 'bad-call')) {
    problems.push({
      line: callsMarker,
      code: 'no-calls',
      message: 'There is no call below this line.',
      remedy: 'Write at least one, such as f([1, 2]).',
    });
  }
  const scratch = { program: program.text, programLine: programMarker + 1 + program.skipped };
  if (program.text === '') {
    problems.push({
      line: Math.max(0, programMarker),
      code: 'no-program',
      message: 'There is no program.',
      remedy: `Write one between "${PROGRAM_MARKER}" and "${CALLS_MARKER}".`,
    });
  }
  const hasAnswer = answerMarker > callsMarker && callsMarker >= 0;
  return {
    ...scratch,
    calls,
    problems,
    ...(original !== undefined && { original }),
    ...(hasAnswer && readAnswer(lines, answerMarker)),
  };
}

function readOriginal(lines: readonly string[], problems: ScratchProblem[]): string | undefined {
  const line = lines.findIndex((candidate) => candidate.startsWith(ORIGINAL_PREFIX));
  const uri = lines[line]?.slice(ORIGINAL_PREFIX.length).trim();
  if (uri !== undefined && documentAddress(uri) !== undefined) return uri;
  problems.push({
    line: Math.max(0, line),
    code: 'no-original',
    message: `The header does not say which document this is a copy of: the line "${ORIGINAL_PREFIX}azr:/…" is missing.`,
    remedy: 'Undo the change, or open the task in a new scratch file.',
  });
  return undefined;
}

function missing(marker: string, what: string): ScratchProblem {
  return {
    line: 0,
    code: 'missing-section',
    message: `The line "${marker}" is missing.`,
    remedy: `Put it back as a line of its own, and below it ${what}.`,
  };
}

function trimLines(lines: readonly string[]): { text: string; skipped: number } {
  const skipped = lines.findIndex((line) => line.trim() !== '');
  if (skipped < 0) return { text: '', skipped: 0 };
  return { text: lines.slice(skipped).join('\n').replace(/\s+$/, ''), skipped };
}

function readCalls(
  lines: readonly string[],
  from: number,
  to: number,
  problems: ScratchProblem[],
): ScratchCall[] {
  const calls: ScratchCall[] = [];
  for (let line = from; line < to; line += 1) {
    const text = lines[line]!.trim();
    if (text === '' || text.startsWith('#')) continue;
    const call = readCall(lines, line, to);
    if (call === undefined) {
      problems.push({
        line,
        code: 'bad-call',
        message: 'This is not a call with literal arguments.',
        remedy: 'Write it like f([1, 2], key="x"): numbers, texts, lists and the like, no names.',
      });
      continue;
    }
    calls.push(call);
    line = call.line;
  }
  return calls;
}

/** The call that starts on `line`; a longer one may go on over the lines that follow. */
function readCall(lines: readonly string[], line: number, to: number): ScratchCall | undefined {
  let text = '';
  for (let last = line; last < Math.min(to, line + CALL_LINES); last += 1) {
    text += `${last === line ? '' : '\n'}${lines[last]!}`;
    if (text.length > DEFAULT_LITERAL_LIMITS.characters) return undefined;
    const input = argumentsOf(text.trim());
    if (input !== undefined) return { line: last, end: lines[last]!.length, input };
  }
  return undefined;
}

/** Arguments of `name(arguments)  # comment`; a parenthesis may stand in a text or in the comment. */
function argumentsOf(text: string): string | undefined {
  const head =
    /^(?:[\p{ID_Start}_][\p{ID_Continue}]*\s*=\s*)?[\p{ID_Start}_][\p{ID_Continue}]*\(/u.exec(text);
  if (head === null) return undefined;
  for (
    let end = text.lastIndexOf(')');
    end >= head[0].length;
    end = text.lastIndexOf(')', end - 1)
  ) {
    if (!/^\s*(?:#[^\n]*)?$/.test(text.slice(end + 1))) continue;
    const parsed = parseArguments(text.slice(head[0].length, end));
    if (parsed.ok) return formatArguments(parsed.value);
  }
  return undefined;
}

function readAnswer(
  lines: readonly string[],
  marker: number,
): { readonly answer: string; readonly answerLine: number } {
  const rest = lines.slice(marker + 1);
  const first = rest.findIndex((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const answer = rest.filter((line) => !line.trimStart().startsWith('#')).join('\n');
  return { answer: answer.trim(), answerLine: marker + 1 + Math.max(0, first) };
}
