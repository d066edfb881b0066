import { expect, test } from 'vitest';

import { announceReady } from '../../webview/src/announceReady.ts';

test('a page tells the extension that it is ready, and which protocol it speaks', () => {
  const sent: unknown[] = [];

  announceReady({ postMessage: (message) => sent.push(message) });

  expect(sent).toEqual([{ kind: 'ready', protocolVersion: 1 }]);
});
