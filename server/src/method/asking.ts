/** How a task is put to the solver, and how its answer is read. */
import type { TaskRecord } from '../../protocol/records.ts';
import type { Dialect, Prompt, SolverQuestion } from './dialects/dialect.ts';

/** What of a task the solver meets, and what its answer is judged by. */
export type SolvableTask = Pick<
  TaskRecord,
  'mode' | 'program' | 'examples' | 'visible' | 'message' | 'tolerance' | 'itemId'
>;

/** How tasks are put to a model, and how its answers are read. */
export interface Asking {
  prompt(task: SolvableTask): Prompt;
  /** Undefined for a completion that holds no answer of the asked form. */
  readAnswer(task: SolvableTask, completion: string): string | undefined;
}

/** Asks as the dialect does. */
export function askingIn(dialect: Dialect): Asking {
  return {
    prompt: (task) => dialect.solve(questionOf(task)),
    readAnswer: ({ mode }, completion) => dialect.readAnswer(mode, completion),
  };
}

/** What the solver is told of a task. */
export function questionOf(task: SolvableTask): SolverQuestion {
  const { program, examples, visible } = task;
  const { input, output } = examples[0]!;
  switch (task.mode) {
    case 'deduction':
      return { mode: 'deduction', program, input };
    case 'abduction':
      return { mode: 'abduction', program, output };
    case 'induction':
      return {
        mode: 'induction',
        message: task.message ?? '',
        visible: examples.slice(0, visible),
      };
  }
}
