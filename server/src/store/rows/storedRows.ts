/** Rows as SQLite keeps them, and the records of server/protocol made from them. */
import type {
  GoldDocumentRecord,
  HarvestRecord,
  ProposalRecord,
  RewardTerm,
  RolloutRecord,
  TaskRecord,
} from '../../../protocol/records.ts';
import type { Execution, InputOutput } from '../../../protocol/sandbox.ts';
import {
  EXECUTION_OUTCOMES,
  MODES,
  REJECTION_REASONS,
  ROLES,
  ROLLOUT_PHASES,
  TASK_ORIGINS,
  VERDICT_REASONS,
  VERDICTS,
} from '../../../protocol/vocabulary.ts';
import { foreignJson } from './foreignJson.ts';
import { blobToFloats, blobToIntegers } from '../packs/numberBlobs.ts';
import { COMPLETION_TEXT } from '../packs/packReader.ts';

/** A record whose absent fields are NULL. */
export type Nullable<Value> = {
  [Key in keyof Value]-?: undefined extends Value[Key]
    ? Exclude<Value[Key], undefined> | null
    : Value[Key];
};

/** Fields that hold a word of a closed vocabulary, in every record. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  mode: MODES,
  role: ROLES,
  phase: ROLLOUT_PHASES,
  origin: TASK_ORIGINS,
  verdict: VERDICTS,
  verdictReason: VERDICT_REASONS,
  reason: REJECTION_REASONS,
  outcome: EXECUTION_OUTCOMES,
  stopReason: ['stop', 'length'],
};

/**
 * Leaves out the fields that are NULL, so that absent and NULL mean the same. Throws a SyntaxError
 * when a word is not of its vocabulary: nothing of ours wrote it.
 */
export function withoutNulls<Value extends object>(stored: Nullable<Value>): Value {
  const fields = Object.entries(stored).filter(([, value]) => value !== null);
  for (const [name, value] of fields) {
    const words = WORDS[name];
    if (words !== undefined && !words.includes(String(value)))
      throw new SyntaxError(`"${name}" holds an unknown word`);
  }
  return Object.fromEntries(fields) as Value;
}

function examplesFromJson(json: string): InputOutput[] {
  const isExample = (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<InputOutput>).input === 'string' &&
    typeof (value as Partial<InputOutput>).output === 'string';
  const examples = listFromJson('examples', json, isExample) as InputOutput[];
  if (examples.length === 0) throw new SyntaxError('a task has no example');
  return examples;
}

function idsFromJson(name: string, json: string): number[] {
  return listFromJson(name, json, (value) => Number.isSafeInteger(value)) as number[];
}

function textsFromJson(name: string, json: string): string[] {
  return listFromJson(name, json, (value) => typeof value === 'string') as string[];
}

/** Throws a SyntaxError when `json` is not a list of what `isItem` accepts. */
function listFromJson(name: string, json: string, isItem: (value: unknown) => boolean): unknown[] {
  const value = foreignJson(json);
  if (Array.isArray(value) && value.every(isItem)) return value;
  throw new SyntaxError(`"${name}" is not a list of the right kind`);
}

/**
 * Text in the form in which SQLite gives it back unchanged: NUL becomes its picture U+2400, because
 * SQLite's own functions and older Node versions end a text at a NUL. No Python program may contain
 * one, only broken completions do, and their tokens stay exact.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\u2400');
}

/** {@link storableText} for a column that may be NULL. */
export function storableOptionalText(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text);
}

/** Columns of `task`, in SELECT form. */
export const TASK_COLUMNS =
  'id, step, origin, mode, program, examples, visible, message, structure, template, constructs, ' +
  'syntax_nodes AS syntaxNodes, parent_task_ids AS parentTaskIds, stratum, item_id AS itemId, tolerance, ' +
  'solve_rate AS solveRate, learnability';

export type TaskRow = Omit<Nullable<TaskRecord>, 'examples' | 'constructs' | 'parentTaskIds'> & {
  readonly examples: string;
  readonly constructs: string;
  readonly parentTaskIds: string;
};

export function taskFromRow(row: TaskRow): TaskRecord {
  return withoutNulls<TaskRecord>({
    ...row,
    examples: examplesFromJson(row.examples),
    constructs: textsFromJson('constructs', row.constructs),
    parentTaskIds: idsFromJson('parentTaskIds', row.parentTaskIds),
  });
}

/** Columns of `task_attempt`, in SELECT form. */
export const ATTEMPT_COLUMNS = 'step, task_id AS taskId, solve_rate AS solveRate, estimate';

/** Columns of `harvest`, in SELECT form. */
export const HARVEST_COLUMNS = 'step, task_id AS taskId, examples';

export type HarvestRow = Omit<HarvestRecord, 'examples'> & { readonly examples: string };

export function harvestFromRow(row: HarvestRow): HarvestRecord {
  return { ...row, examples: examplesFromJson(row.examples) };
}

/** Columns of `gold_document`, in SELECT form. */
export const GOLD_DOCUMENT_COLUMNS =
  'step, task_id AS taskId, mode, inputs, token_count AS tokenCount, log_probability AS logProbability';

export type GoldDocumentRow = Omit<GoldDocumentRecord, 'inputs'> & { readonly inputs: string };

export function goldDocumentFromRow(row: GoldDocumentRow): GoldDocumentRecord {
  return withoutNulls<GoldDocumentRecord>({ ...row, inputs: textsFromJson('inputs', row.inputs) });
}

/** Columns of `proposal`, in SELECT form. */
export const PROPOSAL_COLUMNS =
  'id, step, mode, rollout_id AS rolloutId, reference_task_ids AS referenceTaskIds, program, input, inputs, ' +
  'message, accepted, reason, reason_message AS reasonMessage, line, task_id AS taskId';

export type ProposalRow = Omit<
  Nullable<ProposalRecord>,
  'referenceTaskIds' | 'inputs' | 'accepted'
> & {
  readonly referenceTaskIds: string;
  readonly inputs: string | null;
  readonly accepted: number;
};

export function proposalFromRow(row: ProposalRow): ProposalRecord {
  return withoutNulls<ProposalRecord>({
    ...row,
    referenceTaskIds: idsFromJson('referenceTaskIds', row.referenceTaskIds),
    inputs: row.inputs === null ? null : textsFromJson('inputs', row.inputs),
    accepted: row.accepted === 1,
  });
}

/** The part of a rollout that is one value per column of its own row. */
type RolloutFields = Omit<
  RolloutRecord,
  | 'prompt'
  | 'promptTokens'
  | 'tokens'
  | 'logProbabilities'
  | 'pruned'
  | 'executions'
  | 'rewardTerms'
>;

/** What a list shows of a rollout: everything but the prompt, the blobs and the parts. */
export type RolloutSummary = RolloutFields & { readonly tokenCount: number };

/** Columns of `rollout` that hold a {@link RolloutSummary}, in SELECT form. */
export const ROLLOUT_COLUMNS =
  'id, step, role, mode, phase, task_id AS taskId, group_id AS "group", ' +
  `coalesce(${COMPLETION_TEXT}, '') AS completion, stop_reason AS stopReason, ` +
  'verdict, verdict_reason AS verdictReason, verdict_message AS verdictMessage, answer, reward, ' +
  'advantage, trained';
export const TOKEN_COUNT_COLUMN = 'token_count AS tokenCount';

export type RolloutRow = Omit<Nullable<RolloutFields>, 'trained'> & { readonly trained: number };
export type RolloutSummaryRow = RolloutRow & { readonly tokenCount: number };

export function rolloutSummaryFromRow(row: RolloutSummaryRow): RolloutSummary {
  return withoutNulls<RolloutSummary>({ ...row, trained: row.trained === 1 });
}

/** What {@link RolloutRow} leaves out, but for the parts. Numbers are blobs of four bytes each. */
export type RolloutDetail = Pick<RolloutRecord, 'prompt' | 'pruned'> &
  Readonly<Record<'promptTokens' | 'tokens' | 'logProbabilities', Uint8Array>>;

export function rolloutFromRows(
  row: RolloutRow,
  { prompt, promptTokens, tokens, logProbabilities, pruned }: RolloutDetail,
  executions: readonly Execution[],
  rewardTerms: readonly RewardTerm[],
): RolloutRecord {
  return {
    ...withoutNulls<RolloutFields>({ ...row, trained: row.trained === 1 }),
    prompt,
    promptTokens: blobToIntegers(promptTokens),
    tokens: blobToIntegers(tokens),
    logProbabilities: blobToFloats(logProbabilities),
    ...(pruned === undefined ? {} : { pruned }),
    executions,
    rewardTerms,
  };
}

/** Columns of `execution`, in SELECT form. */
export const EXECUTION_COLUMNS =
  'outcome, output, message, exception_type AS exceptionType, line, stdout, ' +
  'duration_ms AS durationMs, cpu_ms AS cpuMs, memory_kb AS memoryKb';

/** Columns of `baseline`, in SELECT form. */
export const BASELINE_COLUMNS =
  'step, role, mode, mean, standard_deviation AS standardDeviation, count';
