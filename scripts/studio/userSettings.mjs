/** Settings that keep VS Code in the browser quiet, so that AZR Studio is what one sees. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a person may change in the Settings view; their value then stays. */
const QUIET = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  // Set for the server alone; a terminal should see what the user's own terminals see.
  'terminal.integrated.env.linux': { XDG_DATA_HOME: null },
};

/**
 * @param {string} file
 * @param {Readonly<Record<string, unknown>>} settings These go over what is there.
 */
export function writeUserSettings(file, settings) {
  mergeSettings(file, QUIET, settings);
}

/**
 * @param {string} file
 * @param {Readonly<Record<string, unknown>>} settings These go over what is there.
 */
export function writeMachineSettings(file, settings) {
  mergeSettings(file, {}, settings);
}

/**
 * @param {string} file
 * @param {Readonly<Record<string, unknown>>} defaults What is there goes over these.
 * @param {Readonly<Record<string, unknown>>} settings These go over what is there.
 */
function mergeSettings(file, defaults, settings) {
  mkdirSync(path.dirname(file), { recursive: true });
  const present = readSettings(file);
  if (present !== undefined) {
    const merged = { ...defaults, ...present, ...settings };
    writeFileSync(file, `${JSON.stringify(merged, undefined, 2)}\n`);
  }
}

/**
 * @param {string} file
 * @returns {Record<string, unknown> | undefined} Undefined when a person wrote it, with comments: it is left alone.
 */
function readSettings(file) {
  if (!existsSync(file)) {
    return {};
  }
  try {
    /** @type {Record<string, unknown>} */
    const settings = JSON.parse(readFileSync(file, 'utf8'));
    return settings;
  } catch {
    return undefined;
  }
}
