/** The plan of an evaluation as rows of run.db. */
import type { DatabaseSync } from 'node:sqlite';

import type { EvaluationPlan, EvaluationSubject } from '../../../protocol/evaluation.ts';
import type { ReadConnection } from '../readConnection.ts';
import { CheckedRow } from './checkedRow.ts';
import { foreignJson } from './foreignJson.ts';

/** More subjects than a person compares; a file from elsewhere may have any number. */
const MOST_SUBJECTS = 1_000;

export function insertEvaluation(database: DatabaseSync, plan: EvaluationPlan): void {
  const { suite, dataFile, items, taskIds, answerTokens, samples, temperature, subjects } = plan;
  database
    .prepare(
      `INSERT INTO evaluation (id, suite, data_file, items, task_ids, answer_tokens, samples, temperature)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      suite,
      dataFile ?? null,
      items ?? null,
      taskIds === undefined ? null : JSON.stringify(taskIds),
      answerTokens ?? null,
      samples,
      temperature,
    );
  for (const subject of subjects) insertSubject(database, subject);
}

export function insertSubject(
  database: DatabaseSync,
  { step, label, model, modelDigest, runFolder, runStep, template }: EvaluationSubject,
): void {
  database
    .prepare(
      `INSERT INTO subject (step, label, model, model_digest, run_folder, run_step, template)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(step, label, model, modelDigest, runFolder ?? null, runStep ?? null, template);
}

/** Undefined for a run. Throws a ProblemError when the database cannot be read. */
export function readEvaluation(connection: ReadConnection): EvaluationPlan | undefined {
  const [row] = connection.all(
    'SELECT suite, data_file, items, task_ids, answer_tokens, samples, temperature FROM evaluation',
  );
  if (row === undefined) return undefined;
  const plan = new CheckedRow(row, connection.path);
  const dataFile = plan.optionalText('data_file');
  const items = plan.optionalInteger('items');
  const taskIds = plan.optionalText('task_ids');
  const answerTokens = plan.optionalInteger('answer_tokens');
  return {
    suite: plan.text('suite'),
    ...(dataFile !== undefined && { dataFile }),
    ...(items !== undefined && { items }),
    ...(taskIds !== undefined && {
      taskIds: connection.explaining(() => taskIdsFrom(taskIds)),
    }),
    ...(answerTokens !== undefined && { answerTokens }),
    samples: plan.integer('samples'),
    temperature: plan.number('temperature'),
    subjects: subjectsOf(connection),
  };
}

function subjectsOf(connection: ReadConnection): EvaluationSubject[] {
  const rows = connection.all(
    `SELECT step, label, model, model_digest, run_folder, run_step, template
     FROM subject ORDER BY step LIMIT ${String(MOST_SUBJECTS)}`,
  );
  return rows.map((one) => {
    const row = new CheckedRow(one, connection.path);
    const runFolder = row.optionalText('run_folder');
    const runStep = row.optionalInteger('run_step');
    return {
      step: row.integer('step'),
      label: row.text('label'),
      model: row.text('model'),
      modelDigest: row.text('model_digest'),
      ...(runFolder !== undefined && { runFolder }),
      ...(runStep !== undefined && { runStep }),
      template: row.text('template'),
    };
  });
}

/** Throws a SyntaxError when it is not a list of identifiers. */
function taskIdsFrom(json: string): number[] {
  const ids = foreignJson(json);
  const isId = (id: unknown): id is number => Number.isSafeInteger(id);
  if (!Array.isArray(ids) || !ids.every(isId)) {
    throw new SyntaxError('the tasks of the evaluation have another form than ours');
  }
  return ids;
}
