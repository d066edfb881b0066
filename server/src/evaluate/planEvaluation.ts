/** From what somebody wants to know to the plan of an evaluation. */
import {
  DIALECT_TEMPLATE,
  type EvaluationPlan,
  type EvaluationSubject,
} from '../../protocol/evaluation.ts';
import { nameSubject } from './subjects.ts';

export type EvaluationRequest = Omit<EvaluationPlan, 'subjects'> & {
  /** Models, runs, or `run@step`, in the order in which they are asked; the others are compared with the first. */
  readonly subjects: readonly string[];
  /** Templates that each is asked in; none for the dialect's. */
  readonly templates: readonly string[];
};

/** Throws a ProblemError for a subject that cannot be asked. */
export async function planEvaluation(request: EvaluationRequest): Promise<EvaluationPlan> {
  const { subjects: names, templates: named, ...plan } = request;
  const templates = named.length === 0 ? [DIALECT_TEMPLATE] : named;
  const subjects: EvaluationSubject[] = [];
  for (const text of names) {
    const { name, ...subject } = await nameSubject(text);
    for (const template of templates) {
      const wanted = templates.length === 1 ? name : `${name}, ${template}`;
      const label = differing(wanted, subjects);
      subjects.push({ ...subject, step: subjects.length, label, template });
    }
  }
  return { ...plan, subjects };
}

/** The label itself, or with a number where another subject has it. */
function differing(label: string, others: readonly EvaluationSubject[]): string {
  const isTaken = (text: string) => others.some((other) => other.label === text);
  if (!isTaken(label)) return label;
  let number = 2;
  while (isTaken(`${label} (${String(number)})`)) number += 1;
  return `${label} (${String(number)})`;
}
