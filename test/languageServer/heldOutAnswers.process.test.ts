/** Answers to held-out tasks of a real run, the recorded one, from its run.db alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { brotliDecompressSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { documentUri, type DocumentKind } from '../../server/protocol/documents.ts';
import { DocumentLibrary } from '../../server/src/languageServer/documents/documentLibrary.ts';
import { lensesOf } from '../../server/src/languageServer/features/lenses.ts';
import { locateDocument } from '../../server/src/languageServer/documents/locateDocument.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import { OpenRuns } from '../../server/src/languageServer/openRuns.ts';
import { Rerunner } from '../../server/src/languageServer/reruns/rerunner.ts';
import { scratchSource } from '../../server/src/languageServer/scratch/scratchSource.ts';
import { scratchText } from '../../server/src/languageServer/scratch/scratchText.ts';
import { demoArchive } from '../../server/src/runs/demoRun.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { fillSummaries } from '../../server/src/store/writer/summaryWriter.ts';
import { RUN_ID } from './handMadeRun.ts';

interface HeldOutAnswer {
  readonly id: number;
  readonly taskId: number;
  readonly step: number;
  readonly mode: string;
  readonly verdict: string;
  readonly reason: string;
}

let folder: string;
let reader: RunReader;
let runs: OpenRuns;
let rerunner: Rerunner;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-held-out-'));
  const place = runFolderAt(folder);
  writeFileSync(place.database, brotliDecompressSync(readFileSync(demoArchive())));
  // A recorded run ships without summaries.
  const database = new DatabaseSync(place.database);
  fillSummaries(database);
  database.close();
  reader = RunReader.open(place.database);
  runs = new OpenRuns({ folder: () => place, run: () => ({ folder: place, reader }) });
  rerunner = new Rerunner(runs, () => undefined);
});

afterAll(async () => {
  await rerunner.close();
  reader.close();
  rmSync(folder, { recursive: true, force: true });
});

function uriOf(kind: DocumentKind, id: number): string {
  return documentUri({ runId: RUN_ID, kind, id });
}

/** The first answer of every mode, verdict, reason and way of asking. */
function oneOfEachKind(): HeldOutAnswer[] {
  return reader.connection.all(
    `SELECT min(id) AS id, task_id AS taskId, step, mode, verdict, verdict_reason AS reason FROM rollout
     WHERE phase IN ('greedy', 'probe') AND answer IS NOT NULL GROUP BY mode, verdict, verdict_reason, phase`,
  ) as unknown as HeldOutAnswer[];
}

describe('answers to held-out tasks', () => {
  it('all lead to a held-out task of the run, whose gold value decided', () => {
    const rows = reader.connection.all(
      "SELECT id, task_id, answer, mode, verdict FROM rollout WHERE phase IN ('greedy', 'probe')",
    );
    const tasks = new Map([...reader.heldOutTasks()].map((task) => [task.id, task]));
    expect(tasks.size).toBe(reader.heldOutCount());
    expect(rows.length).toBeGreaterThan(tasks.size);
    const bare = (text: string) => text.replaceAll(/\s/g, '');
    let right = 0;
    for (const { task_id, mode, answer, verdict } of rows) {
      const task = tasks.get(Number(task_id));
      expect(task?.mode).toBe(mode);
      if (mode !== 'deduction' || verdict !== 'correct') continue;
      expect(bare(task!.examples[0]!.output)).toBe(bare(String(answer)));
      right += 1;
    }
    expect(right).toBeGreaterThan(10);
  });

  it('open as code, with the lenses of every answer', () => {
    const library = new DocumentLibrary(runs);
    const kinds = oneOfEachKind();
    expect(new Set(kinds.map(({ mode }) => mode)).size).toBe(3);
    for (const { id, taskId, mode } of kinds) {
      const uri = uriOf('answer', id);
      const { text, facts } = library.document(uri);
      expect(text).toMatch(
        /to the held-out task \d+, (?:with the likeliest tokens|sampled at temperature 1); prompt and completion\./,
      );
      expect(text).toMatch(mode === 'induction' ? /# Hidden; they decide:/ : /^def f\(/m);
      const subject = { facts: facts!, uri, original: uri, isScratch: false, manyTimes: 5 };
      expect(lensesOf(subject).map(({ command }) => command?.title)).toEqual([
        'Run in sandbox',
        'Run ×5',
        'Rewards',
        'Compare with answer',
        'Why this verdict',
        'Open in scratch file',
      ]);
      expect(library.document(uriOf('reference', taskId)).text).toMatch(/^def f\(/);
      const task = library.document(uriOf('task', taskId)).text;
      expect(task).toContain('Held out: it measures what was learned, and is never trained on.');
      expect(task).toContain(`Held-out task ${String(taskId)} of run`);
    }
  });

  it('are found in the list of held-out tasks of their step, and a task where it was last asked', () => {
    const queries = new RunQueries(runs.run(RUN_ID).reader);
    for (const { id, taskId } of oneOfEachKind()) {
      for (const uri of [uriOf('answer', id), uriOf('task', taskId)]) {
        const { step, role, mode, position } = locateDocument(runs, uri, undefined);
        expect(role).toBe('held-out');
        const page = { runId: RUN_ID, step, role, mode, offset: position, limit: 1 } as const;
        expect(queries.stepItems(page).items).toMatchObject([{ taskId, phase: 'greedy' }]);
      }
    }
  });

  it('run again with the verdict that is stored', async () => {
    for (const { id, verdict, reason } of oneOfEachKind()) {
      const uri = documentUri({ runId: RUN_ID, kind: 'answer', id });
      const result = await rerunner.rerun({ uri, times: 1 }, AbortSignal.timeout(60_000));
      expect(result).toMatchObject({ verdict, storedVerdict: verdict, verdictReason: reason });
    }
  });

  it('are judged again when their copy is edited', async () => {
    const { id, taskId } = oneOfEachKind().find(
      ({ mode, verdict }) => mode === 'deduction' && verdict === 'wrong',
    )!;
    const run = runs.run(RUN_ID);
    const { answer } = reader.rollout(id)!;
    const gold = reader.task(taskId)!.examples[0]!.output;
    const stored = scratchText(scratchSource(run, { runId: RUN_ID, kind: 'answer', id }));
    expect(stored).toContain(answer!);
    const place = stored.lastIndexOf(answer!);
    const edited = stored.slice(0, place) + gold + stored.slice(place + answer!.length);
    const result = await rerunner.rerun(
      { uri: 'file:///scratch.azr.py', text: edited, times: 1 },
      AbortSignal.timeout(60_000),
    );
    expect(result).toMatchObject({ verdict: 'correct', storedVerdict: 'wrong' });
  });
});
