/**
 * What a runner says, checked: the address of a runner lies in the run folder, which may come from
 * anywhere, and the program that listens at that address may say anything.
 */
import { PHASES } from '../../protocol/events.ts';
import type { FromRunner } from '../../protocol/runnerMessages.ts';
import { RUN_STATES } from '../../protocol/runs.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { readMessage } from './readMessage.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';

const text = { type: 'string' } as const;
const step = { type: 'integer', minimum: -1 } as const;
const count = { type: 'number', minimum: 0 } as const;

/** An object with these properties, of which those in `optional` may be absent, and any others. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

const problem = object({ code: text, message: text, remedy: text });
const state = { enum: RUN_STATES } as const;
const mode = { enum: MODES } as const;

const event = {
  oneOf: [
    object({ kind: { const: 'phase' }, step, phase: { enum: PHASES }, done: count, total: count }),
    object(
      {
        ...{ kind: { const: 'task' }, step, mode, program: text, input: text, output: text },
        solveRate: { type: 'number', minimum: 0, maximum: 1 },
      },
      ['solveRate'],
    ),
    object({
      ...{ kind: { const: 'step' }, step, durationMs: count, generatedTokens: count },
      trainedTokens: count,
      metrics: {
        type: 'array',
        // JSON has no NaN: it comes as null.
        items: object({ name: text, step, value: { type: ['number', 'null'] } }),
      },
    }),
    object({ kind: { const: 'notice' }, message: text }),
    object({
      ...{ kind: { const: 'finished' }, step, message: text },
      reason: { enum: ['steps', 'stopped', 'failed'] },
    }),
  ],
};

const message = {
  oneOf: [
    object(
      {
        kind: { const: 'hello' },
        protocolVersion: { type: 'number' },
        state,
        problem,
        sequence: step,
      },
      ['problem'],
    ),
    object({ kind: { const: 'state' }, state, problem }, ['problem']),
    object({ kind: { const: 'event' }, sequence: step, event, earlier: { const: true } }, [
      'earlier',
    ]),
  ],
};

const check = schemaCheck(message, { allowUnionTypes: true });

/** The message in `json`; undefined when it is not one of this protocol. */
export function readFromRunner(json: string): FromRunner | undefined {
  const value = readMessage(json);
  if (value === undefined || !check()(value)) return undefined;
  const checked = value as unknown as FromRunner;
  return checked.kind === 'event' && checked.event.kind === 'step'
    ? { ...checked, event: { ...checked.event, metrics: checked.event.metrics.map(withNaN) } }
    : checked;
}

function withNaN<Metric extends { readonly value: number | null }>(metric: Metric) {
  return { ...metric, value: metric.value ?? NaN };
}
