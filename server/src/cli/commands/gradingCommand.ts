/**
 * The frame of `azr exec`, `azr validate` and `azr verify`: one request from options, or any number
 * of them as JSON Lines from standard input.
 */
import { type ProblemCode, ProblemError } from '../../../protocol/problem.ts';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ParseArgsOptionsConfig } from 'node:util';

import type { OpenGrader } from '../../run/openGrader.ts';
import { openGrader } from '../../run/openGrader.ts';
import { completeSettings } from '../../settings/settings.ts';
import type { ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { decodeProgram } from '../decodeProgram.ts';
import { answerLines, type JsonLine } from '../views/jsonLines.ts';
import { type RequestReader } from '../requestSchema.ts';
import { SETTINGS_OPTIONS, SETTINGS_OPTIONS_HELP, settingsLayers } from '../settingsOptions.ts';
import { STDOUT } from '../terminal/terminal.ts';

/** An answer: the JSON object, what a person reads, and whether it is the good outcome. */
export interface Answer {
  readonly json: object;
  readonly text: string;
  readonly good: boolean;
}

/** Option values as `parseArgs` returns them, for options that are texts or lists of texts. */
export type OptionValues = Readonly<
  Record<string, string | boolean | (string | boolean)[] | undefined>
>;

export interface GradingCommand<Request> {
  readonly name: string;
  /** Options that describe a single request. */
  readonly options: ParseArgsOptionsConfig;
  readonly requests: RequestReader<Request>;
  /** The single request that the options describe, unchecked. */
  requestFromOptions(values: OptionValues): Promise<object>;
  answer(request: Request, open: OpenGrader): Promise<Answer>;
}

export const GRADING_HELP = `\
  --json                    answer in JSON; always so when requests are piped in
  --run-file <azr.json>     take limits and rules from a run file
${SETTINGS_OPTIONS_HELP}

Exit code: 0 when every request was answered and, for a single request, the outcome is the good
one; 1 when a single request has another outcome; 2 when a request could not be understood.`;

const COMMON_OPTIONS = {
  ...SETTINGS_OPTIONS,
  'run-file': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export async function runGradingCommand<Request>(
  command: GradingCommand<Request>,
  argumentList: readonly string[],
): Promise<ExitCode> {
  const { name, options } = command;
  const { values } = parseArguments(name, argumentList, { ...COMMON_OPTIONS, ...options });
  const optionValues: OptionValues = values;
  const isSingle = Object.keys(options).some((option) => optionValues[option] !== undefined);
  if (!isSingle && process.stdin.isTTY) {
    throw new ProblemError({
      code: 'usage',
      message: 'There is nothing to do: no options, and nothing is piped in.',
      remedy: `"azr ${name} --help" shows both ways.`,
    });
  }
  const common = parseCommon(optionValues);
  const layers = await settingsLayers(common.runFile, common);
  const request = isSingle
    ? command.requests.check(await command.requestFromOptions(optionValues))
    : undefined;
  const open = await openGrader(completeSettings(layers, 'command line'));
  try {
    return request === undefined
      ? await answerStandardInput(command, open)
      : await answerOne(command, request, open, optionValues['json'] === true);
  } finally {
    await open.close();
  }
}

/** Text of a file named by an option; `-` is standard input. */
export async function readProgram(file: string): Promise<string> {
  if (file === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return decodeProgram(Buffer.concat(chunks), 'The program');
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError({
      code: 'usage',
      message: `${file} cannot be read: ${reason}`,
      remedy: 'Name a file with a Python program.',
    });
  }
  return decodeProgram(bytes, file);
}

function parseCommon(values: OptionValues) {
  const { preset, set, 'run-file': runFile } = values;
  return {
    preset: preset as string | undefined,
    set: set as string[] | undefined,
    runFile: runFile as string | undefined,
  };
}

async function answerOne<Request>(
  command: GradingCommand<Request>,
  request: Request,
  open: OpenGrader,
  asJson: boolean,
): Promise<ExitCode> {
  const { json, text, good } = await command.answer(request, open);
  if (asJson) STDOUT.json(json);
  else STDOUT.line(text);
  return good ? EXIT.ok : EXIT.failed;
}

/** Failures of one line; whatever else fails ends the command. */
const BAD_REQUESTS = new Set<string>([
  'bad-json',
  'bad-request',
  'not-utf-8',
  'too-long',
] satisfies ProblemCode[]);

async function answerStandardInput<Request>(
  command: GradingCommand<Request>,
  open: OpenGrader,
): Promise<ExitCode> {
  let misunderstood = 0;
  const answer = async (line: JsonLine): Promise<object> => {
    try {
      if ('problem' in line) throw line.problem;
      return (await command.answer(command.requests.parse(line.text), open)).json;
    } catch (error) {
      if (!(error instanceof ProblemError) || !BAD_REQUESTS.has(error.code)) throw error;
      misunderstood += 1;
      return { error: { ...error.toProblem(), line: line.number } };
    }
  };
  // A few more than can run at a time, so that no worker waits for its next program.
  await answerLines(process.stdin, STDOUT, answer, availableParallelism() * 4);
  return misunderstood === 0 ? EXIT.ok : EXIT.usage;
}
