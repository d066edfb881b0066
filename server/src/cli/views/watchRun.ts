/** Runs a run in front of somebody: signals in, a view out, and an exit code at the end. */
import type { RunListener } from '../../../protocol/events.ts';
import type { RunResult, SessionHost } from '../../run/runSession.ts';
import { RunSteering } from '../../run/runSteering.ts';
import { chooseView, type RunOutput, type WatchedRun } from './chooseView.ts';
import type { ExitCode } from '../command.ts';
import { EXIT } from '../command.ts';
import { steeringMessage } from '../terminal/steeringMessage.ts';
import { StopSignals } from '../terminal/stopSignals.ts';
import { STDOUT } from '../terminal/terminal.ts';

export const OUTPUT_OPTIONS = { json: { type: 'boolean' }, log: { type: 'boolean' } } as const;

export const OUTPUT_OPTIONS_HELP = `\
  --json                    one event per line, as JSON
  --log                     the same without progress and tasks, for a log file`;

export function outputOf(values: { readonly json?: boolean; readonly log?: boolean }): RunOutput {
  if (values.log === true) return 'log';
  return values.json === true ? 'json' : 'text';
}

/** `opening` is said before anything else, where there is something to say. */
export async function watchRun(
  watched: WatchedRun,
  run: (host: SessionHost) => Promise<RunResult>,
  opening?: string,
): Promise<ExitCode> {
  const steering = new RunSteering();
  const signals = new StopSignals(steering);
  // The live view has the terminal's second screen, on which no line stays.
  if (opening !== undefined && watched.output === 'text') STDOUT.line(opening);
  const view = chooseView(watched, () => steeringMessage(steering));
  if (opening !== undefined && watched.output !== 'text') {
    view.show({ kind: 'notice', message: opening });
  }
  steering.onChange(() => {
    const message = steeringMessage(steering);
    if (message !== undefined) view.show({ kind: 'notice', message });
  });
  try {
    const listener: RunListener = (event) => {
      view.show(event);
    };
    const { summary } = await run({ listener, steering });
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
