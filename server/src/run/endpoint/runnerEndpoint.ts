/**
 * Where a runner is watched and steered from: a WebSocket server on a Unix socket in a folder that only
 * its owner can enter, or, where there is none, on the loopback interface. Who connects must know the
 * token of `runner.json`, must have named a loopback host (so that no web page gets here by rebinding a
 * name) and must not be a web page at all (they send `Origin`). No client can slow the run: what it does
 * not read in time is left out or costs it the connection. Nor can connections without the token keep
 * the owner out: they have a second, and of too many the oldest goes first.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { ListenOptions } from 'node:net';
import type { Duplex } from 'node:stream';

import { type WebSocket, WebSocketServer } from 'ws';

import type { RunEvent } from '../../../protocol/events.ts';
import type { FromRunner, ToRunner } from '../../../protocol/runnerMessages.ts';
import type { Problem } from '../../../protocol/problem.ts';
import type { RunState } from '../../../protocol/runs.ts';
import { PROTOCOL_VERSION } from '../../../protocol/version.ts';
import { MessageAllowance } from './messageAllowance.ts';
import { PendingConnections } from './pendingConnections.ts';
import { readToRunner } from './readToRunner.ts';
import { runnerSocketIn } from '../../runFolder/runnerSocket.ts';
import { isSameSecret } from './sameSecret.ts';
import { StepUnderWay } from './stepUnderWay.ts';

const HOST = '127.0.0.1';
const MAXIMUM_CLIENTS = 8;
/** The longest message there is has some forty characters. */
const MAXIMUM_MESSAGE_BYTES = 1024;
const HEARTBEAT_MS = 15_000;
/** Unsent bytes from which on a client gets no more progress, and from which on it is let go. */
const LAGGING_BYTES = 256 * 2 ** 10;
const HOPELESS_BYTES = 8 * 2 ** 20;

/** Codes of https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1. */
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;

export interface RunnerEndpointOptions {
  /** The run as it is when a client comes. */
  readonly state: () => RunState;
  /** What the run waits for without having been paused. */
  readonly held?: () => Problem | undefined;
  readonly sequence: () => number;
  /** Called with every well-formed message. */
  readonly onCommand: (message: ToRunner) => void;
}

export class RunnerEndpoint {
  /** 256 random bits, hexadecimal. */
  readonly token: string;
  /** Of the loopback interface; undefined while it listens on a Unix socket. */
  readonly port: number | undefined;
  readonly #options: RunnerEndpointOptions;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #answered = new WeakSet<WebSocket>();
  readonly #underWay = new StepUnderWay();
  readonly #pending = new PendingConnections();
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(http: Server, token: string, options: RunnerEndpointOptions) {
    this.#http = http;
    this.#options = options;
    this.token = token;
    const address = http.address();
    this.port = typeof address === 'object' ? address?.port : undefined;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAXIMUM_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    http.on('connection', (socket) => {
      this.#pending.add(socket);
    });
    http.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
    this.#heartbeat = setInterval(() => {
      this.#checkPulse();
    }, HEARTBEAT_MS);
    // The run alone decides how long the process lives.
    this.#heartbeat.unref();
    http.unref();
  }

  /**
   * Listens on a Unix socket in the first of `socketFolders` that takes one, or else on a free port of
   * the loopback interface.
   */
  static async open(
    options: RunnerEndpointOptions,
    socketFolders: readonly string[],
  ): Promise<RunnerEndpoint> {
    const token = randomBytes(32).toString('hex');
    for (const folder of socketFolders) {
      try {
        const http = await listening({ path: runnerSocketIn(folder, token) });
        return new RunnerEndpoint(http, token, options);
      } catch {
        // Some file systems take no sockets.
      }
    }
    return new RunnerEndpoint(await listening({ host: HOST, port: 0 }), token, options);
  }

  get clientCount(): number {
    return this.#sockets.clients.size;
  }

  /** Tells everybody of an event. Never waits, never throws. */
  publish(event: RunEvent): void {
    this.#underWay.hear(event);
    const isProgress = event.kind === 'phase' || event.kind === 'task';
    this.#broadcast({ kind: 'event', sequence: this.#options.sequence(), event }, isProgress);
  }

  /** Tells everybody that the state changed. */
  publishState(): void {
    this.#broadcast({ kind: 'state', ...this.#situation() }, false);
  }

  /** Says good-bye; a client that does not answer is cut off. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (const client of this.#sockets.clients) client.close(GOING_AWAY, 'the runner ends');
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => {
        resolve();
      });
    });
    const timeout = setTimeout(() => {
      for (const client of this.#sockets.clients) client.terminate();
      this.#http.closeAllConnections();
    }, 500);
    this.#http.closeIdleConnections();
    await closed;
    clearTimeout(timeout);
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client may vanish while it is being answered.
    socket.on('error', () => socket.destroy());
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      const reason = STATUS_CODES[refusal] ?? '';
      socket.end(`HTTP/1.1 ${refusal} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      this.#pending.remove(request.socket);
      this.#welcome(client);
    });
  }

  /** HTTP status with which `request` is refused, if it is. */
  #refusalOf({ headers, url }: IncomingMessage): number | undefined {
    if (headers.origin !== undefined) return 403;
    if (!this.#names().includes(headers.host ?? '')) return 403;
    if (!isSameSecret(headers.authorization ?? '', `Bearer ${this.token}`)) return 401;
    if (url !== '/') return 404;
    return this.clientCount >= MAXIMUM_CLIENTS ? 503 : undefined;
  }

  /** What a client may call this machine. */
  #names(): readonly string[] {
    const { port } = this;
    return port === undefined ? ['localhost'] : [`${HOST}:${port}`, `localhost:${port}`];
  }

  #welcome(client: WebSocket): void {
    const allowance = new MessageAllowance();
    this.#answered.add(client);
    client.on('pong', () => {
      this.#answered.add(client);
    });
    // Oversize and malformed frames end here; the socket closes itself with the fitting code.
    client.on('error', () => undefined);
    client.on('message', (data, isBinary) => {
      if (!allowance.take(Date.now())) {
        client.close(POLICY_VIOLATION, 'too many messages');
        return;
      }
      // Without `binaryType` set, a text message is one Buffer.
      const message = isBinary ? undefined : readToRunner((data as Buffer).toString('utf8'));
      if (message === undefined) {
        client.close(UNSUPPORTED_DATA, 'no message of this protocol');
        return;
      }
      this.#options.onCommand(message);
    });
    const sequence = this.#options.sequence();
    const messages: readonly FromRunner[] = [
      { kind: 'hello', protocolVersion: PROTOCOL_VERSION, ...this.#situation(), sequence },
      ...this.#underWay.progress.map(
        (event) => ({ kind: 'event', sequence, event, earlier: true }) as const,
      ),
    ];
    for (const message of messages) client.send(JSON.stringify(message));
  }

  #situation(): { readonly state: RunState; readonly problem?: Problem } {
    const { state, held } = this.#options;
    const problem = held?.();
    return { state: state(), ...(problem !== undefined && { problem }) };
  }

  #broadcast(message: FromRunner, mayBeLeftOut: boolean): void {
    if (this.clientCount === 0) return;
    const text = JSON.stringify(message);
    for (const client of this.#sockets.clients) {
      if (client.readyState !== client.OPEN) continue;
      if (client.bufferedAmount > HOPELESS_BYTES) client.terminate();
      else if (!mayBeLeftOut || client.bufferedAmount < LAGGING_BYTES) client.send(text);
    }
  }

  #checkPulse(): void {
    for (const client of this.#sockets.clients) {
      if (!this.#answered.delete(client)) client.terminate();
      else if (client.readyState === client.OPEN) client.ping();
    }
  }
}

/** A server for handshakes only, once it listens. */
async function listening(place: ListenOptions): Promise<Server> {
  const http = createServer((_, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen({ ...place, exclusive: true }, () => {
      http.off('error', reject);
      resolve();
    });
  });
  return http;
}
