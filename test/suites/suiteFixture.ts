/** What tests of suites share: a sandbox of ours, files of items, and verdicts of answers. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { PythonSandbox, Verification } from '../../server/protocol/sandbox.ts';
import { verifyAnswer } from '../../server/src/method/solve.ts';
import { suiteGrader } from '../../server/src/suites/suiteRules.ts';
import type { LoadContext, LoadedSuite, Suite } from '../../server/src/suites/suite.ts';

/** Benchmarks that lie beside the repository on some machines; undefined where they do not. */
export function dataBeside(name: string): string | undefined {
  const file = path.resolve(import.meta.dirname, '../../../shared/data/eval', name);
  return existsSync(file) ? file : undefined;
}

/** Loads `suite` from a file that holds `lines`. */
export async function loadLines(
  suite: Suite,
  sandbox: PythonSandbox,
  lines: readonly (object | string)[],
  changes: Partial<LoadContext> = {},
): Promise<LoadedSuite> {
  const folder = mkdtempSync(path.join(tmpdir(), 'suite-'));
  const dataFile = path.join(folder, 'items.jsonl');
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(dataFile, texts.join('\n'));
  const { signal } = new AbortController();
  const context = { sandbox, cacheFolder: folder, dataFile, signal, onProgress: () => undefined };
  try {
    return await suite.load({ ...context, ...changes });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The verdict on what the template `name` reads from `completion`; undefined where it reads nothing. */
export async function judged(
  { sandbox, suite, name = 'chat' }: { sandbox: PythonSandbox; suite: Suite; name?: string },
  task: HeldOutTask,
  completion: string,
): Promise<Verification | undefined> {
  const template = suite.templates.find((one) => one.name === name)!;
  const answer = template.readAnswer(task, completion);
  if (answer === undefined) return undefined;
  return verifyAnswer(suiteGrader(sandbox), task, answer, new AbortController().signal);
}

export function block(code: string): string {
  return `Here it is:\n\`\`\`python\n${code}\n\`\`\`\n`;
}
