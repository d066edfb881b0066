/** A run goes on with the protocol and the model that it began with: otherwise its curves would lie. */
import { ProblemError } from '../../protocol/problem.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { modelDigest } from '../machine/models/modelFolder.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import type { RunInformation } from '../store/rows/runInformation.ts';
import type { PreparedRun } from './prepareRun.ts';

/** Throws ProblemError `protocol-changed`. */
export function requireSameProtocol({ protocolVersion }: RunInformation, run: RunFolder): void {
  if (protocolVersion !== PROTOCOL_VERSION) {
    throw new ProblemError({
      code: 'protocol-changed',
      message: `The run in ${run.folder} was made with protocol ${protocolVersion}, this AZR Studio speaks ${PROTOCOL_VERSION}.`,
      remedy: 'Continue it with the version that made it, or start a new run.',
    });
  }
}

/** Rejects with ProblemError `model-changed`. */
export async function requireSameModel(
  information: RunInformation,
  { model }: PreparedRun,
): Promise<void> {
  if ((await modelDigest(model.folder)) !== information.modelDigest) {
    throw new ProblemError({
      code: 'model-changed',
      message: `The model in ${model.folder} is not the one that the run started from.`,
      remedy: 'Put the original files back, or start a new run.',
    });
  }
}
