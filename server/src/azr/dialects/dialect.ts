/** How a task is put to a model and how its completion is read: a strategy per kind of model. */
import type { InputOutput } from '../../../protocol/sandbox.ts';
import type { Mode } from '../../../protocol/vocabulary.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

export type Prompt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[] };

/** A past task as a proposer sees it. */
export interface Reference {
  readonly program: string;
  readonly input: string;
  readonly output: string;
}

/** What a solver is told; never the gold answer or a hidden example. */
export type SolverQuestion =
  | { readonly mode: 'deduction'; readonly program: string; readonly input: string }
  | { readonly mode: 'abduction'; readonly program: string; readonly output: string }
  | {
      readonly mode: 'induction';
      readonly message: string;
      readonly visible: readonly InputOutput[];
    };

export interface ReadProposal {
  readonly program: string;
  readonly input: string;
}

export interface ReadInductionProposal {
  readonly inputs: readonly string[];
  readonly message: string;
}

/** Reading is total: a completion of the wrong form gives undefined, never an exception. */
export interface Dialect {
  readonly name: 'compact' | 'chat' | 'r1';
  /** The identity task every run starts from, written as this dialect writes programs. */
  readonly zeroTriplet: Reference;
  proposeTask(mode: Exclude<Mode, 'induction'>, references: readonly Reference[]): Prompt;
  proposeInduction(program: string, inputs: number): Prompt;
  solve(question: SolverQuestion): Prompt;
  readProposal(completion: string): ReadProposal | undefined;
  readInductionProposal(completion: string): ReadInductionProposal | undefined;
  /** The literal, argument list or program that the solver answered. */
  readAnswer(mode: Mode, completion: string): string | undefined;
}

/** The zero triplet of paper section 3.3.1. */
export const ZERO_TRIPLET: Reference = {
  program: 'def f(a):\n    return a',
  input: "'Hello world'",
  output: "'Hello world'",
};
