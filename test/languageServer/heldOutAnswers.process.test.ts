/** Answers to held-out tasks of a real run, the recorded one, whose prompts and verdicts are as they were. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { documentUri, type DocumentKind } from '../../server/protocol/documents.ts';
import { DocumentLibrary } from '../../server/src/languageServer/documents/documentLibrary.ts';
import { lensesOf } from '../../server/src/languageServer/features/lenses.ts';
import { OpenRuns } from '../../server/src/languageServer/openRuns.ts';
import { Rerunner } from '../../server/src/languageServer/reruns/rerunner.ts';
import { scratchSource } from '../../server/src/languageServer/scratch/scratchSource.ts';
import { scratchText } from '../../server/src/languageServer/scratch/scratchText.ts';
import { demoArchive } from '../../server/src/runner/demoRun.ts';
import { runFolderAt } from '../../server/src/runner/runFolder.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { sampleStep } from '../store/sampleRun.ts';
import { handMadeRun, RUN_ID } from './handMadeRun.ts';

interface ProbeAnswer {
  readonly id: number;
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
  reader = RunReader.open(place.database);
  runs = new OpenRuns({ run: () => ({ folder: place, reader }) });
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

/** The first answer of every mode, verdict and reason that the probe had. */
function oneOfEachKind(): ProbeAnswer[] {
  return reader.connection.all(
    `SELECT min(id) AS id, mode, verdict, verdict_reason AS reason FROM rollout
     WHERE phase = 'probe' AND answer IS NOT NULL GROUP BY mode, verdict, verdict_reason`,
  ) as unknown as ProbeAnswer[];
}

describe('answers to held-out tasks', () => {
  it('all lead to the task that was asked', () => {
    const run = runs.run(RUN_ID);
    const rows = reader.connection.all(
      `SELECT min(rollout.id) AS id, prompt, answer, mode FROM rollout JOIN prompt USING (group_id)
       WHERE phase = 'probe' GROUP BY prompt`,
    );
    expect(rows.length).toBeGreaterThan(300);
    for (const row of rows) {
      const task = run.heldOut.taskOf({ phase: 'probe', prompt: String(row['prompt']) });
      expect(task?.mode).toBe(row['mode']);
    }
    // What was right then is the stored gold value, which no prompt of a deduction tells.
    const right = reader.connection.all(
      `SELECT prompt, answer FROM rollout JOIN prompt USING (group_id)
       WHERE phase = 'probe' AND mode = 'deduction' AND verdict = 'correct'`,
    );
    expect(right.length).toBeGreaterThan(10);
    for (const { prompt, answer } of right) {
      const task = run.heldOut.taskOf({ phase: 'probe', prompt: String(prompt) });
      const bare = (text: string) => text.replaceAll(/\s/g, '');
      expect(bare(task!.examples[0]!.output)).toBe(bare(String(answer)));
    }
    const [other] = rows;
    expect(
      run.heldOut.taskOf({ phase: 'estimate', prompt: String(other!['prompt']) }),
    ).toBeUndefined();
  });

  it('open as code, with the lenses of every answer', () => {
    const library = new DocumentLibrary(runs);
    const kinds = oneOfEachKind();
    expect(new Set(kinds.map(({ mode }) => mode)).size).toBe(3);
    for (const { id, mode } of kinds) {
      const uri = uriOf('answer', id);
      const { text, facts } = library.document(uri);
      expect(text).toContain('to a held-out task; prompt and completion.');
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
      expect(library.document(uriOf('heldout', id)).text).toMatch(/^def f\(/);
    }
  });

  it('run again with the verdict that is stored', async () => {
    for (const { id, verdict, reason } of oneOfEachKind()) {
      const target = { kind: 'rollout', runId: RUN_ID, rolloutId: id } as const;
      const result = await rerunner.rerun({ target, times: 1 }, AbortSignal.timeout(60_000));
      expect(result).toMatchObject({ verdict, storedVerdict: verdict, verdictReason: reason });
    }
  });

  it('are judged again when their copy is edited', async () => {
    const { id } = oneOfEachKind().find(
      ({ mode, verdict }) => mode === 'deduction' && verdict === 'wrong',
    )!;
    const run = runs.run(RUN_ID);
    const { prompt, answer } = reader.rollout(id)!;
    const gold = run.heldOut.taskOf({ phase: 'probe', prompt })!.examples[0]!.output;
    const stored = scratchText(scratchSource(run, { runId: RUN_ID, kind: 'answer', id }));
    expect(stored).toContain(answer!);
    const place = stored.lastIndexOf(answer!);
    const edited = stored.slice(0, place) + gold + stored.slice(place + answer!.length);
    const target = { kind: 'scratch', uri: 'file:///scratch.azr.py', text: edited } as const;
    const result = await rerunner.rerun({ target, times: 1 }, AbortSignal.timeout(60_000));
    expect(result).toMatchObject({ verdict: 'correct', storedVerdict: 'wrong' });
  });

  it('whose task is in no file any more say so, and what to do', async () => {
    const step = sampleStep(0);
    const [proposer, first, second] = step.rollouts;
    const { taskId, ...heldOut } = first!;
    expect(taskId).toBe(1);
    const other = handMadeRun([
      { ...step, rollouts: [proposer!, { ...heldOut, phase: 'probe' }, second!] },
    ]);
    const lost = new Rerunner(other.runs, () => undefined);
    const target = { kind: 'rollout', runId: RUN_ID, rolloutId: heldOut.id } as const;
    await expect(
      lost.rerun({ target, times: 1 }, AbortSignal.timeout(60_000)),
    ).rejects.toMatchObject({
      message: expect.stringContaining('the file of the held-out tasks does not have') as string,
    });
    await lost.close();
    other.close();
  });
});
