/** Asks the engine's Python, without starting an engine, what models need of this machine's device. */
import { statSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';

import { foreignProblem, foreignSentence } from '../../protocol/foreignProblem.ts';
import { PACKAGED_MODEL } from '../../protocol/modelNames.ts';
import { actionAgainst, type Problem, ProblemError } from '../../protocol/problem.ts';
import type { MemoryDemand, MemoryNeeds } from '../engine/memoryNeeds.ts';
import { pythonStart } from '../python/pythonStart.mjs';
import { assetRoot } from './assets.ts';
import type { EngineFacts } from './engineFacts.ts';

const TIMEOUT_MS = 60_000;

export interface NeedsQuestion {
  /** A folder, or the name of the packaged model. */
  readonly model: string;
  readonly demand: MemoryDemand;
}

/** What is needed, or why that is not known. */
export type NeedsAnswer = MemoryNeeds | Problem;

/** Looks up the answer to one of the questions that were asked. */
export type Answers = (question: NeedsQuestion) => NeedsAnswer;

/** Of a model, where it is not decided yet what of it is trained. */
export interface BothQuestions {
  readonly lora: NeedsQuestion;
  readonly full: NeedsQuestion;
}

export function bothQuestions(model: string, demand: MemoryDemand): BothQuestions {
  return {
    lora: { model, demand: { ...demand, trainable: 'lora' } },
    full: { model, demand: { ...demand, trainable: 'full' } },
  };
}

export function bothAnswers(
  answers: Answers,
  questions: BothQuestions,
): Problem | { readonly lora: MemoryNeeds; readonly full: MemoryNeeds } {
  const [lora, full] = [answers(questions.lora), answers(questions.full)];
  if ('code' in lora) return lora;
  return 'code' in full ? full : { lora, full };
}

/**
 * Asks all `questions` at once, as Python takes longer to start than to answer. Never rejects: where Python
 * cannot be used, as `facts` may say, that is the answer to each.
 */
export async function askMemoryNeeds(
  python: string,
  facts: Pick<EngineFacts, 'device' | 'memoryMb'> | Problem,
  questions: readonly NeedsQuestion[],
): Promise<Answers> {
  const answers = 'code' in facts ? facts : await answered(python, facts, questions);
  return (question) => ('code' in answers ? answers : answers[questions.indexOf(question)]!);
}

/** The part of a sentence that stands in place of what a model needs. */
export function unknownNeedsText(problem: Problem): string {
  return actionAgainst(problem) === 'set-up-python'
    ? 'what it needs is not known until Python is set up'
    : `what it needs is not known: ${problem.message}`;
}

/** What was asked last and answered: a pick that is opened again need not wait for Python. */
let last: { readonly key: string; readonly answers: readonly NeedsAnswer[] } | undefined;

async function answered(
  python: string,
  { device, memoryMb }: Pick<EngineFacts, 'device' | 'memoryMb'>,
  questions: readonly NeedsQuestion[],
): Promise<readonly NeedsAnswer[] | Problem> {
  if (questions.length === 0) return [];
  const asked = questions.map(({ model, demand }) => ({
    model: model === PACKAGED_MODEL ? model : path.resolve(model),
    demand,
  }));
  const input = JSON.stringify({ device, memory_mb: memoryMb, questions: asked });
  const key = [python, input, ...asked.map(({ model }) => versionOf(model))].join('\n');
  if (last?.key === key) return last.answers;
  const { stdout, stderr, failed } = await execa(python, ['-m', 'azr_engine.memory_needs'], {
    ...pythonStart({ packages: [path.join(assetRoot(), 'server', 'engine', 'src')] }),
    input,
    reject: false,
    timeout: TIMEOUT_MS,
  });
  if (!failed) {
    const answers = (JSON.parse(stdout) as readonly Answer[]).map(asAnswer);
    last = { key, answers };
    return answers;
  }
  const reason = foreignSentence(stderr.trim().split('\n').at(-1) ?? '');
  return new ProblemError({
    code: 'engine_failed',
    message: `${python} did not say what models need: ${reason}`,
    remedy: 'Try again while less runs on the machine; if it stays so, report it.',
  }).toProblem();
}

/** Changes with the files that an answer is made from. */
function versionOf(folder: string): string {
  const names = ['config.json', 'model.safetensors', 'model.safetensors.index.json'];
  return names.map((name) => stampOf(path.join(folder, name))).join(' ');
}

function stampOf(file: string): string {
  try {
    const { size, mtimeMs } = statSync(file);
    return `${size},${mtimeMs}`;
  } catch {
    // Python says what is wrong with it.
    return 'unreadable';
  }
}

type Answer =
  MemoryNeeds | { readonly code: string; readonly error: string; readonly remedy: string };

function asAnswer(answer: Answer): NeedsAnswer {
  return 'code' in answer ? foreignProblem({ ...answer, message: answer.error }) : answer;
}
