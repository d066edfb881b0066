/** A small run that could be resumed, which the hostile ones are made from. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { completeSettings, presetDepartures } from '../../server/src/settings/settings.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleSession, sampleStep } from '../store/sampleRun.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** Steps of the run; its checkpoint is that of the last. */
const STEPS = 2;
export const CHECKPOINT = 'step-000001';
/** A run is resumed only with the Python that it had, so it is this machine's. */
const pythonVersion = execFileSync(
  'python3',
  ['-I', '-S', '-c', 'import platform; print(platform.python_version())'],
  { encoding: 'utf8' },
).trim();

/** A model folder that the runner accepts. */
export function makeModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(ROOT, 'server/models/azr-nano', name), path.join(folder, name));
  }
  writeFileSync(path.join(folder, 'config.json'), '{}');
  writeFileSync(path.join(folder, 'azr-model.json'), '{"dialect":"compact","trainable":"full"}');
}

/** Makes a run of the model in `model` with everything that a run folder can hold. */
export function makeHarmlessRun(folder: string, model: string, modelDigest = 'sha256:0'): void {
  mkdirSync(path.join(folder, 'checkpoints', CHECKPOINT), { recursive: true });
  mkdirSync(path.join(folder, 'logs'));
  const settings = completeSettings(
    [{ model, steps: 7, probe: 'none', checkpointEverySteps: 1, sandbox: 'native' }],
    'the harmless run',
  );
  const store = SqliteRunStore.create(path.join(folder, 'run.db'), {
    createdAt: '2026-01-02T03:04:05.000Z',
    protocolVersion: PROTOCOL_VERSION,
    settings,
    departures: presetDepartures(settings),
    dialect: 'compact',
    modelDigest,
  });
  const session = sampleSession(-1);
  store.startSession({
    ...session,
    sandbox: { ...session.sandbox, engine: 'native', pythonVersion },
  });
  for (let step = 0; step < STEPS; step += 1) store.commitStep(sampleStep(step));
  store.recordCheckpoint(STEPS - 1, `checkpoints/${CHECKPOINT}`);
  store.close();
  writeFileSync(path.join(folder, 'checkpoints', CHECKPOINT, 'policy'), 'trained');
  writeFileSync(path.join(folder, 'azr.json'), JSON.stringify(settings));
  writeFileSync(path.join(folder, 'logs', 'engine.log'), 'It has started.\n');
  writeFileSync(path.join(folder, 'logs', 'runner.log'), 'It has started.\n');
}
