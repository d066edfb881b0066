/** The one status bar item: how the run that matters most is doing. A click opens the menu. */
import { StatusBarAlignment, type Disposable } from 'vscode';

import { ChangeBatch } from '../changeBatch.ts';
import { tooltip } from '../shown/safeItems.ts';
import { type IconName, type SafeText, t, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { isLive } from '../state/runFacts.ts';
import type { RunList } from '../state/runList.ts';
import { iconOf, statusText, statusTooltip } from './statusText.ts';

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
      this.#label(t('AZR: {0}', t('starting…')), 'sync~spin');
      this.#item.tooltip = t('A run is being started. Click to stop it.');
    } else if (run === undefined) {
      this.#item.hide();
      return;
    } else {
      const liveRuns = this.#runs.all.filter(isLive).length;
      this.#label(statusText(run, Math.max(0, liveRuns - 1)), iconOf(run));
      this.#item.tooltip = tooltip(statusTooltip(run));
    }
    this.#item.show();
  }

  #label(text: SafeText, icon: IconName | undefined): void {
    this.#item.text = icon === undefined ? text : withIcon(icon, text);
    this.#item.accessibilityInformation = { label: text, role: 'button' };
  }
}
