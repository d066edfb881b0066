/** A document that the server made, and what its features know of each place in it. */
import type { Mode, Role } from '../../../protocol/vocabulary.ts';

export interface Place {
  /** From 0. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** A word that a hover explains; see `explanations.ts`. */
export interface TermMark extends Place {
  readonly term: string;
}

export interface LinkMark extends Place {
  /** URI of another document. */
  readonly target: string;
  readonly tooltip: string;
}

/** A call of the program: where a fresh value is shown. */
export interface CallMark extends Place {
  /** Argument list, in canonical form. */
  readonly input: string;
}

/** Text that is shown beside a line and is not part of the document. */
export interface HintMark extends Place {
  readonly label: string;
  readonly tooltip: string;
}

export interface SectionMark {
  readonly name: string;
  readonly kind: 'header' | 'program' | 'examples' | 'answer';
  readonly firstLine: number;
  readonly lastLine: number;
}

/** What is wrong with the proposal or answer, at the line that caused it. */
export interface ProblemMark extends Place {
  readonly severity: 'error' | 'warning';
  /** A rejection or verdict reason. */
  readonly code: string;
  readonly message: string;
}

/** What the lenses need to know. */
export interface DocumentFacts {
  readonly role: Role;
  readonly mode: Mode;
  readonly title: string;
  /** Whether there is something to run. */
  readonly runnable: boolean;
  /** Whether a rollout tells a reward. */
  readonly rewarded: boolean;
  /** Attempts at the task, when there were any. */
  readonly answers?: { readonly correct: number; readonly count: number };
  /** For an answer: whether it can be laid beside the reference. */
  readonly comparable: boolean;
  /** A verdict or rejection that can be explained. */
  readonly explained: boolean;
}

export interface AzrDocument {
  readonly text: string;
  readonly terms: readonly TermMark[];
  readonly links: readonly LinkMark[];
  readonly calls: readonly CallMark[];
  readonly hints: readonly HintMark[];
  readonly sections: readonly SectionMark[];
  readonly problems: readonly ProblemMark[];
  /** Where an answer's verdict is shown. */
  readonly verdictLine?: number;
  readonly facts?: DocumentFacts;
}
