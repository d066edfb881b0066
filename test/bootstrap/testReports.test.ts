/** The counts in the last line of `npm test`. The reports are of the shape the runners write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { readHostReport, readPytestReport, readVitestReport } from '../../scripts/testReports.mjs';

const directory = mkdtempSync(path.join(tmpdir(), 'azr-reports-'));
const report = path.join(directory, 'report');

afterAll(() => {
  rmSync(directory, { recursive: true });
});

test('pytest: errors count as failed, skipped tests not at all', () => {
  writeFileSync(
    report,
    '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.5"><testcase/></testsuite></testsuites>',
  );
  expect(readPytestReport(report)).toEqual({ passed: 4, failed: 3 });
});

test('vitest: skipped tests do not count', () => {
  writeFileSync(
    report,
    JSON.stringify({ numTotalTests: 9, numPassedTests: 5, numFailedTests: 1, numPendingTests: 3 }),
  );
  expect(readVitestReport(report)).toEqual({ passed: 5, failed: 1 });
});

test('extension host: what was measured beside the tests does not count', () => {
  writeFileSync(report, JSON.stringify({ passed: 7, failed: 2, activationMs: 31 }));
  expect(readHostReport(report)).toEqual({ passed: 7, failed: 2 });
});

test('a runner that wrote no report', () => {
  const missing = path.join(directory, 'missing');
  expect(readPytestReport(missing)).toEqual({ passed: 0, failed: 0 });
  expect(readVitestReport(missing)).toEqual({ passed: 0, failed: 0 });
  expect(readHostReport(missing)).toEqual({ passed: 0, failed: 0 });
});
