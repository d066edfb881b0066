/**
 * `npm test`: the checks, then every test, quick ones first; all of them run even when one fails.
 * The last lines name what failed, and how many tests passed and how many failed; a failed check
 * counts as failed.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { PROJECT_ROOT, layoutOf } from './bootstrap/layout.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { runSupervised } from './bootstrap/spawnSupervised.mjs';
import { nodeChecks, pythonChecks, runChecks, SAFE_PATH } from './checks.mjs';
import { readHostReport, readPytestReport, readVitestReport } from './testReports.mjs';

/** @type {(node: string) => void} */
let begin = () => undefined;
/** @type {Promise<string>} */
const nodeReady = new Promise((resolve) => {
  begin = resolve;
});
const setUp = prepare(['vscode', 'browser', 'bubblewrap'], begin);
// Much can be checked while Python's packages are still on their way.
const early = nodeReady.then((node) => runChecks(nodeChecks(node), { silentUntil: setUp }));
const toolchain = await setUp;
const reports = path.join(layoutOf(PROJECT_ROOT).tools, 'reports');
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const PYTHON_SOURCES = [['engine', 'src'], ['nano']].map((folders) =>
  path.join(PROJECT_ROOT, 'server', ...folders),
);

let passed = 0;
const failures = [...(await runChecks(pythonChecks(toolchain), { atOnce: 1 }))];

/**
 * @param {string} name
 * @param {readonly string[]} command
 * @param {(file: string) => import('./testReports.mjs').TestCount} read
 * @param {string} report
 * @param {'inherit' | 'pipe'} [output] `pipe` prints all of it at the end.
 */
async function runTests(name, command, read, report, output = 'inherit') {
  if (output === 'inherit') process.stdout.write(`\n${name}\n`);
  const { exitCode, output: printed } = await runSupervised(command, {
    directory: PROJECT_ROOT,
    environment: {
      ...SAFE_PATH,
      PYTHONPATH: PYTHON_SOURCES.join(path.delimiter),
      // Set-up has pip compile nothing, so pytest leaves what it compiled to the engines of all tests.
      PYTHONDONTWRITEBYTECODE: '',
      // More threads than cores wait for one another by spinning; an eighth of the
      // processor goes into that even where nothing else runs.
      OMP_NUM_THREADS: '1',
      // The tests start hundreds of Node programs from source; each is compiled once.
      NODE_COMPILE_CACHE: path.join(layoutOf(PROJECT_ROOT).tools, 'compiled'),
    },
    output,
  });
  if (output === 'pipe') process.stdout.write(`\n${name}\n${printed}`);
  const count = read(report);
  passed += count.passed;
  failures.push(...count.failures);
  // A runner that fails without naming a test (no test found, a crash) is one failure.
  if (exitCode !== 0 && count.failures.length === 0)
    failures.push(`${name} ended with ${exitCode}`);
}

/**
 * @param {string} project
 * @param {'inherit' | 'pipe'} [output]
 */
function runVitest(project, output) {
  const report = path.join(reports, `vitest-${project}.json`);
  const command = [
    ...[toolchain.node, path.join('node_modules', 'vitest', 'vitest.mjs'), 'run'],
    ...['--project', project, '--reporter=default', '--reporter=json'],
    `--outputFile.json=${report}`,
  ];
  return runTests(`vitest: ${project}`, command, readVitestReport, report, output);
}

async function runPytest() {
  const report = path.join(reports, 'pytest.xml');
  const command = [
    ...[toolchain.python, '-m', 'pytest', '-q'],
    ...['server/engine/tests', 'server/nano/tests', `--junitxml=${report}`],
  ];
  await runTests('pytest', command, readPytestReport, report, 'pipe');
}

/**
 * The tests that run inside VS Code's extension host, next to the extension.
 * @param {'inherit' | 'pipe'} output
 */
async function runInExtensionHost(output) {
  const report = path.join(reports, 'host.json');
  // Node runs TypeScript without a flag only since 22.18, and warned about it until 24.3.
  const flags = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'];
  const command = [toolchain.node, ...flags, path.join('test', 'vscode', 'host', 'main.ts')];
  await runTests('mocha: extension host', command, readHostReport, report, output);
}

// Two lanes, since each leaves gaps: tests that start processes, and those that wait for VS Code. What
// is left of the checks goes on beside them.
await Promise.all([
  early.then((failed) => {
    failures.push(...failed);
  }),
  runVitest('fast').then(() => runVitest('processes')),
  runPytest()
    .then(() => runVitest('vscode', 'pipe'))
    .then(() => runInExtensionHost('pipe')),
]);
// Named again at the end, since what is kept of a long output is often its last lines.
for (const failure of failures) process.stdout.write(`\nFAILED ${failure}`);
process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`);
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
