/** What a task's document tells besides the task: where it came from and how it went. */
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { ProposalRecord, TaskRecord } from '../../../protocol/records.ts';
import type { RunId } from '../../../protocol/runs.ts';
import type { OpenRun } from '../openRuns.ts';

/** More answers than a header can list are counted, but not beyond this. */
const ANSWERS_READ = 200;
export const CHILDREN_SHOWN = 12;

export interface TaskContext {
  readonly runId: RunId;
  readonly runName: string;
  readonly task: TaskRecord;
  readonly proposal?: ProposalRecord;
  /** The proposer's rollout that made the task. */
  readonly proposer?: RolloutItem;
  /** The answers that measured its solve rate. */
  readonly estimation: readonly RolloutItem[];
  /** The latest answers to the task, in the order in which they were sampled. */
  readonly answers: readonly RolloutItem[];
  readonly counts: { readonly attempts: number; readonly correct: number };
  /** Tasks whose proposer was shown this one: at most one more than {@link CHILDREN_SHOWN}. */
  readonly childTaskIds: readonly number[];
}

/** Reads what is known of `task`. */
export function readTaskContext({ id, name, relatives }: OpenRun, task: TaskRecord): TaskContext {
  const proposal = relatives.proposalOfTask(task.id);
  const proposer = proposal && relatives.rolloutItem(proposal.rolloutId);
  const first = relatives.firstAnswer(task.id);
  const members = first === undefined ? [] : relatives.groupMembers(first.group);
  return {
    runId: id,
    runName: name,
    task,
    estimation: members.filter(({ phase }) => phase === 'estimate'),
    answers: relatives.answers(task.id, ANSWERS_READ).items.toReversed(),
    counts: relatives.answerCounts(task.id),
    childTaskIds: relatives
      .childrenOfTask(task.id, CHILDREN_SHOWN + 1)
      .map(({ id: childId }) => childId),
    ...(proposal !== undefined && { proposal }),
    ...(proposer !== undefined && { proposer }),
  };
}
