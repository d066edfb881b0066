/** A real run in the workspace: its tree, its documents, and running one of its tasks again. */
import assert from 'node:assert/strict';

import {
  type CodeLens,
  commands,
  DiagnosticSeverity,
  type InlayHint,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';

import type { Studio } from '../../../../extension/src/studio.ts';
import { documentUri } from '../../../../server/protocol/documents.ts';
import type { ProposalItem } from '../../../../server/protocol/queries.ts';
import type { RunOverview } from '../../../../server/protocol/runs.ts';
import { activeStudio, runInWorkspace, until } from './studio.ts';

let studio: Studio;
let run: RunOverview;

async function proposals(): Promise<readonly ProposalItem[]> {
  const page = await studio.connection.request('azr/table', {
    runId: run.id,
    table: 'proposals',
    sort: 'id',
    descending: true,
    limit: 200,
  });
  return page.items.filter((item) => item.kind === 'proposal');
}

async function openDocument(kind: 'task' | 'proposal', id: number): Promise<TextDocument> {
  return workspace.openTextDocument(Uri.parse(documentUri({ runId: run.id, kind, id }), true));
}

/** A task that the solver was measured on. */
async function someTask(): Promise<{ taskId: number; document: TextDocument }> {
  const item = (await proposals()).find(({ solveRate }) => solveRate !== undefined);
  assert.ok(item?.taskId !== undefined);
  return { taskId: item.taskId, document: await openDocument('task', item.taskId) };
}

async function lensesOf({ uri }: TextDocument): Promise<readonly CodeLens[]> {
  return commands.executeCommand<CodeLens[]>('vscode.executeCodeLensProvider', uri, 100);
}

describe('the tree', () => {
  before(async () => {
    studio = await activeStudio();
    run = await runInWorkspace();
  });

  it('has run, steps, roles and tasks', async () => {
    const [runNode] = await studio.tree.getChildren();
    assert.equal(runNode?.kind, 'run');
    const steps = await studio.tree.getChildren(runNode);
    assert.deepEqual(
      steps.map((node) => (node.kind === 'step' ? node.step.step : node.kind)),
      Array.from({ length: run.lastStep + 1 }, (_, index) => run.lastStep - index),
    );
    const groups = await studio.tree.getChildren(steps[0]);
    const roles = groups.map((node) => (node.kind === 'group' ? node.group.role : node.kind));
    // A step that asked the held-out tasks has them as a group as well.
    const ofTheRun = roles.filter((role) => role !== 'held-out');
    assert.deepEqual(new Set(ofTheRun), new Set(['proposer', 'solver']));
    const items = await studio.tree.getChildren(groups[0]);
    assert.ok(items.length > 0);
    const item = studio.tree.getTreeItem(items[0]!);
    const { label, description } = item;
    const { tooltip } = studio.tree.resolveTreeItem(item, items[0]!);
    assert.ok(label !== '' && description !== undefined && tooltip !== undefined);
  });
});

describe('a task as code', () => {
  it('is Python that says what it is, and cannot be edited', async () => {
    const { document } = await someTask();
    assert.equal(document.languageId, 'python');
    assert.match(document.getText(), /^# (Deduction|Abduction|Induction)/);
    assert.match(document.getText(), /^def f\(/m);
    const stat = await workspace.fs.stat(document.uri);
    assert.equal(stat.permissions, 1);
  });

  it('has lenses that lead on', async () => {
    const { document } = await someTask();
    const titles = (await lensesOf(document)).map(({ command }) => command?.title ?? '');
    for (const title of ['Run in sandbox', 'Run ×', 'Solver answers', 'Rewards', 'scratch file']) {
      assert.ok(
        titles.some((found) => found.includes(title)),
        `${title} is not among ${titles.join(', ')}`,
      );
    }
  });

  it('runs again in the sandbox, and shows the fresh value beside the stored one', async () => {
    const { document } = await someTask();
    await commands.executeCommand('azr.rerun', document.uri.toString());
    const hint = await until('a fresh value', async () => {
      const whole = new Range(0, 0, document.lineCount, 0);
      const hints = await commands.executeCommand<InlayHint[]>(
        'vscode.executeInlayHintProvider',
        document.uri,
        whole,
      );
      return hints.map(labelOf).find((label) => label.startsWith('✓ '));
    });
    assert.ok(hint.length > 2);
    const titles = (await lensesOf(document)).map(({ command }) => command?.title ?? '');
    assert.ok(
      titles.some((title) => title.includes('as stored')),
      titles.join(', '),
    );
  });

  it('copied and edited, gives another value', async () => {
    const { document } = await someTask();
    const { path } = await studio.connection.request('azr/scratch', {
      uri: document.uri.toString(),
    });
    const scratch = await workspace.openTextDocument(path);
    const text = scratch
      .getText()
      .replace(/^def f\((.*)$/m, "def f(*unused):\n    return 'edited'\n\ndef g($1");
    const result = await studio.connection.request('azr/rerun', {
      uri: scratch.uri.toString(),
      text,
      times: 1,
    });
    assert.equal(result.problem, undefined);
    assert.ok(result.cases.length > 0);
    for (const { executions, matches } of result.cases) {
      assert.equal(executions[0]?.output, "'edited'");
      assert.equal(matches, false);
    }
  });
});

describe('a rejected proposal', () => {
  it('has its reason in the Problems view, at a line of it', async () => {
    const rejected = (await proposals()).find(({ accepted }) => !accepted);
    assert.ok(rejected !== undefined, 'this run rejected nothing');
    const document = await openDocument('proposal', rejected.id);
    const found = await until('a diagnostic', () => {
      const diagnostics = languages.getDiagnostics(document.uri);
      return diagnostics.length > 0 ? diagnostics : undefined;
    });
    assert.ok(found.some(({ severity }) => severity <= DiagnosticSeverity.Warning));
    const [first] = found;
    assert.ok(first!.range.start.line < document.lineCount);
    assert.match(JSON.stringify(first!.code), new RegExp(rejected.reason ?? ''));
  });
});

function labelOf({ label }: InlayHint): string {
  return typeof label === 'string' ? label : label.map(({ value }) => value).join('');
}
