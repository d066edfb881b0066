/** One rollout with everything that is known of it, gathered from its row, its packs and its parts. */
import type { RewardTerm, RolloutRecord } from '../../../protocol/records.ts';
import type { Execution } from '../../../protocol/sandbox.ts';
import { PRUNING_SETTINGS } from '../../../protocol/vocabulary.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { type PackColumn, PROMPT_TEXT } from '../packs/packReader.ts';
import type { ReadConnection } from '../readConnection.ts';
import { corruptError } from '../sqliteErrors.ts';
import {
  EXECUTION_COLUMNS,
  type Nullable,
  ROLLOUT_COLUMNS,
  type RolloutDetail,
  rolloutFromRows,
  type RolloutRow,
  withoutNulls,
} from '../rows/storedRows.ts';

/** Undefined when there is no such rollout. Throws ProblemError. */
export function readRollout(connection: ReadConnection, id: number): RolloutRecord | undefined {
  // The parts must be of one state: a runner may prune between two statements.
  return connection.snapshot(() => {
    const row = connection.first(`SELECT ${ROLLOUT_COLUMNS} FROM rollout WHERE id = ?`, id);
    if (row === undefined) return undefined;
    const detail = readDetail(connection, id);
    const executions = connection.all(
      `SELECT ${EXECUTION_COLUMNS} FROM execution WHERE rollout_id = ? ORDER BY position`,
      id,
    );
    const rewardTerms = connection.all(
      'SELECT name, value, explanation FROM reward_term WHERE rollout_id = ? ORDER BY position',
      id,
    );
    // STRICT tables guarantee the types of columns.
    return connection.explaining(() =>
      rolloutFromRows(
        { ...row } as unknown as RolloutRow,
        detail,
        executions.map((execution) => withoutNulls({ ...execution } as Nullable<Execution>)),
        rewardTerms.map((term) => ({ ...term }) as unknown as RewardTerm),
      ),
    );
  });
}

function readDetail(connection: ReadConnection, id: number): RolloutDetail {
  const row = connection.first(
    `SELECT ${PROMPT_TEXT} AS prompt, prompt_tokens, prompt.pack AS prompt_pack, prompt.place AS prompt_place,
       tokens, log_probabilities, rollout.pack AS rollout_pack, rollout.place AS rollout_place,
       rollout.token_count,
       (SELECT pruned_by FROM completion_size WHERE completion_size.step = rollout.step) AS pruned_by
     FROM rollout JOIN prompt USING (group_id) WHERE rollout.id = ?`,
    id,
  );
  if (row === undefined) throw corruptError(connection.path, 'a row that every run has is missing');
  const checked = new CheckedRow(row, connection.path);
  const setting = checked.optionalWord('pruned_by', PRUNING_SETTINGS);
  const numbers = (name: string, column: PackColumn, of: 'rollout' | 'prompt'): Uint8Array => {
    const pack = checked.optionalInteger(`${of}_pack`);
    if (pack === undefined) return checked.blob(name);
    const found = connection.packs.numbers(column, pack, checked.integer(`${of}_place`));
    if (found !== undefined) return found;
    if (of === 'rollout' && setting !== undefined) return new Uint8Array();
    throw corruptError(connection.path, `the pack ${String(pack)} is missing`);
  };
  return connection.explaining(() => ({
    prompt: checked.text('prompt'),
    promptTokens: numbers('prompt_tokens', 'prompt_pack.tokens', 'prompt'),
    tokens: numbers('tokens', 'rollout_pack.tokens', 'rollout'),
    logProbabilities: numbers('log_probabilities', 'rollout_pack.log_probabilities', 'rollout'),
    ...(setting === undefined
      ? {}
      : { pruned: { setting, tokenCount: checked.integer('token_count') } }),
  }));
}
