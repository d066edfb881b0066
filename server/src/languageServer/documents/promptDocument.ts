/** Prompt and completion of a rollout as Markdown, every character of theirs inside a code block. */
import type { RolloutRecord } from '../../../protocol/records.ts';
import { prunedSentence } from './prunedCompletion.ts';
import type { AzrDocument } from './azrDocument.ts';
import { shownProgram } from './shownText.ts';

export function promptDocument(rollout: RolloutRecord): AzrDocument {
  const { id, role, mode, step, phase, stopReason, tokens, promptTokens, pruned } = rollout;
  const ended =
    stopReason === 'length' ? 'cut off by its length limit' : 'ended by the model itself';
  const text = [
    `# Rollout ${id}: ${role}, ${mode}`,
    '',
    `Step ${step}, phase ${phase}.`,
    '',
    `## Prompt (${promptTokens.length} tokens)`,
    '',
    fenced(rollout.prompt),
    '',
    `## Completion (${pruned?.tokenCount ?? tokens.length} tokens, ${ended})`,
    '',
    pruned === undefined ? fenced(rollout.completion) : prunedSentence(pruned),
    '',
  ].join('\n');
  return {
    text,
    terms: [],
    links: [],
    calls: [],
    hints: [],
    sections: [],
    problems: [],
  };
}

/** A fence longer than any run of backticks in the text cannot be closed by it. */
function fenced(text: string): string {
  const shown = shownProgram(text);
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${shown}\n${fence}`;
}
