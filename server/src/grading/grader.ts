/** Decides what is a valid task and what is a right answer, by execution and by comparing values. */
import type {
  ExecutionLimits,
  Grader,
  GraderRules,
  PythonSandbox,
} from '../../protocol/sandbox.ts';
import { executeInputs, signature, vary } from './furtherInputs.ts';
import { type GradingContext, validateInduction, validateProgram } from './validateProposal.ts';
import { judgeInput, judgeOutput, judgeProgram } from './verifyAnswer.ts';

/** A grader that runs programs in `sandbox` within `limits` and accepts what `rules` allow. */
export function createGrader(
  sandbox: PythonSandbox,
  rules: GraderRules,
  limits: Partial<ExecutionLimits> = {},
): Grader {
  const context: GradingContext = { sandbox, rules, limits };
  return {
    sandbox: sandbox.description,
    validate: (proposal, signal) =>
      proposal.mode === 'induction'
        ? validateInduction(context, proposal, signal)
        : validateProgram(context, proposal, signal),
    signature,
    vary,
    executeInputs: (program, inputs, signal) => executeInputs(context, program, inputs, signal),
    verifyDeduction: judgeOutput,
    verifyAbduction: (task, answer, signal) => judgeInput(context, task, answer, signal),
    verifyInduction: (task, answer, signal) => judgeProgram(context, task, answer, signal),
  };
}
