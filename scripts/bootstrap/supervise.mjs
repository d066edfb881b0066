/**
 * Runs one command so that it dies with whoever asked for it. The owner holds the other end of this
 * process's standard input; when that closes, however the owner ended (kill -9 included), the
 * command's whole process group is ended. Usage: node supervise.mjs <command> [arguments...]
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';

const GRACE_MS = 2000;
const ownGroup = process.platform !== 'win32';
const [command = '', ...commandArguments] = process.argv.slice(2);

const child = spawn(command, commandArguments, {
  detached: ownGroup,
  stdio: ['ignore', 'inherit', 'inherit'],
});

/** @param {NodeJS.Signals} signal */
function signalGroup(signal) {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(ownGroup ? -child.pid : child.pid, signal);
  } catch {
    // The group has ended already.
  }
}

let stopping = false;
function stop() {
  if (!stopping) {
    stopping = true;
    signalGroup('SIGTERM');
    setTimeout(() => {
      signalGroup('SIGKILL');
    }, GRACE_MS);
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, stop);
}
process.stdin.on('end', stop).on('error', stop).resume();

child.on('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`);
  process.exit('code' in error && error.code === 'ENOENT' ? 127 : 126);
});
child.on('exit', (code, signal) => {
  // A program that ended may leave helpers behind in its group; they end with it.
  signalGroup('SIGKILL');
  process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
});
