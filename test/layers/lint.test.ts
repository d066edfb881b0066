/** The two linters together apply typescript-eslint's strict presets, and the typed one finds what it should. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';
import { configs, plugin } from 'typescript-eslint';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Where the linter finds its rules from a folder outside the project. */
const RULES = path.join(ROOT, 'node_modules', '.bin', 'tsgolint');

interface TypedRules {
  readonly rules: Readonly<Record<string, unknown>>;
}

interface KnownRules {
  readonly rules: Readonly<
    Record<string, { meta?: { docs?: { requiresTypeChecking?: boolean } } } | undefined>
  >;
}

/** Departures from the presets: the reasons stand beside them in .oxlintrc.json, or here. */
const OTHER_OPTIONS = ['restrict-template-expressions', 'no-unnecessary-condition'];
/** The typed linter does not know it. We seldom have a class where an object would do. */
const LEFT_OUT = ['no-unsafe-class-instance-assignment'];

const VIOLATIONS = `
async function wait(): Promise<number> { await Promise.resolve(); return 1; }
export function floating(): void { wait(); }
export function misused(numbers: number[]): void { numbers.forEach(async () => { await wait(); }); }
export function unsafe(given: any): number { return given.foo; }
export function spelled(given: { foo: number }): string { return \`\${given}\`; }
export function needless(given: string): boolean { return given !== undefined; }
export function partial(kind: 'a' | 'b'): number { switch (kind) { case 'a': return 1; } return 0; }
`;
const FOUND = [
  'no-floating-promises',
  'no-misused-promises',
  'no-unsafe-member-access',
  'no-unsafe-return',
  'restrict-template-expressions',
  'no-base-to-string',
  'no-unnecessary-condition',
  'switch-exhaustiveness-check',
];

function typedRules(): TypedRules {
  const text = readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8');
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '')) as TypedRules;
}

test('every rule of the presets that asks for types is the typed linter’s, options included', () => {
  const presets = [...configs.strictTypeChecked, ...configs.stylisticTypeChecked];
  const rules = Object.entries(
    Object.assign({}, ...presets.map((one) => one.rules ?? {})) as object,
  );
  const known = plugin as unknown as KnownRules;
  const typed = rules.flatMap(([name, setting]) => {
    const rule = name.replace('@typescript-eslint/', '');
    const asksForTypes = known.rules[rule]?.meta?.docs?.requiresTypeChecking === true;
    return asksForTypes && setting !== 'off' ? [[rule, setting as unknown] as const] : [];
  });
  expect(typed.length).toBeGreaterThan(45);

  const { rules: ours } = typedRules();
  for (const [rule, setting] of typed) {
    if (LEFT_OUT.includes(rule)) continue;
    const set = ours[`typescript/${rule}`];
    if (OTHER_OPTIONS.includes(rule)) expect(set, rule).toMatchObject(['error', {}]);
    else expect(set, rule).toEqual(setting);
  }
});

test('code that breaks such rules is refused, wherever TypeScript knows its types', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-lint-'));
  try {
    copyFileSync(path.join(ROOT, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { strict: true, target: 'es2023', types: [] } }),
    );
    writeFileSync(path.join(folder, 'violations.ts'), VIOLATIONS);
    const program = path.join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint');
    const { stdout, status } = spawnSync(
      process.execPath,
      [program, '--type-aware', '--format', 'json', '.'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, OXLINT_TSGOLINT_PATH: RULES } },
    );
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] };
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(
      new Set(FOUND.map((rule) => `typescript(${rule})`)),
    );
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['extension/src/a.ts', "import { window } from 'vscode';\nwindow.showErrorMessage('raw');"],
  ['extension/src/a.ts', "import { MarkdownString } from 'vscode';\nnew MarkdownString('raw');"],
  ['extension/src/a.ts', "import { TreeItem } from 'vscode';\nnew TreeItem('raw');"],
  [
    'extension/src/a.ts',
    "import { FileSystemError } from 'vscode';\nFileSystemError.Unavailable('');",
  ],
  [
    'extension/src/a.ts',
    "import * as vscode from 'vscode';\nvscode.window.showErrorMessage('raw');",
  ],
  [
    'extension/src/a.ts',
    "import type { SafeText } from './b.ts';\nexport const a = 'raw' as SafeText;",
  ],
  ['server/src/cli/a.ts', "process.stdout.write('raw');"],
  ['server/src/cli/a.ts', "process.stderr.write('raw');"],
  ['server/src/cli/a.ts', "const { stdout } = process;\nstdout.write('raw');"],
  ['server/src/cli/a.ts', "console.log('raw');"],
  ['webview/src/a.ts', "document.body.innerHTML = 'raw';"],
])('a raw text has no way to where it would be more than text: %s, %s', async (filePath, code) => {
  const eslint = new ESLint({ cwd: ROOT });
  const results = await eslint.lintText(`${code}\n`, { filePath: path.join(ROOT, filePath) });
  const rules = results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
  expect(rules).toHaveLength(1);
  expect(rules[0]).toMatch(/^no-(restricted|console)/);
});
