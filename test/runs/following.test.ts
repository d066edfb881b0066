/** Every state of following a runner, and what every event makes of it. */
import { expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import {
  follow,
  type Following,
  type FollowingEvent,
  isLive,
  isStarting,
  runStateOf,
} from '../../server/src/runs/following.ts';
import type { RunnerClient } from '../../server/src/runs/runnerClient.ts';

/** Of a client only its state is read here. */
const client = { state: 'paused' } as RunnerClient;
const reason = new ProblemError({ code: 'runner-unreachable', message: 'No.', remedy: 'Wait.' });

const EVENTS: Readonly<Record<string, FollowingEvent>> = {
  absent: { kind: 'absent', wasKilled: false },
  killed: { kind: 'absent', wasKilled: true },
  alive: { kind: 'alive' },
  other: { kind: 'other-protocol' },
  connected: { kind: 'connected', client },
  unreachable: { kind: 'unreachable', reason },
  closed: { kind: 'closed' },
  start: { kind: 'start' },
  started: { kind: 'started' },
  failed: { kind: 'start-failed' },
};

/** Names of the states in the table: kind, standing, and what else is told apart. */
const STATES = {
  none: { kind: 'none', wasKilled: false },
  noneKilled: { kind: 'none', wasKilled: true },
  starting: { kind: 'starting', wasKilled: false },
  startingKilled: { kind: 'starting', wasKilled: true },
  ended: { kind: 'ended', wasKilled: false },
  endedKilled: { kind: 'ended', wasKilled: true },
  connectingF: { kind: 'connecting', standing: 'found', said: 'starting' },
  connectingS: { kind: 'connecting', standing: 'starting', said: 'starting' },
  connectingW: { kind: 'connecting', standing: 'working', said: 'starting' },
  closedF: { kind: 'connecting', standing: 'found', said: 'paused' },
  closedS: { kind: 'connecting', standing: 'starting', said: 'paused' },
  closedW: { kind: 'connecting', standing: 'working', said: 'paused' },
  connectedF: { kind: 'connected', standing: 'found', client },
  connectedS: { kind: 'connected', standing: 'starting', client },
  connectedW: { kind: 'connected', standing: 'working', client },
  firstF: { kind: 'unreachable', standing: 'found', said: 'starting', reason, pauseMs: 100 },
  firstS: { kind: 'unreachable', standing: 'starting', said: 'starting', reason, pauseMs: 100 },
  firstW: { kind: 'unreachable', standing: 'working', said: 'starting', reason, pauseMs: 100 },
  secondF: { kind: 'unreachable', standing: 'found', said: 'starting', reason, pauseMs: 200 },
  lostW: { kind: 'unreachable', standing: 'working', said: 'paused', reason, pauseMs: 100 },
  lostAgainW: { kind: 'unreachable', standing: 'working', said: 'paused', reason, pauseMs: 200 },
  lostS: { kind: 'unreachable', standing: 'starting', said: 'paused', reason, pauseMs: 100 },
  lostAgainS: { kind: 'unreachable', standing: 'starting', said: 'paused', reason, pauseMs: 200 },
  lostF: { kind: 'unreachable', standing: 'found', said: 'paused', reason, pauseMs: 100 },
  otherF: { kind: 'other-protocol', standing: 'found' },
  otherS: { kind: 'other-protocol', standing: 'starting' },
  otherW: { kind: 'other-protocol', standing: 'working' },
} as const satisfies Readonly<Record<string, Following>>;
type Name = keyof typeof STATES;

/** A column per event, in the order of EVENTS; '.' where the state stays the same object. */
const TABLE = `
               absent   killed         alive       other  connected  unreachable closed  start          started     failed
none           .        noneKilled     connectingF otherF connectedW .           .       starting       .           .
noneKilled     none     .              connectingF otherF connectedW .           .       startingKilled .           .
starting       .        startingKilled connectingS otherS connectedS .           .       starting       ended       none
startingKilled starting .              connectingS otherS connectedS .           .       startingKilled endedKilled noneKilled
ended          .        endedKilled    connectingF otherF connectedW .           .       starting       .           .
endedKilled    ended    .              connectingF otherF connectedW .           .       startingKilled .           .
connectingF    none     noneKilled     .           otherF connectedW firstF      .       connectingS    .           .
connectingS    starting startingKilled .           otherS connectedS firstS      .       connectingS    connectingW connectingF
connectingW    ended    endedKilled    .           otherW connectedW firstW      .       connectingS    .           .
closedF        none     noneKilled     .           otherF connectedW lostF       .       closedS        .           .
closedW        ended    endedKilled    .           otherW connectedW lostW       .       closedS        .           .
connectedF     .        .              .           .      connectedW .           closedF connectedS     .           .
connectedS     .        .              .           .      connectedS .           closedS connectedS     connectedW  connectedF
connectedW     .        .              .           .      connectedW .           closedW connectedS     .           .
firstF         none     noneKilled     .           otherF connectedW secondF     .       firstS         .           .
lostW          ended    endedKilled    .           otherW connectedW lostAgainW  .       lostS          .           .
lostS          starting startingKilled .           otherS connectedS lostAgainS  .       lostS          lostW       lostF
otherF         none     noneKilled     connectingF .      connectedW .           .       otherS         .           .
otherS         starting startingKilled connectingS .      connectedS .           .       otherS         otherW      otherF
otherW         ended    endedKilled    connectingW .      connectedW .           .       otherS         .           .
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

test.each(rows.map(([name = '', ...cells]) => [name, cells] as const))(
  'from %s every event leads where it should',
  (name, cells) => {
    const state = STATES[name as Name];
    expect(header).toEqual(Object.keys(EVENTS));
    expect(cells).toHaveLength(header.length);
    for (const [index, cell] of cells.entries()) {
      const after = follow(state, EVENTS[header[index]!]!);
      const why = `${name} after ${header[index]!}`;
      if (cell === '.') expect(after, why).toBe(state);
      else expect(after, why).toEqual(STATES[cell as Name]);
    }
  },
);

test('the pauses between tries double up to three seconds, and begin anew after a connection', () => {
  let state = follow(STATES.connectedW, { kind: 'closed' });
  const pausesMs: unknown[] = [];
  for (let tries = 0; tries < 7; tries += 1) {
    state = follow(state, { kind: 'unreachable', reason });
    pausesMs.push('pauseMs' in state && state.pauseMs);
  }
  expect(pausesMs).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000]);
  const again = [
    { kind: 'connected', client },
    { kind: 'closed' },
    EVENTS['unreachable']!,
  ] as const;
  expect(again.reduce<Following>(follow, state)).toEqual(STATES.lostW);
});

test.each([
  // State, live, being started here, what its runner says of itself.
  ['none', false, false, undefined],
  ['ended', false, false, undefined],
  ['starting', true, true, 'starting'],
  ['connectingF', true, false, 'starting'],
  ['closedW', true, false, 'paused'],
  ['connectedS', true, true, 'paused'],
  ['connectedW', true, false, 'paused'],
  ['lostW', true, false, 'paused'],
  ['otherW', true, false, 'starting'],
] as const)('%s: live %s, being started %s, shown as %s', (name, live, starting, shown) => {
  const state = STATES[name];
  expect([isLive(state), isStarting(state), runStateOf(state)]).toEqual([live, starting, shown]);
});
