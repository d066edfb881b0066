/** Chromium for the tests: one for each of their files. */
import { type Browser, chromium } from 'playwright-core';

import { findBrowser } from '../../../scripts/bootstrap/browser.mjs';

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    throw new Error('No Chromium was found; `npm test` installs one, or says how to.');
  }
  // Chromium refuses to run its own sandbox as root; the pages here are our own.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, headless: true, args: [...QUIET, ...asRoot] });
}
