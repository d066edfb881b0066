/** Writes the rows of one step. It knows the columns; transactions are its caller's. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

import type {
  AttemptRecord,
  BaselineRecord,
  GoldDocumentRecord,
  HarvestRecord,
  MetricRecord,
  ProposalRecord,
  RewardTerm,
  RolloutRecord,
  StepRecord,
  TaskRecord,
} from '../../../protocol/records.ts';
import type { Execution } from '../../../protocol/sandbox.ts';
import { floatsToBlob, integersToBlob } from '../packs/numberBlobs.ts';
import { type PackPlace, PackWriter } from './packWriter.ts';
import { storableOptionalText, storableText } from '../rows/storedRows.ts';

/** In the columns of what is kept in a pack. */
const NOTHING = new Uint8Array();

/**
 * An INSERT that is prepared once; a row that lacks a column is refused. Values are bound by place:
 * looking up every name of every row took a quarter of a commit's time.
 */
class Insertion<Column extends string> {
  readonly #statement: StatementSync;
  readonly #columns: readonly Column[];

  constructor(database: DatabaseSync, table: string, columns: readonly Column[]) {
    const places = columns.map(() => '?').join(', ');
    this.#statement = database.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`,
    );
    this.#columns = columns;
  }

  insert(row: Readonly<Record<Column, SQLInputValue>>): void {
    this.#statement.run(...this.#columns.map((column) => row[column]));
  }
}

export class StepWriter {
  readonly #step;
  readonly #prompt;
  readonly #rollout;
  readonly #rewardTerm;
  readonly #execution;
  readonly #proposal;
  readonly #task;
  readonly #attempt;
  readonly #harvest;
  readonly #goldDocument;
  readonly #baseline;
  readonly #metric;
  readonly #completionSize;
  readonly #packs;

  constructor(database: DatabaseSync) {
    this.#step = new Insertion(database, 'step', ['step', 'started_at', 'duration_ms']);
    this.#prompt = new Insertion(database, 'prompt', [
      'group_id',
      'step',
      'prompt',
      'prompt_tokens',
      ...(['pack', 'place'] as const),
    ]);
    this.#rollout = new Insertion(database, 'rollout', [
      ...([
        'id',
        'step',
        'role',
        'mode',
        'phase',
        'task_id',
        'group_id',
        'completion',
        'tokens',
      ] as const),
      ...([
        'log_probabilities',
        'stop_reason',
        'verdict',
        'verdict_reason',
        'answer',
        'reward',
      ] as const),
      ...(['advantage', 'trained', 'pack', 'place', 'token_count', 'verdict_message'] as const),
    ]);
    this.#rewardTerm = new Insertion(database, 'reward_term', [
      'rollout_id',
      'position',
      'name',
      'value',
      'explanation',
    ]);
    this.#execution = new Insertion(database, 'execution', [
      ...([
        'rollout_id',
        'position',
        'outcome',
        'output',
        'message',
        'exception_type',
        'line',
        'stdout',
      ] as const),
      ...(['duration_ms', 'cpu_ms', 'memory_kb'] as const),
    ]);
    this.#proposal = new Insertion(database, 'proposal', [
      ...([
        'id',
        'step',
        'mode',
        'rollout_id',
        'reference_task_ids',
        'program',
        'input',
        'inputs',
      ] as const),
      ...(['message', 'accepted', 'reason', 'reason_message', 'line', 'task_id'] as const),
    ]);
    this.#task = new Insertion(database, 'task', [
      ...([
        'id',
        'step',
        'origin',
        'mode',
        'program',
        'examples',
        'visible',
        'message',
        'structure',
        'template',
        'constructs',
      ] as const),
      ...(['syntax_nodes', 'parent_task_ids', 'stratum', 'item_id', 'tolerance'] as const),
      ...(['solve_rate', 'learnability'] as const),
    ]);
    this.#attempt = new Insertion(database, 'task_attempt', [
      ...(['step', 'task_id', 'solve_rate', 'estimate'] as const),
    ]);
    this.#harvest = new Insertion(database, 'harvest', ['task_id', 'step', 'examples']);
    this.#goldDocument = new Insertion(database, 'gold_document', [
      ...(['step', 'position', 'task_id', 'mode', 'inputs'] as const),
      ...(['token_count', 'log_probability'] as const),
    ]);
    this.#baseline = new Insertion(database, 'baseline', [
      ...(['step', 'role', 'mode', 'mean', 'standard_deviation', 'count'] as const),
    ]);
    this.#metric = new Insertion(database, 'metric', ['name', 'step', 'value']);
    this.#completionSize = database.prepare(
      `INSERT INTO completion_size (step, total_bytes) VALUES
         (:step, :bytes + coalesce((SELECT total_bytes FROM completion_size WHERE step = :step - 1), 0))`,
    );
    this.#packs = new PackWriter(database);
  }

  /** Inserts all rows of `record`. Throws SQLite's error when an identifier is used already. */
  write(record: StepRecord): void {
    this.#step.insert({
      step: record.step,
      started_at: record.startedAt,
      duration_ms: record.durationMs,
    });
    this.#writePrompts(record.step, record.rollouts);
    this.#writeRollouts(record.step, record.rollouts);
    for (const proposal of record.proposals) this.#writeProposal(proposal);
    for (const task of record.tasks) this.#writeTask(task);
    for (const attempt of record.attempts) this.#writeAttempt(attempt);
    for (const harvest of record.harvests) this.#writeHarvest(harvest);
    record.goldDocuments.forEach((document, position) => {
      this.#writeGoldDocument(document, position);
    });
    for (const baseline of record.baselines) this.#writeBaseline(baseline);
    for (const metric of record.metrics) this.#writeMetric(metric);
  }

  #writePrompts(step: number, rollouts: readonly RolloutRecord[]): void {
    const firstOfGroup = new Map<number, RolloutRecord>();
    for (const rollout of rollouts) {
      const known = firstOfGroup.get(rollout.group);
      if (known === undefined) firstOfGroup.set(rollout.group, rollout);
      else if (known.prompt !== rollout.prompt) {
        throw new Error(`Group ${String(rollout.group)} has two prompts.`);
      }
    }
    const groups = [...firstOfGroup.values()];
    const places = this.#packs.writePrompts(step, groups);
    for (const { group, prompt, promptTokens } of groups) {
      const packed = places.get(group);
      this.#prompt.insert({
        group_id: group,
        step,
        prompt: packed === undefined ? storableText(prompt) : '',
        prompt_tokens: packed === undefined ? integersToBlob(promptTokens) : NOTHING,
        pack: packed?.pack ?? null,
        place: packed?.place ?? null,
      });
    }
  }

  #writeRollouts(step: number, rollouts: readonly RolloutRecord[]): void {
    const { places, bytes } = this.#packs.writeCompletions(step, rollouts);
    let unpackedBytes = 0;
    for (const rollout of rollouts) {
      const packed = places.get(rollout.id);
      this.#writeRollout(rollout, packed);
      if (packed === undefined) {
        unpackedBytes += Buffer.byteLength(rollout.completion) + 8 * rollout.tokens.length;
      }
    }
    this.#completionSize.run({ step, bytes: bytes + unpackedBytes });
  }

  #writeRollout(rollout: RolloutRecord, packed: PackPlace | undefined): void {
    const inRow = packed === undefined;
    this.#rollout.insert({
      id: rollout.id,
      step: rollout.step,
      role: rollout.role,
      mode: rollout.mode,
      phase: rollout.phase,
      task_id: rollout.taskId ?? null,
      group_id: rollout.group,
      completion: inRow ? storableText(rollout.completion) : '',
      tokens: inRow ? integersToBlob(rollout.tokens) : NOTHING,
      log_probabilities: inRow ? floatsToBlob(rollout.logProbabilities) : NOTHING,
      stop_reason: rollout.stopReason,
      verdict: rollout.verdict ?? null,
      verdict_reason: rollout.verdictReason ?? null,
      answer: storableOptionalText(rollout.answer),
      reward: rollout.reward ?? null,
      advantage: rollout.advantage ?? null,
      trained: rollout.trained ? 1 : 0,
      pack: packed?.pack ?? null,
      place: packed?.place ?? null,
      token_count: rollout.tokens.length,
      verdict_message: storableOptionalText(rollout.verdictMessage),
    });
    rollout.rewardTerms.forEach((term, position) => {
      this.#writeRewardTerm(rollout.id, position, term);
    });
    rollout.executions.forEach((execution, position) => {
      this.#writeExecution(rollout.id, position, execution);
    });
  }

  #writeRewardTerm(rolloutId: number, position: number, term: RewardTerm): void {
    const { name, value, explanation } = term;
    this.#rewardTerm.insert({
      rollout_id: rolloutId,
      position,
      name,
      value,
      explanation: storableText(explanation),
    });
  }

  #writeExecution(rolloutId: number, position: number, execution: Execution): void {
    this.#execution.insert({
      rollout_id: rolloutId,
      position,
      outcome: execution.outcome,
      output: storableOptionalText(execution.output),
      message: storableOptionalText(execution.message),
      exception_type: storableOptionalText(execution.exceptionType),
      line: execution.line ?? null,
      stdout: storableText(execution.stdout),
      duration_ms: execution.durationMs,
      cpu_ms: execution.cpuMs,
      memory_kb: execution.memoryKb,
    });
  }

  #writeProposal(proposal: ProposalRecord): void {
    this.#proposal.insert({
      id: proposal.id,
      step: proposal.step,
      mode: proposal.mode,
      rollout_id: proposal.rolloutId,
      reference_task_ids: JSON.stringify(proposal.referenceTaskIds),
      program: storableOptionalText(proposal.program),
      input: storableOptionalText(proposal.input),
      inputs: proposal.inputs === undefined ? null : JSON.stringify(proposal.inputs),
      message: storableOptionalText(proposal.message),
      accepted: proposal.accepted ? 1 : 0,
      reason: proposal.reason ?? null,
      reason_message: storableOptionalText(proposal.reasonMessage),
      line: proposal.line ?? null,
      task_id: proposal.taskId ?? null,
    });
  }

  #writeTask(task: TaskRecord): void {
    this.#task.insert({
      id: task.id,
      step: task.step,
      origin: task.origin,
      mode: task.mode,
      program: storableText(task.program),
      examples: JSON.stringify(task.examples),
      visible: task.visible,
      message: storableOptionalText(task.message),
      structure: task.structure,
      template: task.template,
      constructs: JSON.stringify(task.constructs),
      syntax_nodes: task.syntaxNodes,
      parent_task_ids: JSON.stringify(task.parentTaskIds),
      stratum: storableOptionalText(task.stratum),
      item_id: storableOptionalText(task.itemId),
      tolerance: task.tolerance ?? null,
      solve_rate: task.solveRate ?? null,
      learnability: task.learnability ?? null,
    });
  }

  #writeAttempt({ step, taskId, solveRate, estimate }: AttemptRecord): void {
    this.#attempt.insert({ step, task_id: taskId, solve_rate: solveRate, estimate });
  }

  #writeHarvest({ step, taskId, examples }: HarvestRecord): void {
    this.#harvest.insert({ task_id: taskId, step, examples: JSON.stringify(examples) });
  }

  #writeGoldDocument(document: GoldDocumentRecord, position: number): void {
    const { step, taskId, mode, inputs, tokenCount, logProbability } = document;
    this.#goldDocument.insert({
      ...{ step, position, task_id: taskId, mode, inputs: JSON.stringify(inputs) },
      ...{ token_count: tokenCount, log_probability: logProbability },
    });
  }

  #writeBaseline(baseline: BaselineRecord): void {
    const { step, role, mode, mean, standardDeviation, count } = baseline;
    this.#baseline.insert({ step, role, mode, mean, standard_deviation: standardDeviation, count });
  }

  #writeMetric(metric: MetricRecord): void {
    const { step, name, value } = metric;
    this.#metric.insert({ step, name, value: Number.isNaN(value) ? null : value });
  }
}
