import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import { demoRun } from '../../runs/demoRun.ts';
import { replayRun } from '../../run/replayRun.ts';
import { newRunFolder } from '../../runFolder/newRunFolder.ts';
import { existingRunFolder } from '../../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../../runFolder/runsFolder.ts';
import { RunReader } from '../../store/runReader.ts';
import type { Command, ExitCode } from '../command.ts';
import { parseArguments } from '../command.ts';
import { OUTPUT_OPTIONS, OUTPUT_OPTIONS_HELP, outputOf, watchRun } from '../views/watchRun.ts';

const DEMO = 'demo';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'Play a run back, without a model.',
  help: `azr replay <run folder> [options]

Shows the steps of a run again, one after another, in a run folder of its own that can be watched,
paused and stopped like a run: no engine and no sandbox is needed. "azr replay ${DEMO}" plays a short
recorded run of the embedded model.

  --speed <factor>          how many times faster than it happened (default 4); "max" does not wait
  --directory <folder>      the run folder to make; default: a new one in ${RUNS_FOLDER}
${OUTPUT_OPTIONS_HELP}

Ctrl-C stops it; "azr resume" goes on.`,
  run: replay,
};

async function replay(argumentList: readonly string[]): Promise<ExitCode> {
  const options = {
    speed: { type: 'string', default: '4' },
    directory: { type: 'string' },
    ...OUTPUT_OPTIONS,
  } as const;
  const { values, positionals } = parseArguments('replay', argumentList, options, true);
  const [named, ...more] = positionals;
  if (named === undefined || more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: '"azr replay" plays one run.',
      remedy: `Name its folder, or "${DEMO}".`,
    });
  }
  const source = named === DEMO ? demoRun() : existingRunFolder(named);
  const reader = RunReader.open(source.database);
  const { settings } = reader.information();
  reader.close();
  const request = { source: source.folder, speed: speedOf(values.speed) };
  const name = `replay-of-${path.basename(source.folder)}`;
  const folder = path.resolve(values.directory ?? newRunFolder(RUNS_FOLDER, name, new Date()));
  return watchRun({ settings, folder, heldOut: [], output: outputOf(values) }, (host) =>
    replayRun(request, folder, host),
  );
}

function speedOf(text: string): number {
  const speed = text === 'max' ? Infinity : Number(text);
  if (speed > 0) return speed;
  throw new ProblemError({
    code: 'usage',
    message: `"${text}" is not a speed.`,
    remedy: 'Give --speed a factor such as 1 or 20, or "max" not to wait at all.',
  });
}
