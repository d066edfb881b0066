/** Items of lists, and the columns and joins that they are made from. */
import type { AttemptItem, ProposalItem, RolloutItem } from '../../../protocol/queries.ts';
import {
  MODES,
  PRUNING_SETTINGS,
  REJECTION_REASONS,
  ROLES,
  ROLLOUT_PHASES,
  SOLVER_PHASES,
  VERDICT_REASONS,
  VERDICTS,
} from '../../../protocol/vocabulary.ts';
import type { CheckedRow } from '../rows/checkedRow.ts';
import { oneLine, taskTitle, TITLE_SOURCE_CHARACTERS } from './listText.ts';
import { COMPLETION_TEXT } from '../packs/packReader.ts';

const SHOWN = String(TITLE_SOURCE_CHARACTERS);

/** Leaves out the fields that are undefined. */
function present<Item extends object>(item: {
  [Key in keyof Item]: Item[Key] | undefined;
}): Item {
  return Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== undefined),
  ) as Item;
}

export const PROPOSAL_ITEM_COLUMNS = `proposal.id, proposal.step, proposal.mode, proposal.rollout_id,
  proposal.accepted, proposal.reason, proposal.task_id, substr(proposal.program, 1, ${SHOWN}) AS program,
  substr(proposal.message, 1, ${SHOWN}) AS message,
  CASE WHEN proposal.program IS NULL THEN
    (SELECT substr(${COMPLETION_TEXT}, 1, ${SHOWN}) FROM rollout WHERE rollout.id = proposal.rollout_id)
    END AS completion,
  CASE WHEN proposal.program IS NULL THEN
    (SELECT pruned_by FROM completion_size WHERE completion_size.step = proposal.step) END AS pruned_by,
  measure.solve_rate, measure.learnability, measure.reward, measure.advantage, measure.syntax_nodes`;
export const PROPOSAL_ITEM_JOINS =
  'LEFT JOIN proposal_measure AS measure ON measure.id = proposal.id';

export function proposalItem(row: CheckedRow): ProposalItem {
  return present<ProposalItem>({
    kind: 'proposal',
    id: row.integer('id'),
    step: row.integer('step'),
    mode: row.word('mode', MODES),
    rolloutId: row.integer('rollout_id'),
    accepted: row.integer('accepted') === 1,
    reason: row.optionalWord('reason', REJECTION_REASONS),
    taskId: row.optionalInteger('task_id'),
    title: titleOf(row) ?? completionTitle(row),
    solveRate: row.optionalNumber('solve_rate'),
    learnability: row.optionalNumber('learnability'),
    reward: row.optionalNumber('reward'),
    advantage: row.optionalNumber('advantage'),
    syntaxNodes: row.optionalInteger('syntax_nodes'),
  });
}

function titleOf(row: CheckedRow): string | undefined {
  return taskTitle({ program: row.optionalText('program'), message: row.optionalText('message') });
}

function completionTitle(row: CheckedRow): string {
  const setting = row.optionalWord('pruned_by', PRUNING_SETTINGS);
  return setting === undefined
    ? oneLine(row.optionalText('completion') ?? '')
    : `completion pruned (${setting})`;
}

export const ATTEMPT_ITEM_COLUMNS = `attempt.step, attempt.mode, attempt.group_id, attempt.phase, attempt.task_id,
  attempt.correct, attempt.attempts, attempt.first_rollout_id, substr(task.program, 1, ${SHOWN}) AS program,
  substr(task.message, 1, ${SHOWN}) AS message, substr(task.stratum, 1, ${SHOWN}) AS stratum`;
export const ATTEMPT_ITEM_JOINS = 'JOIN task ON task.id = attempt.task_id';

export function attemptItem(row: CheckedRow): AttemptItem {
  return present<AttemptItem>({
    kind: 'attempt',
    taskId: row.integer('task_id'),
    group: row.integer('group_id'),
    step: row.integer('step'),
    mode: row.word('mode', MODES),
    phase: row.word('phase', SOLVER_PHASES),
    stratum: stratumOf(row),
    title: titleOf(row) ?? '',
    correct: row.integer('correct'),
    attempts: row.integer('attempts'),
    rolloutId: row.integer('first_rollout_id'),
  });
}

function stratumOf(row: CheckedRow): string | undefined {
  const stratum = row.optionalText('stratum');
  return stratum === undefined ? undefined : oneLine(stratum);
}

export const ROLLOUT_ITEM_COLUMNS = `rollout.id, rollout.step, rollout.role, rollout.mode, rollout.phase,
  rollout.task_id, rollout.group_id, rollout.verdict, rollout.verdict_reason,
  substr(rollout.answer, 1, ${SHOWN}) AS answer, rollout.reward, rollout.advantage,
  rollout.token_count, rollout.trained`;

export function rolloutItem(row: CheckedRow): RolloutItem {
  const answer = row.optionalText('answer');
  return present<RolloutItem>({
    kind: 'rollout',
    id: row.integer('id'),
    step: row.integer('step'),
    role: row.word('role', ROLES),
    mode: row.word('mode', MODES),
    phase: row.word('phase', ROLLOUT_PHASES),
    taskId: row.optionalInteger('task_id'),
    group: row.integer('group_id'),
    verdict: row.optionalWord('verdict', VERDICTS),
    verdictReason: row.optionalWord('verdict_reason', VERDICT_REASONS),
    answer: answer === undefined ? undefined : oneLine(answer),
    reward: row.optionalNumber('reward'),
    advantage: row.optionalNumber('advantage'),
    tokenCount: row.integer('token_count'),
    trained: row.integer('trained') === 1,
  });
}
