/** Asks the engine's Python whether a run could load a model, before one is started. */
import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import { execa } from 'execa';

import { foreignProblem, foreignSentence } from '../../../protocol/foreignProblem.ts';
import { pythonStart } from '../../python/pythonStart.mjs';
import { assetRoot } from '../assets.ts';

/** Of a large model every weight is read. */
const TIMEOUT_MS = 10 * 60_000;

interface Finding {
  readonly event: 'ready' | 'failed';
  readonly code: string;
  readonly error: string;
  readonly remedy: string;
}

/** Rejects with a ProblemError that names the file, or the tensor, and what to do about it. */
export async function inspectModel(python: string, folder: string): Promise<void> {
  const { stdout, stderr } = await execa(
    python,
    ['-m', 'azr_engine.inspect_model', path.resolve(folder)],
    {
      ...pythonStart({ packages: [path.join(assetRoot(), 'server', 'engine', 'src')] }),
      reject: false,
      stdin: 'ignore',
      timeout: TIMEOUT_MS,
    },
  );
  const finding = findingIn(stdout);
  if (finding?.event === 'ready') return;
  if (finding !== undefined) {
    throw ProblemError.of(foreignProblem({ ...finding, message: finding.error }));
  }
  const reason = foreignSentence(stderr.trim().split('\n').at(-1) ?? '');
  throw new ProblemError({
    code: 'invalid-model',
    message: `The model in ${folder} could not be looked at: ${reason}`,
    remedy: 'Try again while less runs on the machine; if it stays so, report it.',
  });
}

function findingIn(output: string): Finding | undefined {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Finding;
  } catch {
    return undefined;
  }
}
