/** The reward stepper in its side view. What it shows is decided by the commands and remembered. */
import type { Disposable, WebviewView, WebviewViewProvider } from 'vscode';

import type { PageFocus, StepperMove } from '../../../server/protocol/webviewMessages.ts';
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { tellProblem } from '../tellProblem.ts';
import { actOnPage } from './actOnPage.ts';
import { attachPage, type AttachedPage } from './attachPage.ts';
import type { PageServices } from './pageServices.ts';

export const REWARDS_VIEW_ID = 'azr.rewards';
const FOCUS_KEY = 'azr.rewards.focus';

export class RewardsView implements WebviewViewProvider, Disposable {
  readonly #services: PageServices;
  readonly #registration: Disposable;
  #focus: PageFocus;
  #page: AttachedPage | undefined;
  #view: WebviewView | undefined;

  constructor(services: PageServices) {
    this.#services = services;
    this.#focus = services.context.workspaceState.get<PageFocus>(FOCUS_KEY, { kind: 'nothing' });
    this.#registration = window.registerWebviewViewProvider(REWARDS_VIEW_ID, this);
  }

  resolveWebviewView(view: WebviewView): void {
    this.#page?.dispose();
    const page = attachPage(this.#services, view.webview, {
      name: 'rewards',
      title: t('Rewards'),
      focus: this.#focus,
      act: (action) => {
        if (action.kind === 'show-rewards') this.#setFocus({ ...action, kind: 'rewards' });
        else void actOnPage(action);
      },
    });
    this.#view = view;
    this.#page = page;
    view.onDidChangeVisibility(() => {
      if (!view.visible) page.host.leave();
    });
    view.onDidDispose(() => {
      page.dispose();
      if (this.#page === page) this.#page = undefined;
      if (this.#view === view) this.#view = undefined;
    });
    void this.#services.runs.load().catch((error: unknown) => {
      void tellProblem(this.#services.log, error);
    });
  }

  /** Shows a rollout's reward; the caller brings the view to front. */
  show(focus: Extract<PageFocus, { kind: 'rewards' }>): void {
    this.#setFocus(focus);
  }

  move(move: StepperMove): void {
    this.#page?.host.move(move);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#page?.dispose();
  }

  #setFocus(focus: PageFocus): void {
    this.#focus = focus;
    this.#page?.host.setFocus(focus);
    void this.#services.context.workspaceState.update(FOCUS_KEY, focus);
  }
}
