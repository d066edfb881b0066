/** Runs a run in front of somebody: signals in, a view out, and an exit code at the end. */
import type { RunListener } from '../../protocol/events.ts';
import type { MetricRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { openEngine } from '../runner/openEngine.ts';
import type { RunHost, RunResult } from '../runner/run.ts';
import type { ExitCode } from './command.ts';
import { EXIT } from './command.ts';
import { jsonView } from './jsonView.ts';
import { liveView } from './liveView.ts';
import { plainView } from './plainView.ts';
import { RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { stopMessage, StopSignals, type StopState } from './stopSignals.ts';

export interface WatchedRun {
  readonly settings: RunSettings;
  readonly folder: string;
  /** Mean held-out solve rates measured before this session. */
  readonly heldOut: readonly MetricRecord[];
  readonly asJson: boolean;
}

export async function watchRun(
  watched: WatchedRun,
  run: (host: RunHost) => Promise<RunResult>,
): Promise<ExitCode> {
  const signals = new StopSignals((state) => {
    view.show({ kind: 'notice', message: stopMessage(state) });
  });
  const view = chooseView(watched, () => signals.state);
  try {
    const listener: RunListener = (event) => {
      view.show(event);
    };
    const { summary } = await run({ openEngine, listener, control: signals.control });
    view.end(summary);
    return signals.state === 'stopping-now' ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    view.end(undefined);
    if (signals.state === 'stopping-now') return EXIT.interrupted;
    throw error;
  } finally {
    signals.dispose();
  }
}

function chooseView(watched: WatchedRun, stopState: () => StopState): RunView {
  const { stdout } = process;
  const progress = new RunProgress(watched.settings, watched.folder, watched.heldOut);
  if (watched.asJson) return jsonView(stdout, watched.folder);
  return stdout.isTTY ? liveView(stdout, progress, stopState) : plainView(stdout, progress);
}
