/** A page among the editors: one panel of its kind per window, which comes back after a reload. */
import { Uri, ViewColumn, type Disposable, type WebviewPanel } from 'vscode';

import type { PageFocus } from '../../../server/protocol/webviewMessages.ts';
import type { SafeText } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { tellProblem } from '../tellProblem.ts';
import { actOnPage } from './actOnPage.ts';
import { attachPage, type AttachedPage, type PageOptions } from './attachPage.ts';
import type { PageServices } from './pageServices.ts';

export interface EditorPanelOptions<Shown> {
  /** As VS Code stores it, and as the manifest's activation event names it. */
  readonly type: string;
  /** Of what was shown, in the storage of the workspace. */
  readonly focusKey: string;
  readonly name: PageOptions['name'];
  readonly title: SafeText;
  readonly focusOn: (shown: readonly Shown[]) => PageFocus;
}

/** Its title is set when it is made. */
type Panel = Omit<WebviewPanel, 'title'>;

export class EditorPanel<Shown> implements Disposable {
  readonly #services: PageServices;
  readonly #options: EditorPanelOptions<Shown>;
  readonly #serializer: Disposable;
  #open: { readonly panel: Panel; readonly page: AttachedPage } | undefined;

  constructor(services: PageServices, options: EditorPanelOptions<Shown>) {
    this.#services = services;
    this.#options = options;
    this.#serializer = window.registerWebviewPanelSerializer(options.type, {
      deserializeWebviewPanel: async (panel) => {
        this.#adopt(panel, services.context.workspaceState.get<Shown[]>(options.focusKey, []));
        await services.runs.load().catch((error: unknown) => {
          void tellProblem(services.log, error);
        });
      },
    });
  }

  /** Opens the page, or brings it to front, on these. `preserveFocus` leaves the keyboard where it is. */
  show(shown: readonly Shown[], preserveFocus = false): void {
    const { type, title, focusKey, focusOn } = this.#options;
    void this.#services.context.workspaceState.update(focusKey, shown);
    if (this.#open === undefined) {
      const place = { viewColumn: ViewColumn.Active, preserveFocus };
      this.#adopt(window.createWebviewPanel(type, title, place), shown);
    } else {
      this.#open.page.host.setFocus(focusOn(shown));
      this.#open.panel.reveal(undefined, preserveFocus);
    }
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#open?.panel.dispose();
  }

  #adopt(panel: Panel, shown: readonly Shown[]): void {
    this.#open?.panel.dispose();
    const { name, title, focusOn } = this.#options;
    const page = attachPage(this.#services, panel.webview, {
      ...{ name, title, focus: focusOn(shown) },
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
