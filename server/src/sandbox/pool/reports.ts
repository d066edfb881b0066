/** Reads what a child reported. Everything in it may be forged, so nothing is taken on trust. */
import { CONSTRUCT_NAME } from '../../../protocol/constructs.ts';
import type { Execution, ExecutionLimits, ProgramInspection } from '../../../protocol/sandbox.ts';
import type { ExecutionOutcome } from '../../../protocol/vocabulary.ts';
import { formatLiteral } from '../../literal/format.ts';
import { parseLiteral } from '../../literal/parse.ts';
import { DEFAULT_LITERAL_LIMITS } from '../../literal/value.ts';
import { type Measured, readFrames, type Response } from './wire.ts';

/** Outcomes that a child can report about its program; the others are decided outside. */
const REPORTED = new Set<string>([
  'syntax',
  'no-entry-function',
  'error',
  'memory',
  'forbidden',
  'too-large',
  'unserialisable',
] satisfies ExecutionOutcome[]);

const SIGNAL_SEGMENTATION_FAULT = 11;
const SIGNAL_CPU_LIMIT = 24;
const SIGNAL_FORBIDDEN_CALL = process.platform === 'darwin' ? 12 : 31;

/**
 * Turns the answer to a request of `inputs` executions into executions, in the order of the inputs.
 * When one of them ended the child, it is the last: those after it did not happen.
 */
export function readExecutions(
  response: Response,
  nonce: Buffer,
  inputs: number,
  limits: ExecutionLimits,
): Execution[] {
  if (response.end === 'forged') return forgedBatch(response, inputs);
  const { reports, leftover } = readFrames(response.payload, nonce);
  const executions: Execution[] = [];
  for (const [index, report] of reports.slice(0, inputs).entries()) {
    const execution = readExecution(report, response, response.executions?.[index], limits);
    if (execution === undefined) return forgedBatch(response, inputs);
    executions.push(execution);
  }
  const ended = response.end === 'exited';
  const complete = executions.length === inputs;
  // A whole frame too many, bytes that are not a frame, or frames by a child that then failed.
  const surplus = reports.length > inputs || (leftover > 0 && (ended || complete));
  if (surplus || (complete && ended && response.exitCode !== 0)) {
    return forgedBatch(response, inputs);
  }
  // A program that has reported and does not leave in time is as late as one that has not reported.
  if (complete && !ended) executions.pop();
  if (!complete || !ended) executions.push(describeEnd(response, limits));
  return executions;
}

/** An execution that gave no result, measured from outside. */
export function failedExecution(
  outcome: Exclude<ExecutionOutcome, 'ok'>,
  message: string,
  measured: Pick<Response, 'wallMs' | 'cpuMs' | 'memoryKb'> = NOTHING,
): Execution {
  return {
    outcome,
    message,
    stdout: '',
    durationMs: measured.wallMs,
    cpuMs: measured.cpuMs,
    memoryKb: measured.memoryKb,
  };
}

const NOTHING = { wallMs: 0, cpuMs: 0, memoryKb: 0 } as const;

const FORGED = 'The program wrote to the channel that carries its result.';

function forgedBatch(response: Response, inputs: number): Execution[] {
  const forged = failedExecution('forged', FORGED, response);
  return Array.from({ length: inputs }, () => forged);
}

function describeEnd(response: Response, limits: ExecutionLimits): Execution {
  const failed = (outcome: Exclude<ExecutionOutcome, 'ok'>, message: string): Execution =>
    failedExecution(outcome, message, response);
  const tooSlow = `The program used more than ${limits.cpuMs} ms of CPU time.`;
  switch (response.end) {
    case 'cpu-limit':
      return failed('timeout', tooSlow);
    case 'wall-limit':
      return failed('timeout', `The program did not finish within ${limits.wallMs} ms.`);
    case 'payload-limit':
      return failed('too-large', 'The program reported more than the sandbox passes on.');
    case 'forged':
      return failed('forged', FORGED);
    case 'exited':
      break;
  }
  if (response.signal === SIGNAL_CPU_LIMIT) return failed('timeout', tooSlow);
  if (response.signal === SIGNAL_FORBIDDEN_CALL) {
    return failed('forbidden', 'The program asked the system for something forbidden.');
  }
  if (response.signal === SIGNAL_SEGMENTATION_FAULT) {
    return failed('crashed', 'The program crashed Python.');
  }
  return failed(
    'crashed',
    response.signal === 0
      ? 'The program ended its process without returning.'
      : `Signal ${response.signal} ended the program.`,
  );
}

/** `measuredOutside` is how long the execution took where the program had no say in it. */
function readExecution(
  report: string,
  response: Response,
  measuredOutside: Measured | undefined,
  limits: ExecutionLimits,
): Execution | undefined {
  const fields = readObject(report);
  if (fields === undefined) return undefined;
  const { outcome, output, message, exceptionType, line, stdout, wall, cpu } = fields;
  if (typeof stdout !== 'string' || typeof wall !== 'number' || typeof cpu !== 'number') {
    return undefined;
  }
  const measured = {
    stdout: wellFormed(stdout.slice(0, 2 * limits.stdoutCharacters)),
    durationMs: measuredOutside?.wallMs ?? Math.min(wall / 1000, response.wallMs),
    cpuMs: measuredOutside?.cpuMs ?? Math.min(cpu / 1000, response.cpuMs),
    memoryKb: response.memoryKb,
  };
  if (outcome === 'ok') {
    const literal = typeof output === 'string' ? canonical(output, limits) : undefined;
    return literal === undefined ? undefined : { outcome, output: literal, ...measured };
  }
  if (typeof outcome !== 'string' || !REPORTED.has(outcome) || typeof message !== 'string') {
    return undefined;
  }
  return {
    outcome: outcome as ExecutionOutcome,
    message: wellFormed(message),
    ...(typeof exceptionType === 'string' && { exceptionType: wellFormed(exceptionType) }),
    ...(isLine(line) && { line }),
    ...measured,
  };
}

/** The one way a value is written here; undefined when a child reported something that is not a value. */
function canonical(output: string, limits: ExecutionLimits): string | undefined {
  // A character beyond the basic plane counts as one in Python and as two here.
  const parsed = parseLiteral(output, {
    ...DEFAULT_LITERAL_LIMITS,
    characters: 2 * limits.outputCharacters,
  });
  return parsed.ok ? formatLiteral(parsed.value) : undefined;
}

/** The answer to a request to inspect; a child that failed yields an inspection that says so. */
export function readInspection(response: Response, nonce: Buffer): ProgramInspection {
  const { reports, leftover } = readFrames(response.payload, nonce);
  const [report] = reports;
  const fields = report === undefined || leftover > 0 ? undefined : readObject(report);
  const inspection = fields === undefined ? undefined : toInspection(fields);
  return inspection ?? uninspectable('The program is too large or too deeply nested to be read.');
}

/** An inspection that found nothing but this `message`. */
export function uninspectable(message: string): ProgramInspection {
  return {
    syntax: { message },
    functions: [],
    imports: [],
    chance: [],
    structure: '',
    template: '',
    constructs: [],
    syntaxNodes: 0,
  };
}

function toInspection(fields: Readonly<Record<string, unknown>>): ProgramInspection | undefined {
  const { syntax, functions, entry, parameters, imports, chance, structure, template } = fields;
  const { constructs, syntaxNodes } = fields;
  if (
    !isTextList(functions) ||
    !Array.isArray(imports) ||
    !isTextList(chance) ||
    typeof structure !== 'string' ||
    typeof template !== 'string' ||
    !isTextList(constructs) ||
    !constructs.every((name) => CONSTRUCT_NAME.test(name)) ||
    typeof syntaxNodes !== 'number'
  ) {
    return undefined;
  }
  const error = syntax as { message: string; line?: number } | undefined;
  return {
    ...(error && {
      syntax: { message: error.message, ...(isLine(error.line) && { line: error.line }) },
    }),
    functions,
    ...(typeof entry === 'string' && { entry }),
    ...(isTextList(parameters) && { parameters }),
    imports: imports as { module: string; line: number }[],
    chance,
    structure,
    template,
    constructs,
    syntaxNodes,
  };
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isLine(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
