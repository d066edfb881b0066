/** The one status bar item: how the run that matters most is doing. A click opens the menu. */
import { MarkdownString, StatusBarAlignment, window, type Disposable } from 'vscode';

import { ChangeBatch } from '../changeBatch.ts';
import { t } from '../localise.ts';
import { isLive } from '../state/runFacts.ts';
import type { RunList } from '../state/runList.ts';
import { statusText, statusTooltip } from './statusText.ts';

/** The server tells of runs four times a second at most; a start of ours tells in between. */
const REFRESH_INTERVAL_MS = 100;

export class StatusBar implements Disposable {
  readonly #runs: RunList;
  readonly #item = window.createStatusBarItem('azr.status', StatusBarAlignment.Left, 10);
  readonly #changes = new ChangeBatch<'shown'>(REFRESH_INTERVAL_MS, () => {
    this.#show();
  });
  readonly #subscription: Disposable;
  #isStarting = false;

  constructor(runs: RunList) {
    this.#runs = runs;
    this.#item.name = t('AZR Studio');
    this.#item.command = 'azr.showMenu';
    this.#subscription = runs.onDidChange(() => {
      this.#changes.add('shown');
    });
  }

  /** A start is under way that has no run yet. */
  setStarting(isStarting: boolean): void {
    this.#isStarting = isStarting;
    this.#changes.add('shown');
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changes.dispose();
    this.#item.dispose();
  }

  #show(): void {
    const run = this.#runs.primary;
    if (this.#isStarting) {
      this.#item.text = `$(sync~spin) ${t('AZR: {0}', t('starting…'))}`;
      this.#item.tooltip = t('A run is being started. Click to stop it.');
    } else if (run === undefined) {
      this.#item.hide();
      return;
    } else {
      const liveRuns = this.#runs.all.filter(isLive).length;
      this.#item.text = statusText(run, Math.max(0, liveRuns - 1));
      const tooltip = new MarkdownString();
      for (const line of statusTooltip(run)) tooltip.appendText(line).appendMarkdown('\n\n');
      this.#item.tooltip = tooltip;
    }
    this.#item.accessibilityInformation = {
      label: this.#item.text.replaceAll(/\$\([^)]*\) ?/g, ''),
      role: 'button',
    };
    this.#item.show();
  }
}
