/** Log-probabilities by transformers in float64, without any of our code. */
import { spawnSync } from 'node:child_process';

import type { TrainingDatum } from '../../server/protocol/engine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';

const PROGRAM = `
import json, sys, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float64).eval()
results = []
for prompt, completion in json.load(sys.stdin):
    tokens = torch.tensor([prompt + completion])
    with torch.no_grad():
        logits = model(tokens).logits[0, :-1].double()
    values = torch.log_softmax(logits, -1).gather(1, tokens[0, 1:, None])[:, 0]
    results.append(values[len(prompt) - 1:].tolist())
json.dump(results, sys.stdout)
`;

/** Of the completion tokens of each datum, under the model of the folder. */
export function referenceLogProbabilities(
  modelFolder: string,
  data: readonly TrainingDatum[],
): number[][] {
  const input = data.map(({ promptTokens, completionTokens }) => [promptTokens, completionTokens]);
  const { stdout, stderr, status } = spawnSync(enginePython(), ['-c', PROGRAM, modelFolder], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(`The reference failed: ${stderr}`);
  return JSON.parse(stdout) as number[][];
}
