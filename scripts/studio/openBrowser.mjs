/** Opens the user's browser where there is one to open. */
import { spawn } from 'node:child_process';

import { findOnPath } from '../../server/src/python/findOnPath.mjs';

/**
 * @param {string} file An HTML file. Not an address: everybody on this machine can read command lines.
 * @returns {boolean} Whether there is a browser to open.
 */
export function openBrowser(file) {
  const opener = openerOf(process.platform);
  if (opener === undefined) {
    return false;
  }
  const [command = '', ...words] = opener;
  // The printed address is there in any case; a browser that does not start costs nothing.
  spawn(command, [...words, file], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
  return true;
}

/**
 * @param {NodeJS.Platform} platform
 * @returns {readonly string[] | undefined}
 */
function openerOf(platform) {
  if (platform === 'darwin') {
    return ['open'];
  }
  if (platform === 'win32') {
    return ['rundll32', 'url.dll,FileProtocolHandler'];
  }
  const hasScreen = Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
  return hasScreen && findOnPath('xdg-open') !== undefined ? ['xdg-open'] : undefined;
}
