/**
 * The first thing every page does. A hidden webview gets no messages, so the extension sends a full
 * snapshot when the page says that it is ready, and deltas from then on.
 */
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';

/** What VS Code's `acquireVsCodeApi()` returns, as far as pages use it. */
export interface MessageHost {
  postMessage(message: unknown): void;
}

export function announceReady(host: MessageHost): void {
  host.postMessage({ kind: 'ready', protocolVersion: PROTOCOL_VERSION });
}
