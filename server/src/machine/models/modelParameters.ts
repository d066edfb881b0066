/** How many weights a model has, by the headers of the files in its folder. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { readModelFileSync } from '../../files/readFile.ts';
import { readSafetensorsHeader } from '../../files/safetensorsFile.ts';

/** Undefined when `folder` holds no Hugging Face model with weights in safetensors. */
export function modelParameters(folder: string): number | undefined {
  try {
    if (!existsSync(path.join(folder, 'config.json'))) return undefined;
    const parameters = sumOf(weightFiles(folder), parametersIn);
    return parameters === 0 ? undefined : parameters;
  } catch {
    return undefined;
  }
}

/** For a person. */
export function parameterText(parameters: number): string {
  return parameters >= 1e9
    ? `${(parameters / 1e9).toFixed(1)} B parameters`
    : `${(parameters / 1e6).toFixed(1)} M parameters`;
}

/**
 * Those that the engine loads: a folder may hold the same weights once more in another form, or an adapter.
 */
function weightFiles(folder: string): readonly string[] {
  const whole = path.join(folder, 'model.safetensors');
  if (existsSync(whole)) return [whole];
  const index = path.join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) return [];
  const { weight_map } = JSON.parse(readModelFileSync(index)) as {
    weight_map: Record<string, string>;
  };
  return [...new Set(Object.values(weight_map))].map((name) =>
    path.join(folder, path.basename(name)),
  );
}

function parametersIn(file: string): number {
  const header = readSafetensorsHeader(file);
  return 'damage' in header
    ? 0
    : sumOf([...header.tensors.values()], ({ shape }) =>
        shape.reduce((product, size) => product * size, 1),
      );
}

function sumOf<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
