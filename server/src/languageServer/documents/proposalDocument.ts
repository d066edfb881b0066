/**
 * A proposal, accepted or not. A rejected one may be no Python at all: it is shown as it is, and
 * everything around it is comment.
 */
import type { ProposalRecord, RolloutRecord } from '../../../protocol/records.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { completionText } from './prunedCompletion.ts';
import { inputsOf } from '../reruns/proposalInputs.ts';
import type { AzrDocument } from './azrDocument.ts';
import { DocumentBuilder, type Part } from './documentBuilder.ts';
import { linkTo, listed } from './documentLinks.ts';
import { entryFunction } from './entryFunction.ts';
import { MODE_NAMES, MODE_SENTENCES } from './modeText.ts';
import { hasUnseen, numberText } from './shownText.ts';

export interface ProposalContext {
  readonly runId: RunId;
  readonly runName: string;
  readonly proposal: ProposalRecord;
  readonly rollout: RolloutRecord;
}

export function proposalDocument(context: ProposalContext): AzrDocument {
  const { proposal } = context;
  const builder = new DocumentBuilder();
  const reasonLine = writeHeader(builder, context);
  builder.section('What came of it', 'header', 0).blank();
  const programLine = writeProposal(builder, context);
  if (!proposal.accepted && proposal.reason !== undefined) {
    const atProgram = proposal.line !== undefined && programLine !== undefined;
    builder.problem(atProgram ? programLine + proposal.line - 1 : reasonLine, {
      severity: 'warning',
      code: proposal.reason,
      message: `Rejected: ${proposal.reasonMessage ?? proposal.reason}`,
    });
  }
  return builder.build({
    role: 'proposer',
    mode: proposal.mode,
    title: `proposal ${proposal.id}`,
    runnable: proposal.program !== undefined && inputsOf(proposal).length > 0,
    rewarded: true,
    comparable: false,
    explained: !proposal.accepted,
  });
}

/** Returns the line that tells the reason. */
function writeHeader(builder: DocumentBuilder, context: ProposalContext): number {
  const { runId, runName, proposal, rollout } = context;
  const { mode, accepted, reason, reasonMessage, line, taskId } = proposal;
  builder
    .comment({ text: MODE_NAMES[mode], term: mode }, `: ${MODE_SENTENCES[mode]}`)
    .comment(accepted ? 'Accepted' : 'Rejected', ...rewardParts(rollout), '.');
  const reasonLine = builder.nextLine;
  if (reason !== undefined) {
    const place = line === undefined ? '' : ` (line ${line} of the program)`;
    const term = `rejection:${reason}`;
    builder.comment('Reason: ', { text: reason, term }, `${place}: ${reasonMessage ?? ''}`);
  }
  builder.comment(
    `Proposal ${proposal.id} of run ${runName}, step ${proposal.step}`,
    ...(taskId === undefined ? [] : ['; it became ', linkTo(runId, 'task', taskId)]),
    '; ',
    linkTo(runId, 'prompt', rollout.id, 'prompt and completion'),
    '.',
  );
  if (rollout.phase === 'explore') {
    builder.comment('Written by the model that the run began with (startingProposals).');
  }
  if (proposal.referenceTaskIds.length > 0) {
    const links = proposal.referenceTaskIds.map((id) => linkTo(runId, 'task', id));
    builder.comment('Shown to the proposer: ', ...listed(links), '.');
  }
  if (proposal.program !== undefined && hasUnseen(proposal.program)) {
    builder.comment('Characters of the program that cannot be seen are written as \\u escapes.');
  }
  return Math.min(reasonLine, builder.nextLine - 1);
}

function rewardParts({ reward, advantage }: RolloutRecord): Part[] {
  const parts: Part[] = [];
  if (reward !== undefined) {
    parts.push('; ', { text: 'reward', term: 'proposer-reward' }, ` ${numberText(reward)}`);
  }
  if (advantage !== undefined) {
    parts.push(', ', { text: 'advantage', term: 'advantage' }, ` ${numberText(advantage)}`);
  }
  return parts;
}

/** Returns the line on which the program starts; undefined without one. */
function writeProposal(
  builder: DocumentBuilder,
  { proposal, rollout }: ProposalContext,
): number | undefined {
  const { program, message } = proposal;
  if (program === undefined) {
    const firstLine = builder.nextLine;
    builder
      .comment('No proposal could be read from the completion:')
      .commentText(completionText(rollout));
    builder.section('Completion', 'answer', firstLine);
    return undefined;
  }
  // Before the program, because a broken one may swallow what stands behind it.
  const firstLine = builder.nextLine;
  const name = entryFunction(program);
  if (message !== undefined) builder.comment('Message to the solver:').commentText(message);
  const inputs = inputsOf(proposal);
  builder.comment(inputs.length === 1 ? 'Input:' : 'Inputs:');
  for (const input of inputs) builder.commentedCall(name, input);
  builder.section(inputs.length === 1 ? 'Input' : 'Inputs', 'examples', firstLine).blank();
  return builder.program(program, 'Program');
}
