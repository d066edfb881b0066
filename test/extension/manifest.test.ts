/** The parts of the manifest that must agree with code or with one another. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { contextValue } from '../../extension/src/tree/contextValue.ts';
import { CONTEXT_KEYS } from '../../extension/src/state/contextKeys.ts';
import { LENS_COMMANDS } from '../../server/protocol/languageMessages.ts';
import { STEPPER_MOVES } from '../../server/protocol/webviewMessages.ts';
import { groupNode, itemNode, attempt, proposal, runNode } from './treeSamples.ts';

interface Placed {
  readonly command: string;
  readonly when?: string;
}

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly activationEvents: readonly string[];
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly contributes: {
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly Placed[]>>;
    readonly keybindings: readonly Placed[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsContainers: Readonly<
      Record<string, readonly { readonly id: string; readonly icon: string }[]>
    >;
    readonly viewsWelcome: readonly { readonly view: string; readonly when: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    readonly walkthroughs: readonly {
      readonly id: string;
      readonly steps: readonly {
        readonly media: { readonly svg: string };
        readonly completionEvents?: readonly string[];
      }[];
    }[];
  };
}

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const { contributes } = manifest;
const contributed = contributes.commands.map(({ command }) => command);
const sources = globSync('extension/src/**/*.ts', { cwd: root }).map(read);

/** What registerCommands.ts registers, read off its table: the module itself needs VS Code. */
function registeredCommands(): string[] {
  const table = read('extension/src/commands/registerCommands.ts');
  const keys = [...table.matchAll(/^ {2}(?:'(azr\.[\w.]+)'|\[LENS_COMMANDS\.(\w+)\]): /gm)];
  return [
    ...keys.map(([, id, lens]) => id ?? LENS_COMMANDS[lens as keyof typeof LENS_COMMANDS]),
    ...STEPPER_MOVES.map((move) => `azr.rewards.${move}`),
  ];
}

function whenClauses(): string[] {
  const placed = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
  return [
    ...placed.flatMap(({ when }) => when ?? []),
    ...contributes.viewsWelcome.map(({ when }) => when),
  ];
}

test('the command has the title that users look for', () => {
  const start = contributes.commands.find(({ command }) => command === 'azr.startRun');

  expect(start?.title).toBe('Start AZR Run');
});

test('the commands that are contributed are those that are registered', () => {
  expect(contributed.toSorted()).toEqual(registeredCommands().toSorted());
  expect(Object.values(LENS_COMMANDS).filter((id) => !contributed.includes(id))).toEqual([]);
});

test('whatever names a command names one that exists', () => {
  const placed = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
  const linked = [...read('package.json').matchAll(/\(command:([\w.]+)\)/g)].map(
    ([, id]) => id ?? '',
  );
  const completed = contributes.walkthroughs
    .flatMap(({ steps }) => steps.flatMap(({ completionEvents = [] }) => completionEvents))
    .flatMap((event) => (event.startsWith('onCommand:') ? event.slice('onCommand:'.length) : []));
  const named = [...placed.map(({ command }) => command), ...linked, ...completed];
  const own = named.filter((id) => id.startsWith('azr.'));

  expect(own.length).toBeGreaterThan(60);
  expect(own.filter((id) => !contributed.includes(id))).toEqual([]);
  expect(linked.filter((id) => !id.startsWith('azr.'))).toEqual(
    linked.filter((id) => id === 'vscode.openFolder'),
  );
});

test('a command that needs something of the window is offered only where there is some', () => {
  const palette = new Map(
    contributes.menus['commandPalette']?.map(({ command, when }) => [command, when]),
  );

  expect(palette.get('azr.loadMore')).toBe('false');
  expect(palette.get('azr.stopRun')).toContain('azr.canStop');
  expect(palette.get('azr.showRewards')).toBe('resourceScheme == azr');
  expect(palette.get('azr.startRun')).toBeUndefined();
});

test('every context key in a when clause is set by the extension, and every set key is used', () => {
  const views = Object.values(contributes.views).flatMap((list) => list.map(({ id }) => id));
  const completion = contributes.walkthroughs.flatMap(({ steps }) =>
    steps.flatMap(({ completionEvents = [] }) => completionEvents),
  );
  const used = [...whenClauses(), ...completion]
    .flatMap((clause) => clause.match(/\bazr\.\w+/g) ?? [])
    .filter((key) => !views.includes(key) && !contributed.includes(key));

  expect(new Set(used.filter((key) => !(CONTEXT_KEYS as readonly string[]).includes(key)))).toEqual(
    new Set(),
  );
  const unused = CONTEXT_KEYS.filter((key) => !used.includes(key));
  expect(unused).toEqual([]);
});

test('every viewItem pattern of a menu matches a node of the tree', () => {
  const values = [
    contextValue(runNode({ state: 'running' })),
    contextValue(runNode({ state: 'stopped' })),
    contextValue(itemNode(proposal({ taskId: 1 }))),
    contextValue(itemNode(proposal({ accepted: false }))),
    contextValue(itemNode(attempt())),
    contextValue(groupNode()),
    contextValue(groupNode().parent),
  ];
  const clauses = contributes.menus['view/item/context']?.map(({ when }) => when ?? '') ?? [];

  for (const clause of clauses) {
    const pattern = /viewItem =~ \/(.+)\/$/.exec(clause)?.[1];
    const exact = /viewItem == "(.+)"$/.exec(clause)?.[1];
    const matches = values.filter((value) =>
      pattern === undefined ? value === exact : new RegExp(pattern).test(value),
    );
    expect(matches, clause).not.toEqual([]);
  }
});

test('the settings that are contributed are those that the code reads', () => {
  const code = sources.join('\n');
  const readSettings = [...code.matchAll(/\bread(?:<\w+>)?\('([\w.]+)'/g)].map(
    ([, name]) => `azr.${name ?? ''}`,
  );

  // The language client reads `azr.trace.server` by itself.
  expect([...new Set([...readSettings, 'azr.trace.server'])].toSorted()).toEqual(
    Object.keys(contributes.configuration.properties).toSorted(),
  );
});

test('views, containers and what activates the extension have the names of the code', () => {
  const code = sources.join('\n');
  const views = Object.values(contributes.views).flatMap((list) => list.map(({ id }) => id));
  const containers = Object.values(contributes.viewsContainers).flat();

  expect(views).toEqual(['azr.tasks', 'azr.rewards']);
  for (const view of views) expect(code).toContain(`VIEW_ID = '${view}'`);
  expect(Object.keys(contributes.views)).toEqual(containers.map(({ id }) => id));
  for (const { view } of contributes.viewsWelcome) expect(views).toContain(view);
  expect(manifest.activationEvents).toContain('onWebviewPanel:azr.dashboard');
  expect(code).toContain("DASHBOARD_TYPE = 'azr.dashboard'");
  expect(manifest.activationEvents).toContain('onWebviewPanel:azr.comparison');
  expect(code).toContain("COMPARISON_TYPE = 'azr.comparison'");
  expect(code).toContain("CONTROLLER_ID = 'azrHeldOut'");
  expect(code).toContain(`WALKTHROUGH_ID = '${contributes.walkthroughs[0]?.id ?? ''}'`);
});

test('the walkthrough has at most five steps', () => {
  expect(contributes.walkthroughs.map(({ steps }) => steps.length <= 5)).toEqual([true]);
});

test('the VS Code that is asked for is the one whose types are compiled against', () => {
  expect(manifest.engines['vscode']).toBe(`^${manifest.devDependencies['@types/vscode'] ?? ''}`);
});

test('the VS Code that is asked for has a secondary side bar for view containers: 1.106 was the first', () => {
  const [, minor = ''] = /^\^1\.(\d+)\./.exec(manifest.engines['vscode'] ?? '') ?? [];

  expect(Object.keys(contributes.viewsContainers)).toContain('secondarySidebar');
  expect(Number(minor)).toBeGreaterThanOrEqual(106);
});

test('what the manifest points at exists once built', () => {
  const files = [
    manifest.main,
    manifest.icon,
    ...Object.values(manifest.bin),
    ...contributes.jsonValidation.map(({ url }) => url),
    ...Object.values(contributes.viewsContainers)
      .flat()
      .map(({ icon }) => icon),
    ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
  ];
  for (const file of files) expect(existsSync(path.join(root, file)), file).toBe(true);
});
