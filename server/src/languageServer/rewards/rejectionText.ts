/** Why a proposal did not become a task, for somebody who has not read the paper. */
import type { RejectionReason } from '../../../protocol/vocabulary.ts';
import { PROGRAM_TEXT } from './programText.ts';

export const REJECTION_TEXT: Readonly<Record<RejectionReason, string>> = {
  format: 'its parts could not be found in the completion',
  'prompt-too-long': "the solver's prompt for it would be too long for the model",
  truncated: 'the completion was cut off before the proposal was whole',
  ...PROGRAM_TEXT,
  'no-parameter': 'the function takes no argument, so there is nothing to reason about',
  'bad-input': 'the input is not a list of literals',
  'too-few-inputs': 'too few of the inputs could be used',
  'duplicate-inputs': 'too few of the inputs differ from each other',
  'no-message': 'the message is empty',
  duplicate: 'an equal task was accepted earlier in this run',
  'held-out': 'the program is one of the held-out ones, which must never be trained on',
};
