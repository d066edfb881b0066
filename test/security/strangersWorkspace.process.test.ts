/** A workspace of a stranger's runs, opened in a window and in a terminal. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { documentUri } from '../../server/protocol/documents.ts';
import type { RequestMap, RequestName } from '../../server/protocol/languageMessages.ts';
import type { RunOverview } from '../../server/protocol/runs.ts';
import { azr } from '../cli/azr.ts';
import { startClient, type TestClient } from '../languageServer/client.ts';
import { GOOD } from '../languageServer/sampleRequests.ts';
import { type CanaryTree, makeCanaryTree, snapshotOf } from './canaryTree.ts';
import { makeModel } from './harmlessRun.ts';
import { HOSTILE_TEXT, makeHostileRuns, TRICKS } from './hostileRunFolder.ts';

const MEMORY_BYTES = 300 * 2 ** 20;
/** For one answer, on a busy machine; a hang has no end. */
const ANSWER_MS = 10_000;

let parent: string;
let canaries: CanaryTree;
let before: Record<string, string>;

beforeAll(async () => {
  parent = mkdtempSync(path.join(tmpdir(), 'azr-workspace-'));
  const model = path.join(parent, 'model');
  makeModel(model);
  canaries = makeCanaryTree(path.join(parent, 'canaries'), model);
  const runs = path.join(parent, 'workspace', 'runs');
  mkdirSync(runs, { recursive: true });
  await makeHostileRuns(runs, model, canaries);
  before = snapshotOf(canaries.folder);
});

afterAll(() => {
  rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
});

function folderOf(trick: string): string {
  return path.join(parent, 'workspace', 'runs', trick);
}

describe('a window that opens it', () => {
  let client: TestClient;
  let runs: readonly RunOverview[];

  beforeAll(async () => {
    client = await startClient({
      storageFolder: path.join(parent, 'storage'),
      workspaceFolders: [path.join(parent, 'workspace')],
    });
    await vi.waitFor(async () => {
      runs = await answered(client.request('azr/runs', {}));
      expect(runs).toHaveLength(TRICKS.length - UNLISTED.length);
    }, 60_000);
  });

  afterAll(async () => {
    await client.close();
  });

  test('lists every run, and says of each that cannot be read why', () => {
    const names = TRICKS.map(({ name }) => name).filter((name) => !UNLISTED.includes(name));
    expect(runs.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const { name, state, problem } of runs) {
      if (state !== 'unreadable') continue;
      expect(problem?.code, name).toMatch(/^[a-z][a-z-]+$/);
      expect(problem?.code, name).not.toBe('defect');
      expect(problem?.remedy, name).not.toBe('');
    }
    const readable = runs.filter(({ state }) => state !== 'unreadable');
    expect(readable.length).toBeGreaterThan(TRICKS.length / 3);
  });

  test('answers every request that there is about a run, whatever comes of it', async () => {
    const names = (Object.keys(GOOD) as RequestName[]).filter((name) => !(name in NOT_ASKED));
    for (const { id: runId, name } of runs) {
      for (const request of names) {
        const refusal = await answered(
          client.request(request, about(runId, request)).then(
            () => '',
            (reason: unknown) => (reason as Error).message,
          ),
        );
        expect(refusal, `${request} of ${name}`).not.toMatch(/defect|internal/i);
      }
    }
  });

  test('shows the texts of a model as they are, in data and nowhere else', async () => {
    const { id: runId } = runs.find(({ name }) => name === 'hostile-texts')!;
    const { settings } = await client.request('azr/configuration', { runId });
    // SQLite's JSON ends a text at a null character and has no lone surrogates.
    expect(settings.model.startsWith(HOSTILE_TEXT.slice(0, 100))).toBe(true);
  });

  test('takes no more memory than with other runs', () => {
    const status = readFileSync(`/proc/${String(client.process.pid)}/status`, 'utf8');
    const peakKb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
    expect(peakKb * 1024).toBeLessThan(MEMORY_BYTES);
  });
});

describe('a terminal', () => {
  test.each([
    ['link-runner.lock', 'not-a-plain-file'],
    ['link-checkpoints', 'not-a-plain-file'],
    ['hard-link-run.db', 'not-a-plain-file'],
    ['pipe-run.db', 'not-a-plain-file'],
    ['endless-device-run.db-wal', 'not-a-plain-file'],
    ['journal-that-deletes', 'corrupt'],
    ['lock-journal-that-deletes', 'unsafe-run'],
    ['generated-column', 'corrupt'],
    ['checkpoint-elsewhere', 'unsafe-run'],
    ['oversized-settings', 'corrupt'],
  ])('that resumes %s says why it does not', async (trick, code) => {
    const { code: status, stdout, stderr } = await azr(['resume', folderOf(trick), '--json']);
    const last = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ error: { code } });
    expect(status).not.toBe(0);
  });

  test.each(['pipe-run.db', 'trigger', 'endless-device-runner.json', 'oversized-outcome.json'])(
    'that attaches to %s ends',
    async (trick) => {
      const { code } = await answered(azr(['attach', folderOf(trick), '--json']));
      expect(code).not.toBeNull();
    },
  );
});

test('nothing beside the workspace was changed', () => {
  expect(snapshotOf(canaries.folder)).toEqual(before);
});

/** Requests that start or steer a process, which the other tests do with these folders, and why not here. */
const NOT_ASKED: Readonly<Partial<Record<RequestName, string>>> = {
  'azr/start': 'is about a new run',
  'azr/replay': 'strangersRunFolder replays every folder',
  'azr/resume': 'strangersRunFolder resumes every folder, also detached',
  'azr/stop': 'nobody works on these runs',
  'azr/pause': 'nobody works on these runs',
  'azr/doctor': 'looks at the machine, and at no run',
  'azr/machine': 'looks at the machine, and at no run',
  'azr/fetchModel': 'fetches a model, and looks at no run',
  'azr/suites': 'lists benchmarks, and looks at no run',
  'azr/fetchSuite': 'fetches a benchmark, and looks at no run',
};

/** The right request of its kind, about this run: a request that is added later is asked as well. */
function about<Name extends RequestName>(
  runId: string,
  name: Name,
): RequestMap[Name]['parameters'] {
  const request = {
    ...GOOD[name],
    ...('runId' in GOOD[name] && { runId }),
    ...('uri' in GOOD[name] && { uri: documentUri({ runId, kind: 'task', id: 1 }) }),
    ...('folder' in GOOD[name] && { folder: folderOf(runId.replace(/-[0-9a-f]+$/, '')) }),
  };
  return request;
}

/** What has no run.db, not even a bad one, is not a run. */
const UNLISTED = ['dangling-link-run.db'];

async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('There was no answer.'));
    }, ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
