/**
 * Where other programs ask the model: HTTP on the loopback interface, in OpenAI's form. As at a runner's
 * endpoint, who asks must show the key, must name a loopback host (so that no web page gets here by
 * rebinding a name) and must not be a web page (they send `Origin`). Connections that have not shown the
 * key have a second, and of too many the oldest goes first.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { ProblemError } from '../../protocol/problem.ts';
import { PendingConnections } from '../run/endpoint/pendingConnections.ts';
import { isSameSecret } from '../run/endpoint/sameSecret.ts';
import type { Answer, ModelService } from './modelService.ts';
import { errorReply, RefusedRequest } from './refusedRequest.ts';

const HOST = '127.0.0.1';
const MOST_CLIENTS = 128;
const MOST_BODY_BYTES = 4 * 2 ** 20;
const MOST_DISCARDED_BYTES = 64 * 2 ** 20;
/** How long the body of a request may take to come, and an answer to be read. */
const TRANSFER_MS = 60_000;
/** Longer than clients keep an idle connection, so that none is closed while one sends a request on it. */
const IDLE_MS = 75_000;
/** How long clients have to read that the server ends. */
const ENDING_MS = 500;

export interface ModelEndpointOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly key: string;
  readonly service: ModelService;
  /** Hears of failures that were not foreseen. */
  readonly onDefect: (error: unknown) => void;
}

type Route = (text: string, signal: AbortSignal) => Promise<Answer>;

export class ModelEndpoint {
  readonly port: number;
  readonly #options: ModelEndpointOptions;
  readonly #http: Server;
  readonly #routes: Readonly<Record<string, Route>>;
  readonly #pending = new PendingConnections();
  /** Connections that have shown the key. */
  readonly #clients = new Set<Socket>();
  readonly #ending = new AbortController();

  private constructor(http: Server, options: ModelEndpointOptions) {
    this.#http = http;
    this.#options = options;
    const { service } = options;
    this.#routes = {
      'GET /v1/models': () => service.models(),
      'POST /v1/completions': (text, signal) => service.complete(text, signal),
      'POST /v1/chat/completions': (text, signal) => service.chat(text, signal),
    };
    const address = http.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    http.on('connection', (socket) => {
      this.#pending.add(socket);
    });
    http.on('request', (request, response) => {
      void this.#handle(request, response);
    });
  }

  /** Rejects with ProblemError `port-not-free`. */
  static async open(options: ModelEndpointOptions): Promise<ModelEndpoint> {
    const http = createServer({ requestTimeout: TRANSFER_MS, keepAliveTimeout: IDLE_MS });
    await new Promise<void>((resolve, reject) => {
      http.once('error', (error) => {
        reject(notListening(options.port, error));
      });
      http.listen({ host: HOST, port: options.port, exclusive: true }, resolve);
    });
    return new ModelEndpoint(http, options);
  }

  /** Where clients find it. */
  get url(): string {
    return `http://${HOST}:${this.port}/v1`;
  }

  /** Ends what is being answered with status 503; a client that does not read that is cut off. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => {
        resolve();
      });
    });
    this.#ending.abort(
      new RefusedRequest(503, {
        code: 'server-ending',
        message: 'The server ends.',
        remedy: 'Start it again with "azr serve".',
      }),
    );
    this.#http.closeIdleConnections();
    const timeout = setTimeout(() => {
      this.#http.closeAllConnections();
    }, ENDING_MS);
    await closed;
    clearTimeout(timeout);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    // A client may vanish while it is being answered.
    response.on('error', () => undefined);
    const signal = AbortSignal.any([gone.signal, this.#ending.signal]);
    try {
      this.#admit(request);
      const answer = await this.#routeOf(request)(await bodyOf(request), signal);
      if ('events' in answer) sendEvents(response, answer.events);
      else send(response, 200, {}, answer.body);
    } catch (error) {
      if (gone.signal.aborted) return;
      const { status, headers, body } = errorReply(error);
      if (status === 500) this.#options.onDefect(error);
      // What is left of a body that was not read would be taken for the next request.
      const closing = request.complete ? {} : { connection: 'close' };
      send(response, status, { ...headers, ...closing }, body);
    }
  }

  /** Throws RefusedRequest for whom this server does not answer. */
  #admit({ headers, socket }: IncomingMessage): void {
    const names = [`${HOST}:${this.port}`, `localhost:${this.port}`];
    if (headers.origin !== undefined || !names.includes(headers.host ?? '')) {
      throw new RefusedRequest(403, {
        code: 'foreign-request',
        message: 'This server answers programs on this machine, and no web pages.',
        remedy: `Send the request to ${this.url}, without an Origin header.`,
      });
    }
    if (!isSameSecret(headers.authorization ?? '', `Bearer ${this.#options.key}`)) {
      throw new RefusedRequest(401, {
        code: 'invalid_api_key',
        message: 'The key of the request is not the one that "azr serve" printed.',
        remedy: 'Send that one, as "Authorization: Bearer" and the key.',
      });
    }
    if (this.#clients.has(socket)) return;
    if (this.#clients.size >= MOST_CLIENTS) {
      throw new RefusedRequest(429, {
        code: 'too-many-requests',
        message: `There are ${MOST_CLIENTS} connections already.`,
        remedy: 'Send fewer requests at the same time.',
      });
    }
    this.#pending.remove(socket);
    this.#clients.add(socket);
    socket.once('close', () => this.#clients.delete(socket));
  }

  #routeOf({ method = '', url = '' }: IncomingMessage): Route {
    const wanted = `${method} ${url.split('?', 1)[0] ?? ''}`;
    const route = Object.hasOwn(this.#routes, wanted) ? this.#routes[wanted] : undefined;
    if (route !== undefined) return route;
    throw new RefusedRequest(404, {
      code: 'unknown-route',
      message: `There is no ${JSON.stringify(wanted.slice(0, 200))} here.`,
      remedy: `There are ${Object.keys(this.#routes).join(', ')}.`,
    });
  }
}

/**
 * Throws RefusedRequest for a body that is longer than a request can need, once it is there: a client that
 * is answered while it still sends may see a broken connection in place of the answer.
 */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
    else if (bytes > MOST_DISCARDED_BYTES) break;
  }
  if (bytes <= MOST_BODY_BYTES) return Buffer.concat(chunks).toString('utf8');
  throw new RefusedRequest(413, {
    code: 'too-long',
    message: `The body of the request has more than ${MOST_BODY_BYTES} bytes.`,
    remedy: 'Send fewer prompts in one request.',
  });
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: object,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  end(response, JSON.stringify(body));
}

function sendEvents(response: ServerResponse, events: readonly object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const lines = [...events.map((event) => JSON.stringify(event)), '[DONE]'];
  end(response, lines.map((line) => `data: ${line}\n\n`).join(''));
}

/** A client that does not read its answer is let go. */
function end(response: ServerResponse, text: string): void {
  const timer = setTimeout(() => response.destroy(), TRANSFER_MS);
  response.once('close', () => {
    clearTimeout(timer);
  });
  response.end(text);
}

function notListening(port: number, error: Error): ProblemError {
  return new ProblemError(
    {
      code: 'port-not-free',
      message: `Port ${port} of ${HOST} cannot be listened on: ${error.message}.`,
      remedy: 'Name another one with --port, or none for any that is free.',
    },
    { cause: error },
  );
}
