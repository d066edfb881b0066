/** The subjects of an evaluation: named by somebody, and made ready to be asked. */
import type { EvaluationSubject } from '../../protocol/evaluation.ts';
import { ProblemError } from '../../protocol/problem.ts';
import { modelDigest } from '../machine/models/modelFolder.ts';
import { type NamedPolicy, namedPolicy } from '../run/namedPolicy.ts';

/** What tells a subject from others, whatever it is asked. */
export type SubjectIdentity = Pick<
  EvaluationSubject,
  'model' | 'modelDigest' | 'runFolder' | 'runStep'
>;

/** The subject that `policy` is. */
export async function identityOf({ prepared, run, step }: NamedPolicy): Promise<SubjectIdentity> {
  return {
    model: prepared.settings.model,
    modelDigest: await modelDigest(prepared.model.folder),
    ...(run !== undefined && { runFolder: run.folder }),
    ...(step !== undefined && { runStep: step }),
  };
}

/** Throws a ProblemError; `model-changed` where the weights are not those that were named. */
export async function prepareSubject(subject: EvaluationSubject): Promise<NamedPolicy> {
  const { model, runFolder, runStep = 0 } = subject;
  const target = runFolder === undefined ? model : `${runFolder}@${String(runStep)}`;
  const policy = await namedPolicy(target, 'with-held-out');
  const { folder } = policy.prepared.model;
  if ((await modelDigest(folder)) === subject.modelDigest) return policy;
  throw new ProblemError({
    code: 'model-changed',
    message: `The model in ${folder} is not the one that the evaluation began with.`,
    remedy: 'Put the original files back, or start a new evaluation.',
  });
}
