/**
 * What run.db holds beside the records so that lists over millions of rows stay quick: summaries,
 * each of which follows from the records, and indexes.
 */
import { SKILL_SCHEMA } from './skillSummary.ts';

/** Summaries that one SELECT over the records defines. `step` is a column of each. */
export const SUMMARY_VIEWS = {
  /** One row per group of answers to a task: what the solver's lists show. */
  attempt: `SELECT step, mode, group_id, min(phase) AS phase, min(task_id) AS task_id,
      count(CASE WHEN verdict = 'correct' THEN 1 END) AS correct, count(*) AS attempts,
      min(id) AS first_rollout_id
    FROM rollout WHERE role = 'solver' GROUP BY step, mode, group_id`,

  /** What proposals are sorted by, gathered from three tables. */
  proposal_measure: `SELECT proposal.id, proposal.step, reward, advantage, solve_rate, learnability, syntax_nodes
    FROM proposal LEFT JOIN rollout ON rollout.id = rollout_id LEFT JOIN task ON task.id = proposal.task_id`,

  /** Which tasks came from which: the tasks a proposer was shown. */
  task_parent: `SELECT DISTINCT parent.value AS parent_id, task.id AS task_id, task.step
    FROM task, json_each(CASE WHEN json_valid(parent_task_ids) THEN parent_task_ids ELSE '[]' END) AS parent
    WHERE parent.type = 'integer'`,
} as const;
export type SummaryView = keyof typeof SUMMARY_VIEWS;

export const SUMMARY_COLUMNS: Readonly<Record<SummaryView, string>> = {
  attempt: 'step, mode, group_id, phase, task_id, correct, attempts, first_rollout_id',
  proposal_measure: 'id, step, reward, advantage, solve_rate, learnability, syntax_nodes',
  task_parent: 'parent_id, task_id, step',
};

export const SUMMARY_ORDER: readonly SummaryView[] = ['attempt', 'proposal_measure', 'task_parent'];

export const SUMMARY_SCHEMA = `
CREATE TABLE attempt (
  step INTEGER NOT NULL,
  mode TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  phase TEXT NOT NULL,
  task_id INTEGER,
  correct INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_rollout_id INTEGER NOT NULL,
  PRIMARY KEY (step, mode, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE proposal_measure (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  reward REAL,
  advantage REAL,
  solve_rate REAL,
  learnability REAL,
  syntax_nodes INTEGER
) STRICT;
CREATE INDEX proposal_measure_step ON proposal_measure (step);
CREATE INDEX proposal_measure_reward ON proposal_measure (reward);
CREATE INDEX proposal_measure_solve_rate ON proposal_measure (solve_rate);
CREATE INDEX proposal_measure_learnability ON proposal_measure (learnability);
CREATE INDEX proposal_measure_syntax_nodes ON proposal_measure (syntax_nodes);

CREATE TABLE task_parent (
  parent_id INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (parent_id, task_id)
) STRICT, WITHOUT ROWID;

-- How hard a step's accepted tasks were: solve rates as Float32 and digests of the distinct
-- templates as Int32, both little endian.
CREATE TABLE curriculum (
  step INTEGER PRIMARY KEY,
  solve_rates BLOB NOT NULL,
  tasks INTEGER NOT NULL,
  learnability_total REAL NOT NULL,
  syntax_nodes_total INTEGER NOT NULL,
  templates BLOB NOT NULL
) STRICT;

${SKILL_SCHEMA}
CREATE INDEX rollout_group ON rollout (group_id);
CREATE INDEX rollout_reward ON rollout (reward);
CREATE INDEX rollout_advantage ON rollout (advantage);
CREATE INDEX rollout_verdict_reason ON rollout (verdict_reason) WHERE verdict_reason IS NOT NULL;
CREATE INDEX proposal_rollout ON proposal (rollout_id);
CREATE INDEX proposal_task ON proposal (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX proposal_reason ON proposal (reason) WHERE reason IS NOT NULL;
`;
