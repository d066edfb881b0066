/** Runner and watcher, each fed what the other never says: nothing fails, and nothing wrong passes. */
import { once } from 'node:events';

import { expect, test } from 'vitest';
import { WebSocket } from 'ws';

import type { RunEvent } from '../../server/protocol/events.ts';
import type { FromRunner, ToRunner } from '../../server/protocol/runnerMessages.ts';
import { LiveTasks } from '../../server/src/runs/liveTasks.ts';
import { readFromRunner } from '../../server/src/runs/readFromRunner.ts';
import { RunnerEndpoint } from '../../server/src/run/endpoint/runnerEndpoint.ts';
import { mutated, randomSource } from '../randomJson.ts';

const problem = { code: 'disk-full', message: 'No room.', remedy: 'Make some.' };
/** Everything that a runner says. */
const SAID: readonly FromRunner[] = [
  { kind: 'hello', protocolVersion: 1, state: 'running', sequence: 4 },
  { kind: 'state', state: 'paused', problem },
  ...(
    [
      { kind: 'phase', step: 3, phase: 'solve', done: 1, total: 9 },
      {
        kind: 'task',
        step: 3,
        mode: 'deduction',
        program: 'def f(x): ...',
        input: '1',
        output: '2',
      },
      {
        kind: 'step',
        ...{ step: 3, durationMs: 5, generatedTokens: 1, trainedTokens: 1 },
        metrics: [{ name: 'probe.greedy.mean', step: 3, value: 0.5 }],
      },
      { kind: 'notice', message: 'The engine started.' },
      { kind: 'finished', step: 3, reason: 'steps', message: 'All steps are done.' },
    ] as const satisfies readonly RunEvent[]
  ).flatMap((event) => [
    { kind: 'event', sequence: 4, event } as const,
    { kind: 'event', sequence: 4, event, earlier: true } as const,
  ]),
];

test.each(SAID)('$kind $event.kind is understood as it is said', (message) => {
  expect(readFromRunner(JSON.stringify(message))).toEqual(message);
});

test('a metric that was no number comes as one that is none', () => {
  const metrics = [{ name: 'x', step: 1, value: NaN }];
  const counts = { durationMs: 1, generatedTokens: 1, trainedTokens: 1 };
  const event = { kind: 'step', step: 1, ...counts, metrics };
  const said = JSON.stringify({ kind: 'event', sequence: 1, event });
  expect(readFromRunner(said)).toEqual({ kind: 'event', sequence: 1, event });
});

test('whatever a false runner says is refused, or has the right shape', () => {
  const random = randomSource(23);
  const tasks = new LiveTasks();
  let passed = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const said = JSON.stringify(mutated(SAID[round % SAID.length], random)) as string | undefined;
    const cut = Math.floor(random() * 200);
    const message = readFromRunner(random() < 0.1 ? (said ?? '').slice(0, cut) : (said ?? ''));
    if (message === undefined) continue;
    passed += 1;
    if (message.kind === 'event') {
      const { event } = message;
      if (event.kind === 'task' || event.kind === 'phase' || event.kind === 'step') {
        tasks.hear(event);
        expect(Number.isInteger(event.step)).toBe(true);
      } else {
        expect(typeof event.message).toBe('string');
      }
    } else {
      expect(typeof (message.problem?.remedy ?? '')).toBe('string');
    }
  }
  // Both must be well represented, or nothing is tested.
  expect(passed).toBeGreaterThan(1_000);
  expect(passed).toBeLessThan(15_000);
});

test('whatever a client sends, the runner obeys only what is meant, and goes on listening', async () => {
  const obeyed: ToRunner[] = [];
  const endpoint = await RunnerEndpoint.open(
    {
      ...{ state: () => 'running', sequence: () => 1 },
      onCommand: (message) => obeyed.push(message),
    },
    [],
  );
  const connect = async () => {
    const headers = { authorization: `Bearer ${endpoint.token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${String(endpoint.port)}/`, { headers });
    await once(socket, 'message');
    return socket;
  };
  const random = randomSource(29);
  const meant: readonly ToRunner[] = [
    ...([{ kind: 'pause' }, { kind: 'resume' }, { kind: 'stop', when: 'now' }] as const),
  ];
  let closed = 0;
  try {
    for (let round = 0; round < 400; round += 1) {
      const socket = await connect();
      const text = JSON.stringify(mutated(meant[round % meant.length], random)) as
        string | undefined;
      const isBinary = random() < 0.1;
      socket.send(isBinary ? Buffer.from(text ?? '\u0000') : (text ?? ''));
      socket.send('{"kind":"resume"}');
      const before = obeyed.length;
      const end = once(socket, 'close').then(() => (closed += 1));
      await Promise.race([
        end,
        expect.poll(() => obeyed.length, { interval: 1 }).toBeGreaterThan(before),
      ]);
      socket.terminate();
    }
    const shapes = new Set(obeyed.map((message) => JSON.stringify(message)));
    const allowed = [...meant, { kind: 'stop', when: 'after-step' }].map((message) =>
      JSON.stringify(message),
    );
    expect([...shapes].filter((shape) => !allowed.includes(shape))).toEqual([]);
    expect(closed).toBeGreaterThan(50);
    (await connect()).terminate();
  } finally {
    await endpoint.close();
  }
}, 60_000);
