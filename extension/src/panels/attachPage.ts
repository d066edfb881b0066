/** Puts a page into a webview and connects it: the same for the panel and for the view. */
import { randomBytes } from 'node:crypto';
import { env, Uri, type Webview } from 'vscode';

import type { RequestMap } from '../../../server/protocol/languageMessages.ts';
import type {
  PageAction,
  PageFocus,
  PageRequestName,
} from '../../../server/protocol/webviewMessages.ts';
import { withToken } from '../connection/withToken.ts';
import { tellStalePage } from '../tellProblem.ts';
import { pageHtml } from './pageHtml.ts';
import { PageHost } from './pageHost.ts';
import type { PageServices } from './pageServices.ts';

export interface AttachedPage {
  readonly host: PageHost;
  dispose(): void;
}

export interface PageOptions {
  readonly name: 'dashboard' | 'rewards';
  readonly title: string;
  readonly focus: PageFocus;
  readonly act: (action: Exclude<PageAction, { kind: 'remember' }>) => void;
}

export function attachPage(
  services: PageServices,
  webview: Webview,
  options: PageOptions,
): AttachedPage {
  const { name, title, focus, act } = options;
  const memoryKey = `azr.page.${name}`;
  const folder = Uri.joinPath(services.context.extensionUri, 'dist', 'webview');
  const address = (file: string) => webview.asWebviewUri(Uri.joinPath(folder, file)).toString();
  const host = new PageHost(focus, {
    post: (message) => {
      void webview.postMessage(message);
    },
    request: (method, parameters, signal) =>
      withToken(signal, (token) =>
        // The server checks the parameters; the page host has checked that they are an object.
        services.connection.request(
          method,
          parameters as RequestMap[PageRequestName]['parameters'],
          token,
        ),
      ),
    runs: () => services.runs.all,
    act: (action) => {
      if (action.kind !== 'remember') act(action);
      else void services.context.workspaceState.update(memoryKey, action.memory);
    },
    memory: () => services.context.workspaceState.get(memoryKey),
    log: (defect) => {
      services.log.error(`${title}: ${defect}`);
    },
    onMismatch: () => {
      void tellStalePage();
    },
  });
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  const subscriptions = [
    webview.onDidReceiveMessage((message: unknown) => {
      host.receive(message);
    }),
    services.runs.onDidChange(() => {
      host.runsChanged();
    }),
  ];
  webview.html = pageHtml({
    title,
    language: env.language,
    cspSource: webview.cspSource,
    scriptUri: address(`${name}.js`),
    styleUri: address(`${name}.css`),
    nonce: randomBytes(16).toString('base64url'),
  });
  return {
    host,
    dispose: () => {
      for (const subscription of subscriptions) subscription.dispose();
      host.dispose();
    },
  };
}
