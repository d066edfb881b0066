/**
 * Finds out what a command is about: it may come from a lens (an address), an editor's menu (a Uri),
 * the tree (a node), or the palette (nothing; then the active editor or the user decides).
 */
import { ProblemError } from '../../../server/protocol/problem.ts';
import { Uri, workspace, type TextDocument } from 'vscode';

import { documentAddress, type DocumentAddress } from '../../../server/protocol/documents.ts';
import { isScratchUri } from '../../../server/protocol/languageMessages.ts';
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { foreignText, type SafeText, t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import { stateText } from '../state/stateText.ts';
import type { Studio } from '../studio.ts';
import { itemUri } from '../tree/itemAddress.ts';
import { isTreeNode, runOf } from '../tree/treeNode.ts';

/** Address of the task, proposal, answer or scratch file that is meant. Throws a problem if none is. */
export function documentUriOf(argument: unknown): string {
  const uri = givenUri(argument) ?? window.activeTextEditor?.document.uri.toString();
  if (uri === undefined || (documentAddress(uri) === undefined && !isScratchUri(uri))) {
    throw new ProblemError({
      code: 'no-document',
      message: t('No task, answer or scratch file is open in the active editor.'),
      remedy: t('Open one from the AZR view, then try again.'),
    });
  }
  return uri;
}

/** Like {@link documentUriOf}, for what only stored documents have. */
export function addressOf(argument: unknown): DocumentAddress & { readonly uri: string } {
  const uri = documentUriOf(argument);
  const address = documentAddress(uri);
  if (address === undefined) {
    throw new ProblemError({
      code: 'scratch-file',
      message: t('A scratch file is not part of a run.'),
      remedy: t('Open the task or answer that it is a copy of.'),
    });
  }
  return { ...address, uri };
}

/** The document behind an address, opened without being shown. */
export function documentOf(uri: string): Thenable<TextDocument> {
  return workspace.openTextDocument(Uri.parse(uri, true));
}

/**
 * The run that is meant: the argument's, the only eligible one, or the one the user picks. Undefined
 * when the user picks none; throws a problem when no run is eligible.
 */
export async function runOfArgument(
  studio: Studio,
  argument: unknown,
  choice: { readonly isEligible: (run: RunOverview) => boolean; readonly placeHolder: SafeText },
): Promise<RunOverview | undefined> {
  await studio.runs.load();
  const given = givenRun(studio, argument);
  if (given !== undefined && choice.isEligible(given)) return given;
  const eligible = newestFirst(studio.runs.all).filter(choice.isEligible);
  if (eligible.length === 0) {
    throw new ProblemError({
      code: 'no-run',
      message: t('No run is in a state for this.'),
      remedy: t('Start one with "Start AZR Run".'),
    });
  }
  if (eligible.length === 1) return eligible[0];
  const picked = await window.showQuickPick(
    eligible.map((run) => ({
      label: runLabel(run),
      description: stateText(run.state),
      detail: foreignText(run.folder),
      run,
    })),
    { placeHolder: choice.placeHolder, matchOnDetail: true },
  );
  return picked?.run;
}

function givenUri(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (argument instanceof Uri) return argument.toString();
  return isTreeNode(argument) && argument.kind === 'item' ? itemUri(argument) : undefined;
}

function givenRun(studio: Studio, argument: unknown): RunOverview | undefined {
  if (typeof argument === 'string') return studio.runs.find(argument);
  return isTreeNode(argument) ? runOf(argument)?.run : undefined;
}
