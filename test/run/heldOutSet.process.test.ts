/** Held-out tasks are executed once, and again as soon as anything that matters is another. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import type { HeldOutSet, HeldOutTask } from '../../server/protocol/heldOut.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import { heldOutSet } from '../../server/src/run/heldOutSet.ts';
import { openGrader, type OpenGrader } from '../../server/src/run/openGrader.ts';

const TASKS: readonly HeldOutTask[] = [
  task('def f(x): return x + 1', '1', '2'),
  task('def f(x): return x * 2', '4', '8'),
];
const { signal } = new AbortController();

let graded: OpenGrader;
let folder: string;
beforeAll(async () => {
  graded = await openGrader(completeSettings([], 'none'));
});
afterAll(() => graded.close());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-held-out-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The set, and how many tasks were executed for it. */
async function look(
  tasks: readonly HeldOutTask[],
  changes: Partial<OpenGrader> = {},
  cache: string | undefined = folder,
): Promise<{ found: HeldOutSet['tasks']; structures: string[]; executed: number }> {
  let executed = 0;
  const grader: OpenGrader['grader'] = {
    ...graded.grader,
    validate: (proposal, abort) => {
      executed += 1;
      return graded.grader.validate(proposal, abort);
    },
  };
  const set = await heldOutSet({ ...graded, ...changes, grader }, tasks, signal, cache);
  expect(set.tasks.map(({ program }) => program)).toEqual(tasks.map(({ program }) => program));
  return { found: set.tasks, structures: [...set.structures].sort(), executed };
}

test('what was found right once is not executed again', async () => {
  const first = await look(TASKS);
  expect(first.executed).toBe(2);
  expect(first.structures).toHaveLength(2);
  expect(first.found[0]).toMatchObject({
    ...TASKS[0],
    constructs: ['operator:add', 'statement:return-only'],
    syntaxNodes: 9,
  });
  expect(await look(TASKS)).toEqual({ ...first, executed: 0 });
});

test('other tasks, rules or limits are', async () => {
  const [one, two] = TASKS;
  await look(TASKS);
  expect((await look([two!, one!])).executed).toBe(2);
  expect((await look([one!])).executed).toBe(1);
  expect((await look(TASKS, { rules: { ...graded.rules, bannedWords: ['no'] } })).executed).toBe(2);
  expect((await look(TASKS, { limits: { ...graded.limits, cpuMs: 900 } })).executed).toBe(2);
});

test('a wrong one is refused every time, and nothing of its set remembered', async () => {
  const wrong = [TASKS[0]!, task('def f(x): return x * 2', '4', '9')];
  for (let time = 0; time < 2; time += 1) {
    await expect(look(wrong)).rejects.toMatchObject({ code: 'held-out-wrong' });
  }
  expect(readdirSync(folder)).toEqual([]);
});

test.each(['', '[', '[]', '{}', '["no digest"]', '[1]', '[{},{}]', 'null'])(
  'a file that holds %j is not believed',
  async (content) => {
    const first = await look(TASKS);
    const [name] = readdirSync(folder);
    const file = path.join(folder, name!);
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, content);
    expect(await look(TASKS)).toEqual(first);
    expect(readFileSync(file, 'utf8')).toBe(written);
  },
);

test('without a place to write, they are executed every time', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const nowhere = path.join(file, 'below');
  expect((await look(TASKS, {}, nowhere)).executed).toBe(2);
  expect((await look(TASKS, {}, nowhere)).executed).toBe(2);
  expect(existsSync(nowhere)).toBe(false);
});

function task(program: string, input: string, output: string): HeldOutTask {
  return { mode: 'deduction', program, examples: [{ input, output }], visible: 0 };
}
