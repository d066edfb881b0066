/**
 * Models by name: the packaged one, a GGUF file, an id of the Hugging Face Hub. Tells in which folder
 * such a model lies once it is on this machine, and whether it is there.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

import { isHubId, PACKAGED_MODEL } from '../../../protocol/modelNames.ts';
import { readModelFileSync } from '../../files/readFile.ts';
import { homeFolder } from '../../files/userCache.ts';
import { userData } from '../userData.ts';

/** Whether `model` names something that has to be brought onto this machine before it is a folder. */
export function isNamedModel(model: string): boolean {
  if (model === PACKAGED_MODEL) return true;
  if (model.endsWith('.gguf')) return true;
  return isOfHub(model);
}

/** Of `owner/name` and a folder of the same name below `folder`, the folder is meant. */
export function isOfHub(model: string, folder: string = process.cwd()): boolean {
  return isHubId(model) && !existsSync(path.resolve(folder, model));
}

/** Where models that were made here are kept, in the folder of what a user had made. */
export function modelsIn(data: string): string {
  return path.join(data, 'models');
}

/** The folder of a named model; undefined when it is not on this machine. */
export function namedModelFolder(model: string): string | undefined {
  const isMade = model === PACKAGED_MODEL || model.endsWith('.gguf');
  const folder = isMade ? madeModel(model) : hubSnapshot(model);
  return folder !== undefined && existsSync(path.join(folder, 'config.json')) ? folder : undefined;
}

function madeModel(model: string): string | undefined {
  const data = userData();
  const name = model === PACKAGED_MODEL ? PACKAGED_MODEL : ggufFolderName(model);
  return data && name && path.join(modelsIn(data), name);
}

/** The same as in server/engine/src/azr_engine/obtain.py, where a link stands for the file that it leads to. */
function ggufFolderName(named: string): string | undefined {
  if (!existsSync(named)) return undefined;
  const file = realpathSync(named);
  const facts = statSync(file, { bigint: true });
  const key = `${file}\0${facts.size}\0${facts.mtimeNs / 1_000_000n}`;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return `${path.basename(file, '.gguf')}-${digest}`;
}

/** https://huggingface.co/docs/huggingface_hub/guides/manage-cache; undefined for want of a home. */
function hubCache(): string | undefined {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_HUB_CACHE !== undefined && HF_HUB_CACHE !== '') return HF_HUB_CACHE;
  const home = homeFolder();
  const cache = XDG_CACHE_HOME ?? (home && path.join(home, '.cache'));
  const root = HF_HOME ?? (cache && path.join(cache, 'huggingface'));
  return root && path.join(root, 'hub');
}

function hubSnapshot(model: string): string | undefined {
  const cache = hubCache();
  if (cache === undefined) return undefined;
  const folder = path.join(cache, `models--${model.replace('/', '--')}`);
  const reference = path.join(folder, 'refs', 'main');
  if (!existsSync(reference)) return undefined;
  const snapshot = path.join(folder, 'snapshots', readModelFileSync(reference).trim());
  // Of a download that was cut short there is a snapshot already, without its weights.
  return existsSync(snapshot) && hasAllWeights(snapshot) ? snapshot : undefined;
}

function hasAllWeights(folder: string): boolean {
  const index = path.join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) return existsSync(path.join(folder, 'model.safetensors'));
  const { weight_map } = JSON.parse(readModelFileSync(index)) as {
    weight_map: Record<string, string>;
  };
  return [...new Set(Object.values(weight_map))].every((file) =>
    existsSync(path.join(folder, file)),
  );
}

/** Names of all models that are on this machine: of the Hub's cache, then those that were made. */
export function knownModels(): string[] {
  const ofHub = namesIn(hubCache())
    .filter((name) => name.startsWith('models--'))
    .map((name) => name.slice('models--'.length).replace('--', '/'))
    .filter((model) => namedModelFolder(model) !== undefined);
  const packaged = namedModelFolder(PACKAGED_MODEL) === undefined ? [] : [PACKAGED_MODEL];
  return [...packaged, ...ofHub, ...convertedModels()];
}

function convertedModels(): string[] {
  const data = userData();
  if (data === undefined) return [];
  const folder = modelsIn(data);
  return namesIn(folder)
    .filter((name) => name !== PACKAGED_MODEL && !name.startsWith('.'))
    .map((name) => path.join(folder, name));
}

function namesIn(folder: string | undefined): string[] {
  return folder !== undefined && existsSync(folder) ? readdirSync(folder).sort() : [];
}
