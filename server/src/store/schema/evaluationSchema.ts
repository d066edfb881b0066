/** Tables of an evaluation: see server/protocol/evaluation.ts. They are empty in a run. */

export const EVALUATION_SCHEMA = `
CREATE TABLE evaluation (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  suite TEXT NOT NULL,
  data_file TEXT,
  items INTEGER,
  task_ids TEXT,
  answer_tokens INTEGER,
  samples INTEGER NOT NULL,
  temperature REAL NOT NULL
) STRICT;

CREATE TABLE subject (
  step INTEGER PRIMARY KEY,
  label TEXT NOT NULL,
  model TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  run_folder TEXT,
  run_step INTEGER,
  template TEXT NOT NULL
) STRICT;

-- Completions of the subject under way, by the request that they answer: an evaluation that was
-- interrupted asks again for none of them. Its commit empties the table.
CREATE TABLE sampled_part (
  request TEXT PRIMARY KEY,
  completions TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
