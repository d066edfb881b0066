/** Connects a page once its document is there, and sends defects to the log of the extension. */
import type { HostMessage } from '../../../server/protocol/webviewMessages.ts';
import { registerToolkit } from '../ui/toolkit.ts';
import { Connection, type MessageHost, type UnaskedMessage } from './connection.ts';

declare function acquireVsCodeApi(): MessageHost;

/** One defect that repeats every frame must not fill the log. */
const MOST_DEFECTS = 50;

export function connectPage(listener: (message: UnaskedMessage) => void): Connection {
  const connection = new Connection(acquireVsCodeApi(), listener);
  reportDefects(connection);
  registerToolkit();
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
    connection.receive(event.data);
  });
  return connection;
}

function reportDefects(connection: Connection): void {
  let count = 0;
  const report = (message: string) => {
    count += 1;
    if (count <= MOST_DEFECTS) connection.reportDefect(message);
  };
  document.addEventListener('securitypolicyviolation', (event) => {
    report(
      `Content security policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`,
    );
  });
  window.addEventListener('error', (event) => {
    const error: unknown = event.error;
    report(error instanceof Error ? (error.stack ?? error.message) : event.message);
  });
  window.addEventListener('unhandledrejection', (event) => {
    const reason: unknown = event.reason;
    report(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  });
}
