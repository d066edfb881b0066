/**
 * The tables of run.db. Column names are the record fields of server/protocol/records.ts in
 * snake_case. STRICT tables make SQLite refuse a value of the wrong type, so rows can be trusted
 * when they are read back.
 */

/**
 * Written to `PRAGMA user_version`. Raise it with every change of the tables below, of those in
 * summarySchema.ts, packSchema.ts and learnedSchema.ts. A database of another version is refused.
 */
export const SCHEMA_VERSION = 1;

/** "AZRr" in ASCII, written to `PRAGMA application_id`: tells a run from any other database. */
export const APPLICATION_ID = 0x415a5272;

/** A run that began as a copy of another one has one row here. */
export const BRANCH_SCHEMA = `
CREATE TABLE branch (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  parent TEXT NOT NULL,
  step INTEGER NOT NULL
) STRICT;
`;

/** Tasks of a file or a generator, in the place of a proposer's, in the order of their source. */
export const GIVEN_SCHEMA = `
CREATE TABLE given_task (
  position INTEGER PRIMARY KEY,
  task TEXT NOT NULL
) STRICT;
`;

export const SCHEMA = `
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  created_at TEXT NOT NULL,
  protocol_version INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  settings TEXT NOT NULL,
  departures TEXT NOT NULL,
  dialect TEXT NOT NULL,
  model_digest TEXT NOT NULL
) STRICT;

-- One row per start of a runner on this run: what it ran with and where it continued.
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  started_at TEXT NOT NULL,
  after_step INTEGER NOT NULL,
  engine TEXT NOT NULL,
  sandbox TEXT NOT NULL,
  machine TEXT NOT NULL
) STRICT;

-- Every change of the rows below, numbered. Numbers are never reused, also after a discard, so that
-- a viewer that remembers the last number it saw knows exactly when it must look again.
CREATE TABLE change (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('step', 'checkpoint', 'discard')),
  step INTEGER NOT NULL
) STRICT;

CREATE TABLE step (
  step INTEGER PRIMARY KEY,
  started_at TEXT NOT NULL,
  duration_ms REAL NOT NULL
) STRICT;

-- The rollouts of one group share a prompt; it is kept once.
CREATE TABLE prompt (
  group_id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  prompt TEXT NOT NULL,
  prompt_tokens BLOB NOT NULL,
  -- See rollout.
  pack INTEGER,
  place INTEGER
) STRICT;
CREATE INDEX prompt_step ON prompt (step);

CREATE TABLE rollout (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  role TEXT NOT NULL,
  mode TEXT NOT NULL,
  phase TEXT NOT NULL,
  task_id INTEGER,
  group_id INTEGER NOT NULL,
  completion TEXT NOT NULL,
  tokens BLOB NOT NULL,
  log_probabilities BLOB NOT NULL,
  stop_reason TEXT NOT NULL,
  verdict TEXT,
  verdict_reason TEXT,
  answer TEXT,
  reward REAL,
  advantage REAL,
  trained INTEGER NOT NULL,
  token_count INTEGER NOT NULL,
  -- The pack that holds the completion, tokens and log-probabilities, and the place in it, from 0;
  -- the columns for them are then empty. NULL where they are in the row itself.
  pack INTEGER,
  place INTEGER,
  verdict_message TEXT
) STRICT;
CREATE INDEX rollout_step ON rollout (step);
CREATE INDEX rollout_task ON rollout (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE reward_term (
  rollout_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  explanation TEXT NOT NULL,
  PRIMARY KEY (rollout_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE execution (
  rollout_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  output TEXT,
  message TEXT,
  exception_type TEXT,
  line INTEGER,
  stdout TEXT NOT NULL,
  duration_ms REAL NOT NULL,
  cpu_ms REAL NOT NULL,
  memory_kb REAL NOT NULL,
  PRIMARY KEY (rollout_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE proposal (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  mode TEXT NOT NULL,
  rollout_id INTEGER NOT NULL,
  reference_task_ids TEXT NOT NULL,
  program TEXT,
  input TEXT,
  inputs TEXT,
  message TEXT,
  accepted INTEGER NOT NULL,
  reason TEXT,
  reason_message TEXT,
  line INTEGER,
  task_id INTEGER
) STRICT;
CREATE INDEX proposal_step ON proposal (step);
CREATE INDEX proposal_accepted ON proposal (accepted);

CREATE TABLE task (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  origin TEXT NOT NULL,
  mode TEXT NOT NULL,
  program TEXT NOT NULL,
  examples TEXT NOT NULL,
  visible INTEGER NOT NULL,
  message TEXT,
  structure TEXT NOT NULL,
  template TEXT NOT NULL,
  constructs TEXT NOT NULL,
  syntax_nodes INTEGER NOT NULL,
  parent_task_ids TEXT NOT NULL,
  stratum TEXT,
  item_id TEXT,
  tolerance REAL,
  solve_rate REAL,
  learnability REAL
) STRICT;
CREATE INDEX task_step ON task (step);
CREATE INDEX task_mode ON task (mode);
CREATE INDEX task_held_out ON task (id) WHERE origin = 'held-out';

CREATE TABLE baseline (
  step INTEGER NOT NULL,
  role TEXT NOT NULL,
  mode TEXT NOT NULL,
  mean REAL NOT NULL,
  standard_deviation REAL NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (step, role, mode)
) STRICT, WITHOUT ROWID;

-- NULL is NaN: SQLite has no other way to say that a number was not one.
CREATE TABLE metric (
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (name, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_step ON metric (step);

CREATE TABLE checkpoint (
  step INTEGER PRIMARY KEY,
  path TEXT NOT NULL
) STRICT;
`;
