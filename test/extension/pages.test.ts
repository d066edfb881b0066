import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { pageHtml } from '../../extension/src/panels/pageHtml.ts';
import { PageHost } from '../../extension/src/panels/pageHost.ts';
import { pageMessage } from '../../extension/src/panels/pageMessage.ts';
import { PAGE_REQUESTS, type HostMessage } from '../../server/protocol/webviewMessages.ts';
import { REQUEST_REFUSED } from '../../server/protocol/languageMessages.ts';
import { overview } from './treeSamples.ts';
import { mutated, randomSource } from '../randomJson.ts';

describe('a message from a page', () => {
  test.each([
    { kind: 'ready', protocolVersion: 1 },
    { kind: 'request', id: 3, method: 'azr/table', parameters: { runId: 'r' } },
    { kind: 'cancel', id: 3 },
    { kind: 'action', action: { kind: 'open-document', uri: 'azr:/r/task-1.py' } },
    { kind: 'action', action: { kind: 'show-rewards', runId: 'r', rolloutId: 4 } },
    { kind: 'action', action: { kind: 'reveal-step', runId: 'r', step: 0 } },
    { kind: 'action', action: { kind: 'rerun', uri: 'azr:/r/answer-1.py' } },
    { kind: 'action', action: { kind: 'remember', memory: { zoom: [1, 2] } } },
    {
      kind: 'action',
      action: { kind: 'compare', measurements: [{ runId: 'r', step: 0 }, { runId: 's' }] },
    },
    {
      kind: 'action',
      action: {
        ...{ kind: 'compare-answers', runId: 'r', runIdAfter: 's' },
        ...{ rolloutBefore: 1, rolloutAfter: 2 },
      },
    },
    { kind: 'defect', message: 'img-src violated' },
  ])('of the protocol passes: $kind $action.kind', (message) => {
    expect(pageMessage(message)).toEqual(message);
  });

  test.each([
    ['not a message', 'hello'],
    ['not a message', null],
    ['unknown kind', { kind: 'eval', code: '1' }],
    ['may not ask', { kind: 'request', id: 1, method: 'azr/start', parameters: {} }],
    ['may not ask', { kind: 'request', id: 1.5, method: 'azr/table', parameters: {} }],
    ['may not ask', { kind: 'request', id: 1, method: 'azr/table', parameters: 'x' }],
    ['which request', { kind: 'cancel', id: '3' }],
    ['action', { kind: 'action', action: { kind: 'open-document', uri: 'file:///etc/passwd' } }],
    ['action', { kind: 'action', action: { kind: 'open-document', uri: 'command:azr.stopRun' } }],
    ['action', { kind: 'action', action: { kind: 'rerun', uri: 'https://example.org' } }],
    ['action', { kind: 'action', action: { kind: 'show-rewards', runId: 'r', rolloutId: '4' } }],
    ['action', { kind: 'action', action: { kind: 'remember', memory: 'x'.repeat(10_300) } }],
    ['action', { kind: 'action', action: { kind: 'compare', measurements: [] } }],
    ['action', { kind: 'action', action: { kind: 'compare', measurements: ['r'] } }],
    [
      'action',
      { kind: 'action', action: { kind: 'compare', measurements: [{ runId: 'r', step: '1' }] } },
    ],
    [
      'action',
      { kind: 'action', action: { kind: 'compare', measurements: Array(7).fill({ runId: 'r' }) } },
    ],
    [
      'action',
      {
        kind: 'action',
        action: {
          ...{ kind: 'compare-answers', runId: 'r', runIdAfter: 7 },
          ...{ rolloutBefore: 1, rolloutAfter: 2 },
        },
      },
    ],
    ['action', { kind: 'action' }],
    ['protocol', { kind: 'ready' }],
  ])('that is none is refused (%s): %j', (reason, message) => {
    const refused = pageMessage(message);

    expect('refused' in refused && refused.refused).toContain(reason);
  });

  test('passes as one of the protocol or is refused, whatever it is', () => {
    const random = randomSource(41);
    const sent = [
      { kind: 'ready', protocolVersion: 1 },
      { kind: 'request', id: 3, method: 'azr/table', parameters: { runId: 'r' } },
      { kind: 'action', action: { kind: 'open-document', uri: 'azr:/r/task-1.py' } },
      { kind: 'action', action: { kind: 'show-rewards', runId: 'r', rolloutId: 4 } },
      { kind: 'action', action: { kind: 'remember', memory: { zoom: [1, 2] } } },
      { kind: 'action', action: { kind: 'compare', measurements: [{ runId: 'r', step: 1 }] } },
    ];
    let refused = 0;
    for (let round = 0; round < 10_000; round += 1) {
      const message = pageMessage(mutated(sent[round % sent.length], random));
      if ('refused' in message) {
        expect(message.refused.length).toBeLessThan(5_000);
        refused += 1;
      } else if (message.kind === 'request') {
        expect(PAGE_REQUESTS).toContain(message.method);
      } else if (message.kind === 'action' && message.action.kind === 'open-document') {
        expect(message.action.uri).toMatch(/^azr:/);
      }
    }
    expect(refused).toBeGreaterThan(2_000);
    expect(refused).toBeLessThan(9_500);
  });

  test('may ask for exactly what the protocol lists', () => {
    for (const method of PAGE_REQUESTS) {
      expect(pageMessage({ kind: 'request', id: 1, method, parameters: {} })).toHaveProperty(
        'method',
        method,
      );
    }
  });
});

describe('the page host', () => {
  let sent: HostMessage[];
  let logged: string[];
  let mismatches: number;
  let answer: (signal: AbortSignal) => Promise<unknown>;
  let host: PageHost;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    logged = [];
    mismatches = 0;
    answer = () => Promise.resolve('rows');
    host = new PageHost(
      { kind: 'dashboard', runIds: ['run-1'] },
      {
        post: (message) => sent.push(message),
        request: (_method, _parameters, signal) => answer(signal),
        runs: () => [overview()],
        act: () => undefined,
        memory: () => ({ tab: 2 }),
        log: (defect) => logged.push(defect),
        onMismatch: () => mismatches++,
      },
    );
  });

  afterEach(() => {
    host.dispose();
    vi.useRealTimers();
  });

  const ready = () => {
    host.receive({ kind: 'ready', protocolVersion: 1 });
    sent.splice(0);
  };

  test('answers ready with the whole state', () => {
    host.receive({ kind: 'ready', protocolVersion: 1 });

    expect(sent).toEqual([
      {
        kind: 'state',
        protocolVersion: 1,
        runs: [overview()],
        focus: { kind: 'dashboard', runIds: ['run-1'] },
        memory: { tab: 2 },
      },
    ]);
  });

  test('sends a page of another version nothing', () => {
    host.receive({ kind: 'ready', protocolVersion: 2 });
    host.runsChanged();

    expect(mismatches).toBe(1);
    expect(sent).toEqual([]);
  });

  test('sends a page that is not ready, or hidden, nothing', async () => {
    host.runsChanged();
    host.setFocus({ kind: 'nothing' });
    ready();
    host.leave();
    host.runsChanged();
    host.move('next');
    await vi.advanceTimersByTimeAsync(500);

    expect(sent).toEqual([]);
    host.receive({ kind: 'ready', protocolVersion: 1 });
    expect(sent[0]).toMatchObject({ kind: 'state', focus: { kind: 'nothing' } });
  });

  test('tells of runs at most ten times a second, and of the last change always', async () => {
    ready();
    for (let change = 0; change < 100; change++) {
      host.runsChanged();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(200);

    expect(sent.length).toBeGreaterThanOrEqual(10);
    expect(sent.length).toBeLessThanOrEqual(12);
  });

  test('answers a request, and refuses with the problem of the server', async () => {
    ready();
    const request = { kind: 'request', method: 'azr/table', parameters: {} };
    host.receive({ ...request, id: 1 });
    await vi.advanceTimersByTimeAsync(0);
    const problem = { code: 'no-run', message: 'There is no such run.', remedy: 'Choose one.' };
    answer = () =>
      Promise.reject(Object.assign(new Error(), { code: REQUEST_REFUSED, data: problem }));
    host.receive({ ...request, id: 2 });
    await vi.advanceTimersByTimeAsync(0);

    expect(sent).toEqual([
      { kind: 'response', id: 1, result: 'rows' },
      { kind: 'refusal', id: 2, problem },
    ]);
  });

  test('gives up the request that a page cancels, and no other one', async () => {
    ready();
    const signals: AbortSignal[] = [];
    answer = (signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
        setTimeout(resolve, 100, 'rows');
      });
    };
    const request = { kind: 'request', method: 'azr/table', parameters: {} };
    host.receive({ ...request, id: 1 });
    host.receive({ ...request, id: 2 });
    host.receive({ kind: 'cancel', id: 1 });
    await vi.advanceTimersByTimeAsync(100);

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(sent).toEqual([{ kind: 'response', id: 2, result: 'rows' }]);
  });

  test('gives up what a hidden page waits for, and says nothing about it', async () => {
    ready();
    let wasAborted = false;
    answer = (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          wasAborted = true;
          reject(new Error('aborted'));
        });
      });
    host.receive({ kind: 'request', id: 1, method: 'azr/table', parameters: {} });
    host.leave();
    await vi.advanceTimersByTimeAsync(0);

    expect(wasAborted).toBe(true);
    expect(sent).toEqual([]);
  });

  test('logs defects and what it refuses', () => {
    host.receive({ kind: 'defect', message: 'boom' });
    host.receive({ kind: 'request', id: 1, method: 'azr/stop', parameters: {} });

    expect(logged).toEqual(['Defect in a page: boom', 'A page may not ask for "azr/stop".']);
  });
});

test('the shell runs nothing but its own script, and no text of ours can break out of it', () => {
  const html = pageHtml({
    title: '"><script>alert(1)</script>',
    language: 'en',
    cspSource: 'https://source.example',
    scriptUri: 'https://source.example/dashboard.js',
    styleUri: 'https://source.example/dashboard.css',
    nonce: 'abc123',
  });
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';

  expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-abc123';/);
  expect(policy).not.toContain('unsafe');
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('<script nonce="abc123" src="https://source.example/dashboard.js">');
});
