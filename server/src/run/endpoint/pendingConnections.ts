/**
 * Connections that have not shown the token yet. Where the runner listens on a port, anybody on the
 * machine can open them. So each has a second, and of too many the oldest goes first: the owner's
 * connection, which shows the token at once, is among the newest.
 */
import type { Socket } from 'node:net';

const HANDSHAKE_MS = 1_000;
/** So many that a flood takes longer to push out a connection than a handshake does. */
const MAXIMUM_PENDING = 256;

export class PendingConnections {
  /** In the order in which they came. */
  readonly #timers = new Map<Socket, NodeJS.Timeout>();

  add(socket: Socket): void {
    const timer = setTimeout(() => {
      // While the runner computed, the handshake may have come: it is read before this look.
      setImmediate(() => {
        if (this.#timers.has(socket)) socket.destroy();
      });
    }, HANDSHAKE_MS).unref();
    this.#timers.set(socket, timer);
    socket.once('close', () => {
      this.remove(socket);
    });
    const [oldest] = this.#timers.keys();
    if (oldest === undefined || this.#timers.size <= MAXIMUM_PENDING) return;
    this.remove(oldest);
    oldest.destroy();
  }

  /** The client has shown the token, or is gone. */
  remove(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#timers.delete(socket);
  }
}
