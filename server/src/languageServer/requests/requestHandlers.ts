/** What answers each request of the protocol. */
import { ProblemError } from '../../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { ModelProgress, RequestMap, RequestName } from '../../../protocol/languageMessages.ts';
import { isHubId, PACKAGED_MODEL } from '../../../protocol/modelNames.ts';
import { chosenPython } from '../../machine/enginePython.ts';
import { fetchModel } from '../../machine/models/fetchModel.ts';
import type { DoctorCheck } from '../../../protocol/runs.ts';
import { checkMachine } from '../../doctor/machineChecks.ts';
import { machineOverview } from '../../doctor/machineOverview.ts';
import type { RunCatalog } from '../../runs/runCatalog.ts';
import { existingRunFolder } from '../../runFolder/runFolder.ts';
import { runIdOf } from '../../runFolder/runId.ts';
import { fetchSuite, suiteOverviews } from '../../suites/suiteOverviews.ts';
import { addressOf } from '../documents/subject.ts';
import { locateDocument } from '../documents/locateDocument.ts';
import type { OpenRuns } from '../openRuns.ts';
import { QUERY_NAMES, type QueryName, runsOf } from '../queries/queryMessages.ts';
import type { QueryThread } from '../queries/queryThread.ts';
import type { Rerunner } from '../reruns/rerunner.ts';
import { runConfiguration } from '../features/runConfiguration.ts';
import { pythonFileText } from '../scratch/pythonFile.ts';
import type { ScratchFolder } from '../scratch/scratchFolder.ts';
import { scratchSource } from '../scratch/scratchSource.ts';
import { scratchText } from '../scratch/scratchText.ts';
import { tellReward } from './tellReward.ts';
import { TokenReaders } from './tokenTexts.ts';

export type RequestHandlers = {
  readonly [Name in RequestName]: (
    parameters: RequestMap[Name]['parameters'],
    signal: AbortSignal,
  ) => RequestMap[Name]['result'] | Promise<RequestMap[Name]['result']>;
};

export interface HandlerDependencies {
  readonly catalog: RunCatalog;
  readonly runs: OpenRuns;
  readonly queries: QueryThread;
  readonly rerunner: Rerunner;
  readonly scratchFolder: ScratchFolder;
  /** Python of the engine; empty to find one. */
  readonly pythonPath: string;
  /** Whose disk holds what is written here. */
  readonly storageFolder: string;
  readonly onModelProgress: (progress: ModelProgress) => void;
  /** Text of a scratch file that is open in the editor. */
  readonly openScratchText: (uri: string) => string | undefined;
}

export function createRequestHandlers(dependencies: HandlerDependencies): RequestHandlers {
  const { runs, rerunner, openScratchText, pythonPath, storageFolder } = dependencies;
  const tokenReaders = new TokenReaders();
  return {
    ...runHandlers(dependencies),
    ...queryHandlers(dependencies),
    ...copyHandlers(dependencies),
    'azr/machine': ({ folder }) =>
      machineOverview({ pythonPath, ...(folder !== undefined && { folder }) }),
    'azr/doctor': async () =>
      (await checkMachine({ pythonPath, folder: existingPart(storageFolder) })).map(doctorCheck),
    'azr/rewardStory': ({ runId, rolloutId }) =>
      tellReward(runs.run(runId), rolloutId, tokenReaders),
    'azr/rerun': (request, signal) => rerunner.rerun(request, signal),
    'azr/locate': ({ uri }) => locateDocument(runs, uri, openScratchText(uri)),
  };
}

function runHandlers(dependencies: HandlerDependencies) {
  const { catalog, runs, storageFolder, pythonPath, onModelProgress } = dependencies;
  return {
    'azr/runs': () => catalog.overviews(),
    'azr/configuration': ({ runId }) => runConfiguration(runs.run(runId)),
    'azr/missingEngineKey': async (target) => ({ origin: await catalog.originWithoutKey(target) }),
    'azr/fetchModel': async ({ model }, signal) => ({
      folder: await fetchModel(requireNamed(model), {
        python: chosenPython(pythonPath),
        signal,
        onNote: (note) => {
          onModelProgress({ model, note });
        },
        onProgress: (done, total) => {
          onModelProgress({ model, done, total });
        },
      }),
    }),
    'azr/start': async (request, signal) => ({ runId: await catalog.start(request, signal) }),
    'azr/stop': async ({ runId, when }) => {
      await catalog.stop(runId, when);
      return null;
    },
    'azr/pause': async ({ runId }) => {
      await catalog.pause(runId);
      return null;
    },
    'azr/resume': async ({ runId }, signal) => {
      await catalog.resume(runId, signal);
      return null;
    },
    'azr/replay': async (request, signal) => ({
      runId: await catalog.replay({ ...request, parentFolder: storageFolder }, signal),
    }),
    'azr/suites': () => suiteOverviews(),
    'azr/fetchSuite': async ({ suite }, signal) => {
      await fetchSuite(suite, chosenPython(pythonPath), signal);
      return null;
    },
    'azr/evaluate': async (request, signal) => ({
      runId: await catalog.evaluate(request, signal),
    }),
    'azr/openRunFolder': async ({ folder }) => {
      requireFolder(folder);
      const run = existingRunFolder(folder);
      catalog.addSearchFolder(run.folder);
      await catalog.scan();
      return { runId: runIdOf(run.folder) };
    },
  } satisfies Partial<RequestHandlers>;
}

/** Queries go to the thread that reads databases for viewers. */
function queryHandlers({ runs, queries }: HandlerDependencies) {
  const handlers = QUERY_NAMES.map((name) => [
    name,
    (parameters: RequestMap[QueryName]['parameters'], signal: AbortSignal) =>
      queries.ask(
        name,
        parameters,
        new Map(runsOf(parameters).map((runId) => [runId, runs.database(runId)])),
        signal,
      ),
  ]);
  return Object.fromEntries(handlers) as Pick<RequestHandlers, QueryName>;
}

function copyHandlers({ runs, scratchFolder }: HandlerDependencies) {
  return {
    'azr/scratch': async ({ uri }) => {
      const address = addressOf(uri);
      const text = scratchText(scratchSource(runs.run(address.runId), address));
      return { path: await scratchFolder.write(address, text) };
    },
    'azr/pythonFile': ({ uri }) => {
      const address = addressOf(uri);
      const text = pythonFileText(scratchSource(runs.run(address.runId), address));
      return { name: `${address.kind}-${String(address.id)}.py`, text };
    },
  } satisfies Partial<RequestHandlers>;
}

function doctorCheck({ name, status, detail, remedy }: DoctorCheck): DoctorCheck {
  return { name, status, detail, ...(remedy !== undefined && { remedy }) };
}

/** The folder, or the nearest one above it that is there: storage is made when it is first needed. */
function existingPart(folder: string): string {
  const above = path.dirname(folder);
  return existsSync(folder) || above === folder ? folder : existingPart(above);
}

/** A folder is used where it is; only what has a name is fetched. */
function requireNamed(model: string): string {
  if (model === PACKAGED_MODEL || isHubId(model)) return model;
  throw new ProblemError({
    code: 'unknown-model',
    message: `${model} is not the id of a model.`,
    remedy: `Name ${PACKAGED_MODEL}, or an id of the Hugging Face Hub such as Qwen/Qwen2.5-Coder-0.5B-Instruct.`,
  });
}

function requireFolder(folder: string): void {
  if (path.isAbsolute(folder) && existsSync(folder)) return;
  throw new ProblemError({
    code: 'no-folder',
    message: `There is no folder ${folder}.`,
    remedy: 'Choose a run folder: it holds run.db.',
  });
}
