/**
 * What a runner says, checked. The address of a runner lies in the run folder, which may come from anywhere.
 * Where it names a port, as on Windows it always does, any program of this machine may listen there and say
 * anything.
 */
import { PHASES, type RunEvent } from '../../protocol/events.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { FromRunner } from '../../protocol/runnerMessages.ts';
import { RUN_STATES } from '../../protocol/runs.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';
import {
  choice,
  integer,
  list,
  number,
  numberOrNaN,
  object,
  type Schema,
  text,
  variants,
} from '../settings/typedSchema.ts';
import { readMessage } from './readMessage.ts';

const step = integer({ minimum: -1 });
const count = number({ minimum: 0 });
const problem: Schema<Problem> = object({ code: text(), message: text(), remedy: text() });
const state = choice(RUN_STATES);

const event: Schema<RunEvent> = variants(
  'kind',
  object({ kind: choice(['phase']), step, phase: choice(PHASES), done: count, total: count }),
  object(
    {
      ...{ kind: choice(['task']), step, mode: choice(MODES) },
      ...{ program: text(), input: text(), output: text() },
    },
    { solveRate: number({ minimum: 0, maximum: 1 }) },
  ),
  object({
    ...{ kind: choice(['step']), step, durationMs: count },
    ...{ generatedTokens: count, trainedTokens: count },
    metrics: list(object({ name: text(), step, value: numberOrNaN() })),
  }),
  object({ kind: choice(['notice']), message: text() }),
  object({
    ...{ kind: choice(['finished']), step, message: text() },
    reason: choice(['steps', 'stopped', 'failed']),
  }),
);

const message: Schema<FromRunner> = variants(
  'kind',
  object(
    { kind: choice(['hello']), protocolVersion: number(), state, sequence: step },
    { problem },
  ),
  object({ kind: choice(['state']), state }, { problem }),
  object({ kind: choice(['event']), sequence: step, event }, { earlier: choice([true]) }),
);

const check = schemaCheck(message, { allowUnionTypes: true, discriminator: true });

/** The message in `json`; undefined when it is not one of this protocol. */
export function readFromRunner(json: string): FromRunner | undefined {
  const value: unknown = readMessage(json);
  if (!check()(value)) return undefined;
  return value.kind === 'event' && value.event.kind === 'step'
    ? { ...value, event: { ...value.event, metrics: value.event.metrics.map(withNaN) } }
    : value;
}

function withNaN<Metric extends { readonly value: number | null }>(metric: Metric) {
  return { ...metric, value: metric.value ?? NaN };
}
