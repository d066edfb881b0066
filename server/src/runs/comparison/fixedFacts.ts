/** What is fixed about a run or an evaluation, by the groups in which a comparison lists what differs. */
import type { RunReader } from '../../store/runReader.ts';

/** Digests are told apart by their beginning. */
const DIGEST_CHARACTERS = 12;

/** Throws a ProblemError when the database cannot be read. @param step of the subject, in an evaluation */
export function fixedFacts(reader: RunReader, step: number | undefined): object {
  const { settings, dialect, modelDigest, evaluation } = reader.information();
  const branch = reader.branch();
  const session = reader.sessions().at(-1);
  const subject = evaluation?.subjects.find((one) => one.step === step);
  const { subjects, ...asked } = evaluation ?? {};
  return {
    Model: {
      digest: (subject?.modelDigest ?? modelDigest).slice(0, DIGEST_CHARACTERS),
      dialect,
      ...(branch !== undefined && { branch: `${branch.parent}, step ${String(branch.step)}` }),
    },
    ...(subjects !== undefined && {
      Evaluation: { ...asked, ...(subject !== undefined && { template: subject.template }) },
    }),
    Settings: settings,
    ...(session !== undefined && {
      Machine: {
        engine: session.engine.server,
        device: session.engine.device,
        sandbox: session.sandbox.engine,
        python: session.sandbox.pythonVersion,
      },
    }),
  };
}
