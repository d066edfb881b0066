/** Opens the sandbox and the grader as the settings of a run ask for. */
import path from 'node:path';

import type {
  ExecutionLimits,
  Grader,
  GraderRules,
  PythonSandbox,
} from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { isTaskFile } from '../../protocol/taskSources.ts';
import { createGrader } from '../grading/grader.ts';
import { openSandbox } from '../sandbox/openSandbox.ts';
import { assetRoot } from '../machine/assets.ts';

export interface OpenGrader {
  readonly sandbox: PythonSandbox;
  readonly grader: Grader;
  readonly limits: Partial<ExecutionLimits>;
  readonly rules: GraderRules;
  close(): Promise<void>;
}

/** Throws a ProblemError with a remedy where no sandbox can be had. */
export async function openGrader(settings: RunSettings): Promise<OpenGrader> {
  const limits = executionLimits(settings);
  const rules = graderRules(settings);
  const sandbox = await openSandbox(settings.sandbox, {
    limits,
    sandboxFolder: path.join(assetRoot(), 'server', 'sandbox'),
  });
  return {
    sandbox,
    grader: createGrader(sandbox, rules, limits),
    limits,
    rules,
    close: () => sandbox.close(),
  };
}

function executionLimits(settings: RunSettings): Partial<ExecutionLimits> {
  const { cpuMs, wallMs, memoryMb, outputCharacters } = settings;
  return { cpuMs, wallMs, memoryMb, outputCharacters };
}

function graderRules(settings: RunSettings): GraderRules {
  const { allowedImports, bannedWords, programCharacters, singleFunction } = settings;
  return {
    allowedImports,
    bannedWords,
    programCharacters,
    // A function that a file asks for is called by a second one.
    singleFunction: singleFunction && !isTaskFile(settings.tasks),
    // One more than is shown, so that at least one pair stays hidden.
    minimumInductionInputs: settings.inductionVisible + 1,
  };
}
