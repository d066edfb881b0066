/** Serves a model until it is told to end: engine, queue and endpoint, and another engine where one ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { EngineDescription, ServedEngine } from '../../protocol/engine.ts';
import { ProblemError } from '../../protocol/problem.ts';
import type { BoundKey } from '../machine/engineKeys.ts';
import { engineOpener } from '../run/openEngine.ts';
import { hasEnded, withRestarts } from '../run/restartingEngine.ts';
import { EngineQueue } from './engineQueue.ts';
import { ModelEndpoint } from './modelEndpoint.ts';
import { ModelService } from './modelService.ts';
import type { NamedPolicy } from '../run/namedPolicy.ts';

export interface ServeOptions {
  readonly model: NamedPolicy;
  /** 0 for any that is free. */
  readonly port: number;
  /** What clients have to show. */
  readonly key: string;
  /** For an engine elsewhere. */
  readonly engineKey: BoundKey | undefined;
  readonly signal: AbortSignal;
  readonly onReady: (url: string, engine: EngineDescription) => void;
  readonly onNotice: (message: string) => void;
  /** Hears of failures that were not foreseen. */
  readonly onDefect: (error: unknown) => void;
}

/** Resolves when `signal` has aborted and everything has ended. Rejects with a ProblemError. */
export async function serveModel(options: ServeOptions): Promise<void> {
  // A run's own log is its runner's to write to.
  const scratch = mkdtempSync(path.join(tmpdir(), 'azr-serve-'));
  const folders = {
    checkpoints: options.model.run?.checkpoints ?? path.join(scratch, 'checkpoints'),
    engineLog: path.join(scratch, 'engine.log'),
  };
  const open = engineOpener(options.engineKey);
  try {
    await serveWith(async (signal) => {
      const engine = await open(options.model.prepared, folders, signal);
      try {
        const { checkpoint } = options.model;
        if (checkpoint !== undefined) await engine.loadCheckpoint(checkpoint, signal);
        return engine;
      } catch (error) {
        await engine.close().catch(() => undefined);
        throw error;
      }
    }, options);
  } catch (error) {
    if (!options.signal.aborted)
      throw hasEnded(error) ? endedAgain(error, folders.engineLog) : error;
  }
  rmSync(scratch, { recursive: true, force: true });
}

/** The same with engines of `open`. */
export async function serveWith(
  open: (signal: AbortSignal) => Promise<ServedEngine>,
  { model, port, key, signal, onReady, onNotice, onDefect }: Omit<ServeOptions, 'engineKey'>,
): Promise<void> {
  const queue = new EngineQueue(model.weights);
  let current = new Promise<ServedEngine>(() => undefined);
  const service = new ModelService({ model, queue, engine: () => current });
  // First, so that a port that is taken is told before the engine takes its time.
  const endpoint = await ModelEndpoint.open({ port, key, service, onDefect });
  try {
    current = open(signal);
    const first = await current;
    onReady(endpoint.url, first.description);
    await withRestarts(first, {
      work: (engine) => queue.serve(engine, signal),
      restart: async (dead, { message }) => {
        onNotice(`${message} It is started again.`);
        await dead.close().catch(() => undefined);
        current = open(signal);
        return current;
      },
      lastStep: () => queue.answered,
      signal,
    });
  } finally {
    await endpoint.close();
    const last = await current.catch(() => undefined);
    await last?.close().catch(() => undefined);
  }
}

function endedAgain({ message }: ProblemError, log: string): ProblemError {
  return new ProblemError({
    code: 'engine_ended',
    message: `${message} It ended each time that it was started again.`,
    remedy: `See ${log}; "azr doctor" says what this machine has room for.`,
  });
}
