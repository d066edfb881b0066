/**
 * An attacker who writes a run folder, names a folder or answers as an engine server cannot make the editor
 * show a link that runs a command, an icon, or a text that reads otherwise than it is.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { foreignText, withoutMarkup } from '../../server/protocol/foreignText.ts';
import { visibleText } from '../../server/protocol/visibleText.ts';
import { explanationOf } from '../../server/src/languageServer/features/explanations.ts';
import { hintsOf } from '../../server/src/languageServer/features/hints.ts';
import { lensesOf } from '../../server/src/languageServer/features/lenses.ts';
import {
  attempt,
  groupNode,
  itemNode,
  overview,
  proposal,
  runNode,
} from '../extension/treeSamples.ts';
import { HOSTILE_STRINGS, ICON, LINK, randomHostileTexts, UNSEEN } from './hostileStrings.ts';
import { forgetShown, keepTexts, shownTexts } from './vscodeRecorder.ts';

const { vscodeRecorder } = await import('./vscodeRecorder.ts');
vi.mock('vscode', async () => (await import('./vscodeRecorder.ts')).vscodeRecorder);

const { window } = await import('../../extension/src/shown/safeWindow.ts');
const { tooltip, treeItem } = await import('../../extension/src/shown/safeItems.ts');
const { testMessage } = await import('../../extension/src/shown/safeTests.ts');
const { t } = await import('../../extension/src/shown/safeText.ts');
const { ProblemError } = await import('../../server/protocol/problem.ts');
const { tellProblem } = await import('../../extension/src/tellProblem.ts');
const { Notifications } = await import('../../extension/src/status/notifications.ts');
const { StatusBar } = await import('../../extension/src/status/statusBar.ts');
const { TaskTree } = await import('../../extension/src/tree/taskTree.ts');
const { HeldOutTests } = await import('../../extension/src/testing/heldOutTests.ts');
const { DocumentFileSystem } = await import('../../extension/src/documents/documentFileSystem.ts');
const { showAnswers } = await import('../../extension/src/commands/answers.ts');
const { compare } = await import('../../extension/src/commands/compare.ts');
const { stopRun } = await import('../../extension/src/commands/controlRun.ts');
const { copyPythonFile } = await import('../../extension/src/commands/copies.ts');
const { ensureEngineKey } = await import('../../extension/src/commands/engineKey.ts');
const { pickStart } = await import('../../extension/src/commands/pickStart.ts');
const { replayRun } = await import('../../extension/src/commands/replayRun.ts');
const { rerunOnce } = await import('../../extension/src/commands/rerun.ts');
const { revealRunFolder } = await import('../../extension/src/commands/runFolder.ts');
const { showMenu } = await import('../../extension/src/commands/showMenu.ts');

beforeEach(forgetShown);

/** One of our own icons may lead a text. */
const OWN_ICON = /^\$\([a-z-]+(?:~spin)?\) /;

function expectHarmless(): void {
  expect(shownTexts.length).toBeGreaterThan(0);
  for (const { place, text } of shownTexts) {
    expect(text, place).not.toMatch(LINK);
    expect(text.replace(OWN_ICON, ''), place).not.toMatch(ICON);
    expect(text, place).not.toMatch(UNSEEN);
    expect(text.length, place).toBeLessThan(4000);
    if (place.includes('Markdown') && !place.includes('appendText')) {
      expect(['**', '\n\n', '']).toContain(text);
    }
  }
}

/** A run whose every text is the attacker's. */
function hostileRun(text: string, changes: object = {}) {
  const problem = { code: 'engine-failed', message: text, remedy: text };
  const texts = { name: text, folder: `/runs/${text}`, model: text, preset: text, replayOf: text };
  return overview({ ...texts, problem, ...changes } as never);
}

function hostileStudio(text: string, changes: object = {}, further: object = {}) {
  const runs = ['one', 'two'].map((id) => hostileRun(text, { id, ...changes }));
  const answers: Readonly<Record<string, unknown>> = {
    'azr/pythonFile': { name: text, text },
    'azr/missingEngineKey': { origin: text },
    ...further,
    'azr/rerun': {
      ...{ title: text, summary: text, problem: text, sandbox: text },
      ...{ verdict: 'wrong', verdictReason: text, cases: [] },
    },
    'azr/evaluate': { runId: 'one' },
    'azr/heldOutItems': {
      items: [{ taskId: 3, mode: 'deduction', stratum: text, title: text }],
    },
    'azr/heldOutVerdicts': {
      items: [
        {
          ...{ taskId: 3, rolloutId: 9, verdict: 'wrong', message: text },
          ...{ expected: text, actual: text },
        },
      ],
    },
    'azr/answers': {
      items: [
        {
          ...{ kind: 'rollout', id: 9, step: 4, role: 'solver', mode: 'deduction', group: 2 },
          ...{ phase: text, verdict: text, verdictReason: text, answer: text, tokenCount: 12 },
        },
      ],
    },
  };
  return {
    runs: {
      all: runs,
      primary: runs[0],
      load: () => Promise.resolve(),
      find: (id: string) => runs.find((run) => run.id === id),
      until: (id: string) => Promise.resolve(runs.find((run) => run.id === id)),
      onDidChange: () => ({ dispose: () => undefined }),
    },
    connection: { request: (name: string) => Promise.resolve(answers[name]) },
    output: {
      appendLine: (line: string) => {
        keepOutput(line);
      },
      show: () => undefined,
    },
    cancelStart: () => false,
    keys: { set: () => Promise.resolve() },
  } as never;
}

/** An output channel makes neither links nor icons of a text; it must only be what it seems. */
function keepOutput(line: string): void {
  expect(line).not.toMatch(UNSEEN);
}

describe.each(HOSTILE_STRINGS.map((text) => [text.slice(0, 60), text]))('%j', (_, text) => {
  test('in an error of a server', async () => {
    const lines: string[] = [];
    const log = { error: (...words: string[]) => lines.push(...words), show: () => undefined };
    const error = new ProblemError({ code: 'engine_failed', message: text, remedy: text });
    await tellProblem(log as never, error);
    await tellProblem(log as never, new Error(text));
    expectHarmless();
    expect(lines.join('\n')).not.toMatch(UNSEEN);
  });

  test.each(['finished', 'failed', 'unreadable', 'interrupted'])(
    'in a run that is %s',
    async (state) => {
      let ended: (run: unknown) => void = () => undefined;
      const connection = {
        onRunEnded: (listener: typeof ended) => {
          ended = listener;
        },
      };
      new Notifications(connection as never);
      ended(hostileRun(text, { state }));
      await vi.waitFor(expectHarmless);
    },
  );

  test('in the status bar', () => {
    const bar = new StatusBar({
      ...hostileStudioRuns(text),
      onDidChange: (listener: () => void) => {
        listener();
        return { dispose: () => undefined };
      },
    } as never);
    expectHarmless();
    bar.dispose();
  });

  test('in the tree', async () => {
    const refused = () =>
      Promise.reject(ProblemError.of({ code: text, message: text, remedy: text }));
    const tree = new TaskTree({} as never, refused);
    const run = runNode(hostileRun(text));
    const live = { kind: 'live', id: 'live', parent: run } as const;
    const task = { number: 1, mode: 'abduction', title: text, solveRate: 0.5 } as const;
    const problem = { code: text, message: text, remedy: text };
    const item = itemNode(proposal({ title: text, accepted: false, reason: text as never }));
    const nodes = [
      ...[run, live, groupNode(), item, itemNode(attempt({ title: text, phase: text as never }))],
      { kind: 'liveTask', id: 'task', parent: live, task } as const,
      { kind: 'problem', id: 'problem', parent: run, problem } as const,
      { kind: 'problem', id: 'problem', parent: undefined, problem } as const,
    ];
    for (const node of nodes) {
      const { label, description, accessibilityInformation } = tree.getTreeItem(node);
      keepTexts('tree', [label, description, accessibilityInformation?.label]);
      const { tooltip } = tree.resolveTreeItem({}, node);
      keepTexts('tooltip', tooltip);
      expect(tooltip).toMatchObject({ isTrusted: false, supportHtml: false });
    }
    keepTexts('tree', await tree.getChildren().catch((error: unknown) => (error as Error).message));
    expectHarmless();
  });

  test('in the Test Explorer', async () => {
    const measured = { heldOutBefore: 0, heldOutAfter: 1, replayOf: undefined };
    const keyless = { 'azr/missingEngineKey': { origin: null } };
    const studio = hostileStudio(text, { state: 'finished', ...measured }, keyless);
    new HeldOutTests(studio);
    const controller = vscodeRecorder.tests.controllers.at(-1)!;
    await controller.resolveHandler!(undefined);
    await controller.runHandler!({}, { onCancellationRequested: () => undefined });
    expect([...controller.items]).toHaveLength(2);
    expectHarmless();
    const places = new Set(shownTexts.map(({ place }) => place));
    for (const place of ['test item.label', 'test message', 'test output']) {
      expect(places).toContain(place);
    }
  });

  test('in a document that cannot be had', async () => {
    const connection = {
      onDocumentRefreshed: () => ({ dispose: () => undefined }),
      documentText: () => Promise.reject(new Error(text)),
    };
    const files = new DocumentFileSystem(connection as never);
    for (const address of ['azr:/run-1/task-1.py', `azr:/${text}`]) {
      await expect(files.readFile({ toString: () => address } as never)).rejects.toThrow();
    }
    expectHarmless();
  });

  test('in what the language server says around a document', () => {
    const subject = {
      ...{ facts: { runnable: true }, uri: 'azr:/a', original: 'azr:/a', isScratch: false },
      ...{ manyTimes: 10, result: { summary: text, cases: [], problem: text } },
    };
    for (const { command } of lensesOf(subject as never)) keepTexts('lens', command?.title);
    const result = { ...subject.result, verdict: 'wrong', verdictReason: 'different-output' };
    const document = { calls: [], hints: [], verdictLine: 0, text: '' };
    const all = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    for (const { label, tooltip } of hintsOf(document, all, result as never)) {
      keepTexts('hint', label);
      expect(tooltip).not.toMatch(UNSEEN);
    }
    for (const term of [text, `reason:${text}`]) expect(explanationOf(term)).toBeUndefined();
    expectHarmless();
  });

  test('in what the commands ask and say', async () => {
    const evaluation = { suite: text, subjects: [text] };
    const studio = hostileStudio(text, { lastStep: 0, evaluation });
    const task = 'azr:/run-1/task-1.py';
    await stopRun(studio, undefined);
    await stopRun(hostileStudio(text, { state: 'stopping' }), 'one');
    await replayRun(studio, 'one');
    await revealRunFolder(studio, 'one');
    await showMenu(studio);
    await copyPythonFile(studio, task);
    await rerunOnce(studio, task);
    await showAnswers(studio, task);
    await ensureEngineKey(studio, {} as never);
    await compare(studio, undefined, undefined);
    await compare(hostileStudio(text, { heldOutBefore: 0 }), undefined, undefined);
    const choice = { kind: 'model', value: text, label: text, detail: text, fits: true } as const;
    await pickStart(Promise.resolve({ device: text, choices: [choice] } as never), undefined);
    expectHarmless();
    expect(new Set(shownTexts.map(({ place }) => place.split('.')[0])).size).toBeGreaterThan(5);
  });
});

function hostileStudioRuns(text: string): object {
  const run = hostileRun(text, { state: 'failed' });
  return { all: [run], primary: run };
}

test('what is put together from hostile pieces, or from two hostile texts, is harmless too', () => {
  let before = '';
  for (const text of randomHostileTexts(20_000)) {
    for (const made of [
      foreignText(text),
      t('{0}{1}', before, text),
      t('{0} ({1})', text, before),
    ]) {
      expect(made).not.toMatch(LINK);
      expect(made).not.toMatch(ICON);
      expect(made).not.toMatch(UNSEEN);
      expect(made).not.toContain('\n');
      expect(withoutMarkup(made)).toBe(made);
    }
    expect(visibleText(text)).toHaveLength(text.length);
    before = text;
  }
});

test('a text without markup stays as it is', () => {
  const plain = 'def f(a, b): return a[0] + b["x"] # 100 $ – größer, 数, 🙂';
  expect(foreignText(plain)).toBe(plain);
});

test('the types keep a raw text from being shown', () => {
  const raw = String(HOSTILE_STRINGS[0]);
  const attempts = [
    // @ts-expect-error -- a raw text
    () => window.showErrorMessage(raw),
    // @ts-expect-error -- a raw text among safe ones
    () => window.showInformationMessage(t('a'), raw),
    // @ts-expect-error -- safe texts put together by hand
    () => window.showWarningMessage(`${t('a')} ${t('b')}`),
    // @ts-expect-error -- a raw text
    () => window.showQuickPick([{ label: raw }], {}),
    // @ts-expect-error -- a raw text
    () => window.showInputBox({ prompt: raw }),
    // @ts-expect-error -- a raw text
    (location: never) => window.withProgress({ location, title: raw }, () => Promise.resolve()),
    // @ts-expect-error -- a raw text
    (state: never) => treeItem(raw, state),
    // @ts-expect-error -- a raw text
    () => tooltip([raw]),
    // @ts-expect-error -- a raw text
    () => testMessage(raw),
  ];
  expect(attempts).toHaveLength(9);
});
