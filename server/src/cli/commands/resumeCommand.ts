import { ProblemError } from '../../../protocol/problem.ts';
import { resumeEvaluation } from '../../evaluation/evaluate.ts';
import { runHost } from '../runHost.ts';
import { resumeReplay } from '../../run/replayRun.ts';
import { replayIn } from '../../runFolder/replayNote.ts';
import { resumeRun } from '../../run/run.ts';
import { existingRunFolder, newestRun, type RunFolder } from '../../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../../runFolder/runsFolder.ts';
import { RunReader } from '../../store/runReader.ts';
import type { Command, ExitCode } from '../command.ts';
import { parseArguments } from '../command.ts';
import { destinationNotice, terminalKey } from '../terminal/terminalKey.ts';
import { STDOUT } from '../terminal/terminal.ts';
import { evaluationView } from '../views/evaluationView.ts';
import { OUTPUT_OPTIONS, OUTPUT_OPTIONS_HELP, outputOf, watchRun } from '../views/watchRun.ts';

const OPTIONS = { 'back-to': { type: 'string' }, ...OUTPUT_OPTIONS } as const;

export const resumeCommand: Command = {
  name: 'resume',
  summary: 'Continue a run that was stopped or interrupted.',
  help: `azr resume [run folder] [options]

Continues from the newest checkpoint, with the same random streams: on a CPU the run comes out as
if it had never been interrupted. Without a folder, the run in ${RUNS_FOLDER} that was worked on last.

The settings are those that the run began with, the engine's address among them. A key in TINKER_API_KEY
goes to that address when TINKER_BASE_URL names it, or when you allow it on being asked.

  --back-to <step>          go on after this step, which has a checkpoint, or after step 0 with the
                            untrained model; every later step is deleted and done again
${OUTPUT_OPTIONS_HELP}

Ctrl-C and exit codes are as for "azr run".`,
  run: continueRun,
};

async function continueRun(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('resume', argumentList, OPTIONS, true);
  const backTo = stepOf(values['back-to']);
  const [named, ...more] = positionals;
  if (more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: 'There is more than one run folder.',
      remedy: 'Name one, or none for the newest.',
    });
  }
  const run = named === undefined ? await newestRun(RUNS_FOLDER) : existingRunFolder(named);
  const reader = RunReader.open(run.database);
  const { settings, evaluation } = reader.information();
  const heldOut = reader.metricSeries('probe.greedy.mean');
  reader.close();
  const replay = replayIn(run);
  const watched = { settings, folder: run.folder, heldOut, output: outputOf(values) };
  if (replay !== undefined && backTo !== undefined) throw noCheckpoints(run, 'a replay');
  if (replay !== undefined) return watchRun(watched, (host) => resumeReplay(run, replay, host));
  const key = await terminalKey(settings.engineUrl);
  if (evaluation !== undefined) {
    if (backTo !== undefined) throw noCheckpoints(run, 'an evaluation');
    return watchRun(
      { ...watched, textView: evaluationView(STDOUT, run.folder) },
      (host) => resumeEvaluation(run, runHost(host, key)),
      destinationNotice(settings.engineUrl, key),
    );
  }
  return watchRun(
    watched,
    (host) => resumeRun(run.folder, runHost(host, key), backTo),
    destinationNotice(settings.engineUrl, key),
  );
}

function noCheckpoints({ folder }: RunFolder, what: string): ProblemError {
  return new ProblemError({
    code: 'usage',
    message: `${folder} holds ${what}, which has no checkpoints to go back to.`,
    remedy: 'Leave --back-to out.',
  });
}

function stepOf(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,15}$/.test(text))
    return text === undefined ? text : Number(text);
  throw new ProblemError({
    code: 'usage',
    message: `--back-to is ${JSON.stringify(text)}, which is not the number of a step.`,
    remedy: 'Name the step to go on after, such as 0.',
  });
}
