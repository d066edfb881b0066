/** Reads how many tests passed and failed from the reports of vitest, pytest and the extension host. */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} TestCount
 * @property {number} passed
 * @property {number} failed
 */

/**
 * @param {string} file vitest's JSON report.
 * @returns {TestCount} Zeros when the file does not exist: the runner ended before its report.
 */
export function readVitestReport(file) {
  if (!existsSync(file)) {
    return { passed: 0, failed: 0 };
  }
  const report = /** @type {{ numPassedTests: number, numFailedTests: number }} */ (
    JSON.parse(readFileSync(file, 'utf8'))
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

/**
 * @param {string} file pytest's JUnit report.
 * @returns {TestCount} Zeros when the file does not exist.
 */
export function readPytestReport(file) {
  if (!existsSync(file)) {
    return { passed: 0, failed: 0 };
  }
  const suite = /<testsuite [^>]*>/.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  const count = (/** @type {string} */ name) =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed };
}

/**
 * @param {string} file What test/vscode/host/suite/run.ts writes.
 * @returns {TestCount} Zeros when the file does not exist.
 */
export function readHostReport(file) {
  if (!existsSync(file)) {
    return { passed: 0, failed: 0 };
  }
  const { passed, failed } = /** @type {TestCount} */ (JSON.parse(readFileSync(file, 'utf8')));
  return { passed, failed };
}
