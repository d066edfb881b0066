/** The parts of the manifest that must agree with code or with one another. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly contributes: {
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly commands: readonly { readonly command: string; readonly title: string }[];
  };
}

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const texts = JSON.parse(read('package.nls.json')) as Readonly<Record<string, string>>;

test('the command has the title that users look for', () => {
  const [command] = manifest.contributes.commands;

  expect(command?.command).toBe('azr.startRun');
  expect(texts[command?.title.replaceAll('%', '') ?? '']).toBe('Start AZR Run');
});

test('every %key% of the manifest has a text, and no text is left over', () => {
  const keys = [...read('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);

  expect(keys.toSorted()).toEqual(Object.keys(texts).toSorted());
});

test('the VS Code that is asked for is the one whose types are compiled against', () => {
  expect(manifest.engines['vscode']).toBe(`^${manifest.devDependencies['@types/vscode'] ?? ''}`);
});

test('what the manifest points at exists once built', () => {
  const schemas = manifest.contributes.jsonValidation.map(({ url }) => url);
  for (const file of [manifest.main, manifest.icon, ...Object.values(manifest.bin), ...schemas]) {
    expect(existsSync(path.join(root, file)), file).toBe(true);
  }
});
