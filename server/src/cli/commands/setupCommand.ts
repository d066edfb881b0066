import path from 'node:path';

import { userEnvironment } from '../../machine/enginePython.ts';
import { PYTHON_VARIABLE } from '../../python/findPython.mjs';
import { setUpPython } from '../../machine/setUpPython.ts';
import { userData } from '../../machine/userData.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { STDOUT } from '../terminal/terminal.ts';

export const setupCommand: Command = {
  name: 'setup',
  summary: 'Make the Python environment that the engine needs.',
  help: `azr setup [options]

Makes a Python environment with the pinned packages of the engine, PyTorch among them, for an
installation that has none, such as the extension alone. It needs Python 3.10 to 3.14, network and
2 to 8 GB of disk. An environment that is complete already is left as it is.

  --directory <folder>      where to make it; default: ${defaultFolder()}
  --json                    one object per line, as JSON: {"line": …}, then {"python": …}

Exit code: 0 when the environment is complete, 1 when it could not be made, 130 after Ctrl-C.`,
  run: setUp,
};

function defaultFolder(): string {
  return userData() === undefined ? 'none, since this user has no home' : userEnvironment();
}

async function setUp(argumentList: readonly string[]): Promise<ExitCode> {
  const options = { directory: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values } = parseArguments('setup', argumentList, options);
  const directory = path.resolve(values.directory ?? userEnvironment());
  const show = (value: { readonly line: string } | { readonly python: string }): void => {
    if (values.json === true) STDOUT.json(value);
    else STDOUT.line('line' in value ? value.line : readyText(value.python, values.directory));
  };
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  try {
    const { signal } = abort;
    const onLine = (line: string): void => {
      show({ line });
    };
    show({ python: await setUpPython({ directory, onLine, signal }) });
    return EXIT.ok;
  } catch (error) {
    if (abort.signal.aborted) return EXIT.interrupted;
    throw error;
  }
}

function readyText(python: string, directory: string | undefined): string {
  const ready = `Ready: ${python}`;
  const isFoundByItself = directory === undefined && process.env[PYTHON_VARIABLE] === undefined;
  return isFoundByItself
    ? ready
    : `${ready}\nThe engine uses it where ${PYTHON_VARIABLE} names it (in VS Code: the setting azr.pythonPath).`;
}
