import { randomBytes } from 'node:crypto';

import type { EngineDescription } from '../../../protocol/engine.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import { takeVariable } from '../../machine/engineKeys.ts';
import { namedPolicy } from '../../run/namedPolicy.ts';
import { newestRun } from '../../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../../runFolder/runsFolder.ts';
import { serveModel } from '../../serve/serveModel.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { failureText } from '../failure.ts';
import { destinationNotice, terminalKey } from '../terminal/terminalKey.ts';
import { STDERR, STDOUT } from '../terminal/terminal.ts';

const KEY_VARIABLE = 'AZR_SERVE_KEY';
const OPTIONS = { port: { type: 'string' }, json: { type: 'boolean' } } as const;

export const serveCommand: Command = {
  name: 'serve',
  summary: "Let other programs ask a model or a run's checkpoint, as OpenAI's API is asked.",
  help: `azr serve [run folder[@<step>] | model] [options]

Answers /v1/completions, /v1/chat/completions and /v1/models at an address of this machine, so that
other evaluation programs and VS Code's chat can ask a model as they ask OpenAI's. A run is asked as
it is after its newest checkpoint, or after the step that is named, 0 for the model that it began with.
A model is named as in the run file. Without either, the run in ${RUNS_FOLDER} that was worked on last.

  --port <number>           port of 127.0.0.1 to listen on; default: any that is free
  --json                    prints address, model and key as one line of JSON

Prints the key that every request has to show, another one at each start; ${KEY_VARIABLE} sets one of at
least 16 characters. A key in TINKER_API_KEY goes to a run's engine elsewhere as for "azr resume".

Ctrl-C ends it. Exit code: 0 when it was ended, 1 when it failed, 2 for a wrong option, 130 after a
second Ctrl-C.`,
  run: serve,
};

async function serve(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('serve', argumentList, OPTIONS, true);
  const port = portOf(values.port);
  const [target, ...more] = positionals;
  if (more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: 'There is more than one run or model.',
      remedy: 'Name one, or none for the newest run.',
    });
  }
  const given = takeVariable(process.env, KEY_VARIABLE);
  const key = given === undefined ? randomBytes(32).toString('base64url') : checkedKey(given);
  const model = await namedPolicy(target ?? (await newestRun(RUNS_FOLDER)).folder, 'none');
  const { engineUrl } = model.prepared.settings;
  const engineKey = await terminalKey(engineUrl);
  const notice = destinationNotice(engineUrl, engineKey);
  if (notice !== undefined) STDERR.line(notice);
  if (values.json !== true) STDOUT.line(`Starting the engine with ${model.name}.`);
  const ending = endingSignal();
  try {
    await serveModel({
      ...{ model, port, key, engineKey, signal: ending.signal },
      onReady: (url, engine) => {
        if (values.json === true)
          STDOUT.json({ url, model: model.name, ...(given === undefined && { key }) });
        else STDOUT.line(readyText(url, model.name, given === undefined ? key : undefined, engine));
      },
      onNotice: (message) => {
        STDERR.line(message);
      },
      onDefect: (error) => {
        STDERR.line(failureText(error));
      },
    });
  } finally {
    ending.dispose();
  }
  return EXIT.ok;
}

function readyText(
  url: string,
  model: string,
  key: string | undefined,
  { server, device, contextTokens }: EngineDescription,
): string {
  return `Ready (${server} on ${device}, context of ${contextTokens} tokens) until Ctrl-C. For a client:

  base URL  ${url}
  model     ${model}
  key       ${key ?? `the one in ${KEY_VARIABLE}`}
`;
}

/** The first signal ends the server, a second one the process. */
function endingSignal() {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: abort.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

function portOf(text = '0'): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new ProblemError({
    code: 'usage',
    message: `--port is ${JSON.stringify(text)}, which is not the number of a port.`,
    remedy: 'Name one from 1 to 65535, or none for any that is free.',
  });
}

/** As it can stand in a header. */
function checkedKey(key: string): string {
  if (/^[\x21-\x7e]{16,512}$/.test(key)) return key;
  throw new ProblemError({
    code: 'usage',
    message: `The key in ${KEY_VARIABLE} cannot be used.`,
    remedy: 'Use 16 to 512 letters, digits and other characters of ASCII, without spaces.',
  });
}
