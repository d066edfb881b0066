/**
 * Held-out tasks in the Test Explorer. To run one is to ask it greedily of the newest checkpoint of its
 * run: a choice of tasks is one evaluation, which keeps every answer and is listed beside the runs.
 */
import {
  Location,
  Position,
  TestRunProfileKind,
  Uri,
  type CancellationToken,
  type Disposable,
  type TestRunRequest,
} from 'vscode';

import { documentUri } from '../../../server/protocol/documents.ts';
import { HELD_OUT_SUITE, TASKS_SUITE } from '../../../server/protocol/evaluation.ts';
import type { HeldOutVerdict } from '../../../server/protocol/heldOutTests.ts';
import { ProblemError } from '../../../server/protocol/problem.ts';
import { MAXIMUM_PAGE } from '../../../server/protocol/queries.ts';
import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import { ensureEngineKey } from '../commands/engineKey.ts';
import { parentFolder } from '../commands/parentFolder.ts';
import { isCancellation, problemOf } from '../connection/problemOf.ts';
import {
  createTestController,
  missMessage,
  type SafeTestController,
  type SafeTestItem,
  type SafeTestRun,
  testMessage,
  writeResult,
} from '../shown/safeTests.ts';
import { foreignText, joined, t } from '../shown/safeText.ts';
import type { PageServices } from '../panels/pageServices.ts';
import { isLive } from '../state/runFacts.ts';
import type { StoredKeys } from '../state/storedKeys.ts';
import { HeldOutItems } from './heldOutItems.ts';
import { type ChosenTasks, chosenTasks } from './testSelection.ts';

/** As the menus of the manifest name it. */
const CONTROLLER_ID = 'azrHeldOut';
/** A verdict has up to all the outputs of its hidden examples, twice. */
const VERDICTS_PAGE = 50;
/** Longer than anybody waits, and what a timer can hold. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** What the tests need of the window. */
export interface TestServices extends Omit<PageServices, 'log'> {
  readonly keys: StoredKeys;
  /** Shows an error to the user, in the background. */
  tell(error: unknown): void;
}

export class HeldOutTests implements Disposable {
  readonly #services: TestServices;
  readonly #controller: SafeTestController;
  readonly #items: HeldOutItems;
  /** The document of the latest answer to each task, by the ids of its item and of what is above it. */
  readonly #answers = new Map<string, string>();
  /** Evaluations that were started here. */
  readonly #evaluations = new Set<RunId>();

  constructor(services: TestServices) {
    this.#services = services;
    this.#controller = createTestController(CONTROLLER_ID, t('AZR Held-Out Tasks'));
    this.#items = new HeldOutItems(this.#controller, services.runs, services.connection);
    this.#controller.createRunProfile(
      t('Ask the Newest Checkpoint'),
      TestRunProfileKind.Run,
      (request, token) => this.#run(request, token),
      true,
    );
  }

  /** Address of the latest answer to an item's task. Throws a ProblemError where it was not run. */
  answerTo(item: unknown): string {
    // What VS Code hands over may be another object than the item that was made.
    const uri = isItem(item) ? this.#answers.get(keyOf(item)) : undefined;
    if (uri !== undefined) return uri;
    throw new ProblemError({
      code: 'no-answer',
      message: t('This test has no answer of this session.'),
      remedy: t('Run it first. Earlier answers are in the AZR view, below the evaluation.'),
    });
  }

  /** Whether the results of tests say how this evaluation ended. */
  isReporting(runId: RunId): boolean {
    return this.#evaluations.has(runId);
  }

  dispose(): void {
    this.#items.dispose();
    this.#controller.dispose();
  }

  async #run(request: TestRunRequest, token: CancellationToken): Promise<void> {
    const testRun = this.#controller.createTestRun(request);
    try {
      await this.#items.listed();
      const runs = [...this.#controller.items].map(([, item]) => item as unknown as SafeTestItem);
      const chosen = await chosenTasks(request, runs, (run) => this.#items.tasksOf(run));
      for (const { items } of chosen) for (const item of items) testRun.enqueued(item);
      for (const one of chosen) await this.#ask(one, testRun, token);
    } catch (error) {
      this.#services.tell(error);
    } finally {
      testRun.end();
    }
  }

  /** Reports every chosen task of one run as passed, failed, errored or skipped; never rejects. */
  async #ask(chosen: ChosenTasks, testRun: SafeTestRun, token: CancellationToken): Promise<void> {
    const { items } = chosen;
    try {
      const evaluation = token.isCancellationRequested
        ? undefined
        : await this.#evaluate(chosen, testRun, token);
      if (evaluation?.state !== 'finished') {
        const { problem } = evaluation ?? {};
        if (problem !== undefined) throw ProblemError.of(problem);
        for (const item of items) testRun.skipped(item);
        return;
      }
      await this.#report(evaluation.id, items, testRun);
    } catch (error) {
      const { message, remedy } = problemOf(error);
      const why = testMessage(joined([foreignText(message), foreignText(remedy)], ' '));
      for (const item of items) {
        if (isCancellation(error)) testRun.skipped(item);
        else testRun.errored(item, why);
      }
    }
  }

  /** The evaluation once it has ended; undefined where somebody gave it up. */
  async #evaluate(
    { run, items, isWhole }: ChosenTasks,
    testRun: SafeTestRun,
    token: CancellationToken,
  ): Promise<RunOverview | undefined> {
    const { connection, runs } = this.#services;
    const folder = await parentFolder(this.#services);
    if (folder === undefined || !(await ensureEngineKey(this.#services, { runId: run.id }))) {
      return undefined;
    }
    const taskIds = items.flatMap((item) => this.#items.taskOf(item)?.taskId ?? []);
    const asked = isWhole ? { suite: HELD_OUT_SUITE } : { suite: TASKS_SUITE, taskIds };
    const { runId } = await connection.request(
      'azr/evaluate',
      { ...asked, parentFolder: folder, subjects: [{ runId: run.id }], samples: 0 },
      token,
    );
    this.#evaluations.add(runId);
    for (const item of items) testRun.started(item);
    const ended = runs.until(runId, (one) => !isLive(one), NO_LIMIT_MS);
    return Promise.race([ended, this.#cancelled(runId, token)]);
  }

  /** Resolves when the user cancels, and ends the evaluation then. */
  #cancelled(runId: RunId, token: CancellationToken): Promise<undefined> {
    return new Promise((resolve) => {
      const stop = () => {
        resolve(undefined);
        this.#services.connection.request('azr/stop', { runId, when: 'now' }).catch(() => {
          // It has ended meanwhile.
        });
      };
      if (token.isCancellationRequested) stop();
      else token.onCancellationRequested(stop);
    });
  }

  /** The evaluation has the tasks in the order in which they were named. */
  async #report(runId: RunId, items: readonly SafeTestItem[], testRun: SafeTestRun): Promise<void> {
    let [done, cursor]: [number, string | undefined] = [0, undefined];
    do {
      const page: { readonly items: readonly HeldOutVerdict[]; readonly cursor?: string } =
        await this.#services.connection.request('azr/heldOutVerdicts', {
          ...{ runId, step: 0, limit: Math.min(VERDICTS_PAGE, MAXIMUM_PAGE) },
          ...(cursor !== undefined && { cursor }),
        });
      for (const verdict of page.items) {
        const item = items[done];
        done += 1;
        if (item !== undefined) this.#tell(runId, item, verdict, testRun);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  #tell(
    runId: RunId,
    item: SafeTestItem,
    { rolloutId, verdict, message, expected, actual }: HeldOutVerdict,
    testRun: SafeTestRun,
  ): void {
    const uri = documentUri({ runId, kind: 'answer', id: rolloutId });
    const location = new Location(Uri.parse(uri, true), new Position(0, 0));
    this.#answers.set(keyOf(item), uri);
    if (verdict === 'correct') testRun.passed(item);
    else testRun.failed(item, missMessage(foreignText(message), expected, actual, location));
    writeResult(testRun, t('{0}: {1}. {2}', item.label, verdict, message), location, item);
  }
}

interface Item {
  readonly id: string;
  readonly parent?: Item | undefined;
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && 'id' in value;
}

function keyOf({ id, parent }: Item): string {
  return JSON.stringify(parent === undefined ? [id] : [keyOf(parent), id]);
}
