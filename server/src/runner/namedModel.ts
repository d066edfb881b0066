/**
 * Models by name: the packaged one, a GGUF file, an id of the Hugging Face Hub. Tells in which folder
 * such a model lies once it is on this machine, and whether it is there.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { userEnvironment } from './enginePython.ts';

/** SmolLM2-135M-Instruct, which a Python package carries; fetched on request. */
export const PACKAGED_MODEL = 'smollm2-135m';

/** `owner/name`, as the Hub has it. */
const HUB_ID = /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/;

/** Whether `model` names something that has to be brought onto this machine before it is a folder. */
export function isNamedModel(model: string): boolean {
  if (model === PACKAGED_MODEL) return true;
  if (model.endsWith('.gguf')) return true;
  return isHubId(model);
}

/** Of `owner/name` and a folder of the same name below `folder`, the folder is meant. */
export function isHubId(model: string, folder: string = process.cwd()): boolean {
  return HUB_ID.test(model) && !existsSync(path.resolve(folder, model));
}

/** Where models that were made here are kept: beside the Python environment of this user. */
export function userModels(): string {
  return path.join(path.dirname(userEnvironment()), 'models');
}

/** The folder of a named model; undefined when it is not on this machine. */
export function namedModelFolder(model: string): string | undefined {
  const folder =
    model === PACKAGED_MODEL
      ? path.join(userModels(), PACKAGED_MODEL)
      : model.endsWith('.gguf')
        ? ggufFolder(path.resolve(model))
        : hubSnapshot(model);
  return folder !== undefined && existsSync(path.join(folder, 'config.json')) ? folder : undefined;
}

/** The same key as server/engine/src/azr_engine/obtain.py. */
function ggufFolder(file: string): string | undefined {
  const facts = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  const key = `${file}\0${facts.size}\0${facts.mtimeNs / 1_000_000n}`;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return path.join(userModels(), `${path.basename(file, '.gguf')}-${digest}`);
}

/** https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
function hubCache(): string {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_HUB_CACHE !== undefined && HF_HUB_CACHE !== '') return HF_HUB_CACHE;
  const cache = XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  return path.join(HF_HOME ?? path.join(cache, 'huggingface'), 'hub');
}

function hubSnapshot(model: string): string | undefined {
  const folder = path.join(hubCache(), `models--${model.replace('/', '--')}`);
  const reference = path.join(folder, 'refs', 'main');
  if (!existsSync(reference)) return undefined;
  const snapshot = path.join(folder, 'snapshots', readFileSync(reference, 'utf8').trim());
  // Of a download that was cut short there is a snapshot already, without its weights.
  return existsSync(snapshot) && hasAllWeights(snapshot) ? snapshot : undefined;
}

function hasAllWeights(folder: string): boolean {
  const index = path.join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) return existsSync(path.join(folder, 'model.safetensors'));
  const { weight_map } = JSON.parse(readFileSync(index, 'utf8')) as {
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
  const converted = namesIn(userModels())
    .filter((name) => name !== PACKAGED_MODEL && !name.startsWith('.'))
    .map((name) => path.join(userModels(), name));
  return [...packaged, ...ofHub, ...converted];
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
