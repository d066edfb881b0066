/**
 * Connections to the gate that have not shown a session. Anybody on the machine can open them, and each
 * takes a descriptor. So when there are many, each has a second; and of too many the oldest goes first: the
 * owner's browser, which shows its session at once, is among the newest.
 */

/** A browser opens some in advance, which may wait for longer. */
const MANY = 32;
/** So many that a flood takes longer to push out a connection than a request does. */
const MAXIMUM = 256;
const GRACE_MS = 1_000;

export class UnknownConnections {
  /**
   * When each was opened, the oldest first.
   * @type {Map<import('node:stream').Duplex, number>}
   */
  #openedMs = new Map();

  /** @param {import('node:stream').Duplex} socket */
  add(socket) {
    this.#openedMs.set(socket, performance.now());
    socket.once('close', () => {
      this.remove(socket);
    });
    this.#dropOldest();
    setTimeout(() => {
      this.#dropOldest();
    }, GRACE_MS).unref();
  }

  /**
   * It has shown its session, or is gone.
   * @param {import('node:stream').Duplex} socket
   */
  remove(socket) {
    this.#openedMs.delete(socket);
  }

  #dropOldest() {
    for (const [socket, openedMs] of this.#openedMs) {
      const { size } = this.#openedMs;
      const isLate = performance.now() - openedMs >= GRACE_MS;
      if (size <= MANY || (size <= MAXIMUM && !isLate)) return;
      this.remove(socket);
      socket.destroy();
    }
  }
}
