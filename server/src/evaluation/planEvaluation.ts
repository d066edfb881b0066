/** From what somebody wants to know to the plan of an evaluation. */
import type { EvaluationPlan, EvaluationSubject } from '../../protocol/evaluation.ts';
import { ProblemError } from '../../protocol/problem.ts';
import { namedPolicy } from '../run/namedPolicy.ts';
import { identityOf } from './subjects.ts';
import { askingOf, suiteSettings, usualTemplate } from './suiteTasks.ts';

export type EvaluationRequest = Omit<EvaluationPlan, 'subjects'> & {
  /** Models, runs, or `run@step`, in the order in which they are asked; the others are compared with the first. */
  readonly subjects: readonly string[];
  /** Templates that each is asked in; none for the one that fits its model. */
  readonly templates: readonly string[];
};

/** Throws a ProblemError for a suite, a template or a subject that is not there. */
export async function planEvaluation(request: EvaluationRequest): Promise<EvaluationPlan> {
  const { subjects: names, templates: named, ...plan } = request;
  if (names.length === 0) {
    throw new ProblemError({
      code: 'usage',
      message: 'The evaluation names nothing to ask.',
      remedy: 'Name a model, a run, or a run and a step: "azr eval azr-nano runs/mine@80".',
    });
  }
  suiteSettings(plan.suite);
  const subjects: EvaluationSubject[] = [];
  for (const text of names) {
    const policy = await namedPolicy(text, 'none');
    const identity = await identityOf(policy);
    const { name, prepared } = policy;
    const templates = named.length > 0 ? named : [usualTemplate(plan.suite, prepared)];
    for (const template of templates) {
      askingOf(plan.suite, template, prepared);
      requireChatTemplate(name, template, prepared.model);
      const wanted = templates.length === 1 ? name : `${name}, ${template}`;
      const label = differing(wanted, subjects);
      subjects.push({ ...identity, step: subjects.length, label, template });
    }
  }
  return { ...plan, subjects };
}

/** Told before anything is fetched or executed: the engine would refuse the first prompt. */
function requireChatTemplate(
  subject: string,
  template: string,
  { hasChatTemplate }: { readonly hasChatTemplate: boolean },
): void {
  if (template !== 'chat' || hasChatTemplate) return;
  throw new ProblemError({
    code: 'no-chat-template',
    message: `${subject} cannot be asked in the template "chat": its tokenizer has no chat template.`,
    remedy: 'Use the template "base", or none: then each model is asked in the one that fits it.',
  });
}

/** The label itself, or with a number where another subject has it. */
function differing(label: string, others: readonly EvaluationSubject[]): string {
  const isTaken = (text: string) => others.some((other) => other.label === text);
  if (!isTaken(label)) return label;
  let number = 2;
  while (isTaken(`${label} (${String(number)})`)) number += 1;
  return `${label} (${String(number)})`;
}
