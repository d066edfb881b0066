/**
 * Failures that were foreseen: what went wrong, to what, and what to do about it. Everything that throws one
 * throws a {@link ProblemError}; any other error is a defect.
 */

/** What the product itself can do about a problem. */
export type ProblemAction = 'set-up-python' | 'restart-server' | 'set-engine-key' | 'run-doctor';

/** What went wrong, as it is sent, stored and shown. */
export interface Problem {
  /** A {@link ProblemCode}, or the code of an engine server. */
  readonly code: string;
  /** A sentence or more: what happened, to what. */
  readonly message: string;
  /** A sentence or more: what to do. */
  readonly remedy: string;
}

/** Every code of ours, with what the product can do about it. */
const ACTIONS = {
  // What was asked for.
  usage: undefined,
  'invalid-settings': undefined,
  'invalid-query': undefined,
  'bad-parameters': undefined,
  'bad-request': undefined,
  'bad-json': undefined,
  'bad-call': undefined,
  'too-long': undefined,
  'no-folder': undefined,
  'no-home': undefined,

  // Runs and their folders.
  'run-exists': undefined,
  'no-run': undefined,
  'run-in-use': undefined,
  'run-deleted': undefined,
  'run-finished': undefined,
  'run-starting': undefined,
  'unknown-run': undefined,
  'unreadable-run': undefined,
  'unsafe-run': undefined,
  'not-running': undefined,
  'runner-ended': undefined,
  'runner-gone': undefined,
  'runner-unreachable': undefined,
  'cannot-launch': undefined,
  'cannot-branch': undefined,
  'no-checkpoint': undefined,
  'checkpoint-lost': undefined,
  'protocol-changed': undefined,
  'model-changed': undefined,
  'sandbox-changed': 'run-doctor',
  'folder-in-use': undefined,
  'folder-not-writable': 'run-doctor',
  'cannot-propose': undefined,
  'held-out-wrong': undefined,
  'prompt-too-long': undefined,
  'no-chat-template': undefined,

  // Files and run.db.
  'not-a-plain-file': undefined,
  'file-too-large': undefined,
  'not-utf-8': undefined,
  'disk-full': 'run-doctor',
  exists: undefined,
  missing: undefined,
  'not-a-run': undefined,
  'newer-schema': undefined,
  locked: undefined,
  'read-only': undefined,
  corrupt: undefined,
  'input-output': undefined,

  // Models, held-out tasks and suites of benchmarks.
  'no-model': undefined,
  'invalid-model': undefined,
  'model-not-fetched': 'run-doctor',
  'unknown-model': undefined,
  'invalid-held-out': undefined,
  'no-tasks': undefined,
  'unsuitable-tasks': undefined,
  'unknown-template': undefined,
  'unknown-suite': undefined,
  'no-suite-data': undefined,
  'suite-data-changed': undefined,
  'invalid-suite-data': undefined,

  // Python and its packages.
  'no-python': 'set-up-python',
  'no-engine-packages': 'set-up-python',
  'no-venv': 'set-up-python',
  'setup-failed': 'set-up-python',
  'no-package-for-platform': 'run-doctor',
  'package-changed': 'set-up-python',
  network: undefined,
  certificate: undefined,
  'out-of-memory': 'run-doctor',

  // The sandbox.
  'unsupported-platform': 'run-doctor',
  'python-not-found': 'set-up-python',
  'python-too-old': 'set-up-python',
  /** The kernel, or a container's profile, lets no process install a system call filter. */
  'seccomp-unavailable': 'run-doctor',
  /** Nothing but the filter would stand between a program and files. */
  'landlock-unavailable': 'run-doctor',
  /** The jail could not be closed for another reason, which the message gives. */
  'jail-refused': 'run-doctor',
  /** The interpreter of the wasm engine is missing, or is not the one that was shipped. */
  'damaged-installation': 'run-doctor',
  /** A process of the wasm engine did not start; the message says what it told. */
  'worker-refused': 'run-doctor',
  closed: undefined,

  // The engine and what its server cannot do.
  engine_ended: undefined,
  engine_failed: undefined,
  engine_protocol: undefined,
  engine_refused: undefined,
  engine_reply_too_long: undefined,
  engine_server_mismatch: undefined,
  engine_server_unknown: undefined,
  engine_silent: undefined,
  engine_unreachable: undefined,
  engine_url_invalid: undefined,
  engine_key_in_clear: 'set-engine-key',
  engine_key_invalid: 'set-engine-key',
  engine_key_refused: 'set-engine-key',
  'engine-key-not-allowed': undefined,
  'engine-key-elsewhere': undefined,
  does_not_fit: 'run-doctor',
  cancelled: undefined,
  update_interrupted: undefined,
  checkpoint_not_found: undefined,
  model_not_named: undefined,
  tokenizer_not_found: undefined,
  tokenizer_refused: undefined,
  chat_template_refused: undefined,
  entropy_bonus_unsupported: undefined,
  full_fine_tuning_unsupported: undefined,
  gradient_clipping_unsupported: undefined,
  lora_alpha_unsupported: undefined,
  lora_dropout_unsupported: undefined,
  loss_reduction_unsupported: undefined,
  loss_unsupported: undefined,
  muon_unsupported: undefined,
  optimizer_unsupported: undefined,
  temperature_unsupported: undefined,
  top_tokens_unsupported: undefined,
  weight_average_unsupported: undefined,

  // Requests of `azr serve`, whose codes clients of OpenAI's API know.
  invalid_api_key: undefined,
  'foreign-request': undefined,
  'unknown-route': undefined,
  model_not_found: undefined,
  unsupported_parameter: undefined,
  context_length_exceeded: undefined,
  'too-many-requests': undefined,
  'server-ending': undefined,
  'port-not-free': undefined,

  // Documents, reruns and scratch files.
  'no-document': undefined,
  'no-row': undefined,
  'no-task': undefined,
  'no-answer': undefined,
  'no-answers': undefined,
  'no-proposal': undefined,
  'no-program': undefined,
  'no-original': undefined,
  'no-calls': undefined,
  'not-in-tree': undefined,
  'nothing-to-run': undefined,
  'nothing-to-copy': undefined,
  'too-many-inputs': undefined,
  'rerun-too-long': undefined,
  'missing-section': undefined,
  'scratch-file': undefined,
  'cannot-write': undefined,

  // The language server.
  'server-start': 'restart-server',
  'server-crashed': 'restart-server',
  /** The thread of the server that reads run databases. */
  'query-thread-ended': undefined,
  'other-protocol': 'restart-server',
  /** Failures that were not foreseen, on the extension's side and on the server's. */
  unexpected: 'restart-server',
  defect: undefined,
} as const satisfies Readonly<Record<string, ProblemAction | undefined>>;

export type ProblemCode = keyof typeof ACTIONS;

/** A problem of ours. */
export type OwnProblem = Problem & { readonly code: ProblemCode };

/** Undefined where only the user can do something, and for codes of others. */
export function actionAgainst({ code }: Problem): ProblemAction | undefined {
  return Object.hasOwn(ACTIONS, code) ? ACTIONS[code as ProblemCode] : undefined;
}

/** A problem that is thrown. */
export class ProblemError extends Error implements Problem {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly remedy: string;

  /** By name: the extension's two bundles have a class each, and each must know the other's errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ProblemError) return super[Symbol.hasInstance](value);
    return value instanceof Error && value.name === 'ProblemError';
  }

  constructor(problem: OwnProblem, options?: ErrorOptions) {
    super(problem.message, options);
    this.code = problem.code;
    this.remedy = problem.remedy;
  }

  /** For what somebody else says: an engine server, or the note of a run that failed. */
  static of(problem: Problem, options?: ErrorOptions): ProblemError {
    return new ProblemError(problem as OwnProblem, options);
  }

  toProblem(): Problem {
    const { code, message, remedy } = this;
    return { code, message, remedy };
  }
}

/** Whether `error` is a foreseen failure of this code. */
export function isFailure(error: unknown, code: ProblemCode): error is ProblemError {
  return error instanceof ProblemError && error.code === code;
}

/** Whether `value`, which may have come from anywhere, has the form of a problem. */
export function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, remedy } = value as Partial<Record<keyof Problem, unknown>>;
  return [code, message, remedy].every((text) => typeof text === 'string');
}
