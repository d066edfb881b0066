import { replayIn, resumeReplay } from '../runner/replayRun.ts';
import { resumeRun } from '../runner/run.ts';
import { existingRunFolder, newestRun } from '../runner/runFolder.ts';
import { RUNS_FOLDER } from '../runner/runsFolder.ts';
import { RunReader } from '../store/runReader.ts';
import type { Command, ExitCode } from './command.ts';
import { parseArguments, UsageError } from './command.ts';
import { OUTPUT_OPTIONS, OUTPUT_OPTIONS_HELP, outputOf, watchRun } from './watchRun.ts';

export const resumeCommand: Command = {
  name: 'resume',
  summary: 'Continue a run that was stopped or interrupted.',
  help: `azr resume [run folder] [options]

Continues from the newest checkpoint, with the same random streams: on a CPU the run comes out as
if it had never been interrupted. Without a folder, the run in ${RUNS_FOLDER} that was worked on last.

${OUTPUT_OPTIONS_HELP}

Ctrl-C and exit codes are as for "azr run".`,
  run: continueRun,
};

async function continueRun(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('resume', argumentList, OUTPUT_OPTIONS, true);
  const [named, ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError('There is more than one run folder.', 'Name one, or none for the newest.');
  }
  const run = named === undefined ? await newestRun(RUNS_FOLDER) : existingRunFolder(named);
  const reader = RunReader.open(run.database);
  const { settings } = reader.information();
  const heldOut = reader.metricSeries('probe.mean');
  reader.close();
  const replay = replayIn(run);
  return watchRun({ settings, folder: run.folder, heldOut, output: outputOf(values) }, (host) =>
    replay === undefined ? resumeRun(run.folder, host) : resumeReplay(run, replay, host),
  );
}
