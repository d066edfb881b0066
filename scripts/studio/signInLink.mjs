/**
 * A link that signs one's browser in to VS Code, so that nobody has to paste a password: it sets the
 * session cookie and goes on to the workbench. Cookies do not tell the ports of a host apart, so a
 * small server beside VS Code's can do it. The link is as secret as a password.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const SECRET_BYTES = 32;

/**
 * @param {import('./codeServer.mjs').CodeServer} server
 * @param {string} folder What the workbench opens.
 * @returns {Promise<{ link: string, close: () => void }>}
 */
export async function serveSignInLink(server, folder) {
  const path = `/${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const target = `${server.origin}/?folder=${encodeURIComponent(folder)}`;
  const { name, value } = server.session;
  const gate = createServer((request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'no-referrer');
    if (request.method !== 'GET' || !equal(request.url ?? '', path)) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
      return;
    }
    response.writeHead(302, {
      'Set-Cookie': `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`,
      Location: target,
    });
    response.end();
  });
  await new Promise((resolve, reject) => {
    gate.once('error', reject);
    gate.listen(0, '127.0.0.1', () => {
      resolve(undefined);
    });
  });
  const address = gate.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    link: `http://127.0.0.1:${port}${path}`,
    close: () => {
      gate.close();
      gate.closeAllConnections();
    },
  };
}

/**
 * @param {string} asked
 * @param {string} expected
 */
function equal(asked, expected) {
  const [left, right] = [Buffer.from(asked), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
