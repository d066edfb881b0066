/** What a rerun runs, and what it is compared with. */
import type { InputOutput, Verification } from '../../../protocol/sandbox.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { Verdict } from '../../../protocol/vocabulary.ts';
import type { OpenGrader } from '../../run/openGrader.ts';

export interface RerunPlan {
  readonly title: string;
  readonly settings: RunSettings;
  readonly program: string;
  /** Argument lists, each with the stored value where there is one. */
  readonly inputs: readonly { readonly input: string; readonly expected?: string }[];
  /** For an answer: how it was judged, and how to judge it again. */
  readonly judged?: {
    readonly stored?: Verdict;
    readonly judge: (open: OpenGrader, signal: AbortSignal) => Promise<Verification>;
  };
  readonly hidden?: readonly InputOutput[];
}
