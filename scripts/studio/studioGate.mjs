/**
 * The door to VS Code's server: a browser that has used a sign-in link gets a cookie, and whoever has the
 * cookie is let through. Browsers send the cookies of `127.0.0.1` to every port of it, which may be another
 * user's, and let pages from there ask us with them. The cookie therefore belongs to a path that nobody
 * else knows, below which all of VS Code lies. It is another at each start: while the studio is closed,
 * another user may listen on its port, and learn the path from a tab that is still open. VS Code's own
 * secret never leaves this process.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { endWith, forwardRequest, forwardUpgrade } from './forward.mjs';
import { isEqual, SignInLinks } from './signInLinks.mjs';
import { refusal, signInPage } from './signInPages.mjs';
import { UnknownConnections } from './unknownConnections.mjs';

const SECRET_BYTES = 32;
const PATH_BYTES = 16;
/** For the head of a request: who says nothing is let go. */
const TIME_LIMITS = { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 };
const SIGN_IN = '/sign-in/';
const NOT_SIGNED_IN =
  'This browser is not signed in to AZR Studio. In the terminal of npm start, press Enter for another link and open that; if there is no such terminal, run npm start again.';
const ELSEWHERE =
  'AZR Studio has another address here: open the link that npm start printed, or press Enter in its terminal for another one.';
const LINK_IS_USED =
  'This link was used already, or is too old: it signs one browser in, once. In the terminal of npm start, press Enter for another one; if there is no such terminal, run npm start again.';

/**
 * @typedef {object} StudioGate
 * @property {string} origin Such as `http://127.0.0.1:8473`.
 * @property {string} basePath Such as `/azr-…`, below which VS Code lies.
 * @property {() => string} issueLink A link that signs one browser in; the one before it stops working.
 * @property {(listener: () => void) => void} onSignedIn Called whenever a link was used.
 * @property {() => Promise<void>} close
 */

/**
 * @param {object} options
 * @param {Pick<import('./codeServer.mjs').CodeServer, 'port' | 'session'>} options.server
 * @param {number} options.port
 * @param {string} options.folder What the workbench opens.
 * @param {string | undefined} options.trustedFolder See {@link signInPage}.
 * @param {SignInLinks} [options.links]
 * @returns {Promise<StudioGate>}
 */
export async function openStudioGate(options) {
  const { server, folder, trustedFolder, links = new SignInLinks() } = options;
  // Two studios of one browser differ in port only, which cookies do not tell apart.
  const cookie = `azr-studio-session-${options.port}`;
  const value = randomBytes(SECRET_BYTES).toString('base64url');
  const basePath = `/azr-${randomBytes(PATH_BYTES).toString('base64url')}`;
  const target = `${basePath}/?folder=${encodeURIComponent(folder)}`;
  /** @type {(() => void)[]} */
  const listeners = [];

  /** @param {import('node:http').IncomingMessage} request */
  const isSignedIn = (request) =>
    cookiesOf(request).some(
      ([name, given]) => name === cookie && isEqual(Buffer.from(given), Buffer.from(value)),
    );

  /** @param {import('node:http').IncomingMessage} request */
  const upstreamOf = (request) => {
    const { url = '' } = request;
    const others = cookiesOf(request).filter(([name]) => name !== cookie);
    const all = [...others, [server.session.name, server.session.value]];
    return {
      port: server.port,
      path: url.slice(basePath.length),
      cookie: all.map(([name, given]) => `${name}=${given}`).join('; '),
    };
  };

  const unknown = new UnknownConnections();
  const gate = createServer(TIME_LIMITS, (request, response) => {
    const url = request.url ?? '';
    if (request.method === 'GET' && url.startsWith(SIGN_IN)) {
      if (!links.redeem(url.slice(SIGN_IN.length))) {
        refuse(response, 403, LINK_IS_USED);
        return;
      }
      const { html, policy } = signInPage({ target, trustedFolder });
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader(
        'Set-Cookie',
        `${cookie}=${value}; Path=${basePath}/; HttpOnly; SameSite=Strict`,
      );
      answer(response, 200, html);
      for (const listener of listeners) listener();
    } else if (!url.startsWith(`${basePath}/`)) {
      refuse(response, 404, ELSEWHERE);
    } else if (!isSignedIn(request)) {
      refuse(response, 401, NOT_SIGNED_IN);
    } else {
      unknown.remove(request.socket);
      forwardRequest(request, response, upstreamOf(request));
    }
  });
  /** @type {Set<import('node:stream').Duplex>} */
  const windows = new Set();
  gate.on('connection', (socket) => {
    unknown.add(socket);
  });
  gate.on('upgrade', (request, socket, head) => {
    // Nobody else listens for it: a connection that is torn would end this process.
    socket.on('error', () => socket.destroy());
    if (request.url?.startsWith(`${basePath}/`) && isSignedIn(request)) {
      unknown.remove(socket);
      windows.add(socket);
      socket.on('close', () => windows.delete(socket));
      forwardUpgrade(request, socket, head, upstreamOf(request));
    } else {
      endWith(
        socket,
        'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      );
    }
  });
  // A window's requests may take as long as what they wait for.
  gate.requestTimeout = 0;
  await new Promise((resolve, reject) => {
    gate.once('error', reject);
    gate.listen(options.port, '127.0.0.1', () => {
      resolve(undefined);
    });
  });
  const origin = `http://127.0.0.1:${options.port}`;
  return {
    origin,
    basePath,
    issueLink: () => `${origin}${SIGN_IN}${links.issue()}`,
    onSignedIn: (listener) => {
      listeners.push(listener);
    },
    close: async () => {
      const closed = new Promise((resolve) => gate.close(resolve));
      gate.closeAllConnections();
      // Those of WebSockets are not among them.
      for (const socket of windows) socket.destroy();
      await closed;
    },
  };
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {(readonly [string, string])[]} Names and values, as they were sent.
 */
function cookiesOf({ headers: { cookie = '' } }) {
  return cookie
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...rest] = part.split('=');
      return /** @type {const} */ ([name, rest.join('=')]);
    });
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} message
 */
function refuse(response, status, message) {
  // The rest of the request, which may never come, is not waited for.
  response.setHeader('Connection', 'close');
  response.setHeader('Content-Security-Policy', "default-src 'none'");
  answer(response, status, refusal(message));
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} html
 */
function answer(response, status, html) {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  });
  response.end(html);
}
