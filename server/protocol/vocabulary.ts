/**
 * The field's words, once. Every other file of the project takes its mode, role, outcome, verdict
 * and reason names from here, and so do the columns of run.db.
 */

/** The three kinds of reasoning task over a triplet (program, input, output): paper §3.2. */
export const MODES = ['deduction', 'abduction', 'induction'] as const;
export type Mode = (typeof MODES)[number];

/** The two roles one policy plays: paper §3.1. */
export const ROLES = ['proposer', 'solver'] as const;
export type Role = (typeof ROLES)[number];

/** What runs programs: CPython in WebAssembly, on every system, or in a jail of the Linux kernel. */
export const SANDBOX_ENGINES = ['wasm', 'native'] as const;
export type SandboxEngine = (typeof SANDBOX_ENGINES)[number];

/** How tasks are put to a model: for the embedded model, for chat models, small ones, and base models. */
export const DIALECTS = ['compact', 'chat', 'turns', 'r1'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** How one execution in the sandbox ended. Only `ok` carries an output. */
export const EXECUTION_OUTCOMES = [
  'ok',
  'syntax',
  'no-entry-function',
  'bad-input',
  'error',
  'timeout',
  'memory',
  'forbidden',
  'too-large',
  'unserialisable',
  'crashed',
  'forged',
  'unavailable',
] as const;
export type ExecutionOutcome = (typeof EXECUTION_OUTCOMES)[number];

/** Why a proposal did not become a task. The first group is decided before anything is executed. */
export const REJECTION_REASONS = [
  'format',
  'prompt-too-long',
  'truncated',
  'syntax',
  'program-too-large',
  'no-entry-function',
  'no-parameter',
  'forbidden-import',
  'banned-word',
  'bad-input',
  'too-few-inputs',
  'duplicate-inputs',
  'no-message',
  'duplicate',
  'held-out',
  'error',
  'timeout',
  'memory',
  'forbidden',
  'too-large',
  'unserialisable',
  'non-deterministic',
  'crashed',
  'forged',
  'unavailable',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** Phases in which a solver answers. */
export const SOLVER_PHASES = [
  'estimate',
  'solve',
  'replay',
  'curriculum',
  'greedy',
  'probe',
] as const;
export type SolverPhase = (typeof SOLVER_PHASES)[number];

/**
 * What a completion was sampled for: `seed` fills the buffers before the first update; `propose`
 * makes a step's tasks; so does `explore`, whose proposals are written by the model that the run began
 * with, and have no advantage; `estimate` measures a new task's solve rate; `solve` and `replay` answer a
 * task for training; `curriculum` are the starting model's answers to new tasks; `greedy` and `probe`
 * answer held-out tasks, with the likeliest tokens and at temperature 1. The last three only measure.
 */
export const ROLLOUT_PHASES = ['seed', 'propose', 'explore', ...SOLVER_PHASES] as const;
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];

/** Where a task came from: the buffers' seeds, a proposal of a step, or the frozen held-out set. */
export const TASK_ORIGINS = ['seed', 'proposed', 'given', 'held-out'] as const;
export type TaskOrigin = (typeof TASK_ORIGINS)[number];

/** The lists of one step: what was proposed, what was solved in self-play, what was measured. */
export const STEP_LISTS = [...ROLES, 'held-out'] as const;
export type StepListName = (typeof STEP_LISTS)[number];

/** How a solver's answer was judged. `malformed` means no answer of the asked form could be read. */
export const VERDICTS = ['correct', 'wrong', 'malformed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a verdict is what it is. */
export const VERDICT_REASONS = [
  'equal',
  'different-output',
  'hidden-example-failed',
  'format',
  'truncated',
  'not-a-literal',
  'syntax',
  'program-too-large',
  'no-entry-function',
  'forbidden-import',
  'banned-word',
  'bad-input',
  'error',
  'timeout',
  'memory',
  'forbidden',
  'too-large',
  'unserialisable',
  'non-deterministic',
  'crashed',
  'forged',
  'unavailable',
] as const;
export type VerdictReason = (typeof VERDICT_REASONS)[number];

/** Settings by which completions are pruned. */
export const PRUNING_SETTINGS = ['completionsKeptSteps', 'completionsKeptMb'] as const;
export type PruningSetting = (typeof PRUNING_SETTINGS)[number];
