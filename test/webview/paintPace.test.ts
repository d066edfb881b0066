import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { PageMessage } from '../../server/protocol/webviewMessages.ts';
import { readRecording } from './harness/recordedHost.ts';
import { Connection } from '../../webview/src/host/connection.ts';
import { PaintPace } from '../../webview/src/dashboard/paintPace.ts';
import { RunData } from '../../webview/src/dashboard/runData.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A browser that takes so long to paint. */
const painting = (takesMs: number) => (callback: () => void) => {
  setTimeout(callback, takesMs);
};

test.each([
  [5, 100],
  [25, 100],
  [60, 240],
  [900, 1000],
])('curves that take %d ms to paint are drawn every %d ms', (takesMs, intervalMs) => {
  const pace = new PaintPace(painting(takesMs));
  expect(pace.intervalMs).toBe(100);
  pace.draw(() => undefined);
  vi.advanceTimersByTime(takesMs);
  expect(pace.intervalMs).toBe(intervalMs);
});

/** How often curves were drawn within four seconds in which a run committed ten steps a second. */
async function timesDrawn(paintingMs: number): Promise<number> {
  const { overview } = readRecording();
  let drawn = 0;
  const connection = new Connection(
    {
      postMessage: (value) => {
        const message = value as PageMessage;
        if (message.kind !== 'request') return;
        const { runId } = message.parameters as { readonly runId: string };
        const result = { runId, sequence: 1, steps: [], series: {}, resumedAfter: [] };
        queueMicrotask(() => {
          connection.receive({ kind: 'response', id: message.id, result });
        });
      },
    },
    () => undefined,
  );
  const data = new RunData(connection, () => (drawn += 1), new PaintPace(painting(paintingMs)));
  for (let sequence = 1; sequence <= 40; sequence += 1) {
    data.refresh({ ...overview, sequence }, ['metrics']);
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(1000);
  // What came last is drawn, however slow painting is.
  expect(data.metrics(overview.id)).toBeDefined();
  return drawn;
}

test('a window that paints slowly draws the curves of a fast run less often', async () => {
  expect(await timesDrawn(10)).toBeGreaterThanOrEqual(38);
  // Every 800 ms within four seconds, the first at once and the last one after them.
  const slow = await timesDrawn(200);
  expect(slow).toBeGreaterThanOrEqual(5);
  expect(slow).toBeLessThanOrEqual(8);
});
