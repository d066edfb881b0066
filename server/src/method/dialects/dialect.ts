/** How a task is put to a model and how its completion is read: a strategy per kind of model. */
import type { InputOutput } from '../../../protocol/sandbox.ts';
import type { DialectName, Mode } from '../../../protocol/vocabulary.ts';
import { type Span, textAt } from './span.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
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

/** Where in a completion a proposal's program and input stand. */
export interface LocatedProposal {
  readonly program: Span;
  readonly input: Span;
}

export interface LocatedInductionProposal {
  readonly inputs: readonly Span[];
  readonly message: Span;
}

/** Prompts, and where in a completion their answers stand: what a dialect itself has to know. */
export interface DialectRules {
  readonly name: DialectName;
  /** The identity task every run starts from, written as this dialect writes programs. */
  readonly zeroTriplet: Reference;
  proposeTask(mode: Exclude<Mode, 'induction'>, references: readonly Reference[]): Prompt;
  proposeInduction(program: string, inputs: number): Prompt;
  solve(question: SolverQuestion): Prompt;
  /** A completion from which `readAnswer` reads `answer`, in the fewest words; the end token is not part of it. */
  writeAnswer(mode: Mode, answer: string): string;
  /**
   * The message of an induction task whose program came without one, worked out from executed pairs
   * alone; undefined where messages of this dialect are a proposer's own words.
   */
  messageFor(examples: readonly InputOutput[]): string | undefined;
  locateProposal(completion: string): LocatedProposal | undefined;
  locateInductionProposal(completion: string): LocatedInductionProposal | undefined;
  /** The literal, argument list or program that the solver answered. */
  locateAnswer(mode: Mode, completion: string): Span | undefined;
}

/** Reading is total: a completion of the wrong form gives undefined, never an exception. */
export interface Dialect extends DialectRules {
  readProposal(completion: string): ReadProposal | undefined;
  readInductionProposal(completion: string): ReadInductionProposal | undefined;
  readAnswer(mode: Mode, completion: string): string | undefined;
}

/** A dialect that reads exactly what its rules locate. */
export function dialectOf(rules: DialectRules): Dialect {
  return {
    ...rules,
    readProposal(completion) {
      const found = rules.locateProposal(completion);
      return (
        found && {
          program: textAt(completion, found.program),
          input: textAt(completion, found.input),
        }
      );
    },
    readInductionProposal(completion) {
      const found = rules.locateInductionProposal(completion);
      return (
        found && {
          inputs: found.inputs.map((input) => textAt(completion, input)),
          message: textAt(completion, found.message),
        }
      );
    },
    readAnswer(mode, completion) {
      const found = rules.locateAnswer(mode, completion);
      return found && textAt(completion, found);
    },
  };
}

/** The zero triplet of paper section 3.3.1. */
export const ZERO_TRIPLET: Reference = {
  program: 'def f(a):\n    return a',
  input: "'Hello world'",
  output: "'Hello world'",
};
