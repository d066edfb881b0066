/** A run file in the editor: what is wrong with it, and what could stand in it. */
import assert from 'node:assert/strict';

import {
  commands,
  type CompletionList,
  type Hover,
  languages,
  MarkdownString,
  Position,
  Uri,
  window,
  workspace,
} from 'vscode';

import { until } from './studio.ts';

describe('azr.json', () => {
  let uri: Uri;

  before(async () => {
    const folder = workspace.workspaceFolders?.[0]?.uri;
    assert.ok(folder !== undefined);
    uri = Uri.joinPath(folder, 'azr.json');
    const text = '{\n  "stepz": 1,\n  "seed": -4\n}\n';
    await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    await window.showTextDocument(uri);
  });

  after(async () => {
    await workspace.fs.delete(uri);
  });

  it('is told a key that is none and a value out of range', async () => {
    let messages: readonly string[] = [];
    await until('two diagnostics', () => {
      messages = languages.getDiagnostics(uri).map(({ message }) => message);
      return messages.length >= 2 ? true : undefined;
    });
    assert.match(messages.join('\n'), /stepz/);
  });

  it('explains a setting where the pointer rests on it', async () => {
    const hovers = await commands.executeCommand<Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      new Position(2, 5),
    );
    const texts = hovers.flatMap(({ contents }) =>
      contents.map((content) =>
        content instanceof MarkdownString ? content.value : JSON.stringify(content),
      ),
    );
    assert.match(texts.join('\n'), /random choice/);
  });

  it('offers the settings by name', async () => {
    const { items } = await commands.executeCommand<CompletionList>(
      'vscode.executeCompletionItemProvider',
      uri,
      new Position(1, 5),
    );
    const names = items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    assert.ok(
      names.some((name) => name.includes('learningRate')),
      names.join(', '),
    );
  });
});
