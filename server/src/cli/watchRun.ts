/** Runs a run in front of somebody: signals in, a view out, and an exit code at the end. */
import type { RunListener } from '../../protocol/events.ts';
import type { MetricRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { openEngine } from '../runner/openEngine.ts';
import type { RunHost, RunResult } from '../runner/run.ts';
import { RunSteering } from '../runner/runSteering.ts';
import type { ExitCode } from './command.ts';
import { EXIT } from './command.ts';
import { jsonView } from './jsonView.ts';
import { logView } from './logView.ts';
import { liveView } from './liveView.ts';
import { plainView } from './plainView.ts';
import { RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { steeringMessage } from './steeringMessage.ts';
import { StopSignals } from './stopSignals.ts';

/** For a person, every event as JSON, or what a log file is for as JSON. */
export type RunOutput = 'text' | 'json' | 'log';

export const OUTPUT_OPTIONS = { json: { type: 'boolean' }, log: { type: 'boolean' } } as const;

export const OUTPUT_OPTIONS_HELP = `\
  --json                    one event per line, as JSON
  --log                     the same without progress and tasks, for a log file`;

export function outputOf(values: { readonly json?: boolean; readonly log?: boolean }): RunOutput {
  if (values.log === true) return 'log';
  return values.json === true ? 'json' : 'text';
}

export interface WatchedRun {
  readonly settings: RunSettings;
  readonly folder: string;
  /** Mean held-out solve rates measured before this session. */
  readonly heldOut: readonly MetricRecord[];
  readonly output: RunOutput;
}

export async function watchRun(
  watched: WatchedRun,
  run: (host: RunHost) => Promise<RunResult>,
): Promise<ExitCode> {
  const steering = new RunSteering();
  const signals = new StopSignals(steering);
  const view = chooseView(watched, () => steeringMessage(steering));
  steering.onChange(() => {
    const message = steeringMessage(steering);
    if (message !== undefined) view.show({ kind: 'notice', message });
  });
  try {
    const listener: RunListener = (event) => {
      view.show(event);
    };
    const { summary } = await run({ openEngine, listener, steering });
    view.end(summary);
    return steering.stopWanted === 'now' ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    view.end(undefined);
    if (steering.stopWanted === 'now') return EXIT.interrupted;
    throw error;
  } finally {
    signals.dispose();
  }
}

function chooseView(watched: WatchedRun, message: () => string | undefined): RunView {
  const { stdout } = process;
  const progress = new RunProgress(watched.settings, watched.folder, watched.heldOut);
  if (watched.output === 'json') return jsonView(stdout, watched.folder);
  if (watched.output === 'log') return logView(stdout, watched.folder);
  return stdout.isTTY ? liveView(stdout, progress, message) : plainView(stdout, progress);
}
