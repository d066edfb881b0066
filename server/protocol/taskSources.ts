/** What the setting `tasks` names beside a file. */

/** Tasks are proposed by the policy itself. */
export const PROPOSED_TASKS = 'model';

/** Tasks are drawn at random by a generator. */
export const GENERATED_TASKS = 'generator';

/** Whether the tasks are those of a file. */
export function isTaskFile(tasks: string): boolean {
  return tasks !== PROPOSED_TASKS && tasks !== GENERATED_TASKS;
}

/** The value of `probe` that holds out a part of the file that `tasks` names. */
export const PART_OF_TASKS = 'tasks';
