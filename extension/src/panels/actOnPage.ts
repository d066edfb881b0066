/** Does what a page asks for, by the commands that do the same from the palette. */
import { commands, Uri } from 'vscode';

import { documentUri } from '../../../server/protocol/documents.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import type { PageAction } from '../../../server/protocol/webviewMessages.ts';
import { t } from '../shown/safeText.ts';

export async function actOnPage(action: Exclude<PageAction, { kind: 'remember' }>): Promise<void> {
  switch (action.kind) {
    case 'open-document':
      await commands.executeCommand('vscode.open', Uri.parse(action.uri, true), { preview: true });
      break;
    case 'show-rewards':
      await commands.executeCommand('azr.showRewards', {
        runId: action.runId,
        rolloutId: action.rolloutId,
      });
      break;
    case 'reveal-step':
      await commands.executeCommand('azr.revealInTree', { runId: action.runId, step: action.step });
      break;
    case 'compare-answers': {
      const { runId, runIdAfter = runId, rolloutBefore, rolloutAfter } = action;
      const addressOf = (of: RunId, id: number) =>
        Uri.parse(documentUri({ runId: of, kind: 'answer', id }), true);
      await commands.executeCommand(
        'vscode.diff',
        addressOf(runId, rolloutBefore),
        addressOf(runIdAfter, rolloutAfter),
        t('Answer {0} ↔ answer {1}', rolloutBefore, rolloutAfter),
        { preview: true },
      );
      break;
    }
    case 'compare':
      await commands.executeCommand('azr.compare', { measurements: action.measurements });
      break;
    case 'rerun':
      await commands.executeCommand('azr.rerun', action.uri);
      break;
  }
}
