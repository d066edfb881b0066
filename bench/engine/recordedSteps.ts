/** What the loop asks of an engine in real steps of the embedded model, to be asked again of another one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Engine } from '../../server/protocol/engine.ts';
import type { Phase } from '../../server/protocol/events.ts';
import { openEngine } from '../../server/src/runner/openEngine.ts';
import { prepareNewRun } from '../../server/src/runner/prepareRun.ts';
import { createRun } from '../../server/src/runner/run.ts';
import { RunSteering } from '../../server/src/runner/runSteering.ts';

export type EngineCall =
  | { readonly kind: 'sample'; readonly arguments: Parameters<Engine['sample']> }
  | { readonly kind: 'update'; readonly arguments: Parameters<Engine['update']> };

export interface RecordedCall {
  readonly step: number;
  readonly phase: Phase;
  readonly call: EngineCall;
}

export interface RecordedSteps {
  readonly model: string;
  readonly calls: readonly RecordedCall[];
  /** Of each step, and of what in it was not the engine's: programs, grading, the database. */
  readonly stepSeconds: readonly { readonly whole: number; readonly others: number }[];
}

const ENGINE_PHASES: readonly Phase[] = ['propose', 'estimate', 'solve', 'update'];

/** Runs `steps` steps of the preset, and notes every call of the phases that each step has. */
export async function recordSteps(steps: number, seed: number): Promise<RecordedSteps> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-steps-'));
  const calls: RecordedCall[] = [];
  const stepSeconds: { whole: number; others: number }[] = [];
  let step = 0;
  let phase: Phase = 'seed';
  let engineSeconds = 0;

  const timed = async <T>(call: EngineCall, answer: Promise<T>): Promise<T> => {
    if (step > 0 && ENGINE_PHASES.includes(phase)) calls.push({ step, phase, call });
    const started = performance.now();
    const result = await answer;
    engineSeconds += (performance.now() - started) / 1000;
    return result;
  };
  const recording = (engine: Engine): Engine => ({
    description: engine.description,
    encode: (text) => engine.encode(text),
    decode: (tokens) => engine.decode(tokens),
    encodeCompletion: (text) => engine.encodeCompletion(text),
    encodeChat: (messages) => engine.encodeChat(messages),
    sample: (requests, parameters, signal) => {
      const call: EngineCall = { kind: 'sample', arguments: [requests, parameters] };
      return timed(call, engine.sample(requests, parameters, signal));
    },
    logProbabilities: (...request) => engine.logProbabilities(...request),
    update: (objectives, adam, signal) => {
      const call: EngineCall = { kind: 'update', arguments: [objectives, adam] };
      return timed(call, engine.update(objectives, adam, signal));
    },
    saveCheckpoint: (...request) => engine.saveCheckpoint(...request),
    loadCheckpoint: (...request) => engine.loadCheckpoint(...request),
    close: () => engine.close(),
  });
  try {
    const never = 1_000_000;
    const layer = { seed, steps, probeEverySteps: never, checkpointEverySteps: never };
    const prepared = await prepareNewRun([layer], 'the benchmark of steps');
    await createRun(prepared, path.join(folder, 'run'), {
      openEngine: async (...request) => recording(await openEngine(...request)),
      listener: (event) => {
        if (event.kind === 'phase') {
          if (event.step !== step) engineSeconds = 0;
          ({ step, phase } = event);
        }
        if (event.kind === 'step' && event.step > 0) {
          const whole = event.durationMs / 1000;
          stepSeconds.push({ whole, others: whole - engineSeconds });
        }
      },
      steering: new RunSteering(),
    });
    return { model: prepared.model.folder, calls, stepSeconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
