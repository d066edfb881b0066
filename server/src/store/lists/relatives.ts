/** What belongs together: proposals and their tasks, tasks and their children, rollouts of a group. */
import type { ProposalRecord, TaskRecord } from '../../../protocol/records.ts';
import type { Page, RolloutItem } from '../../../protocol/queries.ts';
import { type Mode, type Role, VERDICTS } from '../../../protocol/vocabulary.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { ROLLOUT_ITEM_COLUMNS, rolloutItem } from './listItems.ts';
import { pageSize } from './pageCursor.ts';
import type { ReadConnection } from '../readConnection.ts';
import {
  PROPOSAL_COLUMNS,
  proposalFromRow,
  type ProposalRow,
  TASK_COLUMNS,
  taskFromRow,
  type TaskRow,
} from '../rows/storedRows.ts';

export class Relatives {
  readonly #connection: ReadConnection;

  constructor(connection: ReadConnection) {
    this.#connection = connection;
  }

  proposal(id: number): ProposalRecord | undefined {
    return this.#proposals('id = ?', id)[0];
  }

  proposalOfTask(taskId: number): ProposalRecord | undefined {
    return this.#proposals('task_id = ? ORDER BY id LIMIT 1', taskId)[0];
  }

  proposalOfRollout(rolloutId: number): ProposalRecord | undefined {
    return this.#proposals('rollout_id = ? ORDER BY id LIMIT 1', rolloutId)[0];
  }

  /** The tasks with these ids that there are, in the order of ids; at most a page of them. */
  tasksByIds(ids: readonly number[]): TaskRecord[] {
    return this.#tasks(
      'id IN (SELECT value FROM json_each(?)) ORDER BY id',
      JSON.stringify(ids.slice(0, pageSize(Number.MAX_SAFE_INTEGER))),
    );
  }

  /** Tasks whose proposer was shown task `id`, oldest first. */
  childrenOfTask(id: number, limit: number): TaskRecord[] {
    return this.#tasks(
      'id IN (SELECT task_id FROM task_parent WHERE parent_id = ? ORDER BY task_id LIMIT ?) ORDER BY id',
      id,
      pageSize(limit),
    );
  }

  /** The solver's rollouts for a task, newest first. */
  answers(taskId: number, limit: number): Page<RolloutItem> {
    const items = this.#rollouts(
      "task_id = ? AND role = 'solver' ORDER BY id DESC LIMIT ?",
      taskId,
      pageSize(limit),
    );
    return { items };
  }

  /** How many answers the solver gave to a task, and how many were correct; the starting model's do not count. */
  answerCounts(taskId: number): { readonly attempts: number; readonly correct: number } {
    const row = this.#connection.first(
      `SELECT count(*) AS attempts, count(CASE WHEN verdict = 'correct' THEN 1 END) AS correct
       FROM rollout WHERE task_id = ? AND role = 'solver' AND phase <> 'curriculum'`,
      taskId,
    );
    const checked = new CheckedRow(row ?? {}, this.#connection.path);
    return { attempts: checked.integer('attempts'), correct: checked.integer('correct') };
  }

  /** The solver's first rollout for a task. */
  firstAnswer(taskId: number): RolloutItem | undefined {
    return this.#rollouts("task_id = ? AND role = 'solver' ORDER BY id LIMIT 1", taskId)[0];
  }

  /** Rollouts of one prompt, in order; at most a page. */
  groupMembers(group: number): RolloutItem[] {
    return this.#rollouts('group_id = ? ORDER BY id LIMIT 200', group);
  }

  /** The rollouts that measured a new task's solve rate, in order; at most a page. */
  estimationRollouts(taskId: number): RolloutItem[] {
    return this.#rollouts("task_id = ? AND phase = 'estimate' ORDER BY id LIMIT 200", taskId);
  }

  /** The proposals of one step, mode and writer, in order; at most a page, around rollout `id`. */
  proposalsAround(rollout: Pick<RolloutItem, 'id' | 'step' | 'mode' | 'phase'>): RolloutItem[] {
    const { id, step, mode, phase } = rollout;
    const of = "role = 'proposer' AND step = ? AND mode = ? AND phase = ?";
    const values = [step, mode, phase];
    return [
      ...this.#rollouts(`${of} AND id < ? ORDER BY id DESC LIMIT 100`, ...values, id).reverse(),
      ...this.#rollouts(`${of} AND id >= ? ORDER BY id LIMIT 100`, ...values, id),
    ];
  }

  rolloutItem(id: number): RolloutItem | undefined {
    return this.#rollouts('id = ?', id)[0];
  }

  /** Place of a proposal, from 0, in the unfiltered list of its step and mode. */
  proposalPosition({ id, step, mode }: Pick<ProposalRecord, 'id' | 'step' | 'mode'>): number {
    return this.#count('proposal WHERE step = ? AND mode = ? AND id < ?', step, mode, id);
  }

  /** Place of a group of answers, from 0, in the unfiltered list of its step and mode. */
  attemptPosition({ group, step, mode }: Pick<RolloutItem, 'group' | 'step' | 'mode'>): number {
    const list = "attempt WHERE step = ? AND mode = ? AND phase NOT IN ('greedy', 'probe')";
    return this.#count(`${list} AND group_id < ?`, step, mode, group);
  }

  /** Place of a held-out task, from 0, in the unfiltered list of those asked in a step. */
  heldOutPosition(taskId: number, { step, mode }: Pick<RolloutItem, 'step' | 'mode'>): number {
    const list = "attempt WHERE step = ? AND mode = ? AND phase = 'greedy'";
    return this.#count(
      `${list} AND group_id < (SELECT min(group_id) FROM ${list} AND task_id = ?)`,
      step,
      mode,
      step,
      mode,
      taskId,
    );
  }

  /**
   * The rollouts that one advantage was computed among: all of a step's role and mode that the
   * update counted.
   */
  trainedBatch(step: number, role: Role, mode: Mode): TrainedRollout[] {
    const rows = this.#connection.all(
      `SELECT id, group_id, verdict, reward, advantage
       FROM rollout WHERE step = ? AND role = ? AND mode = ? AND trained = 1 AND advantage IS NOT NULL ORDER BY id LIMIT 100000`,
      step,
      role,
      mode,
    );
    return rows.map((row) => {
      const checked = new CheckedRow(row, this.#connection.path);
      return {
        id: checked.integer('id'),
        group: checked.integer('group_id'),
        verdict: checked.optionalWord('verdict', VERDICTS),
        reward: checked.optionalNumber('reward') ?? 0,
        advantage: checked.optionalNumber('advantage') ?? 0,
      };
    });
  }

  #proposals(condition: string, value: number): ProposalRecord[] {
    const rows = this.#connection.all(
      `SELECT ${PROPOSAL_COLUMNS} FROM proposal WHERE ${condition}`,
      value,
    );
    return this.#connection.explaining(() =>
      rows.map((row) => proposalFromRow({ ...row } as unknown as ProposalRow)),
    );
  }

  #tasks(condition: string, ...values: readonly (number | string)[]): TaskRecord[] {
    const rows = this.#connection.all(
      `SELECT ${TASK_COLUMNS} FROM task WHERE ${condition}`,
      ...values,
    );
    return this.#connection.explaining(() =>
      rows.map((row) => taskFromRow({ ...row } as unknown as TaskRow)),
    );
  }

  #rollouts(condition: string, ...values: readonly (number | string)[]): RolloutItem[] {
    const rows = this.#connection.all(
      `SELECT ${ROLLOUT_ITEM_COLUMNS} FROM rollout WHERE ${condition}`,
      ...values,
    );
    return rows.map((row) => rolloutItem(new CheckedRow(row, this.#connection.path)));
  }

  #count(rows: string, ...values: readonly (number | string)[]): number {
    return Number(
      this.#connection.first(`SELECT count(*) AS count FROM ${rows}`, ...values)?.['count'],
    );
  }
}

/** A rollout as the update saw it. */
export interface TrainedRollout {
  readonly id: number;
  readonly group: number;
  readonly verdict: RolloutItem['verdict'];
  readonly reward: number;
  readonly advantage: number;
}
