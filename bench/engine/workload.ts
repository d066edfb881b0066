/** What both sides are given: held-out tasks of the embedded model as prompts, and how to train on the answers. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { MODES } from '../../server/protocol/vocabulary.ts';
import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import type { Dialect, Prompt } from '../../server/src/method/dialects/dialect.ts';
import { dialectFor } from '../../server/src/method/dialects/dialectFor.ts';
import { questionOf } from '../../server/src/method/asking.ts';
import { readTasks } from '../../server/src/run/heldOutTasks.ts';
import { openModelFolder } from '../../server/src/machine/models/modelFolder.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const MODEL = path.join(import.meta.dirname, '../../server/models/azr-nano');

export interface Workload {
  readonly name: string;
  readonly model: string;
  readonly prompts: readonly Prompt[];
  readonly groupSize: number;
  readonly maximumTokens: number;
  readonly learningRate: number;
}

/** 24 solver prompts, eight of each mode, as a step of the loop has them; eight answers each. */
export async function solverWorkload(): Promise<Workload> {
  return {
    name: 'answers as they come, up to 60 tokens',
    model: MODEL,
    prompts: await solverPrompts(compactDialect, 8),
    groupSize: 8,
    maximumTokens: 60,
    // So small that both policies, and with them the lengths of their answers, stay where they are.
    learningRate: 1e-7,
  };
}

/** Six prompts and four answers each, for a model of another size, put to it as the loop would. */
export async function namedModelWorkload(model: string): Promise<Workload> {
  const common = await solverWorkload();
  const prompts = await solverPrompts(await dialectOf(model), 2);
  const name = `${path.basename(model)}, up to 60 tokens`;
  return { ...common, name, model, prompts, groupSize: 4 };
}

/** As many prompts and answers as for the embedded model, and longer ones, which a GPU has room for. */
export async function largeWorkload(model: string): Promise<Workload> {
  const common = await solverWorkload();
  const prompts = await solverPrompts(await dialectOf(model), 8);
  const maximumTokens = 256;
  const name = `${path.basename(model)}, up to ${maximumTokens} tokens`;
  return { ...common, name, model, prompts, maximumTokens };
}

async function dialectOf(model: string): Promise<Dialect> {
  const folder = await openModelFolder(model);
  return dialectFor(completeSettings([folder.defaults], model), folder);
}

async function solverPrompts(dialect: Dialect, tasksPerMode: number): Promise<readonly Prompt[]> {
  const tasks = await readTasks(path.join(MODEL, 'probe.jsonl'), 'probe');
  return MODES.flatMap((mode) =>
    tasks.filter((task) => task.mode === mode).slice(0, tasksPerMode),
  ).map((task) => dialect.solve(questionOf(task)));
}

/** The same, with a model whose end token is one it never writes: every answer has the full length. */
export async function equalLengthWorkload(folder: string): Promise<Workload> {
  const model = path.join(folder, 'endless');
  await cp(MODEL, model, { recursive: true });
  await edit(path.join(model, 'config.json'), { eos_token_id: 2 });
  await edit(path.join(model, 'generation_config.json'), { eos_token_id: 2 });
  await edit(path.join(model, 'tokenizer_config.json'), { eos_token: '<unknown>' });
  return { ...(await solverWorkload()), name: 'answers of 60 tokens each', model };
}

async function edit(file: string, changes: object): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...content, ...changes }));
}
