/** Every layer rule catches a violation, and a tree without violations passes. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import configuration from '../../dependency-cruiser.config.mjs';

type Tree = Readonly<Record<string, string>>;

const LAWFUL: Tree = {
  'package.json': JSON.stringify({ name: 'tree', type: 'module', dependencies: { execa: '*' } }),
  'server/protocol/records.ts': 'export interface TaskRecord { readonly id: number }',
  'server/src/files/open.ts': "import { open } from 'node:fs/promises'; export const file = open;",
  'server/src/method/step.ts':
    "import type { TaskRecord } from '../../protocol/records.ts'; export type Step = TaskRecord[];",
  'server/src/store/store.ts':
    "import { execa } from 'execa'; import { file } from '../files/open.ts'; export const store = [execa, file];",
  'server/src/run/run.ts':
    "import type { Step } from '../method/step.ts'; import { store } from '../store/store.ts'; export const run = (step: Step) => [step, store];",
  'server/src/cli/main.ts': "import { run } from '../run/run.ts'; run([]);",
  'extension/src/extension.ts':
    "import { window } from 'vscode'; import type { TaskRecord } from '../../server/protocol/records.ts'; export const tasks = (task: TaskRecord) => [task, window];",
  'webview/src/page.ts':
    "import type { TaskRecord } from '../../server/protocol/records.ts'; export type Page = TaskRecord;",
  'scripts/bootstrap/setUp.mjs': "import { open } from 'node:fs/promises'; export const up = open;",
  'scripts/build.mjs': "import { execa } from 'execa'; export const build = execa;",
  'test/helper.ts': 'export const helper = 1;',
};

/** For each rule, files that break it and, as far as can be, no other. */
const VIOLATIONS: readonly (readonly [rule: string, broken: Tree])[] = [
  [
    'no-cycles',
    {
      'server/src/method/a.ts': "import { b } from './b.ts'; export const a = (): unknown => b;",
      'server/src/method/b.ts': "import { a } from './a.ts'; export const b = (): unknown => a;",
    },
  ],
  ['protocol-imports-nothing', { 'server/protocol/a.ts': "import 'node:os';" }],
  ['protocol-imports-nothing', { 'server/protocol/a.ts': "import 'execa';" }],
  ['protocol-imports-nothing', { 'server/protocol/a.ts': "import '../src/method/step.ts';" }],
  ['cores-import-only-protocol', { 'server/src/method/a.ts': "import '../store/store.ts';" }],
  [
    'cores-import-only-protocol',
    {
      'server/src/engine/a.ts':
        "import type { Step } from '../method/step.ts'; export type A = Step;",
    },
  ],
  ['cores-import-only-protocol', { 'server/src/sandbox/a.ts': "import '../method/step.ts';" }],
  ['cores-import-only-protocol', { 'server/src/store/a.ts': "import '../method/step.ts';" }],
  ['method-knows-no-files', { 'server/src/method/a.ts': "import '../files/open.ts';" }],
  [
    'files-import-only-problems',
    { 'server/src/files/a.ts': "import '../../protocol/records.ts';" },
  ],
  [
    'statistics-import-only-protocol',
    { 'server/src/statistics/a.ts': "import '../method/step.ts';" },
  ],
  ['python-imports-nothing', { 'server/src/python/a.ts': "import 'execa';" }],
  ['python-imports-nothing', { 'server/src/python/a.ts': "import '../run/run.ts';" }],
  ['wiring-is-imported-by-wiring', { 'server/src/method/a.ts': "import '../run/run.ts';" }],
  ['literals-import-nothing', { 'server/src/literal/a.ts': "import '../../protocol/records.ts';" }],
  ['settings-imports-downwards', { 'server/src/settings/a.ts': "import '../run/run.ts';" }],
  ['machine-imports-downwards', { 'server/src/machine/a.ts': "import '../run/run.ts';" }],
  ['suites-imports-downwards', { 'server/src/suites/a.ts': "import '../run/run.ts';" }],
  ['suites-know-dialects-alone', { 'server/src/suites/a.ts': "import '../store/store.ts';" }],
  ['runFolder-imports-downwards', { 'server/src/runFolder/a.ts': "import '../run/run.ts';" }],
  ['runs-imports-downwards', { 'server/src/runs/a.ts': "import '../run/run.ts';" }],
  ['run-imports-downwards', { 'server/src/run/a.ts': "import '../cli/main.ts';" }],
  ['serve-imports-downwards', { 'server/src/serve/a.ts': "import '../cli/main.ts';" }],
  ['evaluation-imports-downwards', { 'server/src/evaluation/a.ts': "import '../cli/main.ts';" }],
  ['doctor-imports-downwards', { 'server/src/doctor/a.ts': "import '../cli/main.ts';" }],
  [
    'server-stands-alone',
    { 'server/src/cli/a.ts': "import '../../../extension/src/extension.ts';" },
  ],
  ['server-stands-alone', { 'server/src/method/a.ts': "import '../../../test/helper.ts';" }],
  ['only-extension-imports-vscode', { 'server/src/run/a.ts': "import 'vscode';" }],
  [
    'extension-imports-only-protocol',
    { 'extension/src/a.ts': "import '../../server/src/run/run.ts';" },
  ],
  [
    'webview-imports-only-protocol',
    { 'webview/src/a.ts': "import '../../extension/src/extension.ts';" },
  ],
  ['webview-has-no-node', { 'webview/src/a.ts': "import 'node:fs';" }],
  ['no-undeclared-packages', { 'server/src/run/a.ts': "import 'ws';" }],
  ['set-up-has-no-dependencies', { 'scripts/bootstrap/a.mjs': "import 'execa';" }],
  ['set-up-has-no-dependencies', { 'scripts/start.mjs': "import 'execa';" }],
  ['no-missing-modules', { 'server/src/run/a.ts': "import './missing.ts';" }],
];

describe('layer rules', () => {
  let directory = '';
  let previousDirectory = '';

  beforeEach(() => {
    previousDirectory = process.cwd();
    directory = mkdtempSync(path.join(tmpdir(), 'azr-layers-'));
    process.chdir(directory);
  });

  afterEach(() => {
    process.chdir(previousDirectory);
    rmSync(directory, { recursive: true });
  });

  test('a tree that keeps the layers passes', async () => {
    expect(await brokenRules(LAWFUL)).toEqual([]);
  });

  test.each(VIOLATIONS)('%s catches %o', async (rule, broken) => {
    expect(await brokenRules({ ...LAWFUL, ...broken })).toContain(rule);
  });

  test('every rule has a violation above', () => {
    const rules = configuration.forbidden?.map(({ name }) => name) ?? [];
    expect(new Set(VIOLATIONS.map(([rule]) => rule))).toEqual(new Set(rules));
  });

  async function brokenRules(tree: Tree): Promise<readonly string[]> {
    for (const [file, text] of Object.entries(tree)) {
      mkdirSync(path.join(directory, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(directory, file), text);
    }
    for (const name of ['execa', 'ws']) {
      mkdirSync(path.join(directory, 'node_modules', name), { recursive: true });
      writeFileSync(
        path.join(directory, 'node_modules', name, 'index.js'),
        'export const execa = 1;',
      );
    }
    const folders = ['extension', 'server', 'webview', 'scripts', 'test'];
    const { output } = await cruise(folders, {
      ...configuration.options,
      ruleSet: { forbidden: configuration.forbidden ?? [] },
      validate: true,
    });
    return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
  }
});
