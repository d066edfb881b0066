/** Where prompts, completions, tokens and log-probabilities are kept: deflated, several together. */

/** Format of the blobs: packFormat.ts. */
export const PACK_SCHEMA = `
-- The id is that of the first rollout.
CREATE TABLE rollout_pack (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  completions BLOB NOT NULL,
  tokens BLOB NOT NULL,
  log_probabilities BLOB NOT NULL
) STRICT;
CREATE INDEX rollout_pack_step ON rollout_pack (step);

-- The id is that of the first group.
CREATE TABLE prompt_pack (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  prompts BLOB NOT NULL,
  tokens BLOB NOT NULL
) STRICT;
CREATE INDEX prompt_pack_step ON prompt_pack (step);

-- How many bytes the completions of all steps up to this one took, tokens and log-probabilities
-- included and whatever was pruned since, so that no sum has to be made; and, where the step's were
-- pruned, the setting that asked for it.
CREATE TABLE completion_size (
  step INTEGER PRIMARY KEY,
  total_bytes INTEGER NOT NULL,
  pruned_by TEXT
) STRICT;
CREATE INDEX completion_size_kept ON completion_size (step) WHERE pruned_by IS NULL;

CREATE INDEX rollout_token_count ON rollout (token_count);
`;
