/** Finds the folder of a model, and reads what the folder says about how to train it. */
import { ProblemError } from '../../../protocol/problem.ts';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, fstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { TEMPLATE_FILE, templateIn } from '../../engine/tokenizer/chatTemplateSource.ts';
import { openForReading } from '../../files/openFile.ts';
import { readModelFile } from '../../files/readFile.ts';
import { assetRoot } from '../assets.ts';
import { isNamedModel, namedModelFolder } from './namedModel.ts';
import type { PartialSettings } from '../../settings/settings.ts';
import { checkSettings } from '../../settings/settings.ts';
import { SettingsError } from '../../settings/settingsError.ts';
import type { SettingName } from '../../settings/settingsSchema.ts';
import { SETTING_NAMES } from '../../settings/settingsSchema.ts';

/** The embedded model's name in the run file. */
export const EMBEDDED_MODEL = 'azr-nano';

/** A file that a model folder may have beside Hugging Face's, for what those cannot say. */
const FACTS_FILE = 'azr-model.json';
const PROBE_FILE = 'probe.jsonl';

/** Files that decide what a model says: weights, configuration, tokenizer, chat template. */
const DECISIVE_FILE = /\.(safetensors|json|model|txt|jinja)$/;

export interface ModelFolder {
  readonly folder: string;
  /** The dialect it was trained for, when the folder names one. */
  readonly dialect?: 'compact' | 'chat' | 'turns' | 'r1';
  readonly hasChatTemplate: boolean;
  /** Settings that suit this model better than the preset's; the run file overrides them. */
  readonly defaults: PartialSettings;
  /** Held-out tasks that came with the model. */
  readonly probeFile?: string;
}

/**
 * `model` as in the run file: `azr-nano`, the path of a folder in Hugging Face format, or a named
 * model that was fetched: `smollm2-135m`, an id of the Hub, a GGUF file.
 * Throws ProblemError `no-model` or `invalid-model`, or SettingsError for its azr-model.json.
 */
export async function openModelFolder(model: string): Promise<ModelFolder> {
  const folder = folderOf(model);
  requireModelFiles(model, folder);
  const facts = await readFacts(path.join(folder, FACTS_FILE));
  const probeFile = path.join(folder, PROBE_FILE);
  return {
    folder,
    ...facts,
    hasChatTemplate: await hasChatTemplate(folder),
    ...(existsSync(probeFile) && { probeFile }),
  };
}

/**
 * `sha256:` and the digest of the names and contents of all files that decide what a model says.
 * Rejects with ProblemError when one of them is not a regular file.
 */
export async function modelDigest(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => DECISIVE_FILE.test(name)).sort();
  const digest = createHash('sha256');
  for (const name of names) {
    const fd = openForReading(path.join(folder, name), 'follow');
    digest.update(`${name}\0${fstatSync(fd).size}\0`);
    const content = createReadStream('', { fd, highWaterMark: 2 ** 20 });
    await pipeline(content, digest, { end: false });
  }
  return `sha256:${digest.digest('hex')}`;
}

function folderOf(model: string): string {
  if (model === EMBEDDED_MODEL) return path.join(assetRoot(), 'server', 'models', EMBEDDED_MODEL);
  if (!isNamedModel(model)) return path.resolve(model);
  const folder = namedModelFolder(model);
  if (folder !== undefined) return folder;
  throw new ProblemError({
    code: 'no-model',
    message: `The model "${model}" is not on this machine.`,
    remedy: `Fetch it with "azr models get ${model}", or set "model" to "${EMBEDDED_MODEL}" or to the folder of a model.`,
  });
}

function requireModelFiles(model: string, folder: string): void {
  if (!existsSync(folder)) {
    throw new ProblemError({
      code: 'no-model',
      message: `There is no model "${model}": ${folder} does not exist.`,
      remedy: `Set "model" to "${EMBEDDED_MODEL}" or to the path of a folder with a Hugging Face causal language model.`,
    });
  }
  if (!existsSync(path.join(folder, 'config.json'))) {
    throw new ProblemError({
      code: 'invalid-model',
      message: `${folder} holds no model: there is no config.json in it.`,
      remedy: 'Name the folder that holds config.json, the weights and the tokenizer.',
    });
  }
}

/**
 * What a model may say about how it is trained. Where programs run and with what limits, which engine,
 * which files and how many steps is for the person who starts the run to decide, as a model may come from anybody.
 */
const MODEL_SETTINGS: readonly SettingName[] = [
  'dialect',
  'modes',
  'references',
  'temperature',
  'maximumPromptTokens',
  'maximumProposalTokens',
  'maximumAnswerTokens',
  'trainable',
  'loraRank',
  'loraAlpha',
  'learningRate',
  'averageDecay',
  'goldDocumentsPerStep',
  'goldUpdatesPerStep',
  'goldLearningRate',
  'goldOptimizer',
];

/** Throws SettingsError, also for a setting that is not a model's to make. */
async function readFacts(file: string): Promise<Pick<ModelFolder, 'dialect' | 'defaults'>> {
  if (!existsSync(file)) return { defaults: {} };
  const settings = checkSettings(await readJson(file), file);
  const foreign = SETTING_NAMES.filter(
    (name) => settings[name] !== undefined && !MODEL_SETTINGS.includes(name),
  );
  if (foreign.length > 0) {
    throw new SettingsError(
      file,
      foreign.map((setting) => ({
        setting,
        message: `"${setting}" cannot be set by a model. Take it out of this file; a run's own azr.json can set it.`,
      })),
    );
  }
  const { dialect, ...defaults } = settings;
  return {
    defaults,
    ...(dialect !== undefined && dialect !== 'auto' && { dialect }),
  };
}

/** Hugging Face keeps a chat template in a file of its own or in the tokenizer's configuration. */
async function hasChatTemplate(folder: string): Promise<boolean> {
  if (existsSync(path.join(folder, TEMPLATE_FILE))) return true;
  const file = path.join(folder, 'tokenizer_config.json');
  return existsSync(file) && templateIn(await readJson(file)) !== undefined;
}

async function readJson(file: string): Promise<unknown> {
  const text = await readModelFile(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProblemError({
      code: 'invalid-model',
      message: `${file} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Copy the model folder again from where it came from.',
    });
  }
}
