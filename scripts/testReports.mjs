/** Reads how many tests passed, and which failed, from the reports of vitest, pytest and the extension host. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} TestCount
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} failures Name and first line of the message of each that failed.
 */

/** @type {TestCount} What a runner that ended before its report is counted as. */
const NOTHING = { passed: 0, failed: 0, failures: [] };

/**
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {readonly {
 *   name: string,
 *   message?: string,
 *   assertionResults: readonly { fullName: string, status: string, failureMessages?: readonly string[] }[],
 * }[]} [testResults] `message` says why a file has no results.
 */

/**
 * @param {string} name
 * @param {string} [message]
 */
function failure(name, message) {
  const line = message?.trim().split('\n')[0] ?? '';
  return line === '' ? name : `${name}: ${line}`;
}

/**
 * @param {string} file vitest's JSON report.
 * @returns {TestCount} Zeros when the file does not exist: the runner ended before its report.
 */
export function readVitestReport(file) {
  if (!existsSync(file)) {
    return NOTHING;
  }
  const report = /** @type {VitestReport} */ (JSON.parse(readFileSync(file, 'utf8')));
  const failures = (report.testResults ?? []).flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && message) return [failure(path.basename(name), message)];
    return failed.map(({ fullName, failureMessages }) =>
      failure(`${path.basename(name)}: ${fullName}`, failureMessages?.[0]),
    );
  });
  return { passed: report.numPassedTests, failed: report.numFailedTests, failures };
}

/** A `testcase` that did not pass: its name and the message of what follows at once. */
const PYTEST_FAILURE =
  /<testcase [^>]*?\bname="([^"]*)"[^>]*><(?:failure|error) message="([^"]*?)(?:"|&#10;)/gu;

/**
 * @param {string} file pytest's JUnit report.
 * @returns {TestCount} Zeros when the file does not exist.
 */
export function readPytestReport(file) {
  if (!existsSync(file)) {
    return NOTHING;
  }
  const text = readFileSync(file, 'utf8');
  const suite = /<testsuite [^>]*>/.exec(text)?.[0] ?? '';
  const count = (/** @type {string} */ name) =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const failures = [...text.matchAll(PYTEST_FAILURE)].map(([, name = '', message]) =>
    failure(name, message),
  );
  return { passed: count('tests') - failed - count('skipped'), failed, failures };
}

/**
 * @param {string} file What test/vscode/host/suite/run.ts writes.
 * @returns {TestCount} Zeros when the file does not exist.
 */
export function readHostReport(file) {
  if (!existsSync(file)) {
    return NOTHING;
  }
  const { passed, failed, failures } = /** @type {TestCount} */ (
    JSON.parse(readFileSync(file, 'utf8'))
  );
  return { passed, failed, failures };
}
