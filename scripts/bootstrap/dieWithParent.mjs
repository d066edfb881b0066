/**
 * Preloaded (`node --import`) into programs that a script of package.json runs in the foreground.
 * File descriptor 3 is a pipe from the script; when the script ends, however it ended, the pipe
 * closes and this program gets the signal that a closing terminal would send.
 */
import { Socket } from 'node:net';

const OWNER_DESCRIPTOR = 3;

// Node hands `--import` on to what the program forks; there, descriptor 3 is something else.
if (process.env['AZR_OWNER_PROCESS'] === String(process.ppid)) {
  delete process.env['AZR_OWNER_PROCESS'];
  const owner = new Socket({ fd: OWNER_DESCRIPTOR, readable: true, writable: false });
  owner.on('error', () => undefined).on('close', () => process.kill(process.pid, 'SIGHUP'));
  owner.resume().unref();
}
