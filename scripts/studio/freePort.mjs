/** A free port on loopback. */
import { createServer } from 'node:net';

/**
 * @param {number} [preferred] Taken when it is free.
 * @returns {Promise<number>}
 */
export async function freePort(preferred = 0) {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

/**
 * @param {number} port
 * @returns {Promise<number | undefined>}
 */
function tryPort(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(undefined);
    });
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : undefined);
      });
    });
  });
}
