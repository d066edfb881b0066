import { ProblemError } from '../../../protocol/problem.ts';
import { setTimeout as delay } from 'node:timers/promises';

import type { RunEvent } from '../../../protocol/events.ts';
import { findRunFolders } from '../../runs/findRunFolders.ts';
import { existingRunFolder, type RunFolder, runFolderAt } from '../../runFolder/runFolder.ts';
import { readRunnerAddress, stalenessOf } from '../../runFolder/runnerAddress.ts';
import { type Following, isLive, runStateOf } from '../../runs/following.ts';
import { RunnerFollower } from '../../runs/runnerFollower.ts';
import { readRunOutcome, unexplainedEnd } from '../../runFolder/runOutcome.ts';
import type { StopTime } from '../../../protocol/runnerMessages.ts';
import { summarise } from '../../runs/runSummary.ts';
import { storedStep } from '../../run/storedEvents.ts';
import { RunReader } from '../../store/runReader.ts';
import { KEYS_HELP, readKeys, wishOf } from '../terminal/attachKeys.ts';
import { chooseView } from '../views/chooseView.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import type { RunView } from '../views/runView.ts';
import { STDOUT } from '../terminal/terminal.ts';

const LOOK_MS = 100;
/** Steps of the past that the first frame is made of: pace and curves need some. */
const SHOWN_STEPS = 20;
const LEAVE_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const OPTIONS = {
  json: { type: 'boolean' },
  stop: { type: 'boolean' },
  'stop-now': { type: 'boolean' },
} as const;

export const attachCommand: Command = {
  name: 'attach',
  summary: 'Watch a run that is at work, also one started in VS Code.',
  help: `azr attach [run folder] [options]

Shows the live view of a run that another process works on, wherever it was started. Without a
folder, the run in this folder whose runner started last.

  --stop                    ask it to stop after the step under way, and watch until it has
  --stop-now                ask it to stop at once; the step under way is dropped
  --json                    one event per line, as JSON

Ctrl-C leaves; the run goes on. On a terminal, s stops it after the step, s again at once; p pauses it, p
again goes on.

Exit code: 0 when you left or the run ended, 1 when it failed or is not running, 2 for a wrong
option.`,
  run: attach,
};

async function attach(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('attach', argumentList, OPTIONS, true);
  const [named, ...more] = positionals;
  if (more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: 'There is more than one run folder.',
      remedy: 'Name one, or none for the newest.',
    });
  }
  const run = named === undefined ? await newestLiveRun('.') : runToAttach(named);
  const watcher = new Watcher(run, values.json === true ? 'json' : 'text');
  try {
    await watcher.start(stopTime(values));
    await watcher.ended();
    return EXIT.ok;
  } finally {
    watcher.dispose();
  }
}

function stopTime(values: {
  readonly stop?: boolean;
  readonly 'stop-now'?: boolean;
}): StopTime | undefined {
  if (values['stop-now'] === true) return 'now';
  return values.stop === true ? 'after-step' : undefined;
}

/** One sitting in front of a run that somebody else works on. */
class Watcher {
  readonly #run: RunFolder;
  readonly #output: 'text' | 'json';
  readonly #follower: RunnerFollower;
  /** Resolves when the runner is gone or somebody left. */
  readonly #followed: Promise<void>;
  #endFollowing!: () => void;
  #failFollowing!: (reason: unknown) => void;
  #reader: RunReader | undefined;
  #view: RunView | undefined;
  #shownStep = -1;
  #hasLeft = false;
  #isOver = false;
  #releaseKeys: () => void = () => undefined;
  readonly #leave = (): void => {
    this.#hasLeft = true;
    this.#endFollowing();
  };

  constructor(run: RunFolder, output: 'text' | 'json') {
    this.#run = run;
    this.#output = output;
    this.#followed = new Promise((resolve, reject) => {
      this.#endFollowing = () => {
        this.#follower.dispose();
        resolve();
      };
      this.#failFollowing = reject;
    });
    this.#follower = new RunnerFollower(run, {
      changed: (state, before) => {
        this.#follow(state, before);
      },
      message: (message) => {
        if (message.kind !== 'event') this.#showState();
        // A view shows what comes, and has shown it already where this is another connection.
        else if (message.earlier !== true) this.#show(message.event);
      },
    });
    for (const signal of LEAVE_SIGNALS) process.on(signal, this.#leave);
  }

  /**
   * Resolves when the view stands; the wish to stop is passed on as soon as the runner answers.
   * Rejects as {@link RunnerFollower.connect} does.
   */
  async start(stop: StopTime | undefined): Promise<void> {
    const client = await this.#follower.connect();
    if (stop !== undefined) client.send({ kind: 'stop', when: stop });
    this.#reader = await this.#readerOnceThere();
    if (this.#reader === undefined) return;
    const { settings } = this.#reader.information();
    const view = chooseView(
      {
        settings,
        folder: this.#run.folder,
        heldOut: this.#reader.metricSeries('probe.greedy.mean'),
        output: this.#output,
      },
      () => this.#foot(),
    );
    // What was committed before is shown, and what is heard from now on comes after it.
    this.#shownStep = Math.max(-1, this.#reader.counters().lastStep - SHOWN_STEPS);
    this.#view = view;
    this.#catchUp();
    if (this.#output === 'text' && process.stdin.isTTY && STDOUT.isTTY) {
      this.#releaseKeys = readKeys(process.stdin, (key) => {
        this.#press(key);
      });
    }
  }

  /** Resolves when the run stopped or somebody left. Rejects with a ProblemError when it failed. */
  async ended(): Promise<void> {
    await this.#followed;
    this.#isOver = true;
    this.#releaseKeys();
    const address = readRunnerAddress(this.#run);
    // Without an address it ended in the moment in which somebody left.
    if (this.#hasLeft && address !== undefined) {
      const { folder } = this.#run;
      const message = `Left. The run goes on, in process ${address.pid}; "azr attach ${folder}" shows it again, and with --stop it ends.`;
      this.#view?.show({ kind: 'notice', message });
      this.#view?.end(undefined);
      return;
    }
    this.#catchUp();
    const outcome = readRunOutcome(this.#run);
    const isFine = outcome !== undefined && outcome.kind !== 'failed';
    this.#view?.end(isFine && this.#reader !== undefined ? summarise(this.#reader) : undefined);
    if (outcome === undefined) {
      throw new ProblemError(unexplainedEnd(this.#run, this.#run.runnerLog));
    }
    if (outcome.kind === 'failed') throw ProblemError.of(outcome.problem);
  }

  dispose(): void {
    for (const signal of LEAVE_SIGNALS) process.off(signal, this.#leave);
    this.#releaseKeys();
    this.#follower.dispose();
    this.#reader?.close();
  }

  #follow(state: Following, before: Following): void {
    if (state.kind === 'connected') {
      try {
        this.#catchUp();
      } catch (error) {
        this.#failFollowing(error);
      }
    } else if (state.kind === 'unreachable') {
      // Said once: it is tried again until it answers or is gone.
      if (before.kind !== 'unreachable') {
        const { message, remedy } = state.reason;
        this.#view?.show({ kind: 'notice', message: `${message} ${remedy}` });
      }
    } else if (state.kind !== 'connecting') {
      this.#endFollowing();
    }
  }

  #showState(): void {
    const message = stateMessage(this.#follower);
    if (message !== undefined) this.#view?.show({ kind: 'notice', message });
  }

  #show(event: RunEvent): void {
    if (this.#view === undefined) return;
    // A step that was read from the database is not told twice.
    if (event.kind === 'step') {
      if (event.step <= this.#shownStep) return;
      this.#shownStep = event.step;
    }
    this.#view.show(event);
  }

  /** Shows the steps that were committed while this view was not connected. */
  #catchUp(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#view === undefined) return;
    // A resumed run has fewer steps than before, and does some of them again.
    this.#shownStep = Math.min(this.#shownStep, reader.counters().lastStep);
    for (const step of reader.steps(this.#shownStep, Number.MAX_SAFE_INTEGER)) {
      this.#show(storedStep(reader, step));
    }
  }

  /** The database of a run that only starts is made when its engine is there. */
  async #readerOnceThere(): Promise<RunReader | undefined> {
    while (isLive(this.#follower.state)) {
      let reader: RunReader | undefined;
      try {
        reader = RunReader.open(this.#run.database);
        reader.information();
        return reader;
      } catch (error) {
        reader?.close();
        if (runStateOf(this.#follower.state) !== 'starting') throw error;
        await delay(LOOK_MS);
      }
    }
    return undefined;
  }

  #foot(): string | undefined {
    // The last frame says how it ended, which is the last notice.
    if (this.#isOver) return undefined;
    return stateMessage(this.#follower) ?? KEYS_HELP;
  }

  #press(key: string): void {
    const state = runStateOf(this.#follower.state);
    const wish = state && wishOf(key, state);
    if (wish?.kind === 'leave') this.#leave();
    else if (wish !== undefined) this.#follower.client?.send(wish);
  }
}

/** What a run is about to do other than to go on. */
function stateMessage({ client, state }: RunnerFollower): string | undefined {
  const problem = client?.problem;
  if (problem !== undefined) return `${problem.message} ${problem.remedy}`;
  switch (runStateOf(state)) {
    case 'stopping':
      return 'The run finishes its step, saves a checkpoint and stops; s stops it at once.';
    case 'pausing':
      return 'The run finishes its step, saves a checkpoint and pauses; p goes on.';
    case 'paused':
      return 'The run is paused, its engine kept ready; p goes on, s stops it, Ctrl-C leaves.';
    default:
      return undefined;
  }
}

/** A run that only starts has no database yet, but a runner. */
function runToAttach(named: string): RunFolder {
  const run = runFolderAt(named);
  return readRunnerAddress(run) === undefined ? existingRunFolder(named) : run;
}

/** The run at or below `folder` whose runner started last. Throws ProblemError `not-running`. */
async function newestLiveRun(folder: string): Promise<RunFolder> {
  const { runs } = await findRunFolders(folder);
  const [newest] = runs
    .flatMap((run) => {
      const address = readRunnerAddress(run);
      if (address === undefined) return [];
      const staleness = stalenessOf(address);
      // A runner of another version is at work too; connecting says what is wrong with it.
      const isLive = staleness === undefined || staleness === 'other-protocol';
      return isLive ? [{ run, startedAt: address.startedAt }] : [];
    })
    .sort((left, right) => right.startedAt.localeCompare(left.startedAt));
  if (newest !== undefined) return newest.run;
  throw new ProblemError({
    code: 'not-running',
    message: 'No run in this folder is being worked on.',
    remedy: 'Name a run folder that is; "azr resume" goes on with the newest run.',
  });
}
