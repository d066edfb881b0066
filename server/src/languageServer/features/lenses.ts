/** The lenses above a document: what can be done with it, and what a rerun gave. */
import { type CodeLens, Command } from 'vscode-languageserver/node';

import { foreignText } from '../../../protocol/foreignText.ts';
import { LENS_COMMANDS } from '../../../protocol/languageMessages.ts';
import type { RerunResult } from '../../../protocol/reruns.ts';
import type { DocumentFacts } from '../documents/azrDocument.ts';

/** What the lenses of a document are about. */
export interface LensSubject {
  readonly facts: DocumentFacts;
  /** URI of the document that is on the screen. */
  readonly uri: string;
  /** URI of the stored document: the same, or what a scratch file is a copy of. */
  readonly original: string;
  readonly isScratch: boolean;
  /** How often the command that runs many times does so. */
  readonly manyTimes: number;
  /** Of the latest rerun, when the document is still what was run. */
  readonly result?: RerunResult;
}

export function lensesOf({
  facts,
  uri,
  original,
  isScratch,
  manyTimes,
  result,
}: LensSubject): CodeLens[] {
  const commands: Command[] = [];
  const add = (title: string, command: string, argument: string): void => {
    commands.push(Command.create(title, command, argument));
  };
  // What a program gave is in it, and a lens draws `$(name)` as an icon.
  if (result !== undefined) add(foreignText(result.summary), LENS_COMMANDS.rerun, uri);
  if (facts.runnable) {
    add('Run in sandbox', LENS_COMMANDS.rerun, uri);
    add(`Run ×${String(manyTimes)}`, LENS_COMMANDS.rerunMany, uri);
  }
  if (facts.answers !== undefined) {
    const { correct, count } = facts.answers;
    add(`Solver answers (${String(correct)}/${String(count)})`, LENS_COMMANDS.answers, original);
  }
  if (facts.rewarded) add('Rewards', LENS_COMMANDS.rewards, original);
  if (facts.comparable) add('Compare with answer', LENS_COMMANDS.compare, original);
  if (facts.explained) {
    const title = facts.role === 'solver' ? 'Why this verdict' : 'Why rejected';
    add(title, LENS_COMMANDS.explain, original);
  }
  if (facts.runnable && !isScratch) add('Open in scratch file', LENS_COMMANDS.scratch, uri);
  const top = { line: 0, character: 0 };
  return commands.map((command) => ({ range: { start: top, end: top }, command }));
}
