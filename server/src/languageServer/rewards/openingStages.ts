/** What was asked, what came back, and what the parser took out of it. */
import type { ParsedPart, RewardStage } from '../../../protocol/rewardStory.ts';
import type { Mode, Role } from '../../../protocol/vocabulary.ts';
import type { Span } from '../../method/dialects/span.ts';
import { prunedSentence } from '../documents/prunedCompletion.ts';
import { counted } from './storyNumbers.ts';
import type { StoryContext } from './storyContext.ts';

type ParseFields = Extract<RewardStage, { kind: 'parse' }>['fields'];

/** What the prompt asks for, as the end of a sentence. */
const ASKED: Readonly<Record<Role, Readonly<Record<Mode, string>>>> = {
  proposer: {
    deduction: 'to propose a program and an input whose output is hard to predict',
    abduction: 'to propose a program and an input that is hard to find from the output',
    induction: 'to propose inputs for a given program, and a message that hints at what it does',
  },
  solver: {
    deduction: 'to predict the output of a program for an input',
    abduction: 'to find an input for which a program gives an output',
    induction:
      'to write a program that gives the outputs for the inputs it was shown, and for hidden ones',
  },
};

/** What a completion must hold, as the end of a sentence. */
const FORM: Readonly<Record<Role, Readonly<Record<Mode, string>>>> = {
  proposer: {
    deduction: 'a program and an input for it',
    abduction: 'a program and an input for it',
    induction: 'inputs and a message',
  },
  solver: {
    deduction: 'an output as a literal',
    abduction: 'an argument list of literals',
    induction: 'a program',
  },
};

export function promptStage({ rollout }: StoryContext): RewardStage {
  const { role, mode, prompt, promptTokens } = rollout;
  return {
    kind: 'prompt',
    summary: `The model was asked ${ASKED[role][mode]}. The prompt has ${counted(promptTokens.length, 'token')}.`,
    prompt,
    tokenCount: promptTokens.length,
  };
}

export function completionStage(context: StoryContext): RewardStage {
  const { completion, tokens, stopReason, pruned } = context.rollout;
  if (pruned !== undefined) {
    const { tokenCount } = pruned;
    const summary = prunedSentence(pruned);
    return {
      kind: 'completion',
      summary,
      completion,
      parts: [],
      tokenCount,
      stopReason,
      pruned: true,
    };
  }
  const parts = completionParts(context);
  const ending =
    stopReason === 'stop'
      ? 'ended by itself'
      : 'was cut off because it reached the longest length that is allowed';
  const marked =
    parts.length === 0 ? 'No part of it could be read.' : 'The parts that were read are marked.';
  return {
    kind: 'completion',
    summary: `The model wrote ${counted(tokens.length, 'token')} and ${ending}. ${marked}`,
    completion,
    parts,
    tokenCount: tokens.length,
    stopReason,
  };
}

/** Where the parts of the completion stand, in their order in it. */
function completionParts({ dialect, rollout, settings }: StoryContext): ParsedPart[] {
  const { completion, mode, role } = rollout;
  const parts: ParsedPart[] = [];
  const mark = (part: ParsedPart['part'], span: Span | undefined) => {
    if (span !== undefined) parts.push({ start: span.start, end: span.end, part });
  };
  if (role === 'solver') {
    mark('answer', dialect.locateAnswer(mode, completion));
  } else if (mode === 'induction') {
    const found = dialect.locateInductionProposal(completion);
    // Only the last ones count, as many as were asked for.
    for (const input of found?.inputs.slice(-settings.inductionInputs) ?? []) mark('input', input);
    mark('message', found?.message);
  } else {
    const found = dialect.locateProposal(completion);
    mark('program', found?.program);
    mark('input', found?.input);
  }
  return parts.sort((left, right) => left.start - right.start);
}

export function parseStage(context: StoryContext): RewardStage {
  const { role, mode, stopReason } = context.rollout;
  const fields = parsedFields(context);
  const form = FORM[role][mode];
  const why = stopReason === 'length' ? ', because it was cut off before it was whole' : '';
  return {
    kind: 'parse',
    summary:
      fields.length === 0
        ? `The completion does not hold what was asked for, ${form}${why}. Nothing else was looked at.`
        : role === 'proposer'
          ? `The completion holds what was asked for: ${form}.`
          : `An answer was found in the completion. It should be ${form}.`,
    parsed: fields.length > 0,
    fields,
  };
}

function parsedFields({ rollout, proposal }: StoryContext): ParseFields {
  const field = (name: string, text: string | undefined) =>
    text === undefined ? [] : [{ name, text }];
  if (rollout.role === 'solver') return field('answer', rollout.answer);
  if (rollout.mode !== 'induction') {
    return [...field('program', proposal?.program), ...field('input', proposal?.input)];
  }
  const inputs = proposal?.inputs ?? [];
  return [
    ...inputs.flatMap((input, index) => field(`input ${String(index + 1)}`, input)),
    ...field('message', proposal?.message),
  ];
}
