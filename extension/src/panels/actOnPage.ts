/** Does what a page asks for, by the commands that do the same from the palette. */
import { commands, Uri } from 'vscode';

import { documentUri } from '../../../server/protocol/documents.ts';
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
      const { runId, rolloutBefore, rolloutAfter } = action;
      const addressOf = (id: number) => Uri.parse(documentUri({ runId, kind: 'answer', id }), true);
      await commands.executeCommand(
        'vscode.diff',
        addressOf(rolloutBefore),
        addressOf(rolloutAfter),
        t('Answer {0} ↔ answer {1}', rolloutBefore, rolloutAfter),
        { preview: true },
      );
      break;
    }
    case 'rerun':
      await commands.executeCommand('azr.rerun', action.uri);
      break;
  }
}
