/** The view that fits what was asked for and where it goes. */
import type { MetricRecord } from '../../../protocol/records.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { jsonView } from './jsonView.ts';
import { liveView } from './liveView.ts';
import { logView } from './logView.ts';
import { plainView } from './plainView.ts';
import { RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { STDOUT } from '../terminal/terminal.ts';

/** For a person, every event as JSON, or what a log file is for as JSON. */
export type RunOutput = 'text' | 'json' | 'log';

export interface WatchedRun {
  readonly settings: RunSettings;
  readonly folder: string;
  /** Mean held-out solve rates measured before this session. */
  readonly heldOut: readonly MetricRecord[];
  readonly output: RunOutput;
  /** What a person sees, where it is not a run's view. */
  readonly textView?: RunView;
}

/** `message` says what the run is about to do other than to go on; it is asked for every frame. */
export function chooseView(watched: WatchedRun, message: () => string | undefined): RunView {
  const progress = new RunProgress(watched.settings, watched.folder, watched.heldOut);
  if (watched.output === 'json') return jsonView(STDOUT, watched.folder);
  if (watched.output === 'log') return logView(STDOUT, watched.folder);
  if (watched.textView !== undefined) return watched.textView;
  return STDOUT.isTTY ? liveView(STDOUT, progress, message) : plainView(STDOUT, progress);
}
