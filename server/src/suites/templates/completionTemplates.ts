/** A function to write whose beginning is given: imports, helpers, signature and docstring. */
import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import { fencedText } from '../../method/dialects/fence.ts';
import { callIn, withCall } from '../reading/callAdapter.ts';
import { lastBlock, restOfFunction } from '../reading/completions.ts';
import type { Template } from '../suite.ts';
import { message } from './programTemplates.ts';

export const completionChat: Template = {
  name: 'chat',
  title: 'A message; the answer in the last fenced block',
  ask: (task) =>
    message(
      [
        'Complete this Python function. You may think step by step first.',
        fencedText('python', promptOf(task).trimEnd()),
        'End with the whole function, its signature included, in one ```python block.',
      ].join('\n'),
    ),
  readAnswer(task, completion) {
    const block = lastBlock(completion);
    if (block === undefined) return undefined;
    const [call, prompt] = [callIn(task.program), promptOf(task)];
    const begun = startOf(prompt, call.entry);
    // Only the rest of the function: it goes on where the prompt ended.
    const isRest = /^\n*[ \t]/.test(block) && !defines(block, call.entry);
    const before = isRest ? prompt : prompt.slice(0, begun);
    return withCall(`${before}\n${block}`, call);
  },
};

/** The prompt as it is; the completion is cut where it leaves the function. */
export const completionBase: Template = {
  name: 'base',
  title: 'The beginning of the function; the completion is cut where it leaves it',
  ask: (task) => ({ kind: 'text', text: promptOf(task) }),
  readAnswer: (task, completion) =>
    withCall(promptOf(task) + restOfFunction(completion), callIn(task.program)),
};

function promptOf(task: HeldOutTask): string {
  return task.message ?? '';
}

/** Where the definition of the function begins: before it stand imports and helpers. */
function startOf(prompt: string, entry: string): number {
  return Math.max(0, prompt.search(definitionOf(entry)));
}

function defines(block: string, entry: string): boolean {
  return definitionOf(entry).test(block);
}

function definitionOf(entry: string): RegExp {
  return new RegExp(`^(?:async )?def ${entry}\\b`, 'm');
}
