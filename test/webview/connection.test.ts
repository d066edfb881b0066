import { expect, test, vi } from 'vitest';

import { Connection, RequestRefused } from '../../webview/src/host/connection.ts';

function connected(timeoutMs = 1000) {
  const sent: Record<string, unknown>[] = [];
  const heard: unknown[] = [];
  const connection = new Connection(
    { postMessage: (message) => sent.push(message as Record<string, unknown>) },
    (message) => heard.push(message),
    timeoutMs,
  );
  return { connection, sent, heard };
}

test('a page tells the extension that it is ready, and which protocol it speaks', () => {
  const { connection, sent } = connected();

  connection.announceReady();

  expect(sent).toEqual([{ kind: 'ready', protocolVersion: 1 }]);
});

test('answers find their requests in any order', async () => {
  const { connection } = connected();
  const first = connection.request('azr/metricNames', { runId: 'a' });
  const second = connection.request('azr/metricNames', { runId: 'b' });

  connection.receive({ kind: 'response', id: 2, result: ['second'] });
  connection.receive({ kind: 'response', id: 1, result: ['first'] });

  expect(await Promise.all([first, second])).toEqual([['first'], ['second']]);
});

test('a refusal carries what happened and what to do', async () => {
  const { connection } = connected();
  const problem = { code: 'run-deleted', message: 'Gone.', remedy: 'Put it back.' };
  const request = connection.request('azr/metricNames', { runId: 'a' });

  connection.receive({ kind: 'refusal', id: 1, problem });

  await expect(request).rejects.toMatchObject({ name: 'RequestRefused', problem });
});

test('a request that nobody answers is given up, and an answer after that is dropped', async () => {
  vi.useFakeTimers();
  const { connection, sent } = connected(50);
  const request = connection.request('azr/metricNames', { runId: 'a' });
  const given = expect(request).rejects.toBeInstanceOf(RequestRefused);

  await vi.advanceTimersByTimeAsync(50);

  await given;
  expect(sent.at(-1)).toEqual({ kind: 'cancel', id: 1 });
  connection.receive({ kind: 'response', id: 1, result: [] });
  vi.useRealTimers();
});

test('a request that its asker gives up is cancelled, and nothing else gives it up', async () => {
  vi.useFakeTimers();
  const { connection, sent } = connected(50);
  const asker = new AbortController();
  const request = connection.request('azr/metricNames', { runId: 'a' }, asker.signal);
  const given = expect(request).rejects.toMatchObject({ problem: { code: 'cancelled' } });
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toHaveLength(1);

  asker.abort();

  await given;
  expect(sent.at(-1)).toEqual({ kind: 'cancel', id: 1 });
  const answered = new AbortController();
  const second = connection.request('azr/metricNames', { runId: 'a' }, answered.signal);
  connection.receive({ kind: 'response', id: 2, result: ['rows'] });
  answered.abort();
  expect(await second).toEqual(['rows']);
  expect(sent).toHaveLength(3);
  vi.useRealTimers();
});

test('what comes unasked goes to the page', () => {
  const { connection, heard } = connected();

  connection.receive({ kind: 'runs', runs: [] });

  expect(heard).toEqual([{ kind: 'runs', runs: [] }]);
});
