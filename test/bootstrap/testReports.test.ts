/** What the last lines of `npm test` say. The reports are of the shape the runners write. */
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
    '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.5"><testcase classname="a" name="test_one" time="0.1" /><testcase classname="a" name="test_two[&quot;x&quot;]" time="0.1"><failure message="assert 1 == 2&#10;  where 1">text</failure></testcase><testcase classname="b" name="test_three" time="0"><error message="no fixture">text</error></testcase></testsuite></testsuites>',
  );
  expect(readPytestReport(report)).toEqual({
    passed: 4,
    failed: 3,
    failures: ['test_two[&quot;x&quot;]: assert 1 == 2', 'test_three: no fixture'],
  });
});

test('vitest: skipped tests do not count', () => {
  writeFileSync(
    report,
    JSON.stringify({
      ...{ numTotalTests: 9, numPassedTests: 5, numFailedTests: 1, numPendingTests: 3 },
      testResults: [
        {
          name: '/test/one.test.ts',
          message: '',
          assertionResults: [
            { fullName: 'adds', status: 'passed' },
            { fullName: 'takes away', status: 'failed', failureMessages: ['Error: 3\n at x'] },
          ],
        },
        { name: '/test/two.test.ts', message: 'Error: no such module', assertionResults: [] },
      ],
    }),
  );
  expect(readVitestReport(report)).toEqual({
    passed: 5,
    failed: 1,
    failures: ['one.test.ts: takes away: Error: 3', 'two.test.ts: Error: no such module'],
  });
});

test('extension host: what was measured beside the tests does not count', () => {
  writeFileSync(
    report,
    JSON.stringify({ passed: 7, failed: 1, failures: ['one'], activationMs: 31 }),
  );
  expect(readHostReport(report)).toEqual({ passed: 7, failed: 1, failures: ['one'] });
});

test('a runner that wrote no report', () => {
  const missing = path.join(directory, 'missing');
  expect(readPytestReport(missing)).toEqual({ passed: 0, failed: 0, failures: [] });
  expect(readVitestReport(missing)).toEqual({ passed: 0, failed: 0, failures: [] });
  expect(readHostReport(missing)).toEqual({ passed: 0, failed: 0, failures: [] });
});
