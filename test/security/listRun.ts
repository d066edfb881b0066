/** What a window does with each run folder that it lists. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { replayIn } from '../../server/src/runFolder/replayNote.ts';
import { RunDatabase } from '../../server/src/runs/runDatabase.ts';
import type { RunFolder } from '../../server/src/runFolder/runFolder.ts';
import { readRunnerAddress } from '../../server/src/runFolder/runnerAddress.ts';
import { readRunOutcome } from '../../server/src/runFolder/runOutcome.ts';

/** Throws the problem that a list would show beside the run, with its code and remedy. */
export function listRun(run: RunFolder): void {
  readRunnerAddress(run);
  readRunOutcome(run);
  replayIn(run);
  const database = new RunDatabase(run);
  database.refresh(true);
  const { look } = database;
  database.close();
  if (look.kind === 'unreadable') {
    throw ProblemError.of(look.problem);
  }
}
