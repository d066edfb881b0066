/** A stranger's run says how long and in how much memory its programs run, for a click on "Run again". */
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { RunId } from '../../server/protocol/runs.ts';
import type { Execution } from '../../server/protocol/sandbox.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { OpenRuns } from '../../server/src/languageServer/openRuns.ts';
import { documentUri } from '../../server/protocol/documents.ts';
import { Rerunner } from '../../server/src/languageServer/reruns/rerunner.ts';
import { SandboxOwner } from '../../server/src/languageServer/reruns/sandboxOwner.ts';
import type { OpenGrader } from '../../server/src/run/openGrader.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { checkSettings } from '../../server/src/settings/settings.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { makeHarmlessRun, makeModel } from './harmlessRun.ts';

const ID = 'stranger-0123456789ab' as RunId;

let folder: string;
let reader: RunReader | undefined;
let rerunner: Rerunner | undefined;
/** With what the sandbox was opened. */
let opened: RunSettings[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-rerun-'));
  makeModel(path.join(folder, 'model'));
  makeHarmlessRun(path.join(folder, 'run'), path.join(folder, 'model'));
  opened = [];
});

afterEach(async () => {
  vi.useRealTimers();
  await rerunner?.close();
  reader?.close();
  rerunner = undefined;
  reader = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A rerunner of the run after `sql`, whose programs end with `execute`. */
function rerunnerAfter(
  sql: string,
  execute: (signal: AbortSignal) => Promise<Execution[]> = () => Promise.resolve([]),
): Rerunner {
  const place = runFolderAt(path.join(folder, 'run'));
  const database = new DatabaseSync(place.database);
  database.exec(sql);
  database.close();
  const ownReader = RunReader.open(place.database);
  reader = ownReader;
  const runs = new OpenRuns({
    folder: () => place,
    run: () => ({ folder: place, reader: ownReader }),
  });
  const sandbox = {
    description: { engine: 'native', pythonVersion: '3.13' },
    runBatch: async (_: string, inputs: string[], { signal }: { signal: AbortSignal }) => [
      ...(await execute(signal)),
      ...inputs.map(() => ({
        ...{ outcome: 'ok', output: '1', stdout: '', durationMs: 1, cpuMs: 1, memoryKb: 1 },
      })),
    ],
  };
  const open = (settings: RunSettings): Promise<OpenGrader> => {
    opened.push(settings);
    return Promise.resolve({ sandbox, close: () => Promise.resolve() } as unknown as OpenGrader);
  };
  rerunner = new Rerunner(runs, () => undefined, new SandboxOwner(open));
  return rerunner;
}

const patched = (settings: object): string =>
  `UPDATE run SET settings = json_patch(settings, '${JSON.stringify(settings)}')`;

const rerun = (of: Rerunner) =>
  of.rerun(
    { uri: documentUri({ runId: ID, kind: 'task', id: 1 }), times: 1 },
    new AbortController().signal,
  );

test('more time and memory than the product gives is not given, and the result says so', async () => {
  const wanted = { cpuMs: 50_000, wallMs: 60_000, memoryMb: 512, outputCharacters: 1e7 };
  const result = await rerun(rerunnerAfter(patched(wanted)));
  expect(opened).toMatchObject([
    { cpuMs: 10_000, wallMs: 20_000, memoryMb: 512, outputCharacters: 32_768 },
  ]);
  expect(result.sandbox).toBe(
    'native, Python 3.13; cpuMs 10000 (the run: 50000), wallMs 20000 (the run: 60000), ' +
      'outputCharacters 32768 (the run: 10000000)',
  );
});

test.each([{ cpuMs: -1 }, { wallMs: 3_600_000 }, { memoryMb: 65_536 }])(
  'a run with limits that no run can have, %o, is not run again',
  async (limits) => {
    await expect(rerun(rerunnerAfter(patched(limits)))).rejects.toMatchObject({ code: 'corrupt' });
    expect(opened).toEqual([]);
  },
);

test('the limits of a run of the product are its own, and nothing is said', async () => {
  const { sandbox } = await rerun(rerunnerAfter(patched({ cpuMs: 700, memoryMb: 256 })));
  expect(opened).toMatchObject([{ cpuMs: 700, wallMs: 4_000, memoryMb: 256 }]);
  expect(sandbox).toBe('native, Python 3.13');
});

test('a task of thousands of examples is not run', async () => {
  const examples = JSON.stringify(new Array(2_000).fill({ input: '1', output: '1' }));
  await expect(
    rerun(rerunnerAfter(`UPDATE task SET examples = '${examples}'`)),
  ).rejects.toMatchObject({ code: 'too-many-inputs' });
  expect(opened).toEqual([]);
});

test('all executions of a rerun together have a time limit', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const answer = rerun(
    rerunnerAfter(
      'SELECT 1',
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    ),
  );
  const refused = expect(answer).rejects.toMatchObject({ code: 'rerun-too-long' });
  await vi.advanceTimersByTimeAsync(120_000);
  await refused;
});

test('settings of more than half a gibibyte or a minute are out of range', () => {
  for (const settings of [{ memoryMb: 513 }, { wallMs: 60_001 }, { cpuMs: 60_001 }]) {
    expect(() => checkSettings(settings, 'azr.json')).toThrow('must be an integer from');
  }
});
