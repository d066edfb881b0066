/**
 * The sandbox and the grader as the rest of the project sees them. Every value that crosses these
 * interfaces is text: a Python program, or a Python literal. Nothing here evaluates anything.
 */
import type {
  ExecutionOutcome,
  Mode,
  RejectionReason,
  Verdict,
  VerdictReason,
} from './vocabulary.ts';

/** Limits of one execution. CPU time is the limit that matters; wall time is a backstop. */
export interface ExecutionLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly memoryMb: number;
  /** Longest accepted literal of a result, in characters. A longer one is `too-large`, never cut. */
  readonly outputCharacters: number;
  /** Captured standard output beyond this many characters is dropped. */
  readonly stdoutCharacters: number;
}

export const DEFAULT_EXECUTION_LIMITS: ExecutionLimits = {
  cpuMs: 1000,
  wallMs: 4000,
  memoryMb: 128,
  outputCharacters: 8192,
  stdoutCharacters: 8192,
};

/** What one call of a program's entry function `f` did. */
export interface Execution {
  readonly outcome: ExecutionOutcome;
  /** The result as a canonical Python literal; present exactly when `outcome` is `ok`. */
  readonly output?: string;
  /** A sentence for the user; present exactly when `outcome` is not `ok`. */
  readonly message?: string;
  readonly exceptionType?: string;
  /** Line of the program, from 1, where it went wrong, when known. */
  readonly line?: number;
  readonly stdout: string;
  /** Wall time of the execution inside the jail. */
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly memoryKb: number;
}

/** What can be known of a program without running it. */
export interface ProgramInspection {
  readonly syntax?: { readonly message: string; readonly line?: number };
  /** Names of the functions defined by `def` at module level, in order. */
  readonly functions: readonly string[];
  /** Name of the function that is called: `f`, or else the first; absent when there is none. */
  readonly entry?: string;
  /** Its parameters, `*args` and `**kwargs` with their stars; absent where only running it tells. */
  readonly parameters?: readonly string[];
  /** Top-level names of imported modules, each with the line of its import. */
  readonly imports: readonly { readonly module: string; readonly line: number }[];
  /** Names in it, and the like, that may lead to the clock, to random numbers or to addresses. */
  readonly chance: readonly string[];
  /** Digest of the syntax tree with local names, comments and layout abstracted: equal for renamed copies. */
  readonly structure: string;
  /** Digest of the syntax tree with names and constants abstracted: equal for all fillings of one template. */
  readonly template: string;
  /** What it is built from, each once and sorted: see {@link file://./constructs.ts}. */
  readonly constructs: readonly string[];
  readonly syntaxNodes: number;
}

export interface ExecutionOptions {
  readonly limits?: Partial<ExecutionLimits>;
  /** Which hash seed to run under: two executions with different values share no interpreter and no seed. */
  readonly variant?: 0 | 1;
  /**
   * Which of a variant's surroundings, from 0, the default: what the clock says, which numbers are drawn
   * by chance, where objects lie. Executions of one variant and one round are alike in `wasm`; in
   * `native` no two executions are.
   */
  readonly round?: number;
  /** A user's rerun goes before a run's queue. */
  readonly priority?: 'run' | 'user';
  readonly signal?: AbortSignal;
}

/** Which engine and which rings are in force, and what is not promised; shown by `azr doctor`. */
export interface SandboxDescription {
  readonly engine: string;
  readonly pythonVersion: string;
  readonly rings: readonly string[];
  readonly notPromised: readonly string[];
}

/** Runs untrusted programs. A failed execution is a value; a rejected promise is a defect or an abort. */
export interface PythonSandbox {
  readonly description: SandboxDescription;
  /** Parses without running. */
  inspect(program: string, options?: ExecutionOptions): Promise<ProgramInspection>;
  /** Calls `f` with `input`, an argument list of Python literals such as `[1, 2], key='x'`. */
  run(program: string, input: string, options?: ExecutionOptions): Promise<Execution>;
  /** Calls `f` once per input, each in a fresh namespace, sharing one process. Results are in the order of `inputs`. */
  runBatch(
    program: string,
    inputs: readonly string[],
    options?: ExecutionOptions,
  ): Promise<Execution[]>;
  close(): Promise<void>;
}

export interface InputOutput {
  /** Argument list of literals, in one spelling; its sets and dicts keep the order they were given. */
  readonly input: string;
  /** Canonical literal. */
  readonly output: string;
}

export interface ProgramProposal {
  readonly mode: Exclude<Mode, 'induction'>;
  readonly program: string;
  readonly input: string;
}

export interface InductionProposal {
  readonly mode: 'induction';
  readonly program: string;
  readonly inputs: readonly string[];
  readonly message: string;
}

export type Proposal = ProgramProposal | InductionProposal;

/** A proposal that was accepted, with gold values by execution and the digests used for deduplication. */
export interface ValidProposal {
  readonly valid: true;
  /** One pair for deduction and abduction; one per usable input for induction. */
  readonly examples: readonly InputOutput[];
  readonly structure: string;
  readonly template: string;
  readonly constructs: readonly string[];
  readonly syntaxNodes: number;
  readonly executions: readonly Execution[];
}

export interface InvalidProposal {
  readonly valid: false;
  readonly reason: RejectionReason;
  readonly message: string;
  readonly line?: number;
  readonly executions: readonly Execution[];
}

export type Validation = ValidProposal | InvalidProposal;

export interface Verification {
  readonly verdict: Verdict;
  readonly reason: VerdictReason;
  readonly message: string;
  readonly executions: readonly Execution[];
}

/** Which static rules a proposal or an answer must keep before it is run; not a safety boundary. */
export interface GraderRules {
  readonly allowedImports: readonly string[];
  readonly bannedWords: readonly string[];
  readonly programCharacters: number;
  /** Fewest inputs of an induction proposal that must execute well. */
  readonly minimumInductionInputs: number;
  /** Exactly one top-level function, as some of the paper's scripts demand. */
  readonly singleFunction: boolean;
}

/** Decides validity and correctness by execution, without trusting any program. */
export interface Grader {
  readonly sandbox: SandboxDescription;
  /** Static gate, execution in two processes that differ in hash seed, typed reasons. */
  validate(proposal: Proposal, signal?: AbortSignal): Promise<Validation>;
  /** Types of the arguments of an input; equal for inputs that one program may take. Undefined where it is not an argument list. */
  signature(input: string): string | undefined;
  /** An input of the same signature near `input`. @param random gives numbers in [0, 1) */
  vary(input: string, random: () => number): string;
  /**
   * Outputs of a program that was validated, for further inputs and by the same checks. Inputs that do
   * not run well are left out.
   */
  executeInputs(
    program: string,
    inputs: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly InputOutput[]>;
  /** Is `answer` a literal equal to the gold `output`? Runs nothing. */
  verifyDeduction(task: { readonly output: string }, answer: string): Verification;
  /** Is `answer` a literal argument list for which `program` gives `output`? */
  verifyAbduction(
    task: { readonly program: string; readonly output: string },
    answer: string,
    signal?: AbortSignal,
  ): Promise<Verification>;
  /**
   * Does the program `answer` give every hidden output? Hidden outputs never enter the jail. With a
   * `tolerance`, numbers are compared by value, as Python's `==` does (1, 1.0 and True are equal), and
   * a float may differ from the expected one by so much; without, types count too.
   */
  verifyInduction(
    task: { readonly hidden: readonly InputOutput[]; readonly tolerance?: number },
    answer: string,
    signal?: AbortSignal,
  ): Promise<Verification>;
}
