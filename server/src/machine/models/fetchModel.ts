/** Brings a named model onto this machine with the engine's Python, and tells how far it is. */
import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import { execa } from 'execa';

import { foreignProblem, foreignSentence } from '../../../protocol/foreignProblem.ts';
import { pythonStart } from '../../python/pythonStart.mjs';
import { assetRoot } from '../assets.ts';
import { enginePython } from '../enginePython.ts';
import { modelsIn } from './namedModel.ts';
import { neededUserData } from '../userData.ts';

export interface FetchOptions {
  /** Of the engine; found where it is absent. */
  readonly python?: string;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
  /** Bytes there and bytes wanted, a few times a second. */
  readonly onProgress: (done: number, total: number) => void;
}

type Line =
  | { readonly event: 'progress'; readonly done: number; readonly total: number }
  | { readonly event: 'note'; readonly text: string }
  | { readonly event: 'ready'; readonly folder: string }
  | {
      readonly event: 'failed';
      readonly code: string;
      readonly error: string;
      readonly remedy: string;
    };

/** Resolves with the folder of the model. Rejects with a ProblemError with a remedy. */
export async function fetchModel(model: string, options: FetchOptions): Promise<string> {
  const { python = enginePython(), signal, onNote, onProgress } = options;
  // A file is meant as seen from where the user is; Python is started somewhere else.
  const wanted = model.endsWith('.gguf') ? path.resolve(model) : model;
  const child = execa(
    python,
    ['-m', 'azr_engine.obtain', wanted, '--models', path.resolve(modelsIn(neededUserData()))],
    {
      ...pythonStart({
        packages: [path.join(assetRoot(), 'server', 'engine', 'src')],
        variables: { PYTHONUNBUFFERED: '1' },
        keepsSecrets: true,
      }),
      reject: false,
      stdin: 'ignore',
      cancelSignal: signal,
    },
  );
  let folder: string | undefined;
  for await (const text of child.iterable({ from: 'stdout' })) {
    const line = JSON.parse(text) as Line;
    if (line.event === 'progress') onProgress(line.done, line.total);
    else if (line.event === 'note') onNote(foreignSentence(line.text));
    else if (line.event === 'ready') folder = line.folder;
    else throw ProblemError.of(foreignProblem({ ...line, message: line.error }));
  }
  const { stderr } = await child;
  signal.throwIfAborted();
  if (folder !== undefined) return folder;
  throw new ProblemError({
    code: 'model-not-fetched',
    message: `${model} could not be fetched: ${foreignSentence(stderr.trim().split('\n').at(-1) ?? '')}`,
    remedy: 'Run "azr doctor" to see whether the engine\'s Python is complete.',
  });
}
