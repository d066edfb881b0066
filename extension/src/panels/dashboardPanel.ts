/** The dashboard: one panel per window, which comes back after a reload. */
import { Uri, ViewColumn, type Disposable, type WebviewPanel } from 'vscode';

import type { RunId } from '../../../server/protocol/runs.ts';
import type { PageFocus } from '../../../server/protocol/webviewMessages.ts';
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { tellProblem } from '../tellProblem.ts';
import { actOnPage } from './actOnPage.ts';
import { attachPage, type AttachedPage } from './attachPage.ts';
import type { PageServices } from './pageServices.ts';

const DASHBOARD_TYPE = 'azr.dashboard';
const FOCUS_KEY = 'azr.dashboard.runs';

/** Its title is set when it is made. */
type Panel = Omit<WebviewPanel, 'title'>;

export class DashboardPanel implements Disposable {
  readonly #services: PageServices;
  readonly #serializer: Disposable;
  #open: { readonly panel: Panel; readonly page: AttachedPage } | undefined;

  constructor(services: PageServices) {
    this.#services = services;
    this.#serializer = window.registerWebviewPanelSerializer(DASHBOARD_TYPE, {
      deserializeWebviewPanel: async (panel) => {
        this.#adopt(panel, services.context.workspaceState.get<RunId[]>(FOCUS_KEY, []));
        await services.runs.load().catch((error: unknown) => {
          void tellProblem(services.log, error);
        });
      },
    });
  }

  /** Opens the dashboard, or brings it to front, on these runs. `preserveFocus` leaves the keyboard where it is. */
  show(runIds: readonly RunId[], preserveFocus = false): void {
    void this.#services.context.workspaceState.update(FOCUS_KEY, runIds);
    if (this.#open === undefined) {
      const panel = window.createWebviewPanel(DASHBOARD_TYPE, t('AZR Dashboard'), {
        viewColumn: ViewColumn.Active,
        preserveFocus,
      });
      this.#adopt(panel, runIds);
    } else {
      this.#open.page.host.setFocus(focusOn(runIds));
      this.#open.panel.reveal(undefined, preserveFocus);
    }
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#open?.panel.dispose();
  }

  #adopt(panel: Panel, runIds: readonly RunId[]): void {
    this.#open?.panel.dispose();
    const page = attachPage(this.#services, panel.webview, {
      name: 'dashboard',
      title: t('AZR Dashboard'),
      focus: focusOn(runIds),
      act: (action) => {
        void actOnPage(action);
      },
    });
    panel.iconPath = Uri.joinPath(this.#services.context.extensionUri, 'media', 'icon.png');
    this.#open = { panel, page };
    panel.onDidChangeViewState(() => {
      if (!panel.visible) page.host.leave();
    });
    panel.onDidDispose(() => {
      page.dispose();
      if (this.#open?.panel === panel) this.#open = undefined;
    });
  }
}

function focusOn(runIds: readonly RunId[]): PageFocus {
  return runIds.length === 0 ? { kind: 'nothing' } : { kind: 'dashboard', runIds };
}
