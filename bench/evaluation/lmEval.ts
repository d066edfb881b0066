/**
 * EleutherAI's lm-evaluation-harness asks the embedded model through `azr serve`, and must find what the
 * engine itself says: `npm run bench:harness -- [--items 60]`. Three kinds of tasks made of held-out
 * deductions, one for each way in which the harness asks: choices by likelihood, texts that it generates,
 * and whether a text is what the model would say.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { execa } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { peerPython } from '../engine/peerEnvironment.ts';
import { type HarnessItem, harnessItems, ownScores } from './harnessItems.ts';

const MODEL = 'azr-nano';
const ROOT = path.join(import.meta.dirname, '../..');
/** Requests at the same time, each with so many prompts. */
const CONCURRENT = 4;
const BATCH = 8;
/** A text may be cut off at a token more or less of equal probability, by rounding. */
const TOLERATED_ITEMS = 1;

const TASKS = {
  azr_choice: {
    kind: 'output_type: multiple_choice\ndoc_to_choice: choices\ndoc_to_target: answer\n',
    context: 'question',
    metric: 'acc',
  },
  azr_text: {
    kind: `output_type: generate_until\ndoc_to_target: output
generation_kwargs: { until: ["\\n"], max_gen_toks: 40, temperature: 0, do_sample: false }\n`,
    context: 'prompt',
    metric: 'exact_match',
  },
  azr_likeliest: {
    kind: 'output_type: loglikelihood\ndoc_to_target: continuation\n',
    context: 'begun',
    metric: 'acc',
  },
} as const;

const { values } = parseArgs({ options: { items: { type: 'string', default: '60' } } });
const python = await peerPython({
  ...{ name: 'lm-evaluation-harness', folder: 'lm-eval', megabytes: 300 },
  requirements: path.join(import.meta.dirname, 'requirements.txt'),
});
const scratch = mkdtempSync(path.join(tmpdir(), 'azr-harness-'));
try {
  const { items, expected, tokenizer } = await ownAnswers(Number(values.items));
  writeTasks(items);
  const found = await harnessAnswers(tokenizer);
  let isRight = true;
  for (const [task, { metric }] of Object.entries(TASKS)) {
    const [own, harness] = [expected[task as keyof typeof TASKS], found[task]?.[metric]];
    const isEqual = Math.abs(own - (harness ?? NaN)) * items.length <= TOLERATED_ITEMS;
    isRight &&= isEqual;
    console.log(
      `${task}: ${metric} by the harness ${String(harness)}, by the engine ${String(own)}: ${isEqual ? 'equal' : 'NOT EQUAL'}`,
    );
  }
  process.exitCode = isRight ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The items, and each task's metric as the engine gives it without a server between. */
async function ownAnswers(count: number) {
  const prepared = await prepareNewRun([{ model: MODEL }], 'the harness');
  const run = runFolderAt(path.join(scratch, 'own'));
  const folders = { checkpoints: run.checkpoints, engineLog: path.join(scratch, 'engine.log') };
  const engine = await openEngine(prepared, folders, new AbortController().signal);
  try {
    const items = await harnessItems(engine, prepared, count);
    return { items, expected: await ownScores(engine, items), tokenizer: prepared.model.folder };
  } finally {
    await engine.close();
  }
}

function writeTasks(items: readonly HarnessItem[]): void {
  const data = path.join(scratch, 'items.jsonl');
  writeFileSync(data, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  for (const [task, { kind, context, metric }] of Object.entries(TASKS)) {
    writeFileSync(
      path.join(scratch, `${task}.yaml`),
      `task: ${task}
dataset_path: json
dataset_kwargs: { data_files: { test: ${JSON.stringify(data)} } }
test_split: test
doc_to_text: ${context}
target_delimiter: ""
${kind}metric_list: [{ metric: ${metric}, aggregation: mean, higher_is_better: true }]
metadata: { version: 1 }
`,
    );
  }
}

/** Each task's metrics, as the harness finds them. */
async function harnessAnswers(tokenizer: string): Promise<Record<string, Record<string, number>>> {
  const program = path.join(ROOT, 'server/src/cli/main.ts');
  const serving = spawn(
    process.execPath,
    ['--experimental-strip-types', '--no-warnings', program, 'serve', MODEL, '--json'],
    { cwd: scratch, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = (await once(createInterface(serving.stdout), 'line')) as [string];
    const { url, model, key } = JSON.parse(line) as { url: string; model: string; key: string };
    const settings = {
      ...{ model, base_url: `${url}/completions`, num_concurrent: CONCURRENT },
      ...{ tokenizer, tokenizer_backend: 'huggingface', max_length: 1024 },
    };
    const output = path.join(scratch, 'results');
    await execa(
      python,
      [
        ...['-m', 'lm_eval', '--model', 'local-completions', '--batch_size', String(BATCH)],
        ...[
          '--model_args',
          Object.entries(settings)
            .map((pair) => pair.join('='))
            .join(','),
        ],
        ...['--tasks', Object.keys(TASKS).join(','), '--include_path', scratch],
        ...['--output_path', output],
      ],
      {
        ...pythonStart({
          variables: {
            ...{ OPENAI_API_KEY: key, HF_HOME: path.join(scratch, 'huggingface') },
            ...{ HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' },
          },
        }),
        stdout: 'inherit',
        stderr: 'inherit',
      },
    );
    return resultsIn(output);
  } finally {
    serving.kill('SIGINT');
    await once(serving, 'exit');
  }
}

/** Names of metrics have the filter after a comma. */
function resultsIn(folder: string): Record<string, Record<string, number>> {
  const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
    /results_.*\.json$/.test(name),
  );
  if (file === undefined) throw new Error('The harness has left no results.');
  const { results } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as {
    readonly results: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  return Object.fromEntries(
    Object.entries(results).map(([task, metrics]) => [
      task,
      Object.fromEntries(
        Object.entries(metrics).map(([name, value]) => [name.split(',')[0]!, value]),
      ),
    ]),
  );
}
