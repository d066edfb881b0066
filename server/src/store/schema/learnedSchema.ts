/** Tables of earlier tasks that were tried again, and of what the policy was taught beside rewards. */

export const LEARNED_SCHEMA = `
CREATE TABLE task_attempt (
  step INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  solve_rate REAL NOT NULL,
  estimate REAL NOT NULL,
  PRIMARY KEY (step, task_id)
) STRICT, WITHOUT ROWID;

-- Further executed inputs of the program of a task. The inputs are the model's own.
CREATE TABLE harvest (
  task_id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  examples TEXT NOT NULL
) STRICT;
CREATE INDEX harvest_step ON harvest (step);

-- Documents of executed truth that a step trained on, in order.
CREATE TABLE gold_document (
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  mode TEXT NOT NULL,
  inputs TEXT NOT NULL,
  token_count INTEGER NOT NULL,
  log_probability REAL NOT NULL,
  PRIMARY KEY (step, position)
) STRICT, WITHOUT ROWID;
`;
