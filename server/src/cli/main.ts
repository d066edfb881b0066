#!/usr/bin/env node
/** The `azr` command: picks what was asked for and tells how it went. */
import { keepLoopbackDirect } from '../engine/directLoopback.ts';
import { ProblemError } from '../../protocol/problem.ts';
import { attachCommand } from './commands/attachCommand.ts';
import type { Command } from './command.ts';
import { EXIT } from './command.ts';
import { doctorCommand } from './commands/doctorCommand.ts';
import { evalCommand } from './commands/evalCommand.ts';
import { execCommand } from './commands/execCommand.ts';
import { problemOf } from '../runFolder/runOutcome.ts';
import { exitCodeOf, failureText } from './failure.ts';
import { modelsCommand } from './commands/modelsCommand.ts';
import { replayCommand } from './commands/replayCommand.ts';
import { resumeCommand } from './commands/resumeCommand.ts';
import { runCommand } from './commands/runCommand.ts';
import { schemaCommand } from './commands/schemaCommand.ts';
import { serveCommand } from './commands/serveCommand.ts';
import { setupCommand } from './commands/setupCommand.ts';
import { STDERR, STDOUT } from './terminal/terminal.ts';
import { validateCommand } from './commands/validateCommand.ts';
import { verifyCommand } from './commands/verifyCommand.ts';
import { versionText } from './versionText.ts';

const COMMANDS: readonly Command[] = [
  runCommand,
  resumeCommand,
  attachCommand,
  replayCommand,
  evalCommand,
  doctorCommand,
  setupCommand,
  modelsCommand,
  execCommand,
  validateCommand,
  verifyCommand,
  serveCommand,
  schemaCommand,
];

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  azr ${name.padEnd(width)}  ${summary}`);
  return `AZR Studio: train a language model by self-play on Python tasks that it invents itself.

Usage:
${lines.join('\n')}

"azr <command> --help" tells more. "azr --version" prints the version.

Exit codes: 0 done; 1 it failed, or the answer asked for is no; 2 wrong usage or an invalid run
file; 130 ended at once by a second Ctrl-C.`;
}

async function main(argumentList: readonly string[]): Promise<number> {
  const [name, ...rest] = argumentList;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    STDOUT.line(overview());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version') {
    STDOUT.line(versionText());
    return EXIT.ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new ProblemError({
      code: 'usage',
      message: `There is no command "${name}".`,
      remedy: '"azr --help" lists them all.',
    });
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    STDOUT.line(`Usage: ${command.help}`);
    return EXIT.ok;
  }
  return command.run(rest);
}

// A file that reaches the limit of its size then fails to grow, which its writer can report.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);

keepLoopbackDirect(process.env);
const argumentList = process.argv.slice(2);
const isLogging = argumentList.includes('--log');
STDOUT.onError((error) => {
  // The reader of our output may leave at any time, as `head` does; nothing can be said to it then.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  // A log that cannot grow must not end a run.
  if (!isLogging) throw error;
});

try {
  process.exitCode = await main(argumentList);
} catch (error) {
  if (isLogging || argumentList.includes('--json')) {
    STDOUT.json({ error: problemOf(error) });
  } else {
    STDERR.line(failureText(error));
  }
  process.exitCode = exitCodeOf(error);
}
