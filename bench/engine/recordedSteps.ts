/** What the loop asks of an engine in real steps of the embedded model, to be asked again of another one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Engine } from '../../server/protocol/engine.ts';
import type { Phase } from '../../server/protocol/events.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';

export type RecordedCall = { readonly step: number; readonly phase: Phase } & (
  | { readonly kind: 'sample'; readonly request: Parameters<Engine['sample']> }
  | { readonly kind: 'update'; readonly request: Parameters<Engine['update']> }
);

export interface RecordedSteps {
  readonly modelFolder: string;
  readonly calls: readonly RecordedCall[];
  /** Mean seconds of a step that were not the engine's: programs, grading, the database. */
  readonly otherSeconds: number;
}

/** Not part of every step. */
const OCCASIONAL: readonly Phase[] = ['seed', 'probe', 'checkpoint'];

/** Runs `steps` steps of the preset, and notes every call of the phases that each step has. */
export async function recordSteps(steps: number, seed: number): Promise<RecordedSteps> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-steps-'));
  const calls: RecordedCall[] = [];
  const otherSeconds: number[] = [];
  let step = 0;
  let phase: Phase = 'seed';
  let engineSeconds = 0;

  const timed = async <T>(answer: Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await answer;
    engineSeconds += (performance.now() - started) / 1000;
    return result;
  };
  const note = (call: RecordedCall): void => {
    if (step > 0 && !OCCASIONAL.includes(phase)) calls.push(call);
  };
  const recording = (engine: Engine): Engine => ({
    description: engine.description,
    encode: (text) => engine.encode(text),
    decode: (tokens) => engine.decode(tokens),
    encodeCompletion: (text) => engine.encodeCompletion(text),
    encodeChat: (messages) => engine.encodeChat(messages),
    sample: (...request) => {
      note({ step, phase, kind: 'sample', request: withoutSignal(request) });
      return timed(engine.sample(...request));
    },
    logProbabilities: (...request) => timed(engine.logProbabilities(...request)),
    update: (...request) => {
      note({ step, phase, kind: 'update', request: withoutSignal(request) });
      return timed(engine.update(...request));
    },
    saveCheckpoint: (...request) => engine.saveCheckpoint(...request),
    loadCheckpoint: (...request) => engine.loadCheckpoint(...request),
    close: () => engine.close(),
  });
  try {
    // The last step has a probe, and is not counted.
    const never = 1_000_000;
    const layer = { seed, steps: steps + 1, probeEverySteps: never, checkpointEverySteps: never };
    const prepared = await prepareNewRun([layer], 'the benchmark of steps');
    await createRun(prepared, path.join(folder, 'run'), {
      openEngine: async (...request) => recording(await openEngine(...request)),
      listener: (event) => {
        if (event.kind === 'phase') {
          if (event.step !== step) engineSeconds = 0;
          ({ step, phase } = event);
        }
        if (event.kind === 'step' && event.step > 0) {
          otherSeconds.push(event.durationMs / 1000 - engineSeconds);
        }
      },
      steering: new RunSteering(),
    });
    return {
      modelFolder: prepared.model.folder,
      calls: calls.filter((call) => call.step <= steps),
      otherSeconds: otherSeconds.slice(0, steps).reduce((sum, one) => sum + one / steps, 0),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a run that has ended since. */
function withoutSignal<T extends readonly unknown[]>(request: T): T {
  const kept = request.map((part) => (part instanceof AbortSignal ? undefined : part));
  return kept as unknown as T;
}
