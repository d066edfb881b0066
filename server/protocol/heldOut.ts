/** A frozen set of held-out tasks: one JSON object per line of a probe file. */
import type { InputOutput, ValidProposal } from './sandbox.ts';
import type { Mode } from './vocabulary.ts';

export interface HeldOutTask {
  readonly mode: Mode;
  readonly program: string;
  /** Deduction and abduction: one pair. Induction: first the visible, then the hidden ones. */
  readonly examples: readonly InputOutput[];
  /** How many examples the induction solver sees; 0 for the other modes. */
  readonly visible: number;
  readonly message?: string;
  /** Part of the set that is reported by itself, such as `untaught 1`. */
  readonly stratum?: string;
  /** The benchmark's own name of the item that the task was made from, such as `HumanEval/12`. */
  readonly itemId?: string;
  /** Induction: present where numbers are compared by value: see `Grader.verifyInduction`. */
  readonly tolerance?: number;
}

/**
 * Whether a task is asked in words alone, and not about a program: a question, or a function to write that
 * hidden tests decide about. Nothing of it can be executed before there is an answer.
 */
export function isInWords({
  mode,
  program,
  visible,
}: Pick<HeldOutTask, 'mode' | 'program' | 'visible'>): boolean {
  return program === '' || (mode === 'induction' && visible === 0);
}

/** A held-out task that was executed and found right, with what was found of its program. */
export type InspectedTask = HeldOutTask &
  Pick<ValidProposal, 'structure' | 'template' | 'constructs' | 'syntaxNodes'>;

/** The held-out tasks of a run, looked through before it begins. */
export interface HeldOutSet {
  readonly tasks: readonly InspectedTask[];
  /** Structure digests of their programs, by which proposals of them are refused. */
  readonly structures: ReadonlySet<string>;
}
