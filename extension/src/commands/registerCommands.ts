/** All commands of the extension in one table; the manifest contributes exactly these. */
import { commands, Disposable } from 'vscode';

import { LENS_COMMANDS } from '../../../server/protocol/languageMessages.ts';
import { STEPPER_MOVES } from '../../../server/protocol/webviewMessages.ts';
import type { Studio } from '../studio.ts';
import { compareWithAnswer, showAnswers } from './answers.ts';
import { compare } from './compare.ts';
import { pauseRun, resumeRun, stopRun } from './controlRun.ts';
import { copyPythonFile, openScratch } from './copies.ts';
import { setEngineKey } from './engineKey.ts';
import { evaluate, solveAgain } from './evaluate.ts';
import { clearFilter, filterTasks, searchTasks } from './filterTasks.ts';
import { restartServer, runDoctor, setUpPython, showLog } from './maintenance.ts';
import { openDashboard } from './openDashboard.ts';
import { openTestAnswer } from './openTestAnswer.ts';
import { openWalkthrough } from './openWalkthrough.ts';
import { playDemo, replayRun } from './replayRun.ts';
import { rerunMany, rerunOnce } from './rerun.ts';
import { explainVerdict, moveStepper, showRewards } from './rewards.ts';
import { openRunFolder, revealRunFolder } from './runFolder.ts';
import { showMenu } from './showMenu.ts';
import { startRun } from './startRun.ts';
import { loadMore, revealInTree, toggleNewestFirst } from './treeCommands.ts';

/** A command of the tree is also given all nodes that are selected. */
type Command = (studio: Studio, argument: unknown, selection?: unknown) => unknown;

const COMMANDS: Readonly<Record<string, Command>> = {
  'azr.startRun': startRun,
  'azr.stopRun': stopRun,
  'azr.pauseRun': pauseRun,
  'azr.resumeRun': resumeRun,
  'azr.replayRun': replayRun,
  'azr.playDemo': playDemo,
  'azr.evaluate': evaluate,
  'azr.solveAgain': solveAgain,
  'azr.compare': compare,
  'azr.openTestAnswer': openTestAnswer,
  'azr.openDashboard': openDashboard,
  'azr.openRunFolder': openRunFolder,
  'azr.revealRunFolder': revealRunFolder,
  'azr.showMenu': showMenu,
  'azr.openWalkthrough': openWalkthrough,
  [LENS_COMMANDS.rerun]: rerunOnce,
  [LENS_COMMANDS.rerunMany]: rerunMany,
  [LENS_COMMANDS.answers]: showAnswers,
  [LENS_COMMANDS.rewards]: showRewards,
  [LENS_COMMANDS.scratch]: openScratch,
  [LENS_COMMANDS.compare]: compareWithAnswer,
  [LENS_COMMANDS.explain]: explainVerdict,
  'azr.copyPythonFile': copyPythonFile,
  'azr.filterTasks': filterTasks,
  'azr.searchTasks': searchTasks,
  'azr.clearFilter': clearFilter,
  'azr.toggleNewestFirst': toggleNewestFirst,
  'azr.revealInTree': revealInTree,
  'azr.loadMore': loadMore,
  'azr.restartServer': restartServer,
  'azr.runDoctor': runDoctor,
  'azr.setUpPython': setUpPython,
  'azr.setEngineKey': setEngineKey,
  'azr.showLog': showLog,
};

/** Registers every command; what one fails with is told to the user. */
export function registerCommands(studio: Studio): Disposable {
  const moves = STEPPER_MOVES.map((move): [string, Command] => [
    `azr.rewards.${move}`,
    () => {
      moveStepper(studio, move);
    },
  ]);
  const table = [...Object.entries(COMMANDS), ...moves];
  return Disposable.from(
    ...table.map(([id, command]) =>
      commands.registerCommand(id, async (argument: unknown, selection: unknown) => {
        studio.wasUsed = true;
        try {
          await command(studio, argument, selection);
        } catch (error) {
          studio.tell(error);
        }
      }),
    ),
  );
}
