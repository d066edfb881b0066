/** Small runs that are written row by row, for tests of what is shown of them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { StepRecord } from '../../server/protocol/records.ts';
import { DocumentLibrary } from '../../server/src/languageServer/documents/documentLibrary.ts';
import { OpenRuns } from '../../server/src/languageServer/openRuns.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import type { CompletionRetention } from '../../server/src/store/writer/completionPruner.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleSession, sampleStep } from '../store/sampleRun.ts';

export const RUN_ID = 'hand-made-0123456789ab';

export interface HandMadeRun {
  readonly runs: OpenRuns;
  readonly library: DocumentLibrary;
  readonly folder: string;
  readonly close: () => void;
}

const KEEP_ALL: CompletionRetention = { completionsKeptSteps: 0, completionsKeptMb: 0 };

/** A run with these steps in a folder of its own. */
export function handMadeRun(
  steps: readonly StepRecord[],
  name = 'hand-made',
  retention = KEEP_ALL,
): HandMadeRun {
  const parent = mkdtempSync(path.join(tmpdir(), 'azr-language-'));
  const folder = path.join(parent, name);
  mkdirSync(folder);
  const place = runFolderAt(folder);
  const store = SqliteRunStore.create(place.database, sampleInformation());
  store.keepCompletions(retention);
  store.startSession(sampleSession(-1));
  for (const step of steps) store.commitStep(step);
  store.close();
  const reader = RunReader.open(place.database);
  const runs = new OpenRuns({ folder: () => place, run: () => ({ folder: place, reader }) });
  return {
    runs,
    library: new DocumentLibrary(runs),
    folder,
    close: () => {
      reader.close();
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

/** Sample step 1 with `text` wherever a model could have written something. */
export function hostileStep(text: string): StepRecord {
  const step = sampleStep(1);
  const program = `def f(a):\n    return ${JSON.stringify(text)}\n${text}`;
  const [accepted, rejected] = step.proposals;
  const [proposer, first, second] = step.rollouts;
  const task = step.tasks[0]!;
  return {
    ...step,
    proposals: [
      { ...accepted!, program: task.program },
      {
        ...rejected!,
        program,
        inputs: [text, `1)\n${text}`],
        message: text,
        reason: 'error',
        reasonMessage: text,
      },
    ],
    tasks: [
      {
        ...task,
        mode: 'induction',
        message: text,
        visible: 1,
        examples: [
          { input: '[1]', output: '[1, 1]' },
          { input: '[2]', output: '[2, 2]' },
        ],
      },
    ],
    rollouts: [
      { ...proposer!, completion: text },
      {
        ...first!,
        mode: 'deduction',
        answer: text,
        completion: text,
        verdict: 'malformed',
        verdictReason: 'not-a-literal',
        verdictMessage: text,
      },
      {
        ...second!,
        mode: 'induction',
        answer: program,
        completion: text,
        verdict: 'wrong',
        verdictReason: 'error',
        verdictMessage: text,
        executions: [
          {
            outcome: 'error',
            message: text,
            line: 2,
            stdout: text,
            durationMs: 1,
            cpuMs: 1,
            memoryKb: 1,
          },
        ],
      },
    ],
  };
}
