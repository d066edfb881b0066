/**
 * The browser that drives VS Code in the tests. It is found, not shipped: AZR_CHROMIUM, or a Chromium
 * or Chrome on PATH or in the usual place; on Debian as root it is installed from Debian's packages.
 */
import { existsSync } from 'node:fs';

import { debianPackagesAreOurs, installDebianPackages } from './debianPackages.mjs';
import { diagnoseOutput } from './diagnose.mjs';
import { findOnPath } from '../../server/src/python/findOnPath.mjs';
import { SetupFailure } from './setupFailure.mjs';

/** The first has no windows to draw, which saves the tests two fifths of what a browser computes. */
const PROGRAMS = [
  ...['chromium-headless-shell', 'chromium', 'chromium-browser'],
  ...['google-chrome', 'google-chrome-stable'],
];
/** Where browsers are put that do not stand on PATH. */
const USUAL_PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
/** What apt-get installs: a browser, the first that there is, and letters for it to draw. */
const DEBIAN_BROWSERS = ['chromium-headless-shell', 'chromium'];
const DEBIAN_FONTS = 'fonts-dejavu-core';

/** @returns {string | undefined} Path of a browser that exists. */
export function findBrowser() {
  const chosen = process.env['AZR_CHROMIUM'];
  if (chosen) {
    return existsSync(chosen) ? chosen : undefined;
  }
  const onPath = PROGRAMS.map((program) => findOnPath(program));
  return [...onPath, ...USUAL_PLACES].find((file) => file !== undefined && existsSync(file));
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @throws {SetupFailure} `browser-missing` where this system's packages are not ours to install.
 */
export async function installBrowser(layout, options) {
  const chosen = process.env['AZR_CHROMIUM'];
  if (chosen) {
    throw new SetupFailure(
      'browser-missing',
      `AZR_CHROMIUM names ${chosen}, which does not exist.`,
      'Set AZR_CHROMIUM to the path of a Chromium or Chrome, or unset it, then run the same command again.',
    );
  }
  if (!debianPackagesAreOurs()) {
    throw new SetupFailure(
      'browser-missing',
      `the tests drive VS Code in a browser, and none of ${PROGRAMS.join(', ')} was found on PATH.`,
      'Install Chromium (on Debian or Ubuntu, as root: apt install chromium), or set AZR_CHROMIUM to the path of a Chromium or Chrome, then run the same command again.',
    );
  }
  /** @type {import('./runCommand.mjs').CommandRun | undefined} */
  let failed;
  for (const browser of DEBIAN_BROWSERS) {
    failed = await installDebianPackages([DEBIAN_FONTS, browser], layout, options);
    if (failed.exitCode === 0) return;
  }
  if (failed !== undefined) throw diagnoseOutput('installing Chromium', failed.output, failed);
}
