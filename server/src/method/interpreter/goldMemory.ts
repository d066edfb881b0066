/**
 * What the interpreter has said about the model's own programs: executed pairs of input and output,
 * and how well the policy knew them when they were last trained on. Rebuilt from stored rows alone.
 */
import type { GoldDocumentRecord, HarvestRecord, TaskRecord } from '../../../protocol/records.ts';
import type { InputOutput } from '../../../protocol/sandbox.ts';
import type { Mode } from '../../../protocol/vocabulary.ts';

/** Beyond that the oldest are let go; a run of an hour on a laptop proposes fewer. */
const MOST_PROGRAMS = 16_384;
/** Weight of a question whose answer is certain; one whose answer is unknown has 1. */
const REHEARSAL = 0.3;
/** Inputs kept per signature for other programs to be tried on: the newest. */
const MOST_ALIKE = 512;
/** Signatures they are kept for; the one that was seen first is dropped. */
const MOST_SIGNATURES = 4_096;

/** A program with everything that was executed on it. */
export interface GoldProgram {
  /** The task that it was first accepted in. */
  readonly taskId: number;
  readonly step: number;
  readonly program: string;
  /** Output by input, in the order in which they were learned. */
  readonly outputs: Map<string, string>;
  /** How many accepted tasks of deduction and abduction have this program. */
  proposed: number;
  /** Of the first induction task with this program. */
  message?: string;
  readonly knowledge: Map<string, Knowledge>;
}

/** What is known of the policy on one question about a program. */
interface Knowledge {
  /** Times it was trained on. */
  uses: number;
  /** Probability of the right answer: the solve rate until it was trained on, then as it was measured there. */
  probability: number;
}

/** One thing that a program can be asked; `input` is absent for induction, which shows several. */
export interface GoldQuestion {
  readonly program: GoldProgram;
  readonly mode: Mode;
  readonly input?: string;
}

export interface GoldMemoryOptions {
  /** Structures whose programs are never trained on. */
  readonly heldOut: ReadonlySet<string>;
  /** The identity program, which no model proposed. */
  readonly zeroProgram: string;
  readonly signature: (input: string) => string | undefined;
}

export class GoldMemory {
  readonly #options: GoldMemoryOptions;
  readonly #byText = new Map<string, GoldProgram>();
  readonly #byTask = new Map<number, GoldProgram>();
  readonly #alike = new Map<string, { readonly inputs: string[]; offered: number }>();

  constructor(options: GoldMemoryOptions) {
    this.#options = options;
  }

  programs(): Iterable<GoldProgram> {
    return this.#byText.values();
  }

  /** Notes a task in order of acceptance. The two of equal programs are one program with more inputs. */
  rememberTask(task: TaskRecord): void {
    // A question in words has no program that the interpreter could say anything about.
    if (task.structure === '' || task.program === this.#options.zeroProgram) return;
    if (this.#options.heldOut.has(task.structure)) return;
    const program = this.#byText.get(task.program) ?? this.#add(task);
    if (task.mode !== 'induction') program.proposed += 1;
    for (const { input, output } of task.examples) {
      if (!program.outputs.has(input)) program.outputs.set(input, output);
      this.#offer(input);
    }
    if (task.message !== undefined) program.message ??= task.message;
    if (task.solveRate !== undefined) this.rememberRate(task, task.solveRate);
  }

  /** Notes how often the solver is right on a task. */
  rememberRate(task: TaskRecord, rate: number): void {
    const program = this.#byText.get(task.program);
    if (program === undefined) return;
    const input = task.mode === 'induction' ? undefined : task.examples[0]!.input;
    const key = keyOf(task.mode, input);
    // What was measured on the answer itself, token by token, is worth more.
    if ((program.knowledge.get(key)?.uses ?? 0) === 0) {
      program.knowledge.set(key, { uses: 0, probability: rate });
    }
  }

  rememberHarvest({ taskId, examples }: HarvestRecord): void {
    const program = this.#byTask.get(taskId);
    for (const { input, output } of examples) {
      if (program?.outputs.has(input) === false) program.outputs.set(input, output);
    }
  }

  rememberDocument({ taskId, mode, inputs, logProbability }: GoldDocumentRecord): void {
    const program = this.#byTask.get(taskId);
    const key = keyOf(mode, mode === 'induction' ? undefined : inputs[0]);
    const uses = (program?.knowledge.get(key)?.uses ?? 0) + 1;
    program?.knowledge.set(key, { uses, probability: Math.exp(logProbability) });
  }

  /** Inputs of this signature that the model proposed, for whatever program. */
  inputsLike(signature: string): readonly string[] {
    return this.#alike.get(signature)?.inputs ?? [];
  }

  /**
   * How much a question is worth training on: 1 − p for the probability p of a right answer, as far as
   * it is known, but {@link REHEARSAL} at least, so that what is known is not forgotten; divided by 1 +
   * the number of times that it was trained on; and times how often its program counts.
   *
   * With n inputs known, each question of deduction or abduction about a program counts 1 / √n: a program
   * that was proposed often counts more than others, but not in proportion. Its one question of
   * induction counts as often as tasks of the other modes have it: many programs explain the same
   * examples, and the solver should first guess those that are written often. They are simple ones.
   */
  weightOf({ program, mode, input }: GoldQuestion): number {
    const { uses, probability } = program.knowledge.get(keyOf(mode, input)) ?? {
      uses: 0,
      probability: 0,
    };
    const count =
      mode === 'induction' ? Math.max(1, program.proposed) : 1 / Math.sqrt(program.outputs.size);
    return (Math.max(REHEARSAL, 1 - probability) * count) / (1 + uses);
  }

  #add({ id, step, program: text }: TaskRecord): GoldProgram {
    const program = {
      ...{ taskId: id, step, program: text, proposed: 0 },
      outputs: new Map<string, string>(),
      knowledge: new Map<string, Knowledge>(),
    };
    this.#byText.set(text, program);
    this.#byTask.set(id, program);
    const [oldest] = this.#byText.values();
    if (this.#byText.size > MOST_PROGRAMS && oldest !== undefined) {
      this.#byText.delete(oldest.program);
      this.#byTask.delete(oldest.taskId);
    }
    return program;
  }

  #offer(input: string): void {
    const signature = this.#options.signature(input);
    if (signature === undefined) return;
    const alike = this.#alike.get(signature) ?? { inputs: [], offered: 0 };
    this.#alike.set(signature, alike);
    const [oldest] = this.#alike.keys();
    if (this.#alike.size > MOST_SIGNATURES) this.#alike.delete(oldest!);
    alike.inputs[alike.offered % MOST_ALIKE] = input;
    alike.offered += 1;
  }
}

/** The pairs of a program in the order in which they were learned. */
export function pairsOf({ outputs }: GoldProgram): InputOutput[] {
  return [...outputs].map(([input, output]) => ({ input, output }));
}

function keyOf(mode: Mode, input: string | undefined): string {
  return `${mode} ${input ?? ''}`;
}
