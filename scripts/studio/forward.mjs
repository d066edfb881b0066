/** Passes requests and WebSockets on to a server on loopback. Nothing but the path and the cookies changes. */
import { Agent, request as ask } from 'node:http';

/** A window asks for a hundred files at once, when it opens. */
const agent = new Agent({ keepAlive: true });

/**
 * @typedef {object} Upstream
 * @property {number} port
 * @property {string} path With the query.
 * @property {string} cookie
 */

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Upstream} upstream
 */
export function forwardRequest(request, response, upstream) {
  const forwarded = ask({ ...addressOf(request, upstream), agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  forwarded.on('error', () => {
    if (response.headersSent) response.destroy();
    else
      response.writeHead(502, { 'Content-Type': 'text/plain' }).end('VS Code does not answer.\n');
  });
  response.on('close', () => forwarded.destroy());
  request.pipe(forwarded);
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} head
 * @param {Upstream} upstream
 */
export function forwardUpgrade(request, socket, head, upstream) {
  const forwarded = ask(addressOf(request, upstream));
  socket.on('error', () => forwarded.destroy());
  socket.on('close', () => forwarded.destroy());
  forwarded.on('error', () => socket.destroy());
  // VS Code refuses the origin of a stranger, for example.
  forwarded.on('response', (answer) => {
    endWith(socket, headOf(answer));
    answer.resume();
  });
  forwarded.on('upgrade', (answer, other, otherHead) => {
    other.on('error', () => socket.destroy());
    other.on('close', () => socket.destroy());
    socket.on('close', () => other.destroy());
    socket.write(headOf(answer));
    socket.write(otherHead);
    other.write(head);
    socket.pipe(other).pipe(socket);
  });
  forwarded.end();
}

/**
 * Says something last. What the other side leaves half open is not waited for.
 * @param {import('node:stream').Duplex} socket
 * @param {string} text
 */
export function endWith(socket, text) {
  socket.end(text, () => socket.destroy());
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {Upstream} upstream
 */
function addressOf({ method, headers }, { port, path, cookie }) {
  return { host: '127.0.0.1', port, method, path, headers: { ...headers, cookie } };
}

/** @param {import('node:http').IncomingMessage} answer */
function headOf({ statusCode, statusMessage, rawHeaders }) {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
