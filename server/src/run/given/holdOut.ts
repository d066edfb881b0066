/** Which tasks of a file are held out, and which are trained on. */
import type { HeldOutTask, InspectedTask } from '../../../protocol/heldOut.ts';
import { type GivenTask, isInspected } from '../../method/given/givenTasks.ts';
import { RandomStream } from '../../method/randomStream.ts';

const SHARE = 0.1;
const MOST = 200;

/**
 * All tasks about a tenth of the programs and questions, drawn by lot, in the order of the file. One
 * program is never on both sides, in whatever modes it is asked about.
 */
export function heldOutPart(tasks: readonly InspectedTask[], seed: number): InspectedTask[] {
  const subjects = [...new Set(tasks.map(subjectOf))];
  const count = Math.min(MOST, Math.max(1, Math.round(subjects.length * SHARE)));
  const random = new RandomStream(seed, 'held-out tasks');
  const chosen = new Set(random.sample(subjects, count));
  return tasks.filter((task) => chosen.has(subjectOf(task)));
}

/** What is left to train on: no task whose program or question is held out. */
export function trainingPart(
  tasks: readonly GivenTask[],
  heldOut: readonly InspectedTask[],
): GivenTask[] {
  const subjects = new Set(heldOut.map(subjectOf));
  return tasks.filter((task) => !isInspected(task) || !subjects.has(subjectOf(task)));
}

/** The program up to its names, or else what is asked in words. */
function subjectOf(task: InspectedTask): string {
  return task.structure === '' ? `words ${wordsOf(task)}` : `program ${task.structure}`;
}

function wordsOf({ message = '' }: HeldOutTask): string {
  return message.trim().replace(/\s+/g, ' ');
}
