import { execFileSync, fork } from 'node:child_process';
import { on, once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CancellationTokenSource,
  type CodeLens,
  type Diagnostic,
  type InlayHint,
  LSPErrorCodes,
} from 'vscode-languageserver/node';

import { documentUri, type DocumentKind } from '../../server/protocol/documents.ts';
import { REQUEST_REFUSED, type RunsChanged } from '../../server/protocol/languageMessages.ts';
import type { AttemptItem, ProposalItem } from '../../server/protocol/queries.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { MODES } from '../../server/protocol/vocabulary.ts';
import { PAGE_REQUESTS } from '../../server/protocol/webviewMessages.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { azr } from '../cli/azr.ts';
import { sampleInformation, sampleStep } from '../store/sampleRun.ts';
import { startClient, type TestClient } from './client.ts';
import { mutated, randomSource } from '../randomJson.ts';
import { GOOD } from './sampleRequests.ts';

const ALL = { start: { line: 0, character: 0 }, end: { line: 10_000, character: 0 } };
const PARSE_ALL = `
import ast, json, sys
failed = {}
for name, text in json.load(sys.stdin).items():
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        failed[name] = str(error)
print(json.dumps(failed))
`;

let parent: string;
let storage: string;
let client: TestClient;
let runId: string;
/** A run with a rejected proposal of each kind, whatever the model of the other one says. */
let handMadeId: string;

beforeAll(async () => {
  parent = mkdtempSync(path.join(tmpdir(), 'azr-language-'));
  storage = path.join(parent, 'storage');
  const settings = [
    ...['seedTasks=4', 'proposalsPerMode=4', 'estimationRollouts=8', 'probe=none'],
    'curriculumEverySteps=0',
  ];
  const { code, stderr } = await azr([
    ...['run', '--directory', path.join(parent, 'workspace', 'runs', 'first'), '--steps', '1'],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  client = await startClient({
    storageFolder: storage,
    workspaceFolders: [path.join(parent, 'workspace')],
  });
  const [run] = await client.request('azr/runs', {});
  runId = run!.id;
});

afterAll(async () => {
  await client.close();
  rmSync(parent, { recursive: true, force: true });
});

function uriOf(kind: DocumentKind, id: number): string {
  return documentUri({ runId, kind, id });
}

/** Rows of the run, read past everything of ours. */
function rows<Row>(sql: string): Row[] {
  const database = new DatabaseSync(path.join(parent, 'workspace', 'runs', 'first', 'run.db'), {
    readOnly: true,
  });
  try {
    return database.prepare(sql).all() as Row[];
  } finally {
    database.close();
  }
}

function firstId(sql: string): number {
  const [row] = rows<{ id: number }>(`${sql} ORDER BY id LIMIT 1`);
  return row!.id;
}

async function lenses(uri: string): Promise<{ title: string; command: string; uri: unknown }[]> {
  const found = await client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
    textDocument: { uri },
  });
  return found.map(({ command }) => ({
    title: command!.title,
    command: command!.command,
    uri: (command!.arguments as unknown[])[0],
  }));
}

function hints(uri: string): Promise<InlayHint[]> {
  return client.connection.sendRequest('textDocument/inlayHint', {
    textDocument: { uri },
    range: ALL,
  });
}

/** The latest diagnostics of a document that was opened. */
async function diagnostics(uri: string): Promise<Diagnostic[]> {
  return until(() => {
    const published = client.notifications.findLast(
      ({ method, parameters }) =>
        method === 'textDocument/publishDiagnostics' && (parameters as { uri: string }).uri === uri,
    );
    return (published?.parameters as { diagnostics: Diagnostic[] } | undefined)?.diagnostics;
  });
}

async function until<Value>(look: () => Value | undefined): Promise<Value> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const value = look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error('It did not happen within 90 seconds.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function problemOf(request: Promise<unknown>): Promise<unknown> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: REQUEST_REFUSED });
  return (error as { data: unknown }).data;
}

describe('the server', () => {
  it('refuses a client of another version, and serves it nothing', async () => {
    const refusal: unknown = await startClient({
      storageFolder: storage,
      protocolVersion: PROTOCOL_VERSION + 1,
    }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      message: expect.stringContaining('version 2 of the protocol, this server 1') as string,
      data: { code: 'other-protocol', retry: false },
    });
  });

  it('lists runs, and tells of them', async () => {
    const [run, ...more] = await client.request('azr/runs', {});
    expect(more).toEqual([]);
    expect(run).toMatchObject({ name: 'first', state: 'finished', lastStep: 1, steps: 1 });
    const told = await until(() =>
      client.notifications.find(({ method }) => method === 'azr/runsChanged'),
    );
    expect((told.parameters as RunsChanged).runs).toEqual([run]);
  });

  it('serves every document of a run as Python that parses', async () => {
    const texts: Record<string, string> = {};
    const add = async (kind: DocumentKind, id: number): Promise<void> => {
      const uri = uriOf(kind, id);
      texts[uri] = await client.documentText(uri);
    };
    const unreadable = `'syntax', 'format', 'truncated', 'no-entry-function'`;
    for (const { id } of rows<{ id: number }>('SELECT id FROM task')) {
      await add('task', id);
      await add('reference', id);
    }
    const readable = `SELECT id FROM proposal WHERE reason IS NULL OR reason NOT IN ('syntax')`;
    for (const { id } of rows<{ id: number }>(readable)) await add('proposal', id);
    const answers = `SELECT id FROM rollout WHERE role = 'solver'
      AND (mode <> 'induction' OR verdict_reason NOT IN (${unreadable}))`;
    for (const { id } of rows<{ id: number }>(answers)) {
      await add('answer', id);
      await add('program', id);
    }
    expect(Object.keys(texts).length).toBeGreaterThan(100);
    const failed = execFileSync('python3', ['-I', '-c', PARSE_ALL], {
      input: JSON.stringify(texts),
      encoding: 'utf8',
    });
    expect(JSON.parse(failed)).toEqual({});
  });

  it('answers every query of viewers', async () => {
    const { items: steps } = await client.request('azr/steps', {
      ...{ runId, order: 'newest', limit: 10 },
    });
    expect(steps.map(({ step }) => step)).toEqual([1, 0]);
    const counted = await Promise.all(
      MODES.map(async (mode) => {
        const query = { runId, step: 1, role: 'proposer', mode, offset: 0, limit: 200 } as const;
        return (await client.request('azr/stepItems', query)).items.length;
      }),
    );
    expect(counted).toEqual([4, 4, 4]);
    const { settings, sessions, departures } = await client.request('azr/configuration', { runId });
    expect(settings).toMatchObject({ steps: 1, seedTasks: 4 });
    expect(sessions).toHaveLength(1);
    expect(departures.find(({ setting }) => setting === 'probe')?.description).toMatch(/\.$/);
    const names = await client.request('azr/metricNames', { runId });
    const query = { runId, names: names.slice(0, 3), afterStep: -1, maximumPoints: 10 };
    const { series } = await client.request('azr/metrics', query);
    expect(Object.keys(series)).toEqual(names.slice(0, 3));
    expect((await client.request('azr/curriculum', { runId, stretches: 4 })).runId).toBe(runId);
    const taskId = firstId(`SELECT id FROM task WHERE solve_rate IS NOT NULL`);
    const { items: answers } = await client.request('azr/answers', { runId, taskId, limit: 200 });
    expect(answers).toHaveLength(8);
    expect(await client.request('azr/learning', { runId })).toMatchObject({
      ...{ tasks: 0, finding: 'too-early' },
    });
    const changed = { runId, change: 'gained', limit: 5 } as const;
    expect((await client.request('azr/changedTasks', changed)).items).toEqual([]);
  });

  it('finds the place of each document in the lists', async () => {
    for (const role of ['proposer', 'solver'] as const) {
      const query = { runId, step: 1, role, mode: 'deduction', offset: 0, limit: 200 } as const;
      const { items } = await client.request('azr/stepItems', query);
      for (const [position, item] of items.entries()) {
        const uri =
          role === 'proposer'
            ? uriOf('proposal', (item as ProposalItem).id)
            : uriOf('answer', (item as AttemptItem).rolloutId);
        expect(await client.request('azr/locate', { uri })).toEqual({
          ...{ runId, step: 1, role, mode: 'deduction', position, rolloutId: item.rolloutId },
        });
      }
    }
  });

  it('tells the story of a reward with the texts of tokens', async () => {
    const id = firstId(
      `SELECT id FROM rollout WHERE role = 'solver' AND mode = 'deduction' AND advantage IS NOT NULL`,
    );
    const [row] = rows<{ completion: string; advantage: number }>(
      `SELECT completion, advantage FROM rollout WHERE id = ${String(id)}`,
    );
    const { stages } = await client.request('azr/rewardStory', { runId, rolloutId: id });
    const tokens = stages.find((stage) => stage.kind === 'tokens');
    expect(tokens?.tokens.map(({ text }) => text).join('')).toContain(row!.completion);
    expect(stages.find((stage) => stage.kind === 'advantage')?.value).toBe(row!.advantage);
  });

  it('says what this machine can run', async () => {
    const { choices, device, problem } = await client.request('azr/machine', {});
    expect(problem).toBeUndefined();
    expect(device).not.toBe('');
    expect(choices.find(({ value }) => value === 'azr-nano')).toMatchObject({ fits: true });
    const checks = await client.request('azr/doctor', {});
    expect(checks.find(({ name }) => name === 'sandbox')).toMatchObject({ status: 'ok' });
    for (const check of checks) {
      expect(Object.keys(check)).not.toContain('sandbox');
      expect(check.status === 'ok' || check.remedy !== undefined).toBe(true);
    }
  });

  it('fetches only what has a name, and no path', async () => {
    for (const model of ['../models/other', '/models/other', 'azr-nano', 'file.gguf']) {
      expect(await problemOf(client.request('azr/fetchModel', { model }))).toMatchObject({
        code: 'unknown-model',
        message: `${model} is not the id of a model.`,
      });
    }
  });

  it('passes or refuses whatever a page asks, and lives on', async () => {
    const random = randomSource(3);
    for (const name of PAGE_REQUESTS) {
      for (let round = 0; round < 20; round += 1) {
        const parameters = mutated(
          { ...GOOD[name], ...('runId' in GOOD[name] && { runId }) },
          random,
        );
        const answer = client.connection.sendRequest(name, parameters);
        const error: unknown = await answer.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) continue;
        expect(error).toMatchObject({ code: REQUEST_REFUSED });
        const { data } = error as { data: { code: string; remedy: string } };
        expect(data.code).not.toBe('defect');
        expect(data.remedy).not.toBe('');
      }
    }
    expect(await client.request('azr/runs', {})).toHaveLength(1);
  });
});

/** Writes a run with a proposal that does not parse and one that could not be read. */
function writeHandMadeRun(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const store = SqliteRunStore.create(path.join(folder, 'run.db'), sampleInformation());
  const first = sampleStep(0);
  const program = 'def f(a):\n    b = 1\n    return = 2';
  const [accepted, rejected] = first.proposals;
  const broken = { ...rejected!, program, reason: 'syntax' as const };
  store.commitStep({ ...first, proposals: [accepted!, broken] });
  store.commitStep(sampleStep(1));
  store.close();
}

describe('an open document', () => {
  beforeAll(async () => {
    const folder = path.join(parent, 'hand-made');
    writeHandMadeRun(folder);
    handMadeId = (await client.request('azr/openRunFolder', { folder })).runId;
  });

  it('of a task has lenses, links, symbols and hovers', async () => {
    const id = firstId(`SELECT id FROM task WHERE solve_rate IS NOT NULL AND mode = 'deduction'`);
    const uri = uriOf('task', id);
    const text = await client.documentText(uri);
    await client.open(uri, text);
    const [row] = rows<{ correct: number }>(
      `SELECT count(*) AS correct FROM rollout WHERE task_id = ${String(id)} AND verdict = 'correct'`,
    );
    expect(await lenses(uri)).toEqual([
      { title: 'Run in sandbox', command: 'azr.rerun', uri },
      { title: 'Run ×10', command: 'azr.rerunMany', uri },
      { title: `Solver answers (${String(row!.correct)}/8)`, command: 'azr.showAnswers', uri },
      { title: 'Rewards', command: 'azr.showRewards', uri },
      { title: 'Open in scratch file', command: 'azr.openScratch', uri },
    ]);
    const textDocument = { uri };
    const links = await client.connection.sendRequest<{ target: string }[]>(
      'textDocument/documentLink',
      { textDocument },
    );
    for (const { target } of links) expect(await client.documentText(target)).not.toBe('');
    expect(links.filter(({ target }) => target.includes('/answer-'))).toHaveLength(8);
    const symbols = await client.connection.sendRequest<{ name: string }[]>(
      'textDocument/documentSymbol',
      { textDocument },
    );
    expect(symbols.map(({ name }) => name)).toEqual(['How it went', 'Program', 'Input']);
    const line = text.split('\n').findIndex((content) => content.includes('learnability'));
    const character = text.split('\n')[line]!.indexOf('learnability') + 3;
    const hover = await client.connection.sendRequest<{ contents: { value: string } }>(
      'textDocument/hover',
      { textDocument, position: { line, character } },
    );
    expect(hover.contents.value).toContain('1 − p̄');
    expect(await diagnostics(uri)).toEqual([]);
  });

  it('of a rejected proposal says why at the line that caused it', async () => {
    const uri = documentUri({ runId: handMadeId, kind: 'proposal', id: 2 });
    const text = await client.documentText(uri);
    await client.open(uri, text);
    const [diagnostic] = await diagnostics(uri);
    expect(diagnostic).toMatchObject({ code: 'syntax', source: 'AZR', severity: 2 });
    expect(text.split('\n')[diagnostic!.range.start.line]).toBe('    return = 2');
    const href = new URL(diagnostic!.codeDescription!.href);
    const page = readFileSync(new URL(href.pathname, href), 'utf8').split('\n');
    expect(page[Number(href.hash.slice(2)) - 1]).toBe('## syntax');
    expect((await lenses(uri)).map(({ title }) => title)).toContain('Why rejected');
  });

  it('of a wrong answer shows the verdict beside it', async () => {
    const id = firstId(
      `SELECT id FROM rollout WHERE mode = 'deduction' AND verdict_reason = 'different-output'`,
    );
    const uri = uriOf('answer', id);
    const text = await client.documentText(uri);
    await client.open(uri, text);
    const [hint] = await hints(uri);
    expect(hint!.label).toBe('✗ wrong · different-output');
    expect(text.split('\n')[hint!.position.line]).toMatch(/^answer = /);
    expect(await diagnostics(uri)).toMatchObject([
      { code: 'different-output', message: expect.stringContaining('the program gives') as string },
    ]);
    expect((await lenses(uri)).map(({ title }) => title)).toEqual([
      ...['Run in sandbox', 'Run ×10', 'Rewards', 'Compare with answer', 'Why this verdict'],
      'Open in scratch file',
    ]);
  });
});

describe('a rerun', () => {
  it('is shown on the side of a comparison in which it was asked for, and nowhere else', async () => {
    const taskId = firstId(`SELECT id FROM task WHERE mode = 'abduction'`);
    const uri = uriOf('reference', taskId);
    const { cases } = await client.request('azr/rerun', { uri, times: 1 });
    expect((await hints(uri)).map(({ label }) => label)).toEqual([`✓ ${cases[0]!.expected!}`]);
    expect((await hints(uriOf('task', taskId))).map(({ label }) => label)).toEqual([]);
  });

  it('of every task gives what is stored', async () => {
    for (const { id } of rows<{ id: number }>('SELECT id FROM task')) {
      const uri = uriOf('task', id);
      const { cases, summary } = await client.request('azr/rerun', { uri, times: 2 });
      expect(cases.every(({ matches, deterministic }) => matches === true && deterministic)).toBe(
        true,
      );
      expect(summary).toContain('as stored');
    }
  });

  it('of every answer gives the stored verdict', async () => {
    const answers = rows<{ id: number; verdict: string; verdict_reason: string }>(
      `SELECT id, verdict, verdict_reason FROM rollout WHERE role = 'solver' AND answer IS NOT NULL`,
    );
    expect(new Set(answers.map(({ verdict }) => verdict)).size).toBeGreaterThan(1);
    for (const { id, verdict, verdict_reason } of answers) {
      const uri = uriOf('answer', id);
      const result = await client.request('azr/rerun', { uri, times: 1 });
      expect(result).toMatchObject({
        verdict,
        storedVerdict: verdict,
        verdictReason: verdict_reason,
      });
    }
  });

  it('shows its values in the document', async () => {
    const taskId = firstId(`SELECT id FROM task WHERE mode = 'deduction'`);
    const uri = uriOf('task', taskId);
    const asked = client.serverRequests.length;
    const result = await client.request('azr/rerun', { uri, times: 3 });
    expect((await hints(uri)).map(({ label }) => label)).toEqual([
      `✓ ${result.cases[0]!.expected!}`,
    ]);
    expect((await lenses(uri))[0]!.title).toBe(result.summary);
    expect(result.summary).toMatch(/^3 runs, all .*, as stored · [\d.]+ ms$/);
    await until(() =>
      ['workspace/codeLens/refresh', 'workspace/inlayHint/refresh'].every((method) =>
        client.serverRequests.slice(asked).some((request) => request.method === method),
      )
        ? true
        : undefined,
    );
  });

  it('of a rejected proposal says what went wrong', async () => {
    const uri = documentUri({ runId: handMadeId, kind: 'proposal', id: 2 });
    const { cases, problem } = await client.request('azr/rerun', { uri, times: 1 });
    expect(cases[0]!.executions[0]).toMatchObject({ outcome: 'syntax', line: 3 });
    expect(problem).toContain('syntax in line 3');
  });

  it('says when there is nothing to run', async () => {
    const uri = documentUri({ runId: handMadeId, kind: 'proposal', id: 4 });
    expect(await problemOf(client.request('azr/rerun', { uri, times: 1 }))).toMatchObject({
      code: 'nothing-to-run',
    });
  });

  it('can be cancelled', async () => {
    const { path: file } = await client.request('azr/scratch', { uri: uriOf('task', 1) });
    const text = readFileSync(file, 'utf8').replace('return a', 'while True: pass');
    const uri = pathToFileURL(file).href;
    const source = new CancellationTokenSource();
    const request = client.connection.sendRequest(
      'azr/rerun',
      { uri, text, times: 100 },
      source.token,
    );
    setTimeout(() => {
      source.cancel();
    }, 300);
    const startMs = Date.now();
    await expect(request).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
    expect(Date.now() - startMs).toBeLessThan(10_000);
  });
});

describe('a scratch file', () => {
  async function scratchOf(uri: string): Promise<{ uri: string; text: string }> {
    const { path: file } = await client.request('azr/scratch', { uri });
    return { uri: pathToFileURL(file).href, text: readFileSync(file, 'utf8') };
  }

  it('shows the fresh value beside the stored one, until it is edited', async () => {
    const original = uriOf('task', 1);
    const { uri, text } = await scratchOf(original);
    const edited = text.replace('return a', 'return a + "!"');
    expect(edited).not.toBe(text);
    await client.open(uri, edited);
    expect((await lenses(uri)).map((lens) => lens.command)).toEqual(['azr.rerun', 'azr.rerunMany']);
    const result = await client.request('azr/rerun', { uri, text: edited, times: 2 });
    expect(result.cases[0]).toMatchObject({
      ...{ input: "'Hello world'", expected: "'Hello world'", matches: false },
      executions: [{ output: "'Hello world!'" }, { output: "'Hello world!'" }],
    });
    expect((await hints(uri)).map(({ label }) => label)).toEqual([
      "✗ 'Hello world!' (stored: 'Hello world')",
    ]);
    await client.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: edited.replace('"!"', '"?"') }],
    });
    expect(await hints(uri)).toEqual([]);
  });

  it('is found out when it is not deterministic', async () => {
    const { uri, text } = await scratchOf(uriOf('task', 1));
    const program = "def f(a):\n    return list({'one', 'two', 'three', 'four', 'five', a})";
    const edited = text.replace(/def f[^#]*\n\n/, `${program}\n\n`);
    const { cases, summary } = await client.request('azr/rerun', { uri, text: edited, times: 4 });
    expect(cases[0]!.deterministic).toBe(false);
    expect(summary).toContain('not deterministic');
  });

  it('compares as the grader does: 1, True and 1.0 are three values', async () => {
    const { uri, text } = await scratchOf(uriOf('task', 1));
    const edited = text.replace('return a', 'return 1').replace(/^f\(.*$/m, 'f(True)\nf(1.0)');
    const { cases } = await client.request('azr/rerun', { uri, text: edited, times: 2 });
    expect(cases.map(({ matches, deterministic }) => [matches, deterministic])).toEqual([
      [undefined, true],
      [undefined, true],
    ]);
  });

  it('of an answer is judged again', async () => {
    const id = firstId(`SELECT id FROM rollout WHERE mode = 'deduction' AND verdict = 'wrong'`);
    const [row] = rows<{ output: string }>(
      `SELECT json_extract(examples, '$[0].output') AS output FROM task
       JOIN rollout ON task.id = task_id WHERE rollout.id = ${String(id)}`,
    );
    const { uri, text } = await scratchOf(uriOf('answer', id));
    const edited = text.replace(/(?<=as literals\.\n).*/, row!.output);
    const result = await client.request('azr/rerun', { uri, text: edited, times: 1 });
    expect(result).toMatchObject({ storedVerdict: 'wrong', verdict: 'correct' });
    await client.open(uri, edited);
    expect((await hints(uri)).map(({ label }) => label)).toContain('now ✓ correct');
    expect(await client.request('azr/locate', { uri })).toMatchObject({ rolloutId: id });
  });

  it('says what is missing, in the file and when it is run', async () => {
    const { uri, text } = await scratchOf(uriOf('task', 2));
    const edited = text.replace('# --- calls ---\n', '');
    await client.open(uri, edited);
    const [diagnostic] = await diagnostics(uri);
    expect(diagnostic).toMatchObject({ code: 'missing-section', severity: 1 });
    expect(
      await problemOf(client.request('azr/rerun', { uri, text: edited, times: 1 })),
    ).toMatchObject({
      code: 'missing-section',
      message: expect.stringContaining('# --- calls ---') as string,
      remedy: expect.stringContaining('one per line') as string,
    });
  });

  it('as a Python file runs by itself', async () => {
    const tasks = rows<{ id: number; examples: string }>('SELECT id, examples FROM task');
    for (const { id, examples } of tasks.slice(-3)) {
      const { name, text } = await client.request('azr/pythonFile', { uri: uriOf('task', id) });
      const file = path.join(parent, name);
      writeFileSync(file, text);
      const printed = execFileSync('python3', [file], { encoding: 'utf8' });
      const outputs = (JSON.parse(examples) as { output: string }[]).map(({ output }) => output);
      expect(printed.trimEnd().split('\n')).toEqual(outputs);
    }
  });
});

/** The requests of the server that a document be read again. */
function refreshesOf(uri: string) {
  return client.serverRequests.filter(
    ({ method, parameters }) =>
      method === 'workspace/textDocumentContent/refresh' &&
      (parameters as { uri: string }).uri === uri,
  );
}

describe('runs that come and go', () => {
  it('explains databases that cannot be read', async () => {
    const place = path.join(parent, 'elsewhere');
    const source = path.join(parent, 'workspace', 'runs', 'first');
    const damage: Record<string, (file: string) => void> = {
      'not-a-run': (file) => {
        writeFileSync(file, 'no database');
      },
      'newer-schema': (file) => {
        const database = new DatabaseSync(file);
        database.exec('PRAGMA user_version = 999');
        database.close();
      },
      corrupt: (file) => {
        const bytes = readFileSync(file);
        bytes.fill(0x5a, 4096);
        writeFileSync(file, bytes);
      },
    };
    for (const [code, damageFile] of Object.entries(damage)) {
      const folder = path.join(place, code);
      cpSync(source, folder, { recursive: true });
      damageFile(path.join(folder, 'run.db'));
      const { runId: damaged } = await client.request('azr/openRunFolder', { folder });
      const uri = documentUri({ runId: damaged, kind: 'task', id: 1 });
      expect(await problemOf(client.documentText(uri))).toMatchObject({
        code,
        remedy: expect.stringMatching(/\.$/) as string,
      });
      const runs = await client.request('azr/runs', {});
      expect(runs.find(({ id }) => id === damaged)).toMatchObject({
        state: 'unreadable',
        problem: { code },
      });
    }
  });

  it('says so when a run is deleted while its documents are open', async () => {
    const folder = path.join(parent, 'deleted');
    cpSync(path.join(parent, 'workspace', 'runs', 'first'), folder, { recursive: true });
    const { runId: opened } = await client.request('azr/openRunFolder', { folder });
    const uri = documentUri({ runId: opened, kind: 'task', id: 1 });
    await client.open(uri, await client.documentText(uri));
    rmSync(folder, { recursive: true });
    // Seen half deleted, a folder looks like one whose run is just starting.
    await expect
      .poll(() => problemOf(client.documentText(uri)))
      .toMatchObject({ code: expect.stringMatching(/^(run-deleted|unknown-run)$/) as string });
    expect(await lenses(uri)).toEqual([]);
  });

  it('refuses folders without a run', async () => {
    for (const folder of [path.join(parent, 'nowhere'), parent]) {
      expect(await problemOf(client.request('azr/openRunFolder', { folder }))).toMatchObject({
        remedy: expect.stringContaining('run folder') as string,
      });
    }
  });

  it('refreshes an open task when it gets new answers', async () => {
    const folder = path.join(parent, 'growing');
    cpSync(path.join(parent, 'workspace', 'runs', 'first'), folder, { recursive: true });
    const { runId: growing } = await client.request('azr/openRunFolder', { folder });
    const uri = documentUri({ runId: growing, kind: 'task', id: 2 });
    await client.open(uri, await client.documentText(uri));
    const store = SqliteRunStore.open(path.join(folder, 'run.db'));
    const { lastTaskId, lastProposalId, lastRolloutId, lastGroup } = store.counters();
    const [, answer] = sampleStep(2).rollouts;
    const id = lastRolloutId + 1;
    expect([lastTaskId, lastProposalId].every((last) => last > 0)).toBe(true);
    store.commitStep({
      ...sampleStep(2),
      ...{ proposals: [], tasks: [], baselines: [], metrics: [] },
      ...{ attempts: [], harvests: [], goldDocuments: [] },
      rollouts: [{ ...answer!, id, group: lastGroup + 1, taskId: 2, phase: 'replay' }],
    });
    store.close();
    await until(() => refreshesOf(uri)[0]);
    expect(await client.documentText(uri)).toContain(`Answers in step 2: ${String(id)} correct.`);
  });

  it('refreshes a document that was out of date when its editor opened', async () => {
    const { runId: opened } = await client.request('azr/openRunFolder', {
      folder: path.join(parent, 'workspace', 'runs', 'first'),
    });
    const [current, stale] = [1, 2].map((id) => documentUri({ runId: opened, kind: 'task', id }));
    await client.open(current!, await client.documentText(current!));
    await client.open(stale!, `${await client.documentText(stale!)}\n`);
    await until(() => refreshesOf(stale!)[0]);
    expect(refreshesOf(current!)).toEqual([]);
  });

  it('starts a run, watches it, and leaves it at work when the window closes', async () => {
    const folder = path.join(parent, 'second');
    const settings = { steps: 500, seedTasks: 4, proposalsPerMode: 2, probe: 'none' };
    const other = await startClient({ storageFolder: folder });
    const started = await other.request('azr/start', { parentFolder: folder, settings });
    await until(() =>
      other.notifications.some(
        ({ method, parameters }) =>
          method === 'azr/runsChanged' &&
          (parameters as RunsChanged).runs.some(
            ({ id, lastStep }) => id === started.runId && lastStep >= 1,
          ),
      )
        ? true
        : undefined,
    );
    expect(await other.close()).toBe(0);

    const third = await startClient({ storageFolder: folder });
    const [run] = await third.request('azr/runs', {});
    expect(['running', 'starting']).toContain(run!.state);
    await third.request('azr/stop', { runId: started.runId, when: 'now' });
    const ended = await until(() =>
      third.notifications.find(({ method }) => method === 'azr/runEnded'),
    );
    expect(ended.parameters).toMatchObject({ run: { id: started.runId, state: 'stopped' } });
    await third.close();
  });
});

describe('the end', () => {
  it('takes the sandbox along', async () => {
    const workspaceFolders = [path.join(parent, 'workspace')];
    const other = await startClient({ storageFolder: storage, workspaceFolders }, 25);
    const [, many] = await other.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
      textDocument: { uri: uriOf('task', 1) },
    });
    expect(many!.command!.title).toBe('Run ×25');
    await other.request('azr/rerun', { uri: uriOf('task', 1), times: 1 });
    const children = childrenOf(other.process.pid!);
    expect(children.length).toBeGreaterThan(0);
    const startMs = Date.now();
    expect(await other.close()).toBe(0);
    expect(Date.now() - startMs).toBeLessThan(5000);
    expect(children.filter((pid) => existsSync(`/proc/${String(pid)}`))).toEqual([]);
  });

  it('comes when the client is gone', async () => {
    const other = await startClient({ storageFolder: storage });
    const exited = once(other.process, 'exit');
    other.process.stdin!.end();
    await exited;
    other.connection.dispose();
  });

  it('is served over the channel that VS Code uses, from the bundle', async () => {
    const server = fork('dist/server.mjs', ['--node-ipc'], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    /** What the server answers; it also tells of runs, unasked. */
    const ask = async (id: number, method: string, parameters?: object): Promise<unknown> => {
      const messages = on(server, 'message') as AsyncIterable<[{ id?: number; result?: unknown }]>;
      server.send({ jsonrpc: '2.0', id, method, params: parameters });
      for await (const [message] of messages) if (message.id === id) return message.result;
      return undefined;
    };
    const initializationOptions = {
      ...{ protocolVersion: PROTOCOL_VERSION, storageFolder: storage, pythonPath: '' },
      workspaceFolders: [path.join(parent, 'workspace')],
    };
    const params = {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
      initializationOptions,
    };
    expect(await ask(1, 'initialize', params)).toMatchObject({
      serverInfo: { name: 'AZR Studio' },
    });
    // A query is answered by the bundle of the thread.
    expect(await ask(2, 'azr/metricNames', { runId })).toContain('step.durationMs');
    const exited = once(server, 'exit') as Promise<[number]>;
    expect(await ask(3, 'shutdown')).toBeNull();
    server.send({ jsonrpc: '2.0', method: 'exit' });
    expect((await exited)[0]).toBe(0);
  });
});

/** Processes below `pid`, from Linux's own list. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${String(pid)}/task/${String(pid)}/children`;
  return readFileSync(file, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}
