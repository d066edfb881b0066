/** What an evaluation asks of a model: suites of benchmark items, and the forms they are asked in. */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { PythonSandbox } from '../../protocol/sandbox.ts';
import type { Prompt } from '../method/dialects/dialect.ts';
import type { DataSource } from './data/publishedFile.ts';

export interface SuiteItem {
  /** Unique within its suite; `task.itemId` is the benchmark's own name, which two items may share. */
  readonly id: string;
  readonly task: HeldOutTask;
}

/** An item of the data that became no task. */
export interface LeftOutItem {
  readonly id: string;
  /** A sentence. */
  readonly reason: string;
}

export interface LoadedSuite {
  readonly items: readonly SuiteItem[];
  readonly leftOut: readonly LeftOutItem[];
}

/** How items are put to one kind of model, and how its answers are read. */
export interface Template {
  readonly name: string;
  readonly title: string;
  ask(task: HeldOutTask): Prompt;
  /** The literal, argument list or program that is judged; undefined where the completion has another form. */
  readAnswer(task: HeldOutTask, completion: string): string | undefined;
}

/** How far the loading of a suite is. */
export type LoadProgress =
  /** Bytes; `total` is absent where the server does not say it. */
  | { readonly phase: 'fetch'; readonly done: number; readonly total?: number }
  /** Items whose reference was executed. */
  | { readonly phase: 'prepare'; readonly done: number; readonly total: number };

export interface LoadContext {
  /** References are executed in it, within the limits of suiteRules.ts. */
  readonly sandbox: PythonSandbox;
  /** Where fetched data are kept. */
  readonly cacheFolder: string;
  /** A file of the user's in place of the one that would be fetched. */
  readonly dataFile?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

export interface Suite {
  readonly name: string;
  readonly title: string;
  /** Where its data are fetched from; absent where they are a file of the user's. */
  readonly source?: DataSource;
  /** The first is for models that were tuned to follow instructions. */
  readonly templates: readonly Template[];
  /** Rejects with a ProblemError that says which data are missing or wrong, or with the reason of `signal`. */
  load(context: LoadContext): Promise<LoadedSuite>;
}
