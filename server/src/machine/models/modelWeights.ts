/** Weights are read as safetensors only: other files of weights are pickles, whose reading can run code. */
import { ProblemError } from '../../../protocol/problem.ts';
import { readdirSync } from 'node:fs';

const PICKLE = /\.(?:bin|pt|pth|ckpt)$/;

/**
 * Throws ProblemError `invalid-model` for a folder that has weights, but none in safetensors. The local
 * engine refuses the same, and more (server/engine/src/azr_engine/model_folder.py); here it is said
 * before anything is started.
 */
export function refusePickledWeights(folder: string): void {
  const names = readdirSync(folder);
  const pickle = names.find((name) => PICKLE.test(name));
  if (pickle === undefined || names.some((name) => name.endsWith('.safetensors'))) return;
  throw new ProblemError({
    code: 'invalid-model',
    message: `The weights in ${folder} are not read, because they are not safetensors: it has ${pickle}.`,
    remedy:
      'Use a copy of the model in safetensors: most have one on the Hub, and transformers writes one with save_pretrained where you trust the files that you have.',
  });
}
